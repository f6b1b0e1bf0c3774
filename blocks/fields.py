"""One parameter as a field of the start form: its element, its first value, and how to read it back."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from blocks.ids import ActionId, param_block_id
from blocks.parts import OPTIONS_PER_MENU, menu, option
from blocks.text import TEXT_LIMIT, plain, value_text
from blocks.types import Block
from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.parameters import MAX_CHOICES, parse_text_value
from engine.core.slack_ids import CHANNEL_ID, USER_ID

YES = "yes"
CHECKBOXES_LIMIT = 10
_OPTION_VALUE_LIMIT = 150
_HINT_LIMIT = 2000
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")

_ELEMENT_TYPES = {
    ParameterType.STRING: "plain_text_input",
    ParameterType.TEXT: "plain_text_input",
    ParameterType.INTEGER: "number_input",
    ParameterType.NUMBER: "number_input",
    ParameterType.BOOLEAN: "checkboxes",
    ParameterType.CHOICE: "static_select",
    ParameterType.DATE: "datepicker",
    ParameterType.USER: "users_select",
    ParameterType.CHANNEL: "conversations_select",
}


def field(workflow_digest: str, parameter: Parameter, value: JsonValue) -> Block:
    """The input block. Its id changes with the workflow, the parameter and the value it starts with."""
    version = hashlib.sha256(
        repr((workflow_digest, parameter, value)).encode("utf-8", "replace")
    ).hexdigest()[:8]
    block: Block = {
        "type": "input",
        "block_id": param_block_id(parameter.name, version),
        "optional": not parameter.required or parameter.type is ParameterType.BOOLEAN,
        "label": plain(parameter.title or parameter.name, TEXT_LIMIT // 2),
        "element": _element(parameter) | (initial(parameter, value) or {}),
    }
    hint = _hint(parameter)
    return block | {"hint": plain(hint, _HINT_LIMIT)} if hint else block


def _element(parameter: Parameter) -> Block:
    element: Block = {"action_id": ActionId.PARAMETER.value}
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT:
            element |= {"multiline": parameter.type is ParameterType.TEXT} | _lengths(parameter)
        case ParameterType.INTEGER | ParameterType.NUMBER:
            element |= {"is_decimal_allowed": parameter.type is ParameterType.NUMBER} | _bounds(parameter)
        case ParameterType.BOOLEAN:
            element |= {"options": [option("Yes", YES)]}
        case ParameterType.CHOICE:
            element |= menu(_options(parameter))
        case ParameterType.MULTI_CHOICE:
            return element | _multi_choice(parameter)
        case ParameterType.CHANNEL:
            element |= {"filter": {"include": ["public", "private"]}}
        case _:
            pass
    return element | {"type": _ELEMENT_TYPES[parameter.type]}


def _lengths(parameter: Parameter) -> Block:
    lengths: Block = {}
    if parameter.min_length:
        lengths["min_length"] = min(parameter.min_length, TEXT_LIMIT)
    if parameter.max_length:
        lengths["max_length"] = min(parameter.max_length, TEXT_LIMIT)
    return lengths


def _bounds(parameter: Parameter) -> Block:
    bounds = {"min_value": parameter.minimum, "max_value": parameter.maximum}
    return {name: _decimal(bound) for name, bound in bounds.items() if isinstance(bound, int | float)}


def _decimal(number: float) -> str:
    return format(Decimal(repr(number)), "f")


def _multi_choice(parameter: Parameter) -> Block:
    if len(parameter.options) <= CHECKBOXES_LIMIT:
        return {"type": "checkboxes", "options": _options(parameter)}
    select: Block = {"type": "multi_static_select"} | menu(_options(parameter))
    return (
        select | {"max_selected_items": min(parameter.max_length, MAX_CHOICES)}
        if parameter.max_length
        else select
    )


def _options(parameter: Parameter) -> list[Block]:
    return [option(each, _option_value(each)) for each in parameter.options[: OPTIONS_PER_MENU**2]]


def _option_value(text: str) -> str:
    """The option itself; a digest of one that is too long for Slack, or empty."""
    if 0 < len(text) <= _OPTION_VALUE_LIMIT:
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _hint(parameter: Parameter) -> str:
    """The author's hint, and the rules that Slack's element neither enforces nor tells before a submit."""
    parts = [parameter.hint] if parameter.hint.strip() else []
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        parts.append(f"From {low} to {high}.")
    elif low is not None:
        parts.append(f"At least {low}.")
    elif high is not None:
        parts.append(f"At most {high}.")
    return " ".join(parts)


def initial(parameter: Parameter, value: JsonValue) -> Block | None:
    """The element's entries for this first value: none for no value, None when the field cannot show it."""
    if value is None or value == "":
        return {}
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT:
            return _initial_text(parameter, value_text(value))
        case ParameterType.INTEGER | ParameterType.NUMBER:
            return _initial_number(parameter, value)
        case ParameterType.BOOLEAN:
            return _initial_boolean(value)
        case ParameterType.CHOICE | ParameterType.MULTI_CHOICE:
            return _initial_choice(parameter, value)
        case ParameterType.DATE:
            return {"initial_date": value} if _is_date(value) else None
        case ParameterType.USER:
            return _initial_id("initial_user", USER_ID, value)
        case ParameterType.CHANNEL:
            return _initial_id("initial_conversation", CHANNEL_ID, value)


