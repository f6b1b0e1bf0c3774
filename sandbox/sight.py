"""Finds what somebody acts on, as far as that person can see it; says plainly what is not there."""

from dataclasses import dataclass

from sandbox.elements import find_element, interactive_elements
from sandbox.errors import ControlError
from sandbox.message_store import Message
from sandbox.people import Channel, Person
from sandbox.types import Json
from sandbox.view_store import ShownView
from sandbox.workspace import Workspace


@dataclass(frozen=True)
class Choice:
    """An element somebody acts on: in a message (`ts`) or a view (`view_id`)."""

    action_id: str
    block_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None


class Sight:
    """Look-ups in the workspace through a person's eyes; each raises ControlError."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def person(self, user: str) -> Person:
        person = self._workspace.people.get(user)
        if person is None:
            known = ", ".join(self._workspace.people)
            raise ControlError("user_not_found", f"There is no person {user!r}; there are {known}.", 404)
        return person

    def place(self, user: str, channel_id: str) -> Channel:
        """The channel, if this person may write there now."""
        channel = self.channel(user, channel_id)
        if user not in channel.members:
            raise ControlError("not_in_channel", f"{user} is not a member of #{channel.name}.", 403)
        if channel.is_archived:
            raise ControlError("is_archived", f"#{channel.name} is archived.", 403)
        return channel

    def channel(self, user: str, channel_id: str) -> Channel:
        channel = self._workspace.channels.get(channel_id)
        if channel is None or channel not in self._workspace.channels_of(user):
            raise ControlError("channel_not_found", f"{user} sees no channel {channel_id!r}.", 404)
        return channel

    def message(self, user: str, choice: Choice) -> tuple[Channel, Message]:
        if choice.channel is None or choice.ts is None:
            raise ControlError("where", "Say channel and ts of a message, or view_id.")
        channel = self.channel(user, choice.channel)
        message = self._workspace.history.get(channel.id, choice.ts, user)
        if message is None:
            raise ControlError("message_not_found", f"{user} sees no message {choice.ts} there.", 404)
        return channel, message

    def view(self, user: str, view_id: str) -> ShownView:
        """The modal on top of this person's stack, or their Home tab."""
        shown = self._workspace.views.find(view_id)
        if shown is None or shown.user != user:
            raise ControlError("view_not_found", f"{user} has no open view {view_id!r}.", 404)
        stack = self._workspace.view_stack(user)
        if shown.payload["type"] == "modal" and stack[-1]["id"] != view_id:
            raise ControlError("view_covered", f"View {view_id!r} lies under another one.", 409)
        return shown

    def element(self, blocks: list[Json], choice: Choice) -> tuple[Json, Json]:
        found = find_element(blocks, choice.action_id, choice.block_id)
        if found is None:
            known = ", ".join(str(element.get("action_id")) for _, element in interactive_elements(blocks))
            sentence = f"There is no {choice.action_id!r} here; there is: {known or 'nothing to act on'}."
            raise ControlError("element_not_found", sentence, 404)
        return found
