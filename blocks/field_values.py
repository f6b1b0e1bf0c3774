"""The value in a field of a form: how the field starts with it, and how it is read back."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from blocks.parts import OPTIONS_PER_MENU, option
from blocks.text import TEXT_LIMIT, one_line, value_text
from blocks.types import Block
from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.json_text import NotJson
from engine.core.moments import from_epoch, is_date, read_time, to_epoch
from engine.core.parameter_text import parse_text_value
from engine.core.parameter_values import FILE_KEYS, MAX_CHOICES
from engine.core.slack_ids import CHANNEL_ID, USER_ID

YES = "yes"
Groups = Mapping[str, str]
"""The workspace's user groups, as far as they are known: their handles by id."""

NO_GROUPS: Groups = MappingProxyType({})
_OPTION_VALUE_LIMIT = 150
_FILE_NAME_LIMIT = 255
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_FIRST_MOMENT, _LAST_MOMENT = 10**9, 10**10 - 1
"""The seconds that Slack's picker of a date with a time can start with: those of ten digits."""


def decimal(number: float) -> str:
    return format(Decimal(repr(number)), "f")


def options_of(parameter: Parameter, groups: Groups) -> list[Block]:
    """What can be chosen in the menu of a field."""
    if parameter.type is ParameterType.GROUP:
        ordered = sorted(groups.items(), key=lambda group: group[1].lower())
        return [option(handle, group_id) for group_id, handle in ordered[: OPTIONS_PER_MENU**2]]
    labels = parameter.labels or parameter.options
    shown = zip(labels, parameter.options[: OPTIONS_PER_MENU**2], strict=False)
    return [option(label, _option_value(each)) for label, each in shown]


def _option_value(text: str) -> str:
    """The option itself; a digest of one that is too long for Slack, or empty."""
    if 0 < len(text) <= _OPTION_VALUE_LIMIT:
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


# --- the first value


def initial(parameter: Parameter, value: JsonValue, groups: Groups = NO_GROUPS) -> Block | None:
    """The element's entries for this first value: none for no value, None when the field cannot show it."""
    if value is None or (value == "" and parameter.type is not ParameterType.JSON):
        return {}
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT | ParameterType.DURATION:
            return _initial_text(parameter, value_text(value))
        case ParameterType.EMAIL | ParameterType.URL:
            return _initial_text(parameter, value_text(value))
        case ParameterType.JSON:
            return _initial_text(parameter, _json_text(value))
        case ParameterType.INTEGER | ParameterType.NUMBER:
            return _initial_number(parameter, value)
        case ParameterType.BOOLEAN:
            return _initial_boolean(value)
        case ParameterType.CHOICE | ParameterType.MULTI_CHOICE:
            return _initial_choice(parameter, value)
        case ParameterType.GROUP:
            return _initial_group(parameter, value, groups)
        case ParameterType.FILE:
            return None
        case _:
            return _initial_picked(parameter, value)


def _initial_text(parameter: Parameter, text: str) -> Block | None:
    is_long = parameter.type in (ParameterType.TEXT, ParameterType.JSON)
    is_too_long = len(text) > min(parameter.max_length or TEXT_LIMIT, TEXT_LIMIT)
    if is_too_long or ("\n" in text and not is_long) or _UNSENDABLE.search(text):
        return None
    return {"initial_value": text}