def _initial_text(parameter: Parameter, text: str) -> Block | None:
    is_too_long = len(text) > min(parameter.max_length or TEXT_LIMIT, TEXT_LIMIT)
    is_multiline = "\n" in text and parameter.type is ParameterType.STRING
    if is_too_long or is_multiline or _UNSENDABLE.search(text):
        return None
    return {"initial_value": text}


def _initial_number(parameter: Parameter, value: JsonValue) -> Block | None:
    number = parse_text_value(parameter, value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    if isinstance(number, float) and (parameter.type is ParameterType.INTEGER or not math.isfinite(number)):
        return None
    low, high = parameter.minimum, parameter.maximum
    if (isinstance(low, int | float) and number < low) or (isinstance(high, int | float) and number > high):
        return None
    return {"initial_value": _decimal(number)}


def _initial_boolean(value: JsonValue) -> Block | None:
    if value is True:
        return {"initial_options": [option("Yes", YES)]}
    return {} if value is False else None


def _initial_choice(parameter: Parameter, value: JsonValue) -> Block | None:
    chosen = value if isinstance(value, list) else [value]
    if any(each not in parameter.options for each in chosen):
        return None
    options = [each for each in _options(parameter) if each["value"] in map(_option_value, map(str, chosen))]
    if parameter.type is ParameterType.MULTI_CHOICE:
        return {"initial_options": options} if options else {}
    return {"initial_option": options[0]} if len(options) == 1 else None


def _initial_id(key: str, shape: re.Pattern[str], value: JsonValue) -> Block | None:
    return {key: value} if isinstance(value, str) and shape.fullmatch(value) else None


def _is_date(value: JsonValue) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def read_field(parameter: Parameter, state: Mapping[str, Any]) -> JsonValue:
    """The value in a field's state, None when it was left empty. What is not of the type stays text."""
    match parameter.type:
        case ParameterType.INTEGER | ParameterType.NUMBER:
            value = state.get("value")
            return parse_text_value(parameter, value) if isinstance(value, str) else None
        case ParameterType.BOOLEAN:
            return YES in _selected_values(state)
        case ParameterType.CHOICE:
            selected = state.get("selected_option")
            value = selected.get("value") if isinstance(selected, Mapping) else None
            return _option_of(parameter, value) if isinstance(value, str) else None
        case ParameterType.MULTI_CHOICE:
            return [_option_of(parameter, value) for value in _selected_values(state)]
        case _:
            value = state.get(_STATE_KEYS[parameter.type])
            return value if isinstance(value, str) and value else None


_STATE_KEYS = {
    ParameterType.STRING: "value",
    ParameterType.TEXT: "value",
    ParameterType.DATE: "selected_date",
    ParameterType.USER: "selected_user",
    ParameterType.CHANNEL: "selected_conversation",
}


def _selected_values(state: Mapping[str, Any]) -> list[str]:
    selected = state.get("selected_options")
    chosen = selected if isinstance(selected, list) else []
    values = [each.get("value") for each in chosen if isinstance(each, Mapping)]
    return [value for value in values if isinstance(value, str)]


def _option_of(parameter: Parameter, value: str) -> str:
    return next((each for each in parameter.options if _option_value(each) == value), value)
