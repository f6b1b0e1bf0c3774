"""Expressions: values keep their types, unknown names are problems, and nothing gets out or grows too large."""

from __future__ import annotations

import time

import pytest

from engine import expressions
from engine.core.definition import JsonValue, Template
from engine.core.errors import ExpressionProblem
from engine.expressions import Expressions, compile_text, strip_braces

NAMES: dict[str, JsonValue] = {
    "params": {"n": 3, "x": 2.5, "s": "abc", "list": [3, 1, 2], "off": None, "hostile": "{{ params.n }}"},
    "run": {"number": 1042, "requester": "U0ADA"},
    "steps": {
        "build": {"result": {"ports": [80, 443], "ok": True}, "status": "completed", "error": None},
        "log": {"result": "plain", "status": "completed", "error": None},
    },
}


def value(template: Template) -> JsonValue:
    return Expressions().value(template, NAMES)


def problem(template: Template) -> str:
    with pytest.raises(ExpressionProblem) as caught:
        value(template)
    return caught.value.sentence


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("{{ params.n }}", 3),
        ("{{ params.x }}", 2.5),
        ("{{ params.list }}", [3, 1, 2]),
        ("{{ params.off }}", None),
        ("{{ steps.build.result.ok }}", True),
        ("{{ steps.build.result.ports[1] }}", 443),
        ("{{ steps['build']['result'].ports[-1] }}", 443),
        ("{{ {'a': params.n, 'b': [1, 2.5, none, true]} }}", {"a": 3, "b": [1, 2.5, None, True]}),
        ("#{{ run.number }}", "#1042"),
        ("{{ params.n }}{{ params.n }}", "33"),
        ("a {{ params.list }} {{ steps.build.result.ok }} {{ params.off }}.", "a [3,1,2] true ."),
        ("{{ params.n }}\n", "3\n"),
        ("{# a remark #}text", "text"),
        (
            "{{ params.n + 1 }} {{ params.n - 1 }} {{ params.n * 2 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 3 }}",
            "4 2 6 3 3 8",
        ),
        ("{{ 7 / 2 }}", 3.5),
        ("{{ -params.n }}", -3),
        ("{{ 'a' + 'b' }}", "ab"),
        ("{{ [1] + [2] }}", [1, 2]),
        ("{{ '-' * 3 }}", "---"),
        ("{{ params.s ~ params.n ~ none }}", "abc3"),
        ("{{ 'big' if params.n > 2 else 'small' }}", "big"),
        ("{{ params.n > 2 and not params.off }}", True),
        ("{{ params.off or 'nobody' }}", "nobody"),
        ("{{ 1 < params.n <= 3 }}", True),
        ("{{ params.s in ['abc'] and 'b' in params.s and 'n' in params }}", True),
        ("{{ params.n not in params.list }}", False),
        ("{{ params.s[1:] }} {{ params.list[:2] }}", "bc [3,1]"),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ params.list | sort | join(', ') }}", "1, 2, 3"),
        ("{{ params.list | max }} {{ params.list | sum }} {{ params.list | length }}", "3 6 3"),
        ("{{ params.s | upper | replace('B', '-') }}", "A-C"),
        ("{{ '12' | int + 1 }}", 13),
        ("{{ 'x' | int(default=0) }}", 0),
        ("{{ 2.567 | round(1) }}", 2.6),
        ("{{ params | length }}", 6),
        ("{{ 'ä/b c' | urlencode }}", "%C3%A4%2Fb%20c"),
        ("{{ ['b', 'a', 'b'] | unique }}", ["b", "a"]),
        ("{{ params.list | tojson }}", "[3,1,2]"),
        ("{{ params.nope | default('y') }} {{ params.off | default('z') }}", "y z"),
        ("{{ steps.build.result.a.b.c | default('deep') }}", "deep"),
        ("{{ params.nope is defined }} {{ params.n is defined }}", "false true"),
        ("{% raw %}{{ literal }}{% endraw %}", "{{ literal }}"),
        (["{{ params.n }}", {"k": "v{{ params.n }}"}, 1, None], [3, {"k": "v3"}, 1, None]),
    ],
)
def test_an_expression_has_the_value_it_says(template: Template, expected: JsonValue) -> None:
    result = value(template)
    assert result == expected
    assert type(result) is type(expected)


