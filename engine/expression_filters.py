"""The filters and tests of expressions: a short list, on plain JSON values, none grows without bound."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from engine.core.definition import JsonValue
from engine.core.errors import ExpressionProblem
from engine.core.text import as_plain_text, excerpt

MAX_SIZE = 256 * 1024
"""Bytes of JSON that a value may have."""

MAX_NUMBER = 10**30


@dataclass(frozen=True, slots=True)
class Unknown:
    """The value of a name that does not exist. Only `default` and `is defined` accept it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Later:
    """A value that only a real run has, in a rehearsal: whatever is asked of it or made of it is so, too."""

    path: str


class NotYet(ExpressionProblem):
    """What is computed depends on a value that only a real run has."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{excerpt(path)} is not known in a rehearsal.")
        self.path = path


Value = JsonValue | Unknown | Later


def known(value: Value) -> JsonValue:
    if isinstance(value, Unknown):
        raise ExpressionProblem(value.sentence)
    if isinstance(value, Later):
        raise NotYet(value.path)
    return value


def kind(value: Value) -> str:
    """What a value is, for a sentence."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return "unknown"


def bounded(value: JsonValue) -> JsonValue:
    """The value, unless it is larger than any value may be."""
    if isinstance(value, int | float):
        # the comparison first: isfinite() cannot even take an integer of hundreds of digits
        if abs(value) > MAX_NUMBER or not math.isfinite(value):
            raise ExpressionProblem("The result is a number beyond all bounds.")
    elif _is_too_large(value):
        raise ExpressionProblem(f"The result is larger than {MAX_SIZE // 1024} KiB.")
    return value


def _is_too_large(value: JsonValue) -> bool:
    """Counts until the limit is passed, so that shared parts cannot multiply the work."""
    size, waiting = 0, [value]
    while waiting and size <= MAX_SIZE:
        match waiting.pop():
            case str() as text:
                size += len(text) + 2
            case list() as items:
                size += len(items) + 2
                waiting.extend(items[:MAX_SIZE])
            case dict() as entries:
                size += sum(len(key) + 4 for key in entries) + 2
                waiting.extend(entries.values())
            case _:
                size += 2
    return size > MAX_SIZE


def as_json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# --- filters


def _text(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise ExpressionProblem(f"This filter needs a text, not {kind(value)}.")


def _items(value: JsonValue) -> list[JsonValue]:
    match value:
        case list():
            return value
        case str() | dict():
            return list(value)
        case _:
            raise ExpressionProblem(f"This filter needs a list, not {kind(value)}.")


def _number(value: JsonValue) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ExpressionProblem(f"This filter needs a number, not {kind(value)}.")


def _default(value: JsonValue | Unknown, fallback: JsonValue = "", boolean: JsonValue = False) -> JsonValue:
    """Also for a parameter without a value, which is null rather than unknown."""
    if isinstance(value, Unknown) or value is None or (boolean and not value):
        return fallback
    return value


_MISSING = object()


def _int(value: JsonValue, default: Any = _MISSING) -> JsonValue:
    if isinstance(value, int | float) and math.isfinite(value):
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value, re.ASCII):
        return int(value)
    return _fallback(value, default, "a whole number")


def _float(value: JsonValue, default: Any = _MISSING) -> JsonValue:
    try:
        return float(value)  # type: ignore[arg-type]  # whatever does not fit raises
    except (TypeError, ValueError):
        return _fallback(value, default, "a number")


def _fallback(value: JsonValue, default: Any, wanted: str) -> JsonValue:
    if default is _MISSING:
        raise ExpressionProblem(f"'{excerpt(value)}' is not {wanted}.")
    result: JsonValue = default
    return result


def _length(value: JsonValue) -> JsonValue:
    return len(_items(value))


def _first(value: JsonValue) -> JsonValue:
    return _end(value, 0)


def _last(value: JsonValue) -> JsonValue:
    return _end(value, -1)


def _end(value: JsonValue, index: int) -> JsonValue:
    items = _items(value)
    if not items:
        raise ExpressionProblem("The list is empty, so it has no first or last entry.")
    return items[index]


def _join(value: JsonValue, separator: JsonValue = "") -> JsonValue:
    texts = [as_plain_text(item) for item in _items(value)]
    glue = as_plain_text(separator)
    if sum(map(len, texts)) + len(glue) * len(texts) > MAX_SIZE:
        raise ExpressionProblem("The joined text is too large.")
    return glue.join(texts)


def _replace(value: JsonValue, old: JsonValue, new: JsonValue) -> JsonValue:
    text, old_text, new_text = _text(value), _text(old), as_plain_text(new)
    if len(text) + text.count(old_text) * len(new_text) > MAX_SIZE:
        raise ExpressionProblem("The text after 'replace' is too large.")
    return text.replace(old_text, new_text)


def _reverse(value: JsonValue) -> JsonValue:
    return value[::-1] if isinstance(value, str) else _items(value)[::-1]


def _round(value: JsonValue, digits: JsonValue = 0) -> JsonValue:
    if not isinstance(digits, int) or not 0 <= digits <= 15:
        raise ExpressionProblem("'round' keeps between 0 and 15 digits.")
    return round(_number(value), digits) if digits else round(_number(value))


def _sort(value: JsonValue, reverse: JsonValue = False) -> JsonValue:
    items = _items(value)
    if not (
        all(isinstance(item, str) for item in items) or all(isinstance(item, int | float) for item in items)
    ):
        raise ExpressionProblem("Only a list of texts or a list of numbers can be sorted.")
    order: Any = items  # all of one kind that can be compared, as was just looked up
    return sorted(order, reverse=bool(reverse))


def _truncate(value: JsonValue, length: JsonValue = 255) -> JsonValue:
    if not isinstance(length, int) or length < 1:
        raise ExpressionProblem("'truncate' needs a length of at least 1.")
    text = _text(value)
    return text if len(text) <= length else text[: length - 1] + "…"


def _unique(value: JsonValue) -> JsonValue:
    first: dict[str, JsonValue] = {}
    for item in _items(value):
        first.setdefault(as_json(item), item)
    return list(first.values())


FILTERS: Mapping[str, Callable[..., JsonValue]] = {
    "abs": lambda value: abs(_number(value)),
    "capitalize": lambda value: _text(value).capitalize(),
    "count": _length,
    "d": _default,
    "default": _default,
    "first": _first,
    "float": _float,
    "int": _int,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": lambda value: list(_items(value)),
    "lower": lambda value: _text(value).lower(),
    "max": lambda value: _last(_sort(value)),
    "min": lambda value: _first(_sort(value)),
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "sort": _sort,
    "string": as_plain_text,
    "sum": lambda value: sum(_number(item) for item in _items(value)),
    "title": lambda value: _text(value).title(),
    "tojson": as_json,
    "trim": lambda value: _text(value).strip(),
    "truncate": _truncate,
    "unique": _unique,
    "upper": lambda value: _text(value).upper(),
    "urlencode": lambda value: quote(as_plain_text(value), safe=""),
}

TESTS: Mapping[str, Callable[..., bool]] = {
    "defined": lambda value: not isinstance(value, Unknown),
    "undefined": lambda value: isinstance(value, Unknown),
    "none": lambda value: value is None,
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, dict),
    "sequence": lambda value: isinstance(value, list),
    "even": lambda value: _number(value) % 2 == 0,
    "odd": lambda value: _number(value) % 2 == 1,
}
