"""The JSON Schema of workflow files, for editors: completion, descriptions, and most mistakes while typing.

`files.py` is stricter: it also knows which names, steps and values fit together.
"""

from __future__ import annotations

from typing import Any

from engine.core.definition import OnTimeout, ParameterType
from engine.file_actions import METHODS, VALUE_NAME
from engine.file_parameters import IDENTIFIER, MAX_OPTIONS, MAX_PARAMETERS
from engine.file_steps import KINDS, MAX_STEPS
from engine.files import NAME

Schema = dict[str, Any]

_DURATION = r"[0-9]+(\.[0-9]+)?|(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?"
_WAIT = rf"{_DURATION}|.*\{{\{{.*"  # also an expression
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def json_schema() -> Schema:
    """A schema of draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Handrail workflow",
        **_table(
            {
                "name": _text("What people type: /workflow run NAME.", pattern=_whole(NAME.pattern)),
                "title": _text("What people read.", maxLength=150),
                "description": _text("What the workflow is for."),
                "parameters": _named(
                    IDENTIFIER.pattern,
                    {"$ref": "#/$defs/parameter"},
                    "The form.",
                    maxProperties=MAX_PARAMETERS,
                ),
                "steps": _named(
                    IDENTIFIER.pattern,
                    {"$ref": "#/$defs/step"},
                    "What to do. Steps run as soon as what they need is done.",
                    minProperties=1,
                    maxProperties=MAX_STEPS,
                ),
                "outputs": _named(
                    VALUE_NAME.pattern, {}, "Values of the whole run, for people and programs."
                ),
            },
            required=["name", "steps"],
        ),
        "$defs": {"parameter": _parameter(), "step": _step()},
    }


def _parameter() -> Schema:
    choices = [ParameterType.CHOICE.value, ParameterType.MULTI_CHOICE.value]
    bound = {"type": ["number", "string"]}
    length = {"type": "integer", "minimum": 0, "maximum": 3000}
    return _table(
        {
            "type": {"enum": [kind.value for kind in ParameterType]},
            "title": _text("The label in the form.", maxLength=150),
            "hint": _text("Shown below the field.", maxLength=500),
            "required": {"type": "boolean"},
            "default": {
                "description": "The value when none is given.",
                "type": ["string", "number", "boolean", "array", "null"],
                "items": {"type": "string"},
            },
            "options": {
                "type": ["array", "string"],
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": MAX_OPTIONS,
                "uniqueItems": True,
            },
            "pattern": _text("A regular expression (RE2) that the whole text must match."),
            "min": bound | {"description": "The smallest number or earliest date."},
            "max": bound | {"description": "The largest number or latest date."},
            "min_length": length | {"description": "Characters of a text, or number of choices."},
            "max_length": length
            | {"description": "Characters of a text, or number of choices.", "minimum": 1},
        },
        required=["type"],
    ) | {
        "if": {"properties": {"type": {"enum": choices}}, "required": ["type"]},
        "then": {"required": ["options"]},
        "else": {"properties": {"options": False}},
    }


def _step() -> Schema:
    return _table(
        {
            "title": _text("What people read.", maxLength=150),
            "needs": _texts("Steps that must be done before this one."),
            "if": {
                "description": "An expression; the step is skipped when it does not hold.",
                "type": ["string", "boolean", "number"],
            },
            "timeout": _duration("How long the step may take; 1h when not said."),
            "env": _named(r"[A-Za-z_][A-Za-z0-9_]*", _SCALAR, "The environment of a run step."),
            "idempotent": {
                "description": "Whether the step may be started again when its worker was lost.",
                "type": "boolean",
            },
            "run": _text("A shell command. Values arrive as environment variables: env, and $PARAM_NAME."),
            "http": _http(),
            "set": _named(
                VALUE_NAME.pattern, {}, "Values to compute; they are the step's result.", minProperties=1
            ),
            "wait": {
                "description": "A pause, such as 10m.",
                "anyOf": [
                    _duration("How long.", _WAIT),
                    _table({"duration": _duration("How long.", _WAIT)}, required=["duration"]),
                ],
            },
            "approval": _approval(),
        },
        required=[],
    ) | {
        "oneOf": [{"required": [kind]} for kind in KINDS],
        "dependentRequired": {"env": ["run"]},
    }


def _http() -> Schema:
    status = {"type": "integer", "minimum": 100, "maximum": 599}
    return _table(
        {
            "method": {"enum": list(METHODS)},
            "url": _text(
                "With a fixed host; expressions may stand behind it.", pattern="^https?://[A-Za-z0-9.\\[]"
            ),
            "headers": _named(r"[^\s:]+", _SCALAR, "Headers of the request."),
            "json": {"description": "The body as JSON."},
            "body": _text("The body as text."),
            "expect": {
                "description": "Statuses that count as success.",
                "anyOf": [status, {"type": "array", "items": status}],
            },
        },
        required=["url"],
    ) | {"not": {"required": ["json", "body"]}}


def _approval() -> Schema:
    return _table(
        {
            "title": _text("The question."),
            "message": _text("What to know before deciding."),
            "approvers": _table(
                {
                    "users": _texts("Slack user ids."),
                    "groups": _texts("Slack user group ids."),
                },
                required=[],
            ),
            "required": {
                "description": "How many people must approve.",
                "type": "integer",
                "minimum": 1,
                "maximum": 50,
            },
            "timeout": _duration("How long to wait for an answer; 24h when not said."),
            "on_timeout": {"enum": [each.value for each in OnTimeout]},
            "allow_self": {"description": "Whether whoever started the run may approve.", "type": "boolean"},
        },
        required=[],
    )


def _table(properties: Schema, *, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _named(pattern: str, value: Schema, description: str, **limits: int) -> Schema:
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"pattern": _whole(pattern)},
        "additionalProperties": value,
        **limits,
    }


def _text(description: str, **limits: object) -> Schema:
    return {"description": description, "type": "string", **limits}


def _texts(description: str) -> Schema:
    return {"description": description, "type": ["array", "string"], "items": {"type": "string"}}


def _duration(description: str, pattern: str = _DURATION) -> Schema:
    return {
        "description": f"{description} Such as 90s, 10m, 4h, 1d or 1h30m.",
        "type": ["string", "number"],
        "pattern": _whole(pattern),
        "minimum": 0,
    }


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"
