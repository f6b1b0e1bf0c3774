"""Where people are: channels they make, join and leave, direct messages they begin, and the app's Home."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sandbox import places
from sandbox.context import Sandbox
from sandbox.errors import ControlError, SlackError
from sandbox.people import Channel
from sandbox.sight import Sight
from sandbox.types import Json

MOST_IN_A_GROUP = 9  # in a group message, its creator among them

_SENTENCES = {
    "name_taken": "That name is already taken by a channel, username, or user group.",
    "invalid_name_required": "A channel needs a name.",
    "invalid_name_maxlength": "A channel's name has at most 80 characters.",
    "invalid_name_specials": (
        "Channel names can't contain spaces, periods, or most punctuation, and are in lower case."
    ),
    "invalid_name_punctuation": "A channel's name needs a letter or a digit.",
    "too_long": "The topic is too long.",
}


class Conversing:
    """One method for each thing a person can do. Impossible ones raise ControlError."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace
        self._sight = Sight(sandbox.workspace)

    def join(self, user: str, channel_id: str) -> Json:
        """Enter a public channel; nothing happens when the person is in it."""
        self._sight.person(user)
        channel = self._open(user, channel_id)
        if user not in channel.members:
            places.add_member(self._workspace, channel.id, user)
        return {"ok": True, "channel": channel.id}

    def leave(self, user: str, channel_id: str) -> Json:
        self._sight.person(user)
        channel = self._sight.channel(user, channel_id)
        if channel.kind in ("im", "mpim"):
            raise ControlError("method_not_supported", "One cannot leave a direct message.")
        if places.is_general(channel):
            raise ControlError("cant_leave_general", f"Nobody can leave #{channel.name}.", 403)
        if user in channel.members:
            places.remove_member(self._workspace, channel, user, user)
        return {"ok": True, "channel": channel.id}

    def create(self, user: str, name: str, private: bool, topic: str) -> Json:
        person = self._sight.person(user)
        if person.is_guest:
            raise ControlError("user_is_restricted", "A guest cannot make channels.", 403)
        with _slack_refusals():
            channel = places.create(self._workspace, user, name.strip().removeprefix("#"), is_private=private)
            if topic:
                channel = places.set_topic(self._workspace, user, channel, topic)
        return {"ok": True, "channel": channel.id}

    def invite(self, user: str, channel_id: str, users: Sequence[str]) -> Json:
        """Bring others in, people or the app, as `/invite @app` does."""
        self._sight.person(user)
        channel = self._sight.place(user, channel_id)
        if channel.kind in ("im", "mpim"):
            raise ControlError("method_not_supported", "Nobody can be invited to a direct message.")
        for other in users:
            self._known(other)
            if other not in self._workspace.channels[channel.id].members:
                places.add_member(self._workspace, channel.id, other, user)
        return {"ok": True, "channel": channel.id}

    def open_dm(self, user: str, users: Sequence[str]) -> Json:
        """The conversation with one or several others; the app may be among them."""
        self._sight.person(user)
        others = list(dict.fromkeys(other for other in users if other != user)) or [user]
        for other in others:
            self._known(other)
        if len(others) >= MOST_IN_A_GROUP:
            raise ControlError("too_many_users", f"A group message has at most {MOST_IN_A_GROUP} members.")
        if len(others) == 1:
            channel, _ = self._workspace.direct_message(user, others[0])
        else:
            channel, _ = self._workspace.group_message(user, others)
        if channel.is_closed:
            channel = self._workspace.put_channel(replace(channel, is_closed=False))
        return {"ok": True, "channel": channel.id}

    def open_home(self, user: str, tab: str) -> Json:
        """Look at the app: it is told with `app_home_opened`, each time."""
        self._sight.person(user)
        if tab == "home" and not self._sandbox.manifest.home_tab:
            raise ControlError("home_tab_disabled", "The app's manifest has the Home tab switched off.", 409)
        channel, _ = self._workspace.direct_message(user)
        view = self._workspace.home(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
        if view is not None and tab == "home":
            event["view"] = view
        self._workspace.happened(event, channel.id)
        return {"ok": True, "channel": channel.id, "view": view}

    def _known(self, user: str) -> None:
        if self._workspace.member(user) is None:
            raise ControlError("user_not_found", f"There is nobody {user!r}.", 404)

    def _open(self, user: str, channel_id: str) -> Channel:
        channel = self._sight.channel(user, channel_id)
        if channel.is_archived:
            raise ControlError("is_archived", f"#{channel.name} is archived.", 403)
        return channel


@contextmanager
def _slack_refusals() -> Iterator[None]:
    try:
        yield
    except SlackError as error:
        sentence = _SENTENCES.get(error.error, f"Slack would refuse this: {error.error}.")
        raise ControlError(error.error, sentence) from error
