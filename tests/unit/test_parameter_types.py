"""Times, people, addresses, files and JSON as parameters: what is accepted, the form in which it is kept, and the
sentence for what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.durations import parse_duration
from engine.core.errors import InvalidParameters
from engine.core.json_text import NotJson
from engine.core.moments import EARLIEST, LATEST, from_epoch, read_moment, to_epoch, written
from engine.core.parameter_text import normal_value, parse_text_value
from engine.core.parameter_values import value_mistake
from engine.core.parameters import check_parameters, parse_text_parameters
from engine.patterns import matches
from tests.unit.test_parameters import parameter, workflow

A_FILE: dict[str, JsonValue] = {"id": "F0NOTES", "name": "notes.txt", "size": 12, "mimetype": "text/plain"}

GOOD: list[tuple[Parameter, str, JsonValue]] = [
    (parameter("time"), "07:30", "07:30"),
    (parameter("time"), " 7:30 ", "07:30"),
    (parameter("time", minimum="07:00", maximum="07:30"), "7:30", "07:30"),
    (parameter("datetime"), "2026-01-31T07:30:00Z", "2026-01-31T07:30:00Z"),
    (parameter("datetime"), "2026-01-31T07:30", "2026-01-31T07:30:00Z"),
    (parameter("datetime"), "2026-01-31 07:30", "2026-01-31T07:30:00Z"),
    (parameter("datetime"), "2026-01-31T07:30+01:00", "2026-01-31T06:30:00Z"),
    (parameter("datetime"), "2026-01-01T00:30:05 +0100", "2025-12-31T23:30:05Z"),
    (parameter("datetime", minimum="2026-01-31T07:30:00Z"), "2026-01-31T08:30+01:00", "2026-01-31T07:30:00Z"),
    (parameter("duration"), "1h30m", "1h30m"),
    (parameter("duration"), " 90s ", "90s"),
    (parameter("duration"), "90", "90"),
    (parameter("duration", minimum="1m", maximum="1h"), "60m", "60m"),
    (parameter("users"), "<@U0ADA|ada>, <@U0BOB>,U0CYD", ["U0ADA", "U0BOB", "U0CYD"]),
    (parameter("users"), "U0ADA", ["U0ADA"]),
    (parameter("channels"), "<#C0OPS|ops>,C0GENERAL,", ["C0OPS", "C0GENERAL"]),
    (parameter("group"), "<!subteam^S0ONCALL|@oncall>", "S0ONCALL"),
    (parameter("group"), "<!subteam^S0ONCALL>", "S0ONCALL"),
    (parameter("group"), "S0ONCALL", "S0ONCALL"),
    (parameter("email"), "<mailto:ada@example.com|ada@example.com>", "ada@example.com"),
    (parameter("email"), "ada.lovelace+x@mail.example.com", "ada.lovelace+x@mail.example.com"),
    (parameter("url"), "<https://example.com/a?b=c|example.com>", "https://example.com/a?b=c"),
    (parameter("url"), "HTTP://10.0.0.1:8080/", "HTTP://10.0.0.1:8080/"),
    (parameter("url", pattern="https://example[.]com/.*"), "https://example.com/x", "https://example.com/x"),
    (parameter("json"), '{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
    (parameter("json"), '"a text"', "a text"),
    (parameter("json"), " [] ", []),
    (parameter("json"), '""', ""),
    (parameter("json"), "false", False),
    (parameter("json"), '"two\\nlines"', "two\nlines"),
]

BAD: list[tuple[Parameter, str, str]] = [
    (parameter("time"), "25:00", "'25:00' is not a time of day. Write hours and minutes, such as 07:30."),
    (parameter("time"), "7.30", "such as 07:30"),
    (parameter("time"), "07:60", "is not a time of day"),
    (parameter("time"), "07:30:00", "is not a time of day"),
    (parameter("time"), "٠٧:٣٠", "is not a time of day"),
    (parameter("time", minimum="09:00", maximum="17:00"), "8:59", "between 09:00 and 17:00"),
    (parameter("datetime"), "tomorrow", "2026-01-31T07:30 (then it is UTC)"),
    (parameter("datetime"), "2026-01-31", "is not a date with a time"),
    (parameter("datetime"), "2026-02-30T07:30Z", "is not a date with a time"),
    (parameter("datetime"), "2026-01-31T24:30Z", "is not a date with a time"),
    (parameter("datetime"), "0001-01-01T00:00+10:00", "is not a date with a time"),
    (parameter("datetime"), "9999-12-31T00:00Z", f"between {EARLIEST} and {LATEST}"),
    (parameter("datetime"), "1969-12-31T23:59:59Z", "out of range"),
    (parameter("datetime", maximum="2026-06-01T00:00:00Z"), "2026-06-01T00:00-01:00", "2026-06-01T00:00:00Z"),
    (parameter("duration"), "soon", "'soon' is not a duration. Write it such as 90s, 10m, 4h, 1d or 1h30m."),
    (parameter("duration"), "1h 30m", "is not a duration"),
    (parameter("duration"), "-5m", "is not a duration"),
    (parameter("duration"), "367d", "between 0s and 366d"),
    (parameter("duration", maximum="1h"), "61m", "between 0s and 1h"),
    (parameter("users"), "<@U0ADA>, @bob", "'@bob' is not a Slack user"),
    (parameter("users"), "U0ADA,U0ADA", "'U0ADA' is there twice"),
    (parameter("users", max_length=1), "U0ADA,U0BOB", "Too long: 2 entries, at most 1"),
    (parameter("users", min_length=2), "U0ADA", "at least 2"),
    (parameter("users"), ",".join(f"U{n:03}" for n in range(101)), "at most 100"),
    (parameter("channels"), "#ops", "'#ops' is not a Slack channel"),
    (parameter("group"), "@oncall", "such as S0ONCALL"),
    (parameter("group"), "<@U0ADA>", "is not a Slack user group"),
    (parameter("email"), "ada", "such as ada@example.com"),
    (parameter("email"), "ada@localhost", "is not an email address"),
    (parameter("email"), "a b@example.com", "is not an email address"),
    (parameter("email"), "ada@example.com,bob@example.com", "is not an email address"),
    (parameter("email"), "a" * 250 + "@example.com", "at most 254"),
    (parameter("url"), "javascript:alert(1)", "Write it with https:// or http://"),
    (parameter("url"), "file:///etc/passwd", "is not a web address"),
    (parameter("url"), "example.com", "is not a web address"),
    (parameter("url"), "https://", "is not a web address"),
    (parameter("url"), "https://a b/", "is not a web address"),
    (parameter("url"), "https://a:99999/", "is not a web address"),
    (parameter("url"), "http://[::1", "is not a web address"),
    (parameter("url"), "https://example.com/" + "x" * 3000, "at most 3000"),
    (parameter("url"), "https://a.example/\x1b[2J", "U+001B"),
    (parameter("url", pattern="https://.*"), "http://a.example", "does not have the form"),
    (parameter("file"), "notes.txt", "Choose one in the form; a file cannot be given as text."),
    (parameter("json"), "{a: 1}", "This is not JSON (line 1, column 2"),
    (parameter("json"), '{"a": 1,\n "b": }', "line 2, column 7"),
    (parameter("json"), "[1, 2", "This is not JSON"),
    (parameter("json"), "NaN", "NaN is no number of JSON"),
    (parameter("json"), "[-Infinity]", "is no number of JSON"),
    (parameter("json"), "[1e999]", "too large"),
    (parameter("json"), "9" * 5000, "This is not JSON"),
    (parameter("json"), "[" * 60 + "]" * 60, "at most 50 levels"),
    (parameter("json"), "[" * 100_000, "too deep"),
    (parameter("json"), '"' + "x" * 65_536 + '"', "at most 65536"),
    (parameter("json"), '{"\\u0000": 1}', "U+0000"),
    (parameter("json"), '["\\ud800"]', "half of a character"),
    (parameter("json"), '{"a": "\\u202e"}', "reverses"),
]


@pytest.mark.parametrize(
    ("asked", "text", "expected"), GOOD, ids=[f"{row[0].type}-{n}" for n, row in enumerate(GOOD)]
)
def test_a_text_becomes_a_value_in_the_one_form_that_is_kept(
    asked: Parameter, text: str, expected: JsonValue
) -> None:
    values, mistakes = parse_text_parameters(workflow(asked), {"p": text}, matches)
    assert (values, mistakes) == ({"p": expected}, {})
    assert check_parameters(workflow(asked), values, matches) == {"p": expected}


@pytest.mark.parametrize(
    ("asked", "text", "part"), BAD, ids=[f"{row[0].type}-{n}" for n, row in enumerate(BAD)]
)
def test_a_text_that_does_not_fit_gets_its_sentence(asked: Parameter, text: str, part: str) -> None:
    values, mistakes = parse_text_parameters(workflow(asked), {"p": text}, matches)
    assert values == {}
    assert part in mistakes["p"]
    assert len(mistakes["p"]) < 300
    assert "\x1b" not in mistakes["p"]


def test_a_file_is_what_slack_tells_of_it() -> None:
    assert check_parameters(workflow(parameter("file")), {"p": A_FILE}, matches) == {"p": A_FILE}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("time", 450),
        ("datetime", 1_700_000_000),
        ("duration", 90),
        ("users", "U0ADA"),
        ("users", [["U0ADA"]]),
        ("channels", ["C0OPS", None]),
        ("group", ["S0ONCALL"]),
        ("email", {"email": "ada@example.com"}),
        ("file", "F0NOTES"),
        ("file", [A_FILE]),
        ("file", A_FILE | {"url": "https://a.example"}),
        ("file", A_FILE | {"size": True}),
        ("file", A_FILE | {"size": -1}),
        ("file", A_FILE | {"id": "../x"}),
        ("file", A_FILE | {"name": "a\nb"}),
        ("file", {"id": "F0NOTES"}),
        ("json", NotJson("{")),
        ("json", float("nan")),
    ],
)
def test_a_value_of_another_type_is_refused_not_converted(kind: str, value: JsonValue) -> None:
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(workflow(parameter(kind)), {"p": value}, matches)
    assert list(caught.value.mistakes) == ["p"]


def test_a_moment_of_another_zone_is_kept_in_utc_wherever_it_comes_from() -> None:
    asked = workflow(parameter("datetime"))
    assert check_parameters(asked, {"p": "2026-01-31T07:30+05:30"}, matches) == {"p": "2026-01-31T02:00:00Z"}


def test_empty_json_is_a_value_and_null_is_none() -> None:
    asked = workflow(parameter("json", required=True))
    empty: list[JsonValue] = [[], {}, "", 0, False]
    for value in empty:
        assert check_parameters(asked, {"p": value}, matches) == {"p": value}
    with pytest.raises(InvalidParameters, match="A value is required"):
        check_parameters(asked, {"p": None}, matches)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs", "Cf"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values)
def test_json_written_and_read_is_the_same(value: JsonValue) -> None:
    asked = parameter("json")
    again = parse_text_value(asked, json.dumps(value, ensure_ascii=False, indent=2))
    assert again == value
    assert type(again) is type(value)
    assert value_mistake(asked, again, matches) is None


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2286, 11, 19)),  # noqa: DTZ001  # their zones follow
    st.integers(-14 * 60, 14 * 60),
)
def test_moments_are_the_same_in_every_zone(moment: datetime, minutes: int) -> None:
    there = moment.replace(microsecond=0, tzinfo=UTC).astimezone(timezone(timedelta(minutes=minutes)))
    kept = parse_text_value(parameter("datetime"), there.isoformat())
    assert kept == written(there)
    assert isinstance(kept, str)
    assert value_mistake(parameter("datetime"), kept, matches) is None
    seconds = to_epoch(kept)
    assert seconds == int(there.timestamp())
    assert from_epoch(seconds) == kept
    assert read_moment(kept) == kept


@given(st.integers(0, 23), st.integers(0, 59))
def test_every_time_of_a_day_is_read(hour: int, minute: int) -> None:
    for text in (f"{hour:02}:{minute:02}", f"{hour}:{minute:02}"):
        assert parse_text_value(parameter("time"), text) == f"{hour:02}:{minute:02}"


@given(st.integers(0, 20), st.integers(0, 30), st.integers(0, 90))
def test_every_duration_keeps_its_text_and_its_length(hours: int, minutes: int, seconds: int) -> None:
    text = f"{hours}h{minutes}m{seconds}s"
    assert parse_text_value(parameter("duration"), text) == text
    assert value_mistake(parameter("duration"), text, matches) is None
    assert parse_duration(text) == hours * 3600 + minutes * 60 + seconds


ids = st.lists(
    st.text("ABC0123", min_size=1, max_size=8).map(lambda rest: "U" + rest),
    min_size=1,
    max_size=9,
    unique=True,
)


@given(ids, st.booleans())
def test_people_are_read_from_ids_and_from_mentions(people: list[str], as_mentions: bool) -> None:
    text = ", ".join(f"<@{user}|someone>" if as_mentions else user for user in people)
    assert parse_text_value(parameter("users"), text) == people
    assert value_mistake(parameter("users"), list(people), matches) is None


@given(st.sampled_from(ParameterType), st.text(max_size=40) | json_values)
def test_any_value_is_fine_or_gets_a_sentence(kind: ParameterType, value: JsonValue) -> None:
    asked = Parameter("p", kind, "P", options=("a",) if "choice" in kind.value else ())
    normal = normal_value(kind, value)
    assert normal_value(kind, normal) == normal
    mistake = value_mistake(asked, normal, matches)
    assert mistake is None or (mistake.endswith((".", "?")) and len(mistake) < 400)
