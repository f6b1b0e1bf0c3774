"""One parameter as a field of a form: Slack's element for its type, with the value it starts with."""

from __future__ import annotations

import hashlib

from blocks.field_values import NO_GROUPS, YES, Groups, decimal, initial, options_of, read_field
from blocks.ids import ActionId, param_block_id
from blocks.parts import OPTIONS_PER_MENU, menu, option
from blocks.text import TEXT_LIMIT, plain
from blocks.types import Block
from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.parameter_values import MAX_CHOICES

__all__ = ["NO_GROUPS", "YES", "Groups", "field", "initial", "read_field"]

CHECKBOXES_LIMIT = 10
_HINT_LIMIT = 2000

_ELEMENT_TYPES = {
    ParameterType.STRING: "plain_text_input",
    ParameterType.TEXT: "plain_text_input",
    ParameterType.INTEGER: "number_input",
    ParameterType.NUMBER: "number_input",
    ParameterType.BOOLEAN: "checkboxes",
    ParameterType.MULTI_CHOICE: "multi_static_select",
    ParameterType.CHOICE: "static_select",
    ParameterType.DATE: "datepicker",
    ParameterType.TIME: "timepicker",
    ParameterType.DATETIME: "datetimepicker",
    ParameterType.DURATION: "plain_text_input",
    ParameterType.USER: "users_select",
    ParameterType.USERS: "multi_users_select",
    ParameterType.CHANNEL: "conversations_select",
    ParameterType.CHANNELS: "multi_conversations_select",
    ParameterType.GROUP: "static_select",
    ParameterType.EMAIL: "email_text_input",
    ParameterType.URL: "url_text_input",
    ParameterType.FILE: "file_input",
    ParameterType.JSON: "plain_text_input",
}
_TYPED = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
_FORMS = {
    ParameterType.DURATION: "Such as 90s, 10m, 4h or 1h30m.",
    ParameterType.JSON: 'JSON, such as {"replicas": 3}.',
}


def field(
    workflow_digest: str,
    parameter: Parameter,
    value: JsonValue,
    *,
    groups: Groups = NO_GROUPS,
    decides: bool = False,
    look_up_id: str = "",
) -> Block:
    """The input block. Its id changes with the workflow, the parameter and the value it starts with; with computed
    options, it changes with their look-up alone. A field that `decides` about others tells us of each change."""
    shown = (
        (workflow_digest, parameter.name, look_up_id) if look_up_id else (workflow_digest, parameter, value)
    )
    version = hashlib.sha256(repr(shown).encode("utf-8", "replace")).hexdigest()[:8]
    is_long = bool(look_up_id) and len(parameter.options) > OPTIONS_PER_MENU
    element = _searched(parameter) if is_long else _element(parameter, groups)
    element |= initial(parameter, value, groups) or {}
    block: Block = {
        "type": "input",
        "block_id": param_block_id(parameter.name, version),
        "optional": not parameter.required or parameter.type is ParameterType.BOOLEAN,
        "label": plain(parameter.title or parameter.name, TEXT_LIMIT // 2),
        "element": element,
    }
    if decides and element["type"] != "file_input":
        block["dispatch_action"] = True
        if element["type"] in _TYPED:
            element["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    hint = _hint(parameter, groups)
    return block | {"hint": plain(hint, _HINT_LIMIT)} if hint else block


def _searched(parameter: Parameter) -> Block:
    """A menu whose options Slack asks us for, while somebody types."""
    is_multi = parameter.type is ParameterType.MULTI_CHOICE
    return {
        "type": "multi_external_select" if is_multi else "external_select",
        "action_id": ActionId.PARAMETER.value,
        "min_query_length": 0,
        "placeholder": plain(f"Type to find one of {len(parameter.options):,}", 150),
        **(_most(parameter) if is_multi else {}),
    }


def _element(parameter: Parameter, groups: Groups) -> Block:
    element: Block = {"type": _ELEMENT_TYPES[parameter.type], "action_id": ActionId.PARAMETER.value}
    match parameter.type:
        case ParameterType.STRING | ParameterType.TEXT:
            return element | {"multiline": parameter.type is ParameterType.TEXT} | _lengths(parameter)
        case ParameterType.JSON:
            return element | {"multiline": True}
        case ParameterType.INTEGER | ParameterType.NUMBER:
            is_decimal = parameter.type is ParameterType.NUMBER
            return element | {"is_decimal_allowed": is_decimal} | _bounds(parameter)
        case ParameterType.BOOLEAN:
            return element | {"options": [option("Yes", YES)]}
        case ParameterType.CHOICE:
            return element | menu(options_of(parameter, groups))
        case ParameterType.GROUP:
            options = options_of(parameter, groups)
            return element | (menu(options) if options else {"type": "plain_text_input"})
        case ParameterType.MULTI_CHOICE:
            return element | _multi_choice(parameter)
        case ParameterType.USERS:
            return element | _most(parameter)
        case ParameterType.CHANNEL | ParameterType.CHANNELS:
            kinds = {"filter": {"include": ["public", "private"]}}
            return element | kinds | (_most(parameter) if parameter.type is ParameterType.CHANNELS else {})
        case ParameterType.FILE:
            return element | {"max_files": 1}
        case _:
            return element


def _lengths(parameter: Parameter) -> Block:
    lengths: Block = {}
    if parameter.min_length:
        lengths["min_length"] = min(parameter.min_length, TEXT_LIMIT)
    if parameter.max_length:
        lengths["max_length"] = min(parameter.max_length, TEXT_LIMIT)
    return lengths


def _bounds(parameter: Parameter) -> Block:
    bounds = {"min_value": parameter.minimum, "max_value": parameter.maximum}
    return {name: decimal(bound) for name, bound in bounds.items() if isinstance(bound, int | float)}


def _multi_choice(parameter: Parameter) -> Block:
    options = options_of(parameter, NO_GROUPS)
    if len(parameter.options) <= CHECKBOXES_LIMIT:
        return {"type": "checkboxes", "options": options}
    return {"type": "multi_static_select"} | menu(options) | _most(parameter)


def _most(parameter: Parameter) -> Block:
    return {"max_selected_items": min(parameter.max_length, MAX_CHOICES)} if parameter.max_length else {}


def _hint(parameter: Parameter, groups: Groups) -> str:
    """The author's hint, and the rules that Slack's element neither enforces nor tells before a submit."""
    form = _FORMS.get(parameter.type, "")
    if parameter.type is ParameterType.GROUP and not groups:
        form = "The id of a user group, such as S0ONCALL."
    parts = [parameter.hint] if parameter.hint.strip() else [form] if form else []
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        parts.append(f"From {low} to {high}.")
    elif low is not None:
        parts.append(f"At least {low}.")
    elif high is not None:
        parts.append(f"At most {high}.")
    return " ".join(parts)
