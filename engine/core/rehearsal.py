"""Values that a rehearsal does not have: the results of steps that it leaves out, and whatever is made of them.

Such a value is kept as JSON that says where it would come from. It is looked for in rehearsals only: in any other
run JSON of that shape is data like all other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.core.definition import JsonValue, Workflow

_KEY = "$unknown"
_LONGEST_PATH = 200


def unknown(path: str) -> JsonValue:
    """The value that would be found at a path such as "steps.build.result.url"."""
    return {_KEY: path if len(path) <= _LONGEST_PATH else path[: _LONGEST_PATH - 1] + "…"}


def path_of(value: JsonValue) -> str | None:
    """Where an unknown value would come from; None when it is known."""
    if isinstance(value, dict) and len(value) == 1:
        path = value.get(_KEY)
        return path if isinstance(path, str) else None
    return None


def first_unknown(value: JsonValue) -> str | None:
    """The path of an unknown value anywhere in this one; None when all of it is known."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        path = path_of(each)
        if path is not None:
            return path
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(reversed(each))
    return None


def depends_on_unknown(value: JsonValue) -> bool:
    """Whether something of it is unknown, be it a part of a text."""
    return first_unknown(value) is not None or (isinstance(value, str) and "‹" in value and "›" in value)


def readable(value: JsonValue) -> JsonValue:
    """The value for people: what is unknown reads as ‹steps.build.result.url›."""
    path = path_of(value)
    if path is not None:
        return f"‹{path}›"
    match value:
        case dict():
            return {key: readable(item) for key, item in value.items()}
        case list():
            return [readable(item) for item in value]
    return value


def set_unknown_aside(
    workflow: Workflow, values: Mapping[str, JsonValue]
) -> tuple[Workflow, dict[str, JsonValue], dict[str, JsonValue]]:
    """For a child run: what of its parameters can be checked, as a workflow that has no others, and values; and the
    values that depend on what is unknown."""
    declared = {parameter.name for parameter in workflow.parameters}
    unknown = {
        name: value for name, value in values.items() if name in declared and depends_on_unknown(value)
    }
    known = {name: value for name, value in values.items() if name not in unknown}
    kept = tuple(parameter for parameter in workflow.parameters if parameter.name not in unknown)
    return replace(workflow, parameters=kept), known, unknown


def is_rehearsed(names: Mapping[str, JsonValue]) -> bool:
    """Whether these names of expressions are those of a rehearsal."""
    run = names.get("run")
    return isinstance(run, dict) and run.get("is_rehearsal") is True
