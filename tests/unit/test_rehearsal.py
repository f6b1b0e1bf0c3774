"""What a rehearsal does not know: expressions go on with it, and say where it would come from."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.definition import JsonValue, Template
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Names, expression_names
from engine.core.rehearsal import depends_on_unknown, readable, unknown
from engine.core.state import TaskState, TaskStatus
from engine.expressions import Expressions

BUILT = unknown("steps.build.result")


def names(is_rehearsal: bool = True, **results: JsonValue) -> Names:
    tasks = {
        step_id: TaskState(step_id, TaskStatus.COMPLETED, result=result)
        for step_id, result in {"build": BUILT, **results}.items()
    }
    params: dict[str, JsonValue] = {"n": 3, "off": False, "s": "abc", "list": [1, 2]}
    return expression_names(params, {"number": 1}, tasks, is_rehearsal=is_rehearsal)


def value(template: Template, **results: JsonValue) -> JsonValue:
    return Expressions().value(template, names(True, **results))


def holds(text: str) -> bool:
    return Expressions().condition(text, names())


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{{ steps.build.result }}", "steps.build.result"),
        ("{{ steps.build.result.url }}", "steps.build.result.url"),
        ("{{ steps.build.result['a'].b[0] }}", "steps.build.result.a.b[0]"),
        ("{{ steps.build.result[1:] }}", "steps.build.result"),
        ("{{ steps.build.result.n + 1 }}", "steps.build.result.n"),
        ("{{ -steps.build.result.n }}", "steps.build.result.n"),
        ("{{ 2 ** steps.build.result.n }}", "steps.build.result.n"),
        ("{{ steps.build.result.s | upper | trim }}", "steps.build.result.s"),
        ("{{ steps.build.result.s | default('x') }}", "steps.build.result.s"),
        ("{{ params.s | replace(steps.build.result.a, 'x') }}", "steps.build.result.a"),
        ("{{ params.list[steps.build.result.n] }}", "steps.build.result.n"),
        ("{{ range(steps.build.result.n) }}", "steps.build.result.n"),
        ("{{ steps.build.result.n > 3 }}", "steps.build.result.n"),
        ("{{ 'a' in steps.build.result }}", "steps.build.result"),
        ("{{ not steps.build.result.ok }}", "steps.build.result.ok"),
        ("{{ steps.build.result.url or 'none' }}", "steps.build.result.url"),
        ("{{ steps.build.result.ok and params.n }}", "steps.build.result.ok"),
        ("{{ [steps.build.result.a, 1] | join(',') }}", "steps.build.result.a"),
        ("{{ steps.build.result.a is defined }}", "steps.build.result.a"),
        ("{{ params.s ~ steps.build.result.a }}", "steps.build.result.a"),
    ],
)
def test_what_is_made_of_an_unknown_value_is_unknown(template: str, path: str) -> None:
    assert value(template) == unknown(path)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("to {{ steps.build.result.url }}!", "to ‹steps.build.result.url›!"),
        ("{{ steps.build.status }} {{ params.n }}", "completed 3"),
        ("{{ [steps.build.result.a, params.n] }}", [unknown("steps.build.result.a"), 3]),
        ("{{ {'a': steps.build.result.a} }}", {"a": unknown("steps.build.result.a")}),
        ("all: {{ [steps.build.result.a, 1] }}", 'all: ["‹steps.build.result.a›",1]'),
        ("{{ 'x' if steps.build.result.ok else 'y' }}", "x"),
        ("{{ params.off and steps.build.result.ok }}", False),
        ("{{ params.n or steps.build.result.ok }}", 3),
    ],
)
def test_what_is_known_stays_known(template: str, expected: JsonValue) -> None:
    assert value(template) == expected


def test_what_a_set_step_made_of_it_is_still_unknown() -> None:
    settled: JsonValue = {
        "url": unknown("steps.build.result.url"),
        "ports": [unknown("steps.build.result.p"), 80],
    }
    assert value("{{ steps.set.result.url.host }}", set=settled) == unknown("steps.build.result.url.host")
    assert value("{{ steps.set.result.ports[0] + 1 }}", set=settled) == unknown("steps.build.result.p")
    assert value("{{ steps.set.result.ports[1] + 1 }}", set=settled) == 81
    assert value("{{ steps.set.result.ports | length }}", set=settled) == unknown("steps.build.result.p")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.build.result.ok", True),
        ("not steps.build.result.ok", True),
        ("steps.build.result.n > 3", True),
        ("steps.build.result.ok and params.n > 2", True),
        ("steps.build.result.ok and params.off", False),
        ("params.off and steps.build.result.ok", False),
        ("steps.build.result.ok and params.list[steps.build.result.n]", True),
        ("steps.build.result.ok or params.off", True),
        ("params.off", False),
    ],
)
def test_a_condition_that_depends_on_it_counts_as_true(text: str, expected: bool) -> None:
    assert holds(text) is expected


@pytest.mark.parametrize("template", ["{{ params.nope }}", "{{ nope }}", "{{ params.s - 1 }}", "{{ 1 / 0 }}"])
def test_a_mistake_is_a_mistake_in_a_rehearsal_too(template: str) -> None:
    with pytest.raises(ExpressionProblem):
        value(template)


def test_in_a_real_run_json_of_that_shape_is_data() -> None:
    real = names(False)
    expressions = Expressions()
    assert expressions.value("{{ steps.build.result['$unknown'] }}", real) == "steps.build.result"
    assert expressions.value("{{ steps.build.result | length }}", real) == 1
    assert expressions.value("x {{ steps.build.result }}", real) == 'x {"$unknown":"steps.build.result"}'
    with pytest.raises(ExpressionProblem, match="has no 'url'"):
        expressions.value("{{ steps.build.result.url }}", real)
    assert "is_rehearsal" not in str(real)


def test_a_path_stays_short_however_long_it_is_followed() -> None:
    found = value("{{ steps.build.result" + ".abcdefgh" * 50 + " }}")
    assert depends_on_unknown(found)
    assert len(str(readable(found))) < 210


# --- with anything made of it

LEAVES = st.sampled_from(
    ["steps.build.result", "steps.build.result.a", "steps.build.result['b'][0]", "steps.each.result[0].x"]
)
KNOWN = st.sampled_from(
    ["params.n", "params.s", "params.list", "1", "'a'", "none", "true", "[1]", "{'a': 1}"]
)


def combined(inner: st.SearchStrategy[str], other: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "<", "==", "in", "and", "or"])
    filters = st.sampled_from(
        ["upper", "length", "first", "join(',')", "int", "default(1)", "sort", "tojson", "round(1)", "sum"]
    )
    tests = st.sampled_from(["defined", "none", "even", "string", "not defined"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, operators, other),
        st.builds("({} | {})".format, inner, filters),
        st.builds("({} is {})".format, inner, tests),
        st.builds("(not {})".format, inner),
        st.builds("({}).field".format, inner),
        st.builds("({})[{}]".format, inner, other),
        st.builds("({})[1:]".format, inner),
        st.builds("({} if {} else {})".format, inner, other, inner),
        st.builds("[{}, {}]".format, inner, other),
        st.builds("{{'k': {}}}".format, inner),
    )


EACH: JsonValue = [unknown("steps.each.result[0]")]
ONLY_UNKNOWN = st.recursive(LEAVES, lambda inner: combined(inner, LEAVES), max_leaves=8)
ANYTHING = st.recursive(LEAVES | KNOWN, lambda inner: combined(inner, inner), max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_no_expression_breaks_in_another_way_than_with_a_sentence(expression: str) -> None:
    for template in ("{{ " + expression + " }}", "a {{ " + expression + " }} b"):
        with suppress(ExpressionProblem):
            value(template, each=EACH)


LISTLESS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "/", "**", "~", "<", "in", "and"]),
            LEAVES | KNOWN,
        ),
        st.builds("({} | {})".format, inner, st.sampled_from(["upper", "first", "join(',')", "int", "sum"])),
        st.builds("({} is {})".format, inner, st.sampled_from(["defined", "even", "none"])),
        st.builds("({}).field".format, inner),
        st.builds("({})[{}]".format, inner, LEAVES),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(LISTLESS)
def test_whatever_is_done_with_an_unknown_value_can_be_computed(expression: str) -> None:
    found = value("{{ " + expression + " }}", each=EACH)
    assert depends_on_unknown(found) or found is False
    assert isinstance(value("a {{ " + expression + " }} b", each=EACH), str)