def test_values_are_never_expanded_twice() -> None:
    assert value("{{ params.hostile }}") == "{{ params.n }}"
    assert value("say {{ params.hostile }}") == "say {{ params.n }}"
    assert value("{{ '{{ params.n }}' }}") == "{{ params.n }}"


@pytest.mark.parametrize(
    ("template", "part"),
    [
        ("{{ nope }}", "'nope' is unknown. Known are: params, run, steps."),
        ("{{ param.n }}", "Did you mean 'params'?"),
        ("{{ params.m }}", "params has no 'm'"),
        ("{{ steps.buildd.result }}", "Did you mean 'build'?"),
        ("{{ steps.log.result.url }}", "steps.log.result is a text, so it has no 'url'"),
        ("{{ params.list[9] }}", "has no entry 9: its length is 3"),
        ("{{ params.nope ~ 'x' }}", "params has no 'nope'"),
        ("{{ 'a' if params.n > 9 }}", "no 'else'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 'a' + 1 }}", "Use ~ to join"),
        ("{{ 'a' - 1 }}", "A number is needed here, not a text"),
        ("{{ 'a' < 1 }}", "cannot be compared"),
        ("{{ 1 in 2 }}", "cannot look for"),
        ("{{ 'x' | int }}", "'x' is not a whole number"),
        ("{{ [] | first }}", "empty"),
        ("{{ params.n | upper }}", "needs a text, not a number"),
        ("{{ 1 | round(1, 2, 3) }}", "check its arguments"),
    ],
)
def test_what_cannot_be_computed_says_why_and_where(template: str, part: str) -> None:
    sentence = problem(template)
    assert part in sentence
    assert template[:20] in sentence


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ params.__class__.__mro__ }}",
        "{{ params['__class__'].x }}",
        "{{ params.s.format(params) }}",
        "{{ params.s.upper() }}",
        "{{ '%s' % params.s }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self }}",
        "{{ lipsum() }}",
        "{{ params | attr('__class__') }}",
        "{{ params.list | map('upper') }}",
        "{{ range.__self__ }}",
        "{{ range(*params.list) }}",
        "{{ namespace(a=1) }}",
        "{{ params.s | format }}",
        "{% set x = 1 %}",
        "{% for x in params.list %}{{ x }}{% endfor %}",
        "{% macro m() %}{% endmacro %}",
        "{% import 'os' as os %}",
        "{% if params.n %}x{% endif %}",
        "{% call params() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
    ],
)
def test_no_way_leads_out(template: str) -> None:
    assert problem(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 999999999 }}",
        "{{ 999999999 * [1] }}",
        "{{ 2 ** 999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 10 ** 99 * 10 ** 99 }}",
        "{{ 1e308 * 10 }}",
        "{{ range(99999999) }}",
        "{{ range(0, 99999999, 2) | list }}",
        "{{ ('a' * 200000) ~ ('a' * 200000) }}",
        "{{ ('a' * 200000) + ('a' * 200000) }}",
        "{{ 'a' * 200000 }}{{ 'a' * 200000 }}",
        "{{ [range(10000), range(10000), range(10000), range(10000)] * 9000 }}",
        "{{ ('a' * 9000) | replace('a', 'b' * 9000) }}",
        "{{ range(9000) | join('b' * 9000) }}",
        "{{ ['" + "a" * 9000 + "'] * 9000 }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "not " * 4000 + "1 }}",
        "{{ 1" + " + 1" * 6000 + " }}",
        "{{ 'ä' * 200000 }}",
        ["{{ 'a' * 200000 }}", "{{ 'a' * 200000 }}"],
    ],
)
def test_nothing_grows_without_bound(template: Template) -> None:
    started = time.monotonic()
    assert problem(template)
    assert time.monotonic() - started < 1


