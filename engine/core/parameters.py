"""Values for a workflow's parameters: typed, checked, completed with defaults; and read from plain text."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping

from engine.core.definition import JsonValue, Parameter, ParameterType, Workflow
from engine.core.errors import InvalidParameters
from engine.core.slack_ids import CHANNEL_ID, USER_ID
from engine.core.text import did_you_mean, excerpt, find_forbidden, listed

Matches = Callable[[str, str], bool]
"""Whether a pattern matches the whole of a text."""

MAX_TEXT_LENGTH = 3000
MAX_INTEGER = 2**53 - 1
MAX_CHOICES = 100

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DECIMAL_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL_FRACTION = re.compile(r"[+-]?[0-9]{1,300}\.[0-9]{1,300}", re.ASCII)
_USER_MENTION = re.compile(r"<@([^|>]+)(?:\|[^>]*)?>")
_CHANNEL_MENTION = re.compile(r"<#([^|>]+)(?:\|[^>]*)?>")
_LINK_MARKUP = re.compile(r"<((?:https?://|mailto:)[^|>]+)(?:\|[^>]*)?>")

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

_WANTED = {
    ParameterType.STRING: "text. Write one line of text",
    ParameterType.TEXT: "text. Write text",
    ParameterType.INTEGER: "a whole number. Write decimal digits, such as 10",
    ParameterType.NUMBER: "a number. Write a decimal number, such as 2.5",
    ParameterType.BOOLEAN: "true or false. Write true or false",
    ParameterType.CHOICE: "a choice. Choose one of the options",
    ParameterType.MULTI_CHOICE: "a list of choices. Choose some of the options",
    ParameterType.DATE: "a date. Write it as year-month-day, such as 2026-01-31",
    ParameterType.USER: "a Slack user. Mention somebody, or write an id such as U0ADA",
    ParameterType.CHANNEL: "a Slack channel. Mention one, or write an id such as C0OPS",
}


def check_parameters(
    workflow: Workflow, values: Mapping[str, JsonValue], matches: Matches
) -> dict[str, JsonValue]:
    """The values of every declared parameter, defaults filled in; what has neither is None.
    InvalidParameters holds all mistakes at once."""
    mistakes = _unknown_names(workflow, values)
    checked: dict[str, JsonValue] = {}
    for parameter in workflow.parameters:
        value = values.get(parameter.name)
        if _is_blank(value):
            value = parameter.default
        mistake = value_mistake(parameter, value, matches)
        if mistake:
            mistakes[parameter.name] = mistake
        checked[parameter.name] = value
    if mistakes:
        raise InvalidParameters(mistakes)
    return checked


def parse_text_parameters(
    workflow: Workflow, texts: Mapping[str, str], matches: Matches
) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """Typed values of `key=value` texts, and a sentence for each text that gives none. What is missing is no
    mistake here: a form may ask for it."""
    mistakes = _unknown_names(workflow, texts)
    values: dict[str, JsonValue] = {}
    for parameter in workflow.parameters:
        if not texts.get(parameter.name, "").strip():
            continue
        value = parse_text_value(parameter, texts[parameter.name])
        mistake = value_mistake(parameter, value, matches)
        if mistake:
            mistakes[parameter.name] = mistake
        else:
            values[parameter.name] = value
    return values, mistakes


def parse_text_value(parameter: Parameter, text: str) -> JsonValue:
    """The value that a text means for this parameter; the text itself when it means none, which
    `value_mistake` then explains. Slack's markup of links and mentions is unwrapped."""
    stripped = text.strip()
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT:
            return _LINK_MARKUP.sub(lambda link: link[1].removeprefix("mailto:"), text)
        case ParameterType.INTEGER:
            return _integer(stripped)
        case ParameterType.NUMBER:
            return float(stripped) if _DECIMAL_FRACTION.fullmatch(stripped) else _integer(stripped)
        case ParameterType.BOOLEAN:
            return _TRUTHS.get(stripped.lower(), stripped)
        case ParameterType.MULTI_CHOICE:
            return [part.strip() for part in text.split(",") if part.strip()]
        case ParameterType.USER:
            return _unwrap(_USER_MENTION, stripped)
        case ParameterType.CHANNEL:
            return _unwrap(_CHANNEL_MENTION, stripped)
        case _:
            return stripped


