"""What people hang on messages: reactions and pins."""

from sandbox import pinning, reactions
from sandbox.context import Sandbox
from sandbox.errors import ControlError, SlackError
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.sight import Choice, Sight
from sandbox.types import Json


class Reacting:
    """One method for each thing. Impossible ones raise ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._workspace = sandbox.workspace
        self._sight = Sight(sandbox.workspace)

    def react(self, user: str, channel_id: str, ts: str, name: str) -> Json:
        """Give a reaction, or take it back; `is_there` says which it was."""
        channel, message = self._shared(user, channel_id, ts)
        try:
            is_there = reactions.toggle(self._workspace, user, channel.id, message.ts, name.strip(":"))
        except SlackError as error:
            raise ControlError(error.error, f"Slack would refuse this reaction: {error.error}.") from error
        return {"ok": True, "is_there": is_there}

    def pin(self, user: str, channel_id: str, ts: str, pinned: bool) -> Json:
        channel, message = self._shared(user, channel_id, ts)
        act = pinning.pin if pinned else pinning.unpin
        try:
            act(self._workspace, user, channel.id, message)
        except SlackError as error:
            raise ControlError(error.error, f"Slack would refuse this: {error.error}.") from error
        return {"ok": True, "pinned": pinned}

    def _shared(self, user: str, channel_id: str, ts: str) -> tuple[Channel, Message]:
        """A message everybody there sees, in a channel this person is in."""
        self._sight.person(user)
        channel = self._sight.place(user, channel_id)
        _, message = self._sight.message(user, Choice("", channel=channel.id, ts=ts))
        if message.ephemeral_for is not None or message.is_tombstone:
            raise ControlError("not_shared", "Only messages that others see too can be marked.")
        return channel, message
