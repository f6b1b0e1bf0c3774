"""The control API's part for what people do besides writing and clicking."""

from starlette.requests import Request

from sandbox.context import Sandbox
from sandbox.control_http import Action, Body, Question
from sandbox.conversing import Conversing
from sandbox.errors import ControlError
from sandbox.own_messages import OwnMessages
from sandbox.reacting import Reacting
from sandbox.shortcuts import Shortcuts
from sandbox.types import Json


class PeopleActions:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._shortcuts = Shortcuts(sandbox)
        self._messages = OwnMessages(sandbox)
        self._conversing = Conversing(sandbox)
        self._reacting = Reacting(sandbox)

    def actions(self) -> dict[str, Action]:
        """Path below /control/ -> what it does."""
        return {
            "shortcut": self.shortcut,
            "edit": self.edit,
            "delete": self.delete,
            "unread": self.unread,
            "react": self.react,
            "pin": self.pin,
            "home": self.home,
            "join": self.join,
            "leave": self.leave,
            "create": self.create,
            "invite": self.invite,
            "open_dm": self.open_dm,
        }

    def questions(self) -> dict[str, Question]:
        return {"source": self.source}

    async def shortcut(self, body: Body) -> Json:
        """A global shortcut, or one of a message when `channel` and `ts` are given."""
        user, callback_id = body.need("user"), body.need("callback_id")
        if body.text("ts") is None:
            return await self._shortcuts.run(user, callback_id)
        return await self._shortcuts.run_on(user, callback_id, body.need("channel"), body.need("ts"))

    async def edit(self, body: Body) -> Json:
        return self._messages.edit(*_message(body), body.need("text"))

    async def delete(self, body: Body) -> Json:
        return self._messages.delete(*_message(body))

    async def unread(self, body: Body) -> Json:
        return self._messages.mark_unread(*_message(body))

    async def react(self, body: Body) -> Json:
        """Add a reaction, or take it away when this person has given it already."""
        return self._reacting.react(*_message(body), body.need("name"))

    async def pin(self, body: Body) -> Json:
        """Pin a message to its channel, or with `pinned: false` take it off."""
        return self._reacting.pin(*_message(body), body.flag("pinned") is not False)

    async def home(self, body: Body) -> Json:
        """Open the app's Home: its tab `home`, or `messages`."""
        tab = body.text("tab") or "home"
        if tab not in ("home", "messages"):
            raise ControlError("bad_argument", "tab must be home or messages.")
        return self._conversing.open_home(body.need("user"), tab)

    async def join(self, body: Body) -> Json:
        return self._conversing.join(body.need("user"), body.need("channel"))

    async def leave(self, body: Body) -> Json:
        return self._conversing.leave(body.need("user"), body.need("channel"))

    async def create(self, body: Body) -> Json:
        """A new channel; `private: true` makes it one."""
        private = bool(body.flag("private"))
        return self._conversing.create(
            body.need("user"), body.need("name"), private, body.text("topic") or ""
        )

    async def invite(self, body: Body) -> Json:
        return self._conversing.invite(body.need("user"), body.need("channel"), _users(body))

    async def open_dm(self, body: Body) -> Json:
        return self._conversing.open_dm(body.need("user"), _users(body))

    async def source(self, request: Request) -> Json:
        query = request.query_params
        return self._messages.source(query.get("user", ""), query.get("channel", ""), query.get("ts", ""))


def _message(body: Body) -> tuple[str, str, str]:
    return body.need("user"), body.need("channel"), body.need("ts")


def _users(body: Body) -> list[str]:
    users = body.given.get("users")
    if not isinstance(users, list) or not users or not all(isinstance(user, str) for user in users):
        raise ControlError("bad_argument", "users must be a list of ids.")
    return users