def _integer(text: str) -> JsonValue:
    if not _DECIMAL_INTEGER.fullmatch(text):
        return text
    # Python refuses to read thousands of digits; any number of that length is out of range all the same.
    return int(text[:40])


def _unwrap(mention: re.Pattern[str], text: str) -> str:
    match = mention.fullmatch(text)
    return match[1] if match else text


def _unknown_names(workflow: Workflow, values: Mapping[str, object]) -> dict[str, str]:
    known = [parameter.name for parameter in workflow.parameters]
    allowed = f"It has: {listed(known)}." if known else "It has none."
    return {
        excerpt(name): f"{workflow.name} has no such parameter. {allowed}{did_you_mean(name, known)}"
        for name in values
        if name not in known
    }


def _is_blank(value: JsonValue) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


# --- checking one value


def value_mistake(parameter: Parameter, value: JsonValue, matches: Matches) -> str | None:
    """A sentence about what is wrong with a value, or None."""
    if _is_blank(value):
        return f"A value is required.{_choices(parameter)}" if parameter.required else None
    if not _has_type(parameter.type, value):
        return _wrong_type(parameter, value)
    return (
        _text_mistake(parameter, value)
        or _choice_mistake(parameter, value)
        or _range_mistake(parameter, value)
        or _size_mistake(parameter, value)
        or _pattern_mistake(parameter, value, matches)
    )


def _has_type(kind: ParameterType, value: JsonValue) -> bool:
    match kind:
        case ParameterType.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case ParameterType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case ParameterType.BOOLEAN:
            return isinstance(value, bool)
        case ParameterType.MULTI_CHOICE:
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case ParameterType.DATE:
            return isinstance(value, str) and _is_date(value)
        case ParameterType.USER:
            return isinstance(value, str) and USER_ID.fullmatch(value) is not None
        case ParameterType.CHANNEL:
            return isinstance(value, str) and CHANNEL_ID.fullmatch(value) is not None
        case _:
            return isinstance(value, str)


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _wrong_type(parameter: Parameter, value: JsonValue) -> str:
    shown = "true" if value is True else "false" if value is False else excerpt(value)
    return f"'{shown}' is not {_WANTED[parameter.type]}.{_choices(parameter)}"


def _text_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return None
    found = find_forbidden(value, allow_lines=parameter.type is ParameterType.TEXT)
    if found is None:
        return None
    position, what = found
    return f"Character {position + 1} is {what}, which is not allowed here. Remove it."


def _choice_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if parameter.type is ParameterType.CHOICE:
        chosen = [value]
    elif parameter.type is ParameterType.MULTI_CHOICE:
        chosen = value if isinstance(value, list) else []
    else:
        return None
    for item in chosen:
        if item not in parameter.options:
            suggestion = did_you_mean(str(item), parameter.options)
            return f"'{excerpt(item)}' is not among the options.{_choices(parameter)}{suggestion}"
    if len(set(map(str, chosen))) < len(chosen):
        return "An option is chosen twice. Choose each at most once."
    return None


def _choices(parameter: Parameter) -> str:
    return f" Choose from: {listed(parameter.options)}." if parameter.options else ""


def _range_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low = parameter.minimum if parameter.minimum is not None else -MAX_INTEGER
        high = parameter.maximum if parameter.maximum is not None else MAX_INTEGER
        is_inside = float(low) <= value <= float(high)
    elif parameter.type is ParameterType.DATE and isinstance(value, str):
        low = parameter.minimum if parameter.minimum is not None else "0001-01-01"
        high = parameter.maximum if parameter.maximum is not None else "9999-12-31"
        is_inside = str(low) <= value <= str(high)
    else:
        return None
    return None if is_inside else f"{excerpt(value)} is out of range: it must lie between {low} and {high}."


def _size_mistake(parameter: Parameter, value: JsonValue) -> str | None:
    if isinstance(value, list):
        size, unit, most = len(value), "choices", MAX_CHOICES
    elif parameter.type in (ParameterType.STRING, ParameterType.TEXT) and isinstance(value, str):
        size, unit, most = len(value), "characters", MAX_TEXT_LENGTH
    else:
        return None
    low = parameter.min_length or 0
    high = most if parameter.max_length is None else parameter.max_length
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
