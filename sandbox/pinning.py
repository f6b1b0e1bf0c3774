"""Pinning messages to their channel, by the app and by people. Refusals are SlackError, as in pins.*."""

from sandbox.boards import Pin
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.types import Json
from sandbox.workspace import Workspace

MOST_PINS = 100  # in one channel (Slack's help page on pins)


def pin(workspace: Workspace, user: str, channel: str, message: Message) -> None:
    pins = workspace.boards.pins_of(channel)
    if message.ts in pins:
        raise SlackError("already_pinned")
    if len(pins) >= MOST_PINS:
        raise SlackError("too_many_pins")
    made = pins[message.ts] = Pin(message.ts, int(workspace.clock.now()), user)
    note = {"channel": channel, "pinned_by": user, "pinned_ts": made.created}
    workspace.history.decorate(channel, message.ts, pinned_to=[channel], pinned_info=note)
    _tell(workspace, "pin_added", user, channel, message, made)


def unpin(workspace: Workspace, user: str, channel: str, message: Message) -> None:
    made = workspace.boards.pins_of(channel).pop(message.ts, None)
    if made is None:
        raise SlackError("no_pin")
    workspace.history.decorate(channel, message.ts, pinned_to=None, pinned_info=None)
    _tell(workspace, "pin_removed", user, channel, message, made)


def pinned(workspace: Workspace, channel: str) -> list[tuple[Pin, Message]]:
    """The pins of messages that are still there, newest first."""
    found = (
        (made, workspace.history.get(channel, made.ts))
        for made in reversed(workspace.boards.pins_of(channel).values())
    )
    return [(made, message) for made, message in found if message is not None and not message.is_tombstone]


def _tell(workspace: Workspace, kind: str, user: str, channel: str, message: Message, made: Pin) -> None:
    item: Json = {
        "type": "message",
        "channel": channel,
        "created": made.created,
        "created_by": made.created_by,
        "message": message.payload,
    }
    event: Json = {
        "type": kind,
        "user": user,
        "channel_id": channel,
        "item": item,
        "item_user": message.payload.get("user", ""),
        "pin_count": len(pinned(workspace, channel)),
    }
    if kind == "pin_added":
        event["pinned_info"] = {"channel": channel, "pinned_by": user, "pinned_ts": made.created}
    else:
        event["has_pins"] = bool(workspace.boards.pins_of(channel))
    workspace.happened(event, channel)
