"""Defaults that depend on who asks, and parameters that are asked only after certain answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.asking import NOBODY, Asking, deciding_names, default_of, hidden_names
from engine.core.definition import ComputedDefault, JsonValue, Parameter, ParameterType
from engine.core.errors import InvalidParameters
from engine.core.parameters import check_parameters, check_values
from engine.expressions import Expressions
from engine.patterns import matches
from tests.unit.test_parameters import workflow

BERLIN = timezone(timedelta(hours=1))
ASKING = Asking(
    now=datetime(2026, 1, 31, 0, 15, 42, tzinfo=BERLIN),
    user_id="U0ADA",
    channel_id="C0OPS",
    last={"p": "web", "gone": 1},
)
EVALUATE = Expressions()


def computed(kind: str, how: str, **rules: object) -> Parameter:
    return Parameter(
        "p",
        ParameterType(kind),
        "P",
        computed=ComputedDefault(how),
        **rules,  # type: ignore[arg-type]  # rows of a table
    )


@pytest.mark.parametrize(
    ("kind", "how", "expected"),
    [
        ("date", "today", "2026-01-31"),
        ("time", "now", "00:15"),
        ("datetime", "now", "2026-01-30T23:15:00Z"),
        ("user", "me", "U0ADA"),
        ("users", "me", ["U0ADA"]),
        ("channel", "channel", "C0OPS"),
        ("channels", "channel", ["C0OPS"]),
        ("string", "last", "web"),
    ],
)
def test_a_computed_default_follows_from_who_asks(kind: str, how: str, expected: JsonValue) -> None:
    asked = workflow(computed(kind, how))
    assert check_parameters(asked, {}, matches, ASKING) == {"p": expected}
    assert check_parameters(asked, {}, matches) == {"p": None}


def test_a_given_value_comes_before_a_computed_default() -> None:
    assert check_parameters(workflow(computed("user", "me")), {"p": "U0BOB"}, matches, ASKING) == {
        "p": "U0BOB"
    }


def test_what_was_chosen_the_last_time_is_no_default_when_it_fits_no_more() -> None:
    options = computed("choice", "last", options=("api", "db"))
    assert default_of(options, ASKING, matches) is None
    assert default_of(computed("choice", "last", options=("api", "web")), ASKING, matches) == "web"
    assert default_of(computed("integer", "last"), ASKING, matches) is None


@pytest.mark.parametrize(
    ("parameter", "asking", "part"),
    [
        (computed("user", "me", required=True), Asking(user_id="terminal"), "Here is no Slack user"),
        (computed("channel", "channel", required=True), NOBODY, "Here is no Slack channel"),
        (
            computed("channel", "channel", required=True),
            Asking(channel_id="D0ADA"),
            "Here is no Slack channel",
        ),
        (computed("string", "last", required=True), NOBODY, "A value is required."),
    ],
)
def test_where_there_is_nobody_a_required_value_says_so(
    parameter: Parameter, asking: Asking, part: str
) -> None:
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(workflow(parameter), {}, matches, asking)
    assert caught.value.mistakes["p"].startswith("A value is required.")
    assert part in caught.value.mistakes["p"]


# --- show_if


def number(name: str, show_if: str | None = None, **rules: object) -> Parameter:
    return Parameter(
        name,
        ParameterType.INTEGER,
        name,
        show_if=show_if,
        **rules,  # type: ignore[arg-type]  # rows of a table
    )


CHAIN = (
    number("c", "params.b > 10", required=True),
    number("b", "params.a > 10", default=20),
    number("a", default=5),
)


@pytest.mark.parametrize(
    ("given_values", "hidden"),
    [
        ({}, {"b", "c"}),
        ({"a": 11}, set()),
        ({"a": 11, "b": 3}, {"c"}),
        ({"a": 1, "b": 30}, {"b", "c"}),
        ({"a": "many"}, {"b", "c"}),
    ],
)
def test_what_is_hidden_has_no_value_and_may_hide_others(
    given_values: dict[str, JsonValue], hidden: set[str]
) -> None:
    values = {"a": 5, "b": 20, "c": None} | given_values
    assert hidden_names(CHAIN, values, EVALUATE) == hidden


def test_a_hidden_parameter_is_never_required_and_loses_its_value() -> None:
    asked = workflow(*CHAIN)
    assert check_parameters(asked, {"c": 7, "b": "x"}, matches, NOBODY, EVALUATE) == {
        "a": 5,
        "b": None,
        "c": None,
    }
    with pytest.raises(InvalidParameters) as caught:
        check_parameters(asked, {"a": 11}, matches, NOBODY, EVALUATE)
    assert list(caught.value.mistakes) == ["c"]
    assert check_parameters(asked, {"a": 11, "c": 7}, matches, NOBODY, EVALUATE) == {"a": 11, "b": 20, "c": 7}


def test_without_expressions_every_parameter_is_asked() -> None:
    assert check_values("deploy", CHAIN, {"c": 1}, matches) == {"c": 1, "b": 20, "a": 5}


def test_only_parameters_that_conditions_name_decide() -> None:
    assert deciding_names(CHAIN) == {"a", "b"}
    assert deciding_names((number("a"), number("b"))) == frozenset()
    assert deciding_names((number("a"), number("b", "params['a'] == 1"))) == {"a"}


@st.composite
def acyclic(draw: st.DrawFn) -> list[Parameter]:
    """Each may ask for those before it; then they are shuffled."""
    found: list[Parameter] = []
    for position in range(draw(st.integers(1, 8))):
        asked = draw(st.none() | st.integers(0, position - 1)) if position else None
        condition = None if asked is None else f"params.p{asked} > {draw(st.integers(0, 3))}"
        found.append(number(f"p{position}", condition))
    return draw(st.permutations(found))


@given(acyclic(), st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_hidden_is_exactly_what_has_a_condition_that_does_not_hold(
    parameters: list[Parameter], numbers: list[int]
) -> None:
    values: dict[str, JsonValue] = {each.name: numbers[int(each.name[1:])] for each in parameters}
    hidden = hidden_names(parameters, values, EVALUATE)
    seen = {name: None if name in hidden else value for name, value in values.items()}
    for each in parameters:
        if each.show_if is None:
            assert each.name not in hidden
        else:
            name, _, bound = each.show_if.removeprefix("params.").partition(" > ")
            decider = seen[name]
            holds = isinstance(decider, int) and decider > int(bound)
            assert (each.name not in hidden) == holds


def test_a_day_is_the_persons_own() -> None:
    late = datetime(2026, 1, 30, 23, 30, tzinfo=UTC)
    today = computed("date", "today")
    assert default_of(today, Asking(now=late), matches) == "2026-01-30"
    assert default_of(today, Asking(now=late.astimezone(BERLIN)), matches) == "2026-01-31"