def test_a_condition_is_true_or_false() -> None:
    expressions = Expressions()
    assert expressions.condition("params.n > 2", NAMES) is True
    assert expressions.condition("params.off", NAMES) is False
    with pytest.raises(ExpressionProblem, match="has no 'nope'"):
        expressions.condition("params.nope", NAMES)


@pytest.mark.parametrize("text", ["", "params.n }} {{ params.n", "{{ params.n }}", "params.n >", "x }}y"])
def test_a_condition_is_exactly_one_expression(text: str) -> None:
    with pytest.raises(ExpressionProblem):
        Expressions().condition(text, NAMES)


@pytest.mark.parametrize("text", ["{{ params.n > 2 }}", "  {{- params.n > 2 -}} ", "params.n > 2"])
def test_the_braces_of_a_condition_may_be_written_or_not(text: str) -> None:
    assert strip_braces(text) == "params.n > 2"


def test_the_names_that_a_text_asks_for_are_known_without_computing_it() -> None:
    compiled = compile_text("{{ params['a'].b }} {{ steps.x.result[params.c] ~ range(run.number) }}")
    assert compiled.references == {
        ("params", "a", "b"),
        ("steps", "x", "result"),
        ("params", "c"),
        ("run", "number"),
    }


def test_a_problem_shows_at_most_a_part_of_a_long_text() -> None:
    assert len(problem("{{ nope }}" + "x" * 5000)) < 300


@pytest.mark.parametrize("template", ["{{ steps.count.result }}", "{{ steps.count.result + 1 }}"])
def test_a_number_of_hundreds_of_digits_is_a_problem_and_no_accident(template: str) -> None:
    names: dict[str, JsonValue] = {"params": {}, "run": {}, "steps": {"count": {"result": 10**400}}}

    with pytest.raises(ExpressionProblem, match="beyond all bounds"):
        Expressions().value(template, names)


def test_a_number_of_thousands_of_digits_in_an_expression_cannot_be_read() -> None:
    assert "cannot be read" in problem("{{ " + "9" * 5000 + " }}")


def test_among_very_many_names_none_is_suggested() -> None:
    many: JsonValue = {f"key_{number}": number for number in range(100_000)}
    names: dict[str, JsonValue] = {"params": {}, "run": {}, "steps": {"a": {"result": many}}}

    with pytest.raises(ExpressionProblem) as caught:
        Expressions().value("{{ steps.a.result.key_x }}", names)

    assert "Did you mean" not in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        "{{ params.n }}",
        "{{params.n}}",
        " {{ params.n }} ",
        "{{ params.n }}\n",
        "a {{ params.n }} b {{ run.number }}{{ params.s }} c",
        "{{ params.n > 2 and params.n < 7 }}",
        "{{ params.s | upper }}",
        "{{ '}}' }} {{ params.n }}",
        '{{ params["n"] }} {{ params.n }}',
        "{{ {'a': params.n} }}",
        "{{ {'a': {'b': 1}} }}",
        "{{- params.n -}} x",
        "x {{- params.n }} y",
        "x {{ params.n -}} y",
        "x {{+ params.n }}",
        "{# {{ params.n }} #}{{ run.number }}",
        "}} {{ params.n }} }}",
        "{ {{ params.n }} }",
        "{{ params.n }}}",
        "{{ 7 % 4 }}",
        "a\r\n{{ params.n }}",
        "{{ params.n\n + 1 }}",
    ],
)
def test_a_text_in_pieces_means_what_the_whole_text_means(text: str) -> None:
    pieces, whole = expressions._compile(text), expressions._parse(text)
    assert pieces.parts == whole.parts
    assert pieces.references == whole.references


@pytest.mark.parametrize(
    "text", ["{{{ params.n }}}", "{{ params.n {{ run.number }}", "{{ }}", "{% {{ params.n }} %}"]
)
def test_a_text_that_cannot_be_read_in_one_piece_cannot_be_read_in_pieces(text: str) -> None:
    with pytest.raises(ExpressionProblem) as of_whole:
        expressions._parse(text)
    with pytest.raises(ExpressionProblem) as of_pieces:
        expressions._compile(text)
    assert of_pieces.value.sentence == of_whole.value.sentence
