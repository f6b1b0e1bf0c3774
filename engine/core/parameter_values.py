"""One value against the rules of its parameter: a sentence for every mistake."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.durations import MAX_DURATION_SECONDS, parse_duration
from engine.core.json_text import json_mistake
from engine.core.moments import EARLIEST, LATEST, is_date, read_moment, read_time
from engine.core.slack_ids import CHANNEL_ID, FILE_ID, GROUP_ID, USER_ID
from engine.core.text import did_you_mean, excerpt, find_forbidden, listed

Matches = Callable[[str, str], bool]
"""Whether a pattern matches the whole of a text."""

MAX_TEXT_LENGTH = 3000
MAX_EMAIL_LENGTH = 254
MAX_INTEGER = 2**53 - 1
MAX_CHOICES = 100

NUMBERS = (ParameterType.INTEGER, ParameterType.NUMBER)
LISTS = (ParameterType.MULTI_CHOICE, ParameterType.USERS, ParameterType.CHANNELS)
TEXTS = (ParameterType.STRING, ParameterType.TEXT)
BOUNDED = (
    *NUMBERS,
    ParameterType.DATE,
    ParameterType.TIME,
    ParameterType.DATETIME,
    ParameterType.DURATION,
)
"""The types whose values `minimum` and `maximum` bound."""

FILE_KEYS = ("id", "name", "size", "mimetype")

_EMAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\".]+")

_WANTED = {
    ParameterType.STRING: "text. Write one line of text",
    ParameterType.TEXT: "text. Write text",
    ParameterType.INTEGER: "a whole number. Write decimal digits, such as 10",
    ParameterType.NUMBER: "a number. Write a decimal number, such as 2.5",
    ParameterType.BOOLEAN: "true or false. Write true or false",
    ParameterType.CHOICE: "a choice. Choose one of the options",
    ParameterType.MULTI_CHOICE: "a list of choices. Choose some of the options",
    ParameterType.DATE: "a date. Write it as year-month-day, such as 2026-01-31",
    ParameterType.TIME: "a time of day. Write hours and minutes, such as 07:30",
    ParameterType.DATETIME: "a date with a time. Write it such as 2026-01-31T07:30 (then it is UTC) or "
    "2026-01-31T07:30+01:00",
    ParameterType.DURATION: "a duration. Write it such as 90s, 10m, 4h, 1d or 1h30m",
    ParameterType.USER: "a Slack user. Mention somebody, or write an id such as U0ADA",
    ParameterType.USERS: "a Slack user. Mention people, or write ids such as U0ADA, with commas between",
    ParameterType.CHANNEL: "a Slack channel. Mention one, or write an id such as C0OPS",
    ParameterType.CHANNELS: "a Slack channel. Mention some, or write ids such as C0OPS, with commas between",
    ParameterType.GROUP: "a Slack user group. Mention one, or write an id such as S0ONCALL",
    ParameterType.EMAIL: "an email address. Write it such as ada@example.com",
    ParameterType.URL: "a web address. Write it with https:// or http://, such as https://example.com/page",
    ParameterType.FILE: "a file. Choose one in the form; a file cannot be given as text",
}

_LOWEST_AND_HIGHEST: Mapping[ParameterType, tuple[int | str, int | str]] = {
    ParameterType.INTEGER: (-MAX_INTEGER, MAX_INTEGER),
    ParameterType.NUMBER: (-MAX_INTEGER, MAX_INTEGER),
    ParameterType.DATE: ("0001-01-01", "9999-12-31"),
    ParameterType.TIME: ("00:00", "23:59"),
    ParameterType.DATETIME: (EARLIEST, LATEST),
    ParameterType.DURATION: ("0s", f"{MAX_DURATION_SECONDS // 86_400}d"),
}


def is_blank(parameter: Parameter, value: JsonValue) -> bool:
    """Whether this is no value. For JSON, empty texts and lists are values like others."""
    if parameter.type is ParameterType.JSON:
        return value is None
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def value_mistake(parameter: Parameter, value: JsonValue, matches: Matches) -> str | None:
    """A sentence about what is wrong with a value, or None."""
    if is_blank(parameter, value):
        return f"A value is required.{_choices(parameter)}" if parameter.required else None
    if parameter.type is ParameterType.JSON:
        return json_mistake(value)
    return (
        _text_mistake(parameter, value)
        or _type_mistake(parameter, value)
        or _choice_mistake(parameter, value)
        or _range_mistake(parameter, value)
        or _size_mistake(parameter, value)
        or _pattern_mistake(parameter, value, matches)
    )


def order(kind: ParameterType, value: int | float | str) -> float | str:
    """What two values of a type, or a value and its bound, are compared by."""
    if kind is ParameterType.DURATION:
        return parse_duration(value)
    if kind is ParameterType.TIME:
        return read_time(str(value)) or ""
    if kind is ParameterType.DATETIME:
        return read_moment(str(value)) or ""
    if kind in NUMBERS:
        return float(value) if isinstance(value, str) else value
    return str(value)


# --- the type


def _type_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    is_list = parameter.type in LISTS and isinstance(value, list)
    for item in value if is_list and isinstance(value, list) else [value]:
        if not _has_type(parameter.type, item, in_list=is_list):
            shown = "true" if item is True else "false" if item is False else excerpt(item)
            return f"'{shown}' is not {_WANTED[parameter.type]}.{_choices(parameter)}"
    return None


def _has_type(kind: ParameterType, value: JsonValue, *, in_list: bool) -> bool:
    match kind:
        case ParameterType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case ParameterType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.FILE:
            return _is_file(value)
        case ParameterType.MULTI_CHOICE | ParameterType.USERS | ParameterType.CHANNELS if not in_list:
            return False
        case _:
            is_right = _TEXT_TYPES.get(kind)
            return isinstance(value, str) and (is_right is None or is_right(value))


def _is_file(value: JsonValue) -> bool:
    if not isinstance(value, dict) or set(value) != set(FILE_KEYS):
        return False
    file_id, size = value["id"], value["size"]
    return (
        isinstance(file_id, str)
        and FILE_ID.fullmatch(file_id) is not None
        and all(isinstance(value[key], str) and _is_clean(value[key]) for key in ("name", "mimetype"))
        and isinstance(size, int)
        and not isinstance(size, bool)
        and size >= 0
    )


def _is_clean(value: JsonValue) -> bool:
    return isinstance(value, str) and len(value) <= 255 and find_forbidden(value, allow_lines=False) is None


def _is_duration(text: str) -> bool:
    try:
        return parse_duration(text) >= 0
    except ValueError as error:
        return "out of range" in str(error)  # said with its bounds, as of every type


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme.lower() in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and not re.search(r"[\s\\<>\"]", text)
        )
    except ValueError:
        return False


def _shaped(shape: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: shape.fullmatch(text) is not None


_TEXT_TYPES: Mapping[ParameterType, Callable[[str], bool]] = {
    ParameterType.DATE: is_date,
    ParameterType.TIME: lambda text: read_time(text) is not None,
    ParameterType.DATETIME: lambda text: read_moment(text) is not None,
    ParameterType.DURATION: _is_duration,
    ParameterType.USER: _shaped(USER_ID),
    ParameterType.USERS: _shaped(USER_ID),
    ParameterType.CHANNEL: _shaped(CHANNEL_ID),
    ParameterType.CHANNELS: _shaped(CHANNEL_ID),
    ParameterType.GROUP: _shaped(GROUP_ID),
    ParameterType.EMAIL: _shaped(_EMAIL),
    ParameterType.URL: _is_url,
}


# --- the other rules


def _text_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    for text in value if isinstance(value, list) else [value]:
        if not isinstance(text, str):
            continue
        found = find_forbidden(text, allow_lines=parameter.type is ParameterType.TEXT)
        if found is not None:
            position, what = found
            return f"Character {position + 1} is {what}, which is not allowed here. Remove it."
    return None


def _choice_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if parameter.type is not ParameterType.CHOICE and parameter.type not in LISTS:
        return None
    chosen = value if isinstance(value, list) else [value]
    if parameter.type in (ParameterType.CHOICE, ParameterType.MULTI_CHOICE) and parameter.source is None:
        for item in chosen:
            if item not in parameter.options:
                suggestion = did_you_mean(str(item), parameter.options)
                return f"'{excerpt(item)}' is not among the options.{_choices(parameter)}{suggestion}"
    twice = _repeated(chosen)
    if twice is None:
        return None
    if parameter.type is ParameterType.MULTI_CHOICE:
        return "An option is chosen twice. Choose each at most once."
    return f"'{excerpt(twice)}' is there twice. Name each at most once."


def _repeated(items: Sequence[JsonValue]) -> JsonValue:
    return next((item for at, item in enumerate(items) if item in items[:at]), None)


def _choices(parameter: Parameter) -> str:
    return f" Choose from: {listed(parameter.options)}." if parameter.options else ""


def _range_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    kind = parameter.type
    if kind not in _LOWEST_AND_HIGHEST or not isinstance(value, int | float | str):
        return None
    lowest, highest = _LOWEST_AND_HIGHEST[kind]
    low = parameter.minimum if parameter.minimum is not None else lowest
    high = parameter.maximum if parameter.maximum is not None else highest
    try:
        is_inside = order(kind, low) <= order(kind, value) <= order(kind, high)  # type: ignore[operator]  # one type
    except ValueError:  # a duration beyond all bounds
        is_inside = False
    return None if is_inside else f"{excerpt(value)} is out of range: it must lie between {low} and {high}."


def _size_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if isinstance(value, list):
        size, most = len(value), MAX_CHOICES
        unit = "choices" if parameter.type is ParameterType.MULTI_CHOICE else "entries"
    elif isinstance(value, str) and parameter.type in (*TEXTS, ParameterType.EMAIL, ParameterType.URL):
        size, unit = len(value), "characters"
        most = MAX_EMAIL_LENGTH if parameter.type is ParameterType.EMAIL else MAX_TEXT_LENGTH
    else:
        return None
    low = parameter.min_length or 0
    high = most if parameter.max_length is None else min(parameter.max_length, most)
    if size < low:
        return f"Too short: {size} {unit}, at least {low} are needed."
    if size > high:
        return f"Too long: {size} {unit}, at most {high} are allowed."
    return None


def _pattern_mistake(parameter: Parameter, value: JsonValue, matches: Matches) -> str | None:
    if parameter.pattern is None or not isinstance(value, str) or matches(parameter.pattern, value):
        return None
    wanted = parameter.hint or f"the pattern {excerpt(parameter.pattern)}"
    return f"'{excerpt(value)}' does not have the form that is wanted: {wanted}."
