"""Text to the value of a parameter: what people type as `key=value`, with Slack's markup unwrapped."""

from __future__ import annotations

import re

from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.json_text import read_json
from engine.core.moments import read_moment, read_time

_DECIMAL_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DECIMAL_FRACTION = re.compile(r"[+-]?[0-9]{1,300}\.[0-9]{1,300}", re.ASCII)
_USER_MENTION = re.compile(r"<@([^|>]+)(?:\|[^>]*)?>")
_CHANNEL_MENTION = re.compile(r"<#([^|>]+)(?:\|[^>]*)?>")
_GROUP_MENTION = re.compile(r"<!subteam\^([^|>]+)(?:\|[^>]*)?>")
_LINK_MARKUP = re.compile(r"<((?:https?://|mailto:)[^|>]+)(?:\|[^>]*)?>")

_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}


def parse_text_value(parameter: Parameter, text: str) -> JsonValue:
    """The value that a text means for this parameter; the text itself when it means none, which
    `value_mistake` then explains."""
    stripped = text.strip()
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT:
            return _unwrap_links(text)
        case ParameterType.INTEGER:
            return _integer(stripped)
        case ParameterType.NUMBER:
            return float(stripped) if _DECIMAL_FRACTION.fullmatch(stripped) else _integer(stripped)
        case ParameterType.BOOLEAN:
            return _TRUTHS.get(stripped.lower(), stripped)
        case ParameterType.MULTI_CHOICE:
            return _parts(stripped)
        case ParameterType.JSON:
            return read_json(stripped)
        case _:
            return _moment_or_id(parameter.type, stripped)


def normal_value(kind: ParameterType, value: JsonValue) -> JsonValue:
    """The value in the one form in which it is kept: "7:30" as "07:30", a moment in UTC. What is not of its
    type stays as it is."""
    if not isinstance(value, str):
        return value
    if kind is ParameterType.TIME:
        return read_time(value) or value
    return (read_moment(value) or value) if kind is ParameterType.DATETIME else value


def _moment_or_id(kind: ParameterType, text: str) -> JsonValue:
    match kind:
        case ParameterType.USER:
            return _unwrap(_USER_MENTION, text)
        case ParameterType.USERS:
            return [_unwrap(_USER_MENTION, part) for part in _parts(text)]
        case ParameterType.CHANNEL:
            return _unwrap(_CHANNEL_MENTION, text)
        case ParameterType.CHANNELS:
            return [_unwrap(_CHANNEL_MENTION, part) for part in _parts(text)]
        case ParameterType.GROUP:
            return _unwrap(_GROUP_MENTION, text)
        case ParameterType.EMAIL | ParameterType.URL:
            return _unwrap_links(text)
        case _:
            return normal_value(kind, text)


def _integer(text: str) -> JsonValue:
    if not _DECIMAL_INTEGER.fullmatch(text):
        return text
    # Python refuses to read thousands of digits; any number of that length is out of range all the same.
    return int(text[:40])


def _parts(text: str) -> list[JsonValue]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _unwrap(mention: re.Pattern[str], text: JsonValue) -> JsonValue:
    match = mention.fullmatch(text) if isinstance(text, str) else None
    return match[1] if match else text


def _unwrap_links(text: str) -> str:
    return _LINK_MARKUP.sub(lambda link: link[1].removeprefix("mailto:"), text)
