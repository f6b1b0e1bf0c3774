"""The part of the JSON Schema that is about one parameter, or one field of a form in mid-run."""

from __future__ import annotations

from engine.core.definition import ComputedDefault, ParameterType
from engine.core.options import MAX_OPTIONS
from engine.files.options import SOURCES
from engine.files.parameters import BELONGS_TO
from engine.files.schema_parts import (
    SCALAR,
    Schema,
    choice,
    duration,
    filled,
    named,
    number,
    table,
    text,
    truth,
)


def parameter_schema() -> Schema:
    bound = {"type": ["number", "string"]}
    rules = [_belongs(key, [kind.value for kind in fitting]) for key, fitting in BELONGS_TO.items()]
    choices = [kind.value for kind in BELONGS_TO["options"]]
    entries = {
        "type": choice("What kind of value it is.", [kind.value for kind in ParameterType]),
        "title": text("The label in the form.", maxLength=150),
        "hint": text("Shown below the field.", maxLength=500),
        "required": truth("Whether a run cannot start without it."),
        "default": {"description": f"The value when none is given. Also one of: {_computed_defaults()}."},
        "options": _options(),
        "pattern": text("A regular expression (RE2) that the whole text must match."),
        "min": bound | {"description": "The smallest number or duration, or the earliest date or time."},
        "max": bound | {"description": "The largest number or duration, or the latest date or time."},
        "min_length": number("Characters of a text, or entries of a list.", 0, 3000),
        "max_length": number("Characters of a text, or entries of a list.", 1, 3000),
        "show_if": text(
            "Asked only while this holds: an expression over the other values, "
            "such as '{{ params.canary > 10 }}'."
        ),
    }
    needs_options = {"if": _of_type(choices), "then": {"required": ["options"]}}
    return table(entries, required=["type"]) | {"allOf": [*rules, needs_options, _plain_default()]}


def _options() -> Schema:
    plain = {
        "type": ["array", "string"],
        "items": {"type": "string"},
        "minItems": 1,
        "maxItems": MAX_OPTIONS,
        "uniqueItems": True,
    }
    return {"description": "What can be chosen.", "anyOf": [plain, _source()]}


def _source() -> Schema:
    """What computes options."""
    properties = {
        "run": filled("A command; it writes a JSON list, or one option a line."),
        "http": {"$ref": "#/$defs/step/properties/http"},
        "env": named(r"[A-Za-z_][A-Za-z0-9_]*", SCALAR, "The environment of the process."),
        "shell": {"$ref": "#/$defs/step/properties/shell"},
        "working_directory": {"$ref": "#/$defs/step/properties/working_directory"},
        "stdin": text("What the command reads from its standard input."),
        "pick": text("The list in the answer, such as '{{ result.json.hosts }}'."),
        "timeout": duration("How long it may take; 10s when not said, at most 20s."),
        "cache": duration("How long an answer may be used again; 30s when not said, 0 for never."),
    }
    only_one = [{"required": [kind]} for kind in SOURCES]
    for_run = {key: ["run"] for key in ("env", "shell", "working_directory", "stdin")}
    return table(properties, required=[]) | {
        "oneOf": only_one,
        "dependentRequired": {**for_run, "pick": ["http"]},
    }


def _computed_defaults() -> str:
    return ", ".join(f"'{{{{ {each.value} }}}}'" for each in ComputedDefault)


def _of_type(kinds: list[str]) -> Schema:
    return {"properties": {"type": {"enum": kinds}}, "required": ["type"]}


def _belongs(key: str, kinds: list[str]) -> Schema:
    """A key that only some types have. A type that there is not is a mistake of its own."""
    others = [kind.value for kind in ParameterType if kind.value not in kinds]
    return {"if": _of_type(others), "then": {"properties": {key: False}}}


def _plain_default() -> Schema:
    """Only JSON may have a mapping as its default."""
    plain = {"type": ["string", "number", "boolean", "array", "null"], "items": {"type": "string"}}
    return {"if": _of_type([ParameterType.JSON.value]), "else": {"properties": {"default": plain}}}
