"""JSON from outside as a step's result: read strictly, and bounded."""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path

from engine.core.definition import JsonValue

LARGEST_RESULT = 256 * 1024
DEEPEST_RESULT = 50


class BadResult(Exception):
    """A result that cannot be taken; the text is a sentence for people."""


def read_json(text: str | bytes) -> JsonValue:
    """The JSON value that `text` is. ValueError when it is none, or one that others could not read again."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _depth(value) > DEEPEST_RESULT:
        raise ValueError(f"it is nested more than {DEEPEST_RESULT} deep")
    return value


def result_of_line(line: str | None) -> JsonValue:
    """A line of output as a result: None unless it is JSON."""
    if line is None:
        return None
    try:
        return read_json(line)
    except ValueError:
        return None


def result_of_file(path: Path) -> JsonValue:
    """What a step wrote to its output file; None when it wrote nothing. Raises BadResult."""
    data = _read_regular_file(path)
    if len(data) > LARGEST_RESULT:
        raise BadResult(
            "What it wrote to $HANDRAIL_OUTPUT is larger than 256 KiB. Write less, or write a file elsewhere."
        )
    if not data.strip():
        return None
    try:
        return read_json(data)
    except ValueError as error:
        raise BadResult(f"What it wrote to $HANDRAIL_OUTPUT is not JSON: {error}.") from None


def _read_regular_file(path: Path) -> bytes:
    """At most one byte more than a result may have. Nothing a step puts there may block or lead elsewhere."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadResult(f"$HANDRAIL_OUTPUT could not be read: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise BadResult("$HANDRAIL_OUTPUT is no longer an ordinary file, so it was not read.")
    with open(number, "rb") as file:
        return file.read(LARGEST_RESULT + 1)


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _depth(value: JsonValue) -> int:
    depth = 0
    level = [value]
    while level := [item for outer in level for item in _items(outer)]:
        depth += 1
    return depth


def _items(value: JsonValue) -> list[JsonValue]:
    match value:
        case list():
            return value
        case dict():
            return list(value.values())
    return []
