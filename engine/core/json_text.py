"""JSON as people write it: read strictly, and bounded whatever comes in."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from engine.core.definition import JsonValue
from engine.core.text import excerpt, find_forbidden

MAX_BYTES = 64 * 1024
MAX_DEPTH = 50


class NotJson(str):
    """A text that was meant to be JSON and is none: told apart from the JSON value that is a text."""

    __slots__ = ()


def read_json(text: str) -> JsonValue:
    """The value that a text means; the text itself, as NotJson, when it means none."""
    try:
        return _load(text)
    except (ValueError, RecursionError):
        return NotJson(text)


def json_mistake(value: JsonValue) -> str | None:
    """A sentence about what is wrong with a value that is to be JSON, or None."""
    if isinstance(value, NotJson):
        return _reading_mistake(str(value))
    try:
        mistake = _inner_mistake(value, 1)
        size = 0 if mistake else len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    except (TypeError, ValueError, RecursionError):
        return "This value cannot be written as JSON."
    if size > MAX_BYTES:
        return f"Too long: the JSON has {size} bytes, at most {MAX_BYTES} are allowed."
    return mistake


def _load(text: str) -> JsonValue:
    value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _reading_mistake(text: str) -> str:
    try:
        _load(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        return f'This is not JSON ({where}: {excerpt(error.msg)}). Write it such as {{"name": [1, true]}}.'
    except RecursionError:
        return f"This JSON is nested too deep: at most {MAX_DEPTH} levels are allowed."
    except ValueError as error:
        return f"This is not JSON: {excerpt(error)}."
    return "This is not JSON."


def _inner_mistake(value: JsonValue, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return f"This JSON is nested too deep: at most {MAX_DEPTH} levels are allowed."
    if isinstance(value, float) and not math.isfinite(value):
        return "A number in this JSON is too large."
    if isinstance(value, str) and (found := find_forbidden(value, allow_lines=True)):
        return f"The text '{excerpt(value)}' in this JSON holds {found[1]}, which is not allowed. Remove it."
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next((mistake for each in inner if (mistake := _inner_mistake(each, depth + 1))), None)
