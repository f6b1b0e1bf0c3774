"""Pieces of which the JSON Schema of workflow files is made."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

EXPRESSION = r"\{\{"
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}

DURATION = r"[0-9]+(\.[0-9]+)?|(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+(\.[0-9]+)?s)?"


def table(properties: Schema, *, required: list[str], description: str | None = None) -> Schema:
    """A mapping with these keys and no others."""
    return {
        **({"description": description} if description else {}),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def named(pattern: str, value: Schema, description: str, **limits: int) -> Schema:
    """A mapping whose keys people choose."""
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"pattern": whole(pattern)},
        "additionalProperties": value,
        **limits,
    }


def text(description: str, **limits: object) -> Schema:
    return {"description": description, "type": "string", **limits}


def filled(description: str) -> Schema:
    """A text that says something."""
    return text(description, pattern=r"\S")


def truth(description: str) -> Schema:
    return {"description": description, "type": "boolean"}


def number(description: str, least: float, most: float, kind: str = "integer") -> Schema:
    return {"description": description, "type": kind, "minimum": least, "maximum": most}


def choice(description: str, options: list[str]) -> Schema:
    return {"description": description, "enum": options}


def texts(description: str, pattern: str | None = None) -> Schema:
    """A list of texts; one alone needs no list."""
    item: Schema = {"type": "string"} if pattern is None else {"type": "string", "pattern": pattern}
    return {"description": description, "anyOf": [item, {"type": "array", "items": item}]}


def integers(description: str, least: int, most: int) -> Schema:
    item = {"type": "integer", "minimum": least, "maximum": most}
    return {"description": description, "anyOf": [item, {"type": "array", "items": item}]}


def duration(description: str, pattern: str = DURATION) -> Schema:
    return {
        "description": f"{description} Such as 90s, 10m, 4h, 1d or 1h30m.",
        "type": ["string", "number"],
        "pattern": whole(pattern),
        "minimum": 0,
    }


def whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def or_expression(pattern: str) -> str:
    """The pattern, or any text that holds an expression."""
    return rf"^(?:{pattern})$|{EXPRESSION}"
