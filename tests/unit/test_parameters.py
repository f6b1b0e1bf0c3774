"""Values for parameters: what is accepted, with which type, and the sentence for what is not."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.definition import JsonValue, Parameter, ParameterType, Workflow
from engine.core.errors import InvalidParameters
from engine.core.parameters import check_parameters, parse_text_parameters
from engine.patterns import matches
from tests.unit.run_in_memory import a_step, a_workflow


def workflow(*parameters: Parameter) -> Workflow:
    return replace(a_workflow(a_step("a")), name="deploy", parameters=parameters)


def parameter(kind: str, **rules: JsonValue | tuple[str, ...]) -> Parameter:
    return Parameter("p", ParameterType(kind), "P", **rules)  # type: ignore[arg-type]  # rows of a table


CHOICE = parameter("choice", options=("prod", "staging"))
CHOICES = parameter("multi_choice", options=("unit", "slow", "e2e"), max_length=2)

GOOD: list[tuple[Parameter, str, JsonValue]] = [
    (parameter("string"), "prod", "prod"),
    (parameter("string"), "$(id)", "$(id)"),
    (parameter("string"), "%0aid", "%0aid"),
    (parameter("string"), "<!channel>", "<!channel>"),
    (parameter("string"), ":rocket:", ":rocket:"),
    (parameter("string"), "{{ params.p }}", "{{ params.p }}"),
    (parameter("string"), "<http://a.example/x|a.example>", "http://a.example/x"),
    (parameter("string"), "see <https://a.example> now", "see https://a.example now"),
    (parameter("string"), "<mailto:ada@a.example|ada@a.example>", "ada@a.example"),
    (parameter("string", pattern=r"v\d+"), "v12", "v12"),
    (parameter("text"), "two\nlines\tand a tab", "two\nlines\tand a tab"),
    (parameter("integer"), "10", 10),
    (parameter("integer"), " -3 ", -3),
    (parameter("integer", minimum=1, maximum=3), "3", 3),
    (parameter("number"), "2.5", 2.5),
    (parameter("number"), "-1", -1),
    (parameter("boolean"), "true", True),
    (parameter("boolean"), "YES", True),
    (parameter("boolean"), "no", False),
    (CHOICE, "prod", "prod"),
    (CHOICES, "unit, slow", ["unit", "slow"]),
    (parameter("date"), "2026-01-31", "2026-01-31"),
    (parameter("date", minimum="2026-01-01"), "2026-01-01", "2026-01-01"),
    (parameter("user"), "<@U0BOB|bob>", "U0BOB"),
    (parameter("user"), "<@U0BOB>", "U0BOB"),
    (parameter("user"), "U0BOB", "U0BOB"),
    (parameter("channel"), "<#C0OPS|ops>", "C0OPS"),
    (parameter("channel"), "C0OPS", "C0OPS"),
]

BAD: list[tuple[Parameter, str, str]] = [
    (parameter("integer"), "abc", "'abc' is not a whole number"),
    (parameter("integer"), "0x10", "decimal digits"),
    (parameter("integer"), "1_000", "decimal digits"),
    (parameter("integer"), "1 000", "decimal digits"),
    (parameter("integer"), "1.5", "decimal digits"),
    (parameter("integer"), "١٢", "decimal digits"),
    (parameter("integer"), "99999999999999999999", "out of range"),
    (parameter("integer"), "9" * 5000, "out of range"),
    (parameter("integer", minimum=1, maximum=100), "101", "between 1 and 100"),
    (parameter("number"), "1e3", "decimal number"),
    (parameter("number"), "nan", "decimal number"),
    (parameter("number"), "inf", "decimal number"),
    (parameter("boolean"), "maybe", "true or false"),
    (parameter("date"), "tomorrow", "2026-01-31"),
    (parameter("date"), "2026-13-01", "not a date"),
    (parameter("date"), "2026-02-30", "not a date"),
    (parameter("date"), "26-1-1", "not a date"),
    (parameter("date", maximum="2026-12-31"), "2027-01-01", "between 0001-01-01 and 2026-12-31"),
    (CHOICE, "prdo", "Did you mean 'prod'?"),
    (CHOICE, "x", "Choose from: prod, staging."),
    (CHOICES, "unit,nope", "'nope' is not among the options"),
    (CHOICES, "unit,slow,e2e", "at most 2"),
    (CHOICES, "unit,unit", "twice"),
    (parameter("user"), "@bob", "U0ADA"),
    (parameter("user"), "<@C0OPS>", "U0ADA"),
    (parameter("channel"), "#ops", "C0OPS"),
    (parameter("string"), "a\x1b[2J", "U+001B"),
    (parameter("string"), "a\x00", "U+0000"),
    (parameter("string"), "a\nb", "a line break"),
    (parameter("text"), "a\x07", "U+0007"),
    (parameter("string"), "a\u202eb", "reverses"),
    (parameter("string"), "a\ud800", "half of a character"),
    (parameter("string"), "x" * 10_240, "at most 3000"),
    (parameter("string", max_length=3), "abcd", "at most 3"),
    (parameter("string", min_length=3), "ab", "at least 3"),
    (parameter("string", pattern=r"v\d+"), "12", "the pattern v"),
    (parameter("string", pattern=r"v\d+", hint="like v1"), "v1x", "like v1"),
]


@pytest.mark.parametrize(("asked", "text", "expected"), GOOD)
def test_a_text_becomes_a_typed_value(asked: Parameter, text: str, expected: JsonValue) -> None:
    values, mistakes = parse_text_parameters(workflow(asked), {"p": text}, matches)
    assert (values, mistakes) == ({"p": expected}, {})
    assert type(values["p"]) is type(expected)


@pytest.mark.parametrize(
    ("asked", "text", "part"), BAD, ids=[f"{row[0].type}-{n}" for n, row in enumerate(BAD)]
)
def test_a_text_that_does_not_fit_gets_its_sentence(asked: Parameter, text: str, part: str) -> None:
    values, mistakes = parse_text_parameters(workflow(asked), {"p": text}, matches)
    assert values == {}
    assert part in mistakes["p"]
    assert len(mistakes["p"]) < 300
    assert "\x1b" not in mistakes["p"]


def test_an_unknown_name_suggests_the_nearest() -> None:
    asked = workflow(replace(CHOICE, name="env"))
    _, mistakes = parse_text_parameters(asked, {"envv": "prod"}, matches)
    assert mistakes == {"envv": "deploy has no such parameter. It has: env. Did you mean 'env'?"}


def test_what_is_missing_is_no_mistake_of_a_text_for_a_form_may_ask_for_it() -> None:
    asked = workflow(parameter("string", required=True))
    assert parse_text_parameters(asked, {}, matches) == ({}, {})
    assert parse_text_parameters(asked, {"p": "  "}, matches) == ({}, {})


def test_defaults_fill_what_is_absent_and_the_rest_is_null() -> None:
    asked = workflow(parameter("integer", default=10), Parameter("q", ParameterType.STRING, "Q"))
    assert check_parameters(asked, {}, matches) == {"p": 10, "q": None}
    assert check_parameters(asked, {"p": 3, "q": ""}, matches) == {"p": 3, "q": None}


@pytest.mark.parametrize("value", [None, "", "   ", []])
def test_a_required_value_may_not_be_blank(value: JsonValue) -> None:
    asked = workflow(replace(CHOICE, required=True))
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(asked, {"p": value}, matches)
    assert caught.value.mistakes == {"p": "A value is required. Choose from: prod, staging."}


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (parameter("integer"), "10"),
        (parameter("integer"), True),
        (parameter("integer"), 1.0),
        (parameter("integer"), 2**60),
        (parameter("number"), True),
        (parameter("number"), float("nan")),
        (parameter("boolean"), 1),
        (parameter("string"), 1),
        (parameter("string"), {"a": 1}),
        (parameter("string"), ["a"]),
        (CHOICE, ["prod"]),
        (CHOICES, "unit"),
        (CHOICES, [1]),
        (parameter("date"), 20260131),
    ],
)
def test_a_value_of_another_type_is_refused_not_converted(asked: Parameter, value: JsonValue) -> None:
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(workflow(asked), {"p": value}, matches)
    assert list(caught.value.mistakes) == ["p"]


def test_all_mistakes_come_at_once() -> None:
    asked = workflow(replace(CHOICE, name="env", required=True), parameter("integer"))
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(asked, {"p": "x", "other": 1}, matches)
    assert sorted(caught.value.mistakes) == ["env", "other", "p"]


def test_a_pattern_that_is_slow_elsewhere_is_quick_here() -> None:
    asked = workflow(parameter("string", pattern="(a+)+$"))
    started = time.monotonic()
    with pytest.raises(InvalidParameters):
        check_parameters(asked, {"p": "a" * 2999 + "!"}, matches)
    assert time.monotonic() - started < 0.2


@given(st.sampled_from(ParameterType), st.text(max_size=60))
def test_any_text_gives_a_value_or_a_sentence(kind: ParameterType, text: str) -> None:
    asked = Parameter("p", kind, "P", options=("a", "b") if "choice" in kind.value else ())
    values, mistakes = parse_text_parameters(workflow(asked), {"p": text}, matches)
    assert len(values) + len(mistakes) == (1 if text.strip() else 0)
