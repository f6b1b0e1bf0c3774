"""Slack's requests as data: one shape for commands, clicks, submissions and events, whatever carried them.

Bolt's own body parser empties every form that contains the letters "payload"; requests are therefore parsed here
and handed to Bolt as data. Socket Mode's envelopes go through `check` as well. Handlers rely on what is checked:
whatever they take out of a body by its name is there, and of its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from engine.core.slack_ids import CHANNEL_ID

_USER_ID = re.compile(r"[UW][A-Z0-9]{2,30}")
_TEAM_ID = re.compile(r"[TE][A-Z0-9]{2,30}")
_VIEW_ID = re.compile(r"V[A-Z0-9]{2,30}")
_INTERACTIONS = frozenset(
    {"block_actions", "view_submission", "view_closed", "block_suggestion", "shortcut", "message_action"}
)
_COMMAND_FIELDS = ("command", "text", "user_id", "team_id", "channel_id", "trigger_id")
_COMMAND_EXTRAS = ("response_url", "user_name", "channel_name")
_INTERACTION_FIELDS = (
    "type", "team", "user", "trigger_id", "response_url", "channel", "container", "message", "state", "view",
    "actions", "is_cleared", "action_id", "block_id", "value", "callback_id",
)  # fmt: skip
MAX_FORM_FIELDS = 64


class BadShape(ValueError):
    """The request is not one that Slack sends. The text says why, without repeating the request."""


@dataclass(frozen=True, slots=True)
class SlackRequest:
    """One request. `kind` is "command", an interaction's type, or an event's wrapper type; `key` names this
    delivery (the same for its repetitions), or is None where a repetition does no harm."""

    kind: str
    body: dict[str, Any]
    team_id: str | None
    user_id: str | None
    key: str | None


def parse_form(text: str) -> SlackRequest:
    """Parse a slash command or an interaction. Raises BadShape."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise BadShape("the form cannot be read") from None
    fields = dict(pairs)
    if not pairs or len(fields) != len(pairs):
        raise BadShape("the form is empty or repeats a field")
    if "payload" in fields and "command" not in fields:
        return check(_load_object(fields["payload"]))
    return check(fields)


def parse_json(text: str) -> SlackRequest:
    """Parse an event. Raises BadShape."""
    body = _load_object(text)
    if body.get("type") in _INTERACTIONS or "command" in body:
        raise BadShape("commands and interactions come as forms")
    return check(body)


def check(body: dict[str, Any]) -> SlackRequest:
    """Check the shape of a parsed body, from a form, from JSON or from Socket Mode; parts that Slack leaves out
    where they are empty are put in. Raises BadShape."""
    if "command" in body:
        return _check_command(body)
    kind = body.get("type")
    if not isinstance(kind, str) or not kind:
        raise BadShape("the request has no type")
    if kind in _INTERACTIONS:
        return _check_interaction(kind, body)
    key = body.get("event_id")
    return SlackRequest(kind, body, _optional_id(_TEAM_ID, body.get("team_id")), None, _text_or_none(key))


# --- commands


def _check_command(body: dict[str, Any]) -> SlackRequest:
    for name in _COMMAND_FIELDS:
        if not isinstance(body.get(name), str):
            raise BadShape(f"a command needs {name}")
    team, user = _id(_TEAM_ID, body["team_id"]), _id(_USER_ID, body["user_id"])
    _id(CHANNEL_ID, body["channel_id"])
    known = _only(body, (*_COMMAND_FIELDS, *_COMMAND_EXTRAS))
    return SlackRequest("command", known, team, user, f"command:{body['trigger_id']}")


# --- clicks, submissions and the like


def _check_interaction(kind: str, body: dict[str, Any]) -> SlackRequest:
    user, team = body.get("user"), body.get("team")
    if not isinstance(user, dict):
        raise BadShape("an interaction needs a user")
    if not isinstance(team, dict):
        raise BadShape("an interaction needs a team")
    team_id, user_id = _id(_TEAM_ID, team.get("id")), _id(_USER_ID, user.get("id"))
    _optional_id(_TEAM_ID, user.get("team_id"))
    _check_place(kind, body, team_id)
    if kind == "block_actions":
        _check_actions(body.get("actions"))
    trigger = _text_or_none(body.get("trigger_id"))
    if trigger is None and kind in ("block_actions", "view_submission"):
        raise BadShape("a click and a submission have a trigger")
    key = f"{kind}:{trigger}" if trigger and kind != "block_suggestion" else None
    return SlackRequest(kind, _only(body, _INTERACTION_FIELDS), team_id, user_id, key)


def _check_place(kind: str, body: dict[str, Any], team_id: str) -> None:
    """Where it happened: in a view, or on a message in a channel."""
    for name in ("channel", "message", "container", "state"):
        _object_or_absent(body, name)
    if body.get("channel") is not None:
        _id(CHANNEL_ID, body["channel"].get("id"))
    if body.get("state") is not None:
        _check_values(body["state"])
    if body.get("view") is not None:
        _check_view(body["view"], team_id)
    elif kind.startswith("view_"):
        raise BadShape("a view is missing")


def _check_view(view: object, team_id: str) -> None:
    if not isinstance(view, dict):
        raise BadShape("a view is an object")
    _id(_VIEW_ID, view.get("id"))
    for name in ("root_view_id", "previous_view_id"):
        _optional_id(_VIEW_ID, view.get(name))
    for name in ("callback_id", "private_metadata"):
        if not isinstance(view.get(name, ""), str):
            raise BadShape(f"a view's {name} is text")
    if view.get("team_id", team_id) != team_id:
        raise BadShape("the view belongs to another workspace")
    _object_or_absent(view, "state")
    _check_values(view.setdefault("state", {}))


def _check_values(state: dict[str, Any]) -> None:
    """`state.values`: fields by block id, and in each what was entered by action id."""
    values = state.setdefault("values", {})
    if not isinstance(values, dict):
        raise BadShape("the values of a form are an object")
    for fields in values.values():
        if not isinstance(fields, dict) or not all(isinstance(field, dict) for field in fields.values()):
            raise BadShape("the values of a form are objects by block and action")


def _check_actions(actions: object) -> None:
    if not isinstance(actions, list) or not actions:
        raise BadShape("a click needs an action")
    for action in actions:
        if not isinstance(action, dict) or not isinstance(action.get("action_id"), str):
            raise BadShape("an action needs an action_id")
        if not isinstance(action.get("value", ""), str):
            raise BadShape("an action's value is text")
        option = action.get("selected_option")
        if option is not None and not (isinstance(option, dict) and isinstance(option.get("value"), str)):
            raise BadShape("a chosen option has a value")


# --- pieces


def _only(body: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """What is known and was checked; nothing else goes further."""
    return {name: body[name] for name in names if name in body}


def _id(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadShape("an id has a shape that Slack's ids do not have")
    return value


def _optional_id(pattern: re.Pattern[str], value: object) -> str | None:
    return None if value is None else _id(pattern, value)


def _object_or_absent(body: dict[str, Any], name: str) -> None:
    """Null is as good as nothing there."""
    if body.get(name) is None:
        body.pop(name, None)
    elif not isinstance(body[name], dict):
        raise BadShape(f"{name} is an object")


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _load_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # lone surrogates are no text
    except (ValueError, RecursionError):
        raise BadShape("the JSON cannot be read") from None
    if not isinstance(value, dict):
        raise BadShape("the JSON is not an object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key is repeated")
    return result


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
