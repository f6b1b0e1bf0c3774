"""Turns simple values, such as "prod" or ["a", "b"], into the typed `state.values` Slack sends an app."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from sandbox.elements import stateful_elements
from sandbox.errors import ControlError
from sandbox.typed_blocks import typed_parts
from sandbox.types import Json
from sandbox.uploads import uploaded_file
from sandbox.validation.elements import all_options

Offered = Mapping[str, Mapping[str, Json]]  # action_id -> value -> option, of external menus

_SHAPES: dict[str, tuple[re.Pattern[str], Callable[[str], object]]] = {
    "datepicker": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), date.fromisoformat),
    "timepicker": (re.compile(r"[0-9]{2}:[0-9]{2}"), time.fromisoformat),
}
_OPTION_TYPES = ("static_select", "external_select", "radio_buttons")
_OPTIONS_TYPES = ("multi_static_select", "multi_external_select", "checkboxes")
_ID_KEYS = {f"{kind}s_select": f"selected_{kind}" for kind in ("user", "channel", "conversation")}
_ID_LIST_KEYS = {f"multi_{kind}s_select": f"selected_{kind}s" for kind in ("user", "channel", "conversation")}
_PICKER_KEYS = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}


def value_key(kind: str) -> str:
    """The key that holds the value of an element of this type, in state and in actions."""
    if kind in _OPTION_TYPES or kind == "overflow":
        return "selected_option"
    if kind in _OPTIONS_TYPES:
        return "selected_options"
    special = {"rich_text_input": "rich_text_value", "file_input": "files"}
    return (_ID_KEYS | _ID_LIST_KEYS | _PICKER_KEYS | special).get(kind, "value")


def is_list_type(kind: str) -> bool:
    return kind in _OPTIONS_TYPES or kind in _ID_LIST_KEYS or kind == "file_input"


def collect_state(blocks: list[Json], remembered: Json, given: Mapping[str, Any], offered: Offered) -> Json:
    """The whole `state.values`: given values first, then what was there before, then initial values.

    `given` is {block_id: value} or {block_id: {action_id: value}}.
    """
    elements = list(stateful_elements(blocks))
    raw = _by_element(elements, given)
    values: Json = {}
    for block_id, element in elements:
        action_id = element["action_id"]
        if (block_id, action_id) in raw:
            typed = typed_value(element, raw[block_id, action_id], offered)
        else:
            typed = remembered.get(block_id, {}).get(action_id) or initial_value(element)
        values.setdefault(block_id, {})[action_id] = typed
    return values


def _by_element(elements: list[tuple[str, Json]], given: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    actions: dict[str, list[str]] = {}
    for block_id, element in elements:
        actions.setdefault(block_id, []).append(element["action_id"])
    raw: dict[tuple[str, str], Any] = {}
    for block_id, value in given.items():
        if block_id not in actions:
            known = ", ".join(actions) or "none"
            raise ControlError("no_such_block", f"No input in block {block_id!r}; there is: {known}.", 404)
        known_actions = actions[block_id]
        if isinstance(value, dict) and value and set(value) <= set(known_actions):
            raw |= {(block_id, action_id): entry for action_id, entry in value.items()}
        elif len(known_actions) == 1:
            raw[block_id, known_actions[0]] = value
        else:
            choices = ", ".join(known_actions)
            raise ControlError("which_element", f"Block {block_id!r} has several elements: {choices}.")
    return raw


def initial_value(element: Json) -> Json:
    """What an untouched element holds."""
    kind, key = element["type"], value_key(element["type"])
    suffix = key.removeprefix("selected_")
    initial = element.get("initial_value" if key in ("value", "rich_text_value") else f"initial_{suffix}")
    empty: Any = [] if is_list_type(kind) else None
    return _with_zone(element, {"type": kind, key: empty if initial in (None, "") else initial})


def typed_value(element: Json, raw: Any, offered: Offered) -> Json:
    """What an element holds after somebody chose or typed `raw`; ControlError when nobody could."""
    kind, key = element["type"], value_key(element["type"])
    value: Any
    if kind in _OPTION_TYPES or kind == "overflow":
        value = None if raw in (None, "") else _option(element, raw, offered)
    elif kind in _OPTIONS_TYPES:
        value = [_option(element, entry, offered) for entry in _several(element, raw)]
    elif kind in _ID_LIST_KEYS:
        value = [str(entry) for entry in _several(element, raw)]
    elif kind == "datetimepicker":
        value = _epoch(element, raw)
    elif kind in _SHAPES:
        value = _shaped(element, raw)
    elif kind == "rich_text_input":
        value = _rich_text(raw)
    elif kind == "file_input":
        value = [uploaded_file(entry) for entry in _several(element, raw)]
    else:
        value = None if raw in (None, "") else _string(element, raw)
    return _with_zone(element, {"type": kind, key: value})


def _with_zone(element: Json, typed: Json) -> Json:
    zone = element.get("timezone")
    return typed | {"timezone": zone} if zone and element["type"] == "timepicker" else typed


def _string(element: Json, raw: Any) -> str:
    if isinstance(raw, bool | list | dict):
        raise _impossible(element, raw)
    return str(raw)


def _epoch(element: Json, raw: Any) -> int | None:
    if raw in (None, ""):
        return None
    if isinstance(raw, bool) or not str(raw).isdecimal():
        raise _impossible(element, raw)
    return int(raw)


def _shaped(element: Json, raw: Any) -> str | None:
    """A day or a time of day, as a picker gives it."""
    if raw in (None, ""):
        return None
    pattern, read = _SHAPES[element["type"]]
    if not isinstance(raw, str) or not pattern.fullmatch(raw):
        raise _impossible(element, raw)
    try:
        read(raw)
    except ValueError as error:
        raise _impossible(element, raw) from error
    return raw


def _several(element: Json, raw: Any) -> list[Any]:
    if raw in (None, "", False):
        return []
    if raw is True and len(all_options(element)) == 1:  # the only checkbox, ticked
        return [all_options(element)[0]["value"]]
    if isinstance(raw, bool):
        raise _impossible(element, raw)
    return raw if isinstance(raw, list) else [raw]


def _option(element: Json, raw: Any, offered: Offered) -> Json:
    """The whole option for a chosen value."""
    value = raw.get("value") if isinstance(raw, dict) else raw
    for option in all_options(element):
        if option["value"] == value:
            found: Json = option
            return found
    known = offered.get(element["action_id"], {})
    if element["type"].endswith("external_select") and value in known:
        return known[str(value)]
    initial = [*(element.get("initial_options") or []), element.get("initial_option")]
    for option in initial:
        if option and option["value"] == value:
            return dict(option)
    raise _impossible(element, raw)


def _rich_text(raw: Any) -> Json | None:
    if raw in (None, ""):
        return None
    if isinstance(raw, dict):
        return raw
    escaped = str(raw).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"type": "rich_text", "elements": typed_parts(escaped)["blocks"][0]["elements"]}


def _impossible(element: Json, raw: Any) -> ControlError:
    choices = ", ".join(repr(option["value"]) for option in all_options(element))
    hint = f" The choices are {choices}." if choices else ""
    where = f"{element['type']} {element['action_id']!r}"
    return ControlError("impossible_value", f"Nobody can enter {str(raw)[:80]!r} in {where}.{hint}")