def _json_text(value: JsonValue) -> str:
    """JSON to be edited: over several lines, as long as there is room."""
    if isinstance(value, NotJson):
        return value
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= TEXT_LIMIT else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _initial_number(parameter: Parameter, value: JsonValue) -> Block | None:
    number = parse_text_value(parameter, value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if isinstance(number, float) and (parameter.type is ParameterType.INTEGER or not math.isfinite(number)):
        return None
    low, high = parameter.minimum, parameter.maximum
    if (isinstance(low, int | float) and number < low) or (isinstance(high, int | float) and number > high):
        return None
    return {"initial_value": decimal(number)}


def _initial_boolean(value: JsonValue) -> Block | None:
    if value is True:
        return {"initial_options": [option("Yes", YES)]}
    return {} if value is False else None


def _initial_choice(parameter: Parameter, value: JsonValue) -> Block | None:
    chosen = value if isinstance(value, list) else [value]
    if any(each not in parameter.options for each in chosen):
        return None
    wanted = [_option_value(str(each)) for each in chosen]
    options = [each for each in options_of(parameter, NO_GROUPS) if each["value"] in wanted]
    if parameter.type is ParameterType.MULTI_CHOICE:
        return {"initial_options": options} if options else {}
    return {"initial_option": options[0]} if len(options) == 1 else None


def _initial_group(parameter: Parameter, value: JsonValue, groups: Groups) -> Block | None:
    if not groups:
        return _initial_text(parameter, value_text(value))
    chosen = [each for each in options_of(parameter, groups) if each["value"] == value]
    return {"initial_option": chosen[0]} if chosen else None


def _initial_picked(parameter: Parameter, value: JsonValue) -> Block | None:
    """Of the types whose values are picked from a calendar, a clock, or a list of people or channels."""
    if isinstance(value, list):
        return _initial_ids(parameter, value)
    if not isinstance(value, str):
        return None
    match parameter.type:
        case ParameterType.DATE:
            return {"initial_date": value} if is_date(value) else None
        case ParameterType.TIME:
            return {"initial_time": time} if (time := read_time(value)) else None
        case ParameterType.DATETIME:
            seconds = to_epoch(value) or 0
            return {"initial_date_time": seconds} if _FIRST_MOMENT <= seconds <= _LAST_MOMENT else None
        case ParameterType.USER:
            return {"initial_user": value} if USER_ID.fullmatch(value) else None
        case ParameterType.CHANNEL:
            return {"initial_conversation": value} if CHANNEL_ID.fullmatch(value) else None
        case _:
            return None


_LISTS = {
    ParameterType.USERS: ("initial_users", USER_ID),
    ParameterType.CHANNELS: ("initial_conversations", CHANNEL_ID),
}


def _initial_ids(parameter: Parameter, ids: list[JsonValue]) -> Block | None:
    if parameter.type not in _LISTS or len(ids) > min(parameter.max_length or MAX_CHOICES, MAX_CHOICES):
        return None
    key, shape = _LISTS[parameter.type]
    if not all(isinstance(each, str) and shape.fullmatch(each) for each in ids):
        return None
    return {key: list(dict.fromkeys(map(str, ids)))} if ids else {}


# --- reading back


def read_field(parameter: Parameter, state: Mapping[str, Any]) -> JsonValue:
    """The value in a field's state, None when it was left empty. What is not of the type stays text."""
    match parameter.type:
        case ParameterType.BOOLEAN:
            return YES in _selected_values(state)
        case ParameterType.CHOICE:
            value = _selected_value(state)
            return None if value is None else _option_of(parameter, value)
        case ParameterType.MULTI_CHOICE:
            return [_option_of(parameter, value) for value in _selected_values(state)]
        case ParameterType.USERS | ParameterType.CHANNELS:
            return [each for each in _list(state, _STATE_KEYS[parameter.type]) if isinstance(each, str)]
        case ParameterType.GROUP:
            return _selected_value(state) or _typed(parameter, state)
        case ParameterType.DATETIME:
            return _picked_moment(state.get("selected_date_time"))
        case ParameterType.FILE:
            return _uploaded(_list(state, "files"))
        case kind if kind in _STATE_KEYS:
            value = state.get(_STATE_KEYS[kind])
            return value if isinstance(value, str) and value else None
        case _:
            return _typed(parameter, state)


_STATE_KEYS = {
    ParameterType.STRING: "value",
    ParameterType.TEXT: "value",
    ParameterType.DATE: "selected_date",
    ParameterType.TIME: "selected_time",
    ParameterType.USER: "selected_user",
    ParameterType.USERS: "selected_users",
    ParameterType.CHANNEL: "selected_conversation",
    ParameterType.CHANNELS: "selected_conversations",
}


def _typed(parameter: Parameter, state: Mapping[str, Any]) -> JsonValue:
    """What was typed, read as its type."""
    value = state.get("value")
    return parse_text_value(parameter, value) if isinstance(value, str) and value.strip() else None


def _picked_moment(seconds: object) -> JsonValue:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return None
    try:
        return from_epoch(seconds)
    except ValueError:
        return str(seconds)


def _uploaded(files: list[Any]) -> JsonValue:
    """The first file, by what tells it apart; None when there is none."""
    file = next((each for each in files if isinstance(each, Mapping)), None)
    if file is None:
        return None
    chosen: dict[str, JsonValue] = {key: file.get(key) for key in FILE_KEYS}
    names = {key: one_line(str(chosen[key] or ""))[:_FILE_NAME_LIMIT] for key in ("name", "mimetype")}
    return chosen | names


def _list(state: Mapping[str, Any], key: str) -> list[Any]:
    found = state.get(key)
    return found if isinstance(found, list) else []


def _selected_value(state: Mapping[str, Any]) -> str | None:
    selected = state.get("selected_option")
    value = selected.get("value") if isinstance(selected, Mapping) else None
    return value if isinstance(value, str) else None


def _selected_values(state: Mapping[str, Any]) -> list[str]:
    values = [each.get("value") for each in _list(state, "selected_options") if isinstance(each, Mapping)]
    return [value for value in values if isinstance(value, str)]


def _option_of(parameter: Parameter, value: str) -> str:
    return next((each for each in parameter.options if _option_value(each) == value), value)
