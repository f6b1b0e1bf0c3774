"""Parameters in workflow files: every type with its keys, computed defaults, conditions; mistakes for the rest."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from engine.core.definition import ComputedDefault, JsonValue, Parameter, ParameterType
from engine.files.defaults import COMPUTED_FOR
from engine.files.schema import json_schema
from tests.support.editors import as_editors_read
from tests.unit.test_files import read, the_only_mistake, with_parameters

SCHEMA = Draft202012Validator(json_schema())


def only(text: str) -> Parameter:
    """The parameter of `  p: {...}`; the schema takes it, too."""
    source = with_parameters(f"  p: {{{text}}}")
    assert [error.message for error in SCHEMA.iter_errors(as_editors_read(source))] == []
    return read(source).parameters[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type: time, default: 7:30", "07:30"),
        ("type: datetime, default: '2026-01-31T08:30+01:00'", "2026-01-31T07:30:00Z"),
        ("type: datetime, default: 2026-01-31T07:30", "2026-01-31T07:30:00Z"),
        ("type: duration, default: 1h30m", "1h30m"),
        ("type: duration, default: 90", "90s"),
        ("type: users, default: U0ADA", ["U0ADA"]),
        ("type: users, default: [U0ADA, U0BOB]", ["U0ADA", "U0BOB"]),
        ("type: channels, default: [C0OPS]", ["C0OPS"]),
        ("type: group, default: S0ONCALL", "S0ONCALL"),
        ("type: email, default: ada@example.com", "ada@example.com"),
        ("type: url, default: 'https://example.com'", "https://example.com"),
        ("type: json, default: {a: [1, null, {b: no}]}", {"a": [1, None, {"b": "no"}]}),
        ("type: json, default: 3", 3),
        ("type: json, default: []", []),
        ("type: json, default: '{\"a\": 1}'", '{"a": 1}'),
    ],
)
def test_a_default_is_read_as_its_type(text: str, expected: JsonValue) -> None:
    assert only(text).default == expected


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("type: time, min: 7:00, max: '17:00'", "07:00", "17:00"),
        ("type: datetime, min: '2026-01-31T08:30+01:00'", "2026-01-31T07:30:00Z", None),
        ("type: duration, min: 90, max: 1h", "90s", "1h"),
        ("type: duration, min: 59s, max: 1m", "59s", "1m"),
        ("type: date, max: 2026-12-31", None, "2026-12-31"),
        ("type: number, min: 0.5, max: 1", 0.5, 1),
    ],
)
def test_bounds_are_read_as_the_type_they_bound(
    text: str, low: float | str | None, high: float | str | None
) -> None:
    assert (only(text).minimum, only(text).maximum) == (low, high)


@pytest.mark.parametrize(
    ("kind", "computed"),
    [(kind.value, computed) for computed, kinds in COMPUTED_FOR.items() for kind in kinds],
)
def test_a_default_may_be_computed(kind: str, computed: ComputedDefault) -> None:
    options = ", options: [a]" if "choice" in kind else ""
    read_back = only(f"type: {kind}{options}, default: '{{{{ {computed} }}}}'")
    assert (read_back.computed, read_back.default) == (computed, None)


BAD: list[tuple[str, str, str, str]] = [
    (
        "an unknown word",
        "type: date, default: '{{ tomorrow }}'",
        "PARAM-DEFAULT",
        "exactly one of: {{ today }}",
    ),
    ("a near word", "type: date, default: '{{ todaay }}'", "PARAM-DEFAULT", "Did you mean 'today'?"),
    ("an expression", "type: user, default: '{{ run.requester }}'", "PARAM-DEFAULT", "{{ me }}"),
    ("text around", "type: string, default: 'by {{ me }}'", "PARAM-DEFAULT", "exactly one of"),
    ("in a list", "type: users, default: ['{{ me }}']", "PARAM-DEFAULT", "exactly one of"),
    ("inside of JSON", "type: json, default: {who: '{{ me }}'}", "PARAM-DEFAULT", "exactly one of"),
    ("a wrong type", "type: string, default: '{{ today }}'", "PARAM-DEFAULT", "It is for: date."),
    ("now for a date", "type: date, default: '{{ now }}'", "PARAM-DEFAULT", "It is for: time, datetime."),
    ("a default of a file", "type: file, default: x", "PARAM-KEY", "'default' has no meaning for type file"),
    ("the last file", "type: file, default: '{{ last }}'", "PARAM-KEY", "no meaning for type file"),
    ("a mapping", "type: string, default: {a: 1}", "PARAM-DEFAULT", "cannot be a list or a mapping"),
    ("a bad time", "type: time, default: '25:00'", "PARAM-DEFAULT", "such as 07:30"),
    ("a bad person", "type: users, default: [U0ADA, bob]", "PARAM-DEFAULT", "'bob' is not a Slack user"),
    ("a bad URL", "type: url, default: example.com", "PARAM-DEFAULT", "https://"),
    ("below its minimum", "type: duration, min: 1h, default: 59m", "PARAM-DEFAULT", "between 1h and 366d"),
    (
        "bounds crossed",
        "type: duration, min: 2m, max: 90s",
        "PARAM-RANGE-DEF",
        "'min' (2m) is above 'max' (90s)",
    ),
    ("bounds of times", "type: time, min: '22:00', max: '6:00'", "PARAM-RANGE-DEF", "'min' (22:00)"),
    ("a bound of a list", "type: users, max: 3", "PARAM-KEY", "It belongs to: integer, number, date, time"),
    ("a bad bound", "type: datetime, min: soon", "PARAM-RANGE-DEF", "is not a date with a time"),
    ("a pattern of a time", "type: time, pattern: '.*'", "PARAM-KEY", "string, text, email, url"),
    ("the length of a URL", "type: url, max_length: 10", "PARAM-KEY", "multi_choice, users, channels"),
    ("options of a group", "type: group, options: [a]", "PARAM-KEY", "choice, multi_choice"),
    ("an unknown type", "type: timestamp", "PARAM-TYPE-UNKNOWN", "json"),
    ("half a condition", "type: string, show_if: '{{ params.x >'", "PARAM-SHOW-IF", "cannot be read"),
    ("a list as condition", "type: string, show_if: [a]", "WF-TYPE", "must be text"),
]


@pytest.mark.parametrize(("text", "code", "part"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_parameter_gives_one_mistake(text: str, code: str, part: str) -> None:
    mistake = the_only_mistake(with_parameters(f"  p: {{{text}}}"))
    assert (mistake.code, mistake.line) == (code, 4)
    assert part in mistake.sentence


# --- show_if


def shown_if(condition: str, *others: str) -> str:
    return with_parameters("\n".join([*others, f"  p: {{type: string, show_if: '{condition}'}}"]))


CANARY = "  canary: {type: integer}"


@pytest.mark.parametrize("condition", ["{{ params.canary > 10 }}", "params.canary > 10"])
def test_a_condition_is_kept_without_its_braces(condition: str) -> None:
    source = shown_if(condition, CANARY)
    assert read(source).parameters[1].show_if == "params.canary > 10"
    assert SCHEMA.is_valid(as_editors_read(source))


def test_a_condition_may_ask_for_what_comes_later() -> None:
    source = "  p: {type: string, show_if: '{{ params.canary }}'}\n" + CANARY
    assert read(with_parameters(source)).parameters[0].show_if == "params.canary"


@pytest.mark.parametrize(
    ("condition", "others", "part"),
    [
        (
            "{{ params.cannary > 1 }}",
            [CANARY],
            "no parameter 'cannary'. Did you mean 'canary'? Known are: canary.",
        ),
        ("{{ params.p }}", [CANARY], "'p' cannot decide whether it is asked itself"),
        ("{{ params | length }}", [CANARY], "Name the other parameter with a dot"),
        ("{{ steps.build.result }}", [CANARY], "'show_if' knows only params"),
        ("{{ run.requester }}", [CANARY], "and not 'run'"),
        ("{{ canary > 1 }}", [CANARY], "and not 'canary'"),
        ("{{ params.notes }}", ["  notes: {type: file}"], "'notes' is a file"),
        (
            "{{ params.a }}",
            [
                "  a: {type: string, show_if: '{{ params.b }}'}",
                "  b: {type: string, show_if: '{{ params.p }}'}",
            ],
            "in a circle: ",
        ),
    ],
)
def test_a_condition_that_could_not_be_computed_is_a_mistake(
    condition: str, others: list[str], part: str
) -> None:
    mistake = the_only_mistake(shown_if(condition, *others))
    assert mistake.code == "PARAM-SHOW-IF"
    assert part in mistake.sentence


def test_every_type_is_known_to_the_schema() -> None:
    kinds = json_schema()["$defs"]["parameter"]["properties"]["type"]["enum"]
    assert kinds == [kind.value for kind in ParameterType]


@pytest.mark.parametrize(
    "text",
    [
        "type: file, default: x",
        "type: users, max: 3",
        "type: group, options: [a]",
        "type: time, pattern: x",
        "type: url, max_length: 3",
        "type: string, default: {a: 1}",
        "type: choice",
    ],
)
def test_an_editor_says_no_to_keys_that_a_type_does_not_have(text: str) -> None:
    assert not SCHEMA.is_valid(as_editors_read(with_parameters(f"  p: {{{text}}}")))
