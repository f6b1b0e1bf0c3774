"""The control API's switches: faults, repeated deliveries, limits, scopes, channels, people, and starting over."""

from typing import get_args

from sandbox.config import LimitMode
from sandbox.context import Sandbox
from sandbox.control_http import Action, Body
from sandbox.delivery import DELIVERY_MODES
from sandbox.errors import ControlError
from sandbox.faults import parse_fault
from sandbox.people import BOT_USER_ID
from sandbox.types import Json


class Switches:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace

    def actions(self) -> dict[str, Action]:
        """Path below /control/ -> what it does."""
        return {
            "faults": self.faults,
            "delivery": self.delivery,
            "limits": self.limits,
            "scopes": self.scopes,
            "messages/delete": self.delete_message,
            "channels": self.channels,
            "people": self.people,
            "reset": self.reset,
        }

    async def faults(self, body: Body) -> Json:
        if not body.given:
            self._sandbox.faults.clear()
            return {"ok": True}
        times = body.given.get("times", 1)
        if not isinstance(times, int) or isinstance(times, bool):
            raise ControlError("bad_argument", "times must be a whole number.")
        self._sandbox.faults.add(parse_fault(body.need("method"), body.need("mode"), times))
        return {"ok": True}

    async def delivery(self, body: Body) -> Json:
        mode = body.need("mode")
        if mode not in DELIVERY_MODES:
            raise ControlError("bad_mode", f"mode must be one of {', '.join(DELIVERY_MODES)}.")
        self._sandbox.delivery.mode = mode  # type: ignore[assignment]  # checked just above
        return {"ok": True, "mode": mode}

    async def limits(self, body: Body) -> Json:
        mode = body.need("mode")
        if mode not in get_args(LimitMode):
            raise ControlError("bad_mode", f"mode must be one of {', '.join(get_args(LimitMode))}.")
        self._sandbox.limiter.reset()
        self._sandbox.limiter.mode = mode  # type: ignore[assignment]  # checked just above
        self._sandbox.limiter.is_commercial = bool(body.flag("commercial"))
        return {"ok": True, "mode": mode, "commercial": self._sandbox.limiter.is_commercial}

    async def scopes(self, body: Body) -> Json:
        """Give the bot token exactly `scopes`; without chat:write.public, not_in_channel can happen."""
        scopes = body.given.get("scopes")
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            raise ControlError("bad_argument", "scopes must be a list of strings.")
        self._sandbox.grant(scopes)
        return {"ok": True, "scopes": sorted(self._sandbox.scopes)}

    async def delete_message(self, body: Body) -> Json:
        channel, ts = body.need("channel"), body.need("ts")
        if self._workspace.history.get(channel, ts) is None:
            raise ControlError("message_not_found", f"There is no message {ts} in {channel}.", 404)
        self._workspace.history.delete(channel, ts)
        return {"ok": True}

    async def channels(self, body: Body) -> Json:
        channel_id = body.need("channel")
        if channel_id not in self._workspace.channels:
            raise ControlError("channel_not_found", f"There is no channel {channel_id!r}.", 404)
        is_member = body.flag("bot_is_member")
        if is_member is not None:
            self._workspace.set_member(channel_id, BOT_USER_ID, is_member)
        channel = self._workspace.change_channel(
            channel_id, archived=body.flag("archived"), private=body.flag("private")
        )
        return {
            "ok": True,
            "channel": channel.id,
            "archived": channel.is_archived,
            "private": channel.is_private,
            "bot_is_member": BOT_USER_ID in channel.members,
        }

    async def people(self, body: Body) -> Json:
        """Make somebody a guest, or close their account."""
        user = body.need("user")
        if user not in self._workspace.people:
            raise ControlError("user_not_found", f"There is no person {user!r}.", 404)
        person = self._workspace.change_person(
            user, guest=body.flag("guest"), deactivated=body.flag("deactivated")
        )
        return {"ok": True, "guest": person.is_guest, "deactivated": person.is_deactivated}

    async def reset(self, body: Body) -> Json:
        self._sandbox.reset()
        return {"ok": True}
