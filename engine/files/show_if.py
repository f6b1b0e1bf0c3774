"""`show_if` of the parameters in a workflow file: a condition over the other parameters, without circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.core.definition import Parameter, ParameterType
from engine.core.errors import ExpressionProblem
from engine.core.graph import find_circle
from engine.core.text import did_you_mean, excerpt, listed
from engine.expression_tree import Path
from engine.expressions import compile_condition, strip_braces
from engine.files.fields import Fields

CODE = "PARAM-SHOW-IF"


def read_show_if(fields: Fields) -> str | None:
    """The expression without its braces. Its names are checked when all parameters are known."""
    text = fields.text("show_if")
    if text is None:
        return None
    condition = strip_braces(text)
    try:
        compile_condition(condition)
    except ExpressionProblem as problem:
        fields.add("show_if", CODE, problem.sentence)
        return None
    return condition


def check_conditions(parameters: Sequence[Parameter], places: Mapping[str, Fields]) -> tuple[Parameter, ...]:
    """Add a mistake for each name that a condition may not ask for, and for a circle. `places` are the fields
    of each parameter's mapping. Returns the parameters, those in a circle without their conditions."""
    kinds = {each.name: each.type for each in parameters}
    needs: dict[str, tuple[str, ...]] = {}
    for each in parameters:
        paths = compile_condition(each.show_if).references if each.show_if is not None else ()
        for sentence in filter(None, (_mistake(each.name, path, kinds) for path in sorted(paths))):
            places[each.name].add("show_if", CODE, sentence)
        needs[each.name] = tuple(path[1] for path in sorted(paths) if len(path) > 1 and path[1] in kinds)
    circle = find_circle(needs)
    if circle is None:
        return tuple(parameters)
    if len(circle) > 2:  # one that asks for itself has been named already
        places[circle[0]].add(
            "show_if", CODE, f"These parameters decide about each other in a circle: {' → '.join(circle)}."
        )
    return tuple(replace(each, show_if=None) for each in parameters)


def _mistake(name: str, path: Path, kinds: Mapping[str, ParameterType]) -> str | None:
    if path[0] != "params":
        return f"'show_if' knows only params, the other values of the form, and not '{excerpt(path[0])}'."
    if len(path) == 1:
        return "Name the other parameter with a dot, such as params.canary."
    asked = path[1]
    if asked == name:
        return f"'{name}' cannot decide whether it is asked itself. Name another parameter."
    if asked not in kinds:
        others = [each for each in kinds if each != name]
        known = f" Known are: {listed(others)}." if others else ""
        return f"There is no parameter '{excerpt(asked)}'.{did_you_mean(asked, others)}{known}"
    if kinds[asked] is ParameterType.FILE:
        return (
            f"'{asked}' is a file, which Slack tells of only when the form is sent. Name another parameter."
        )
    return None
