"""The JSON that Slack sends an app when somebody acts: exactly these fields, no others."""

from typing import Any

from sandbox.message_store import Message
from sandbox.people import APP_ID, TEAM_DOMAIN, TEAM_ID, Channel, Person
from sandbox.state_values import value_key
from sandbox.types import Json

VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105  # Slack's old-style token; apps ignore it
_TEAM = {"id": TEAM_ID, "domain": TEAM_DOMAIN}

# What an action tells about the element itself, by element type.
_ELEMENT_KEYS = {
    "button": ("text", "value", "style", "url", "confirm"),
    "icon_button": ("value",),
}


def command_fields(
    person: Person, channel: Channel, command: str, text: str, response_url: str, trigger_id: str
) -> dict[str, str]:
    """The form fields of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _channel_name(channel: Channel) -> str:
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _envelope(kind: str, person: Person) -> Json:
    user = {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID}
    return {
        "type": kind,
        "team": _TEAM,
        "user": user,
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "is_enterprise_install": False,
        "enterprise": None,
    }


def _message_container(message: Message, channel: Channel) -> Json:
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_for is not None,
        **thread,
    }


def message_place(message: Message, channel: Channel) -> Json:
    """Where something happened, for what happens in a message; of ephemeral ones Slack tells only a part."""
    payload = message.payload
    if message.ephemeral_for is not None:
        payload = {key: payload[key] for key in ("type", "ts", "user", "bot_id", "app_id", "text", "team")}
    return {
        "container": _message_container(message, channel),
        "channel": {"id": channel.id, "name": _channel_name(channel)},
        "message": payload,
    }


def view_place(view: Json) -> Json:
    """Where something happened, for what happens in a modal or Home tab."""
    return {"container": {"type": "view", "view_id": view["id"]}, "view": view}


def block_actions(person: Person, place: Json, action: Json, trigger_id: str) -> Json:
    """A click or choice; for messages the caller's `place` also has `response_url` and `state`."""
    return _envelope("block_actions", person) | {"trigger_id": trigger_id, **place, "actions": [action]}


def action_entry(block: Json, element: Json, typed: Json | None, action_ts: str) -> Json:
    """The entry of `actions`; `typed` is the new value of an element that has one."""
    kind = element["type"]
    entry: Json = {
        "type": kind,
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": action_ts,
    }
    if typed is None:
        return entry | {key: element[key] for key in _ELEMENT_KEYS.get(kind, ()) if key in element}
    entry |= {key: value for key, value in typed.items() if key != "type"}
    if not kind.endswith(("_select", "picker")):
        return entry
    told = ("placeholder", "confirm", "initial_" + value_key(kind).removeprefix("selected_"))
    return entry | {key: element[key] for key in told if key in element}


def view_submission(person: Person, view: Json, trigger_id: str, response_urls: list[Json]) -> Json:
    return _envelope("view_submission", person) | {
        "trigger_id": trigger_id,
        "view": view,
        "response_urls": response_urls,
    }


def view_closed(person: Person, view: Json, *, is_cleared: bool) -> Json:
    return _envelope("view_closed", person) | {"view": view, "is_cleared": is_cleared}


def block_suggestion(person: Person, block: Json, element: Json, query: str, place: Json) -> Json:
    """The question for the options of an external menu; `place` says in what."""
    return _envelope("block_suggestion", person) | {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "value": query,
        **place,
    }


def response_url_entry(block: Json, element: Json, channel_id: Any, response_url: str) -> Json:
    """An entry of a submission's `response_urls`."""
    return {
        "block_id": block["block_id"],
        "action_id": element["action_id"],
        "channel_id": channel_id,
        "response_url": response_url,
    }
