"""Interactive elements: buttons, menus, pickers and inputs, and in which blocks each may stand."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, TypeAlias
from zoneinfo import available_timezones

from sandbox.validation.objects import (
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_CONFIG,
    IMAGE_ELEMENT,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    PLAIN_OPTION,
    RICH_OPTION,
    plain_text,
    url,
)
from sandbox.validation.rich_text import RICH_TEXT
from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    boolean,
    exactly_one,
    integer,
    not_above,
    one_of,
    record,
    text,
)

_ACTION_ID: dict[str, Rule] = {"action_id": text(255)}
_INTERACTIVE: dict[str, Rule] = _ACTION_ID | {"confirm": CONFIRM}
_FOCUSABLE: dict[str, Rule] = {"focus_on_load": boolean}
_PLACEHOLDER: dict[str, Rule] = {"placeholder": plain_text(150)}
_PICKER: dict[str, Rule] = _INTERACTIVE | _FOCUSABLE | _PLACEHOLDER
_TYPED: dict[str, Rule] = _ACTION_ID | _FOCUSABLE | _PLACEHOLDER | {"dispatch_action_config": DISPATCH_CONFIG}
_VISIBLE_TO: Rule = array(text(), 1, 10)
_NUMBER = text(pattern=r"-?[0-9]+(\.[0-9]+)?")
_OPTIONS: dict[str, Rule] = {
    "options": array(PLAIN_OPTION, 1, 100),
    "option_groups": array(OPTION_GROUP, 1, 100),
}
_MULTI: dict[str, Rule] = {"max_selected_items": integer(1, 1000)}


def _date(value: Any, at: str) -> Problems:
    """A day that exists, as YYYY-MM-DD."""
    problems = list(text(pattern=r"\d{4}-\d{2}-\d{2}")(value, at))
    yield from problems
    if not problems:
        try:
            date.fromisoformat(value)
        except ValueError:
            yield Problem("must be a valid date", at)


@cache
def _zones() -> frozenset[str]:
    """Looking through the files of the machine takes long."""
    return frozenset(available_timezones())


def _zone(value: Any, at: str) -> Problems:
    """The name of a time zone."""
    yield from text()(value, at)
    if isinstance(value, str) and value not in _zones():
        yield Problem("must be a valid timezone", at)


def all_options(element: dict[str, Any]) -> list[Any]:
    """The options of a menu, those in groups too."""
    grouped = [option for group in element.get("option_groups") or [] for option in group["options"]]
    return [*(element.get("options") or []), *grouped]


def _same_option(one: Any, other: Any) -> bool:
    def essence(option: Any) -> tuple[Any, ...]:
        description = option.get("description") or {}
        return option["value"], option["text"]["type"], option["text"]["text"], description.get("text")

    return essence(one) == essence(other)


def _initial_among_options(value: Any, at: str) -> Problems:
    """What is selected at first must be one of the options, exactly."""
    chosen = [("initial_option", value["initial_option"])] if "initial_option" in value else []
    chosen += [(f"initial_options/{i}", option) for i, option in enumerate(value.get("initial_options", []))]
    for key, option in chosen:
        if not any(_same_option(option, other) for other in all_options(value)):
            yield Problem("must match one of the provided options", f"{at}/{key}")


def _menu(extra: dict[str, Rule]) -> Rule:
    return record({}, _PICKER | extra)


def _choice(option: Rule, initial: dict[str, Rule]) -> Rule:
    return record(
        {"options": array(option, 1, 10)}, _INTERACTIVE | _FOCUSABLE | initial, _initial_among_options
    )


_CONVERSATIONS: dict[str, Rule] = {
    "default_to_current_conversation": boolean,
    "filter": CONVERSATION_FILTER,
}
_BUTTON_TEXTS: dict[str, Rule] = {"accessibility_label": text(75)}
_FEEDBACK = record(
    {"text": plain_text(75), "value": text(2000)}, {"accessibility_label": text(75)}, is_typed=False
)
_PARAMETER = record({"name": text(), "value": text(shortest=0)}, is_typed=False)
_TRIGGER = record({"url": url}, {"customizable_input_parameters": array(_PARAMETER, 0)}, is_typed=False)

BUTTONS: dict[str, Rule] = {
    "button": record(
        {"text": plain_text(75)},
        _INTERACTIVE
        | _BUTTON_TEXTS
        | {
            "url": url,
            "value": text(2000),
            "style": one_of("primary", "danger"),
            "agent_prompt": text(4000),
            "agent_prompt_display": text(75),
            "visible_to_user_ids": _VISIBLE_TO,
        },
    ),
    "overflow": record({"options": array(OVERFLOW_OPTION, 1, 5)}, _INTERACTIVE),
}
WORKFLOW_BUTTON: dict[str, Rule] = {
    "workflow_button": record(
        {"text": plain_text(75), "workflow": record({"trigger": _TRIGGER}, is_typed=False)},
        _ACTION_ID | _BUTTON_TEXTS | {"style": one_of("primary", "danger")},
    ),
}
CONTEXT_BUTTONS: dict[str, Rule] = {
    "feedback_buttons": record({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, _ACTION_ID),
    "icon_button": record(
        {"icon": one_of("trash"), "text": plain_text(75)},
        _INTERACTIVE | _BUTTON_TEXTS | {"value": text(2000), "visible_to_user_ids": _VISIBLE_TO},
    ),
}
MENUS: dict[str, Rule] = {
    "static_select": record(
        {},
        _PICKER | _OPTIONS | {"initial_option": PLAIN_OPTION},
        exactly_one("options", "option_groups"),
        _initial_among_options,
    ),
    "multi_static_select": record(
        {},
        _PICKER | _OPTIONS | _MULTI | {"initial_options": array(PLAIN_OPTION, 1, 100)},
        exactly_one("options", "option_groups"),
        _initial_among_options,
    ),
    "external_select": _menu({"min_query_length": integer(0, 1000), "initial_option": PLAIN_OPTION}),
    "multi_external_select": _menu(
        _MULTI | {"min_query_length": integer(0, 1000), "initial_options": array(PLAIN_OPTION, 1, 100)}
    ),
    "users_select": _menu({"initial_user": text()}),
    "multi_users_select": _menu(_MULTI | {"initial_users": array(text(), 1)}),
    "channels_select": _menu({"initial_channel": text()}),
    "multi_channels_select": _menu(_MULTI | {"initial_channels": array(text(), 1)}),
    "conversations_select": _menu(_CONVERSATIONS | {"initial_conversation": text()}),
    "multi_conversations_select": _menu(
        _MULTI | _CONVERSATIONS | {"initial_conversations": array(text(), 1)}
    ),
}
PICKERS: dict[str, Rule] = {
    "checkboxes": _choice(RICH_OPTION, {"initial_options": array(RICH_OPTION, 1, 10)}),
    "radio_buttons": _choice(RICH_OPTION, {"initial_option": RICH_OPTION}),
    "datepicker": _menu({"initial_date": _date}),
    "timepicker": _menu(
        {"initial_time": text(pattern=r"([01]\d|2[0-3]):[0-5]\d"), "timezone": _zone},
    ),
}
DATETIME_PICKER: dict[str, Rule] = {
    "datetimepicker": record(
        {}, _INTERACTIVE | _FOCUSABLE | {"initial_date_time": integer(10**9, 10**10 - 1)}
    ),
}
RICH_TEXT_INPUT: dict[str, Rule] = {
    "rich_text_input": record(
        {"action_id": text(255)},
        _TYPED | {"initial_value": RICH_TEXT, "min_lines": integer(1, 100), "max_lines": integer(1, 100)},
        not_above("min_lines", "max_lines"),
    ),
}
TEXT_INPUTS: dict[str, Rule] = {
    "plain_text_input": record(
        {},
        _TYPED
        | {
            "initial_value": text(3000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        not_above("min_length", "max_length"),
    ),
}
MODAL_INPUTS: dict[str, Rule] = {
    "email_text_input": record({}, _TYPED | {"initial_value": text(shortest=0)}),
    "url_text_input": record({}, _TYPED | {"initial_value": text(shortest=0)}),
    "number_input": record(
        {"is_decimal_allowed": boolean},
        _TYPED | {"initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
        not_above("min_value", "max_value"),
    ),
    "file_input": record({}, _ACTION_ID | {"filetypes": array(text(), 1), "max_files": integer(1, 10)}),
}

Surface: TypeAlias = Literal["message", "modal", "home"]

_RESPONSE_URL: dict[str, Rule] = {"response_url_enabled": boolean}
_ANSWERING_MENUS: dict[str, Rule] = {
    "channels_select": _menu({"initial_channel": text()} | _RESPONSE_URL),
    "conversations_select": _menu(_CONVERSATIONS | {"initial_conversation": text()} | _RESPONSE_URL),
}
_CHOICES = BUTTONS | MENUS | PICKERS
_INPUTS = TEXT_INPUTS | MENUS | PICKERS

# Per surface: a workflow button starts something from a message; a date with time is for messages and modals, a
# rich text for modals and Home tabs; numbers, addresses and files can be typed into modals only.
SECTION_ACCESSORIES: Mapping[Surface, dict[str, Rule]] = {
    "message": _CHOICES | WORKFLOW_BUTTON | {"image": IMAGE_ELEMENT},
    "modal": _CHOICES | {"image": IMAGE_ELEMENT},
    "home": _CHOICES | {"image": IMAGE_ELEMENT},
}
ACTION_ELEMENTS: Mapping[Surface, dict[str, Rule]] = {
    "message": _CHOICES | WORKFLOW_BUTTON | DATETIME_PICKER,
    "modal": _CHOICES | DATETIME_PICKER | RICH_TEXT_INPUT,
    "home": _CHOICES | RICH_TEXT_INPUT,
}
INPUT_ELEMENTS: Mapping[Surface, dict[str, Rule]] = {
    "message": _INPUTS | DATETIME_PICKER,
    "modal": _INPUTS | DATETIME_PICKER | RICH_TEXT_INPUT | MODAL_INPUTS | _ANSWERING_MENUS,
    "home": _INPUTS | RICH_TEXT_INPUT,
}
CARD_BUTTONS: dict[str, Rule] = {"button": BUTTONS["button"]}
