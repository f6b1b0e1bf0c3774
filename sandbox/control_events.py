"""The control API's part for events: the clock, the subscription, Socket Mode, and custom steps."""

from typing import get_args

from starlette.requests import Request

from sandbox.context import Sandbox
from sandbox.control_http import Action, Body, Question
from sandbox.errors import ControlError
from sandbox.socket_mode import DisconnectReason
from sandbox.starting import start_function
from sandbox.types import Json

LONGEST_SKIP = 366 * 24 * 3600.0  # seconds


class EventControl:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def actions(self) -> dict[str, Action]:
        """Path below /control/ -> what it does."""
        return {
            "clock": self.skip,
            "subscription": self.switch,
            "socket-mode": self.disconnect,
            "function": self.start,
        }

    def questions(self) -> dict[str, Question]:
        """Path below /control/ -> what it tells."""
        return {
            "clock": self.clock,
            "subscription": self.subscription,
            "socket-mode": self.connections,
            "functions": self.functions,
        }

    async def skip(self, body: Body) -> Json:
        """Let `skip` seconds pass in no time: what is to come in them comes now."""
        seconds = body.given.get("skip")
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= LONGEST_SKIP
        ):
            raise ControlError(
                "bad_argument", f"skip must be a number of seconds from 0 to {LONGEST_SKIP:.0f}."
            )
        self._sandbox.clock.skip(seconds)
        return self._time()

    async def clock(self, request: Request) -> Json:
        return self._time()

    async def switch(self, body: Body) -> Json:
        """Switch the event subscription on again after too many failures, or off."""
        is_enabled = body.flag("enabled")
        if is_enabled is None:
            raise ControlError("missing_argument", "enabled is missing.")
        self._sandbox.events.enable(is_enabled)
        return {"ok": True, **self._sandbox.events.state()}

    async def subscription(self, request: Request) -> Json:
        return {"ok": True, **self._sandbox.events.state()}

    async def disconnect(self, body: Body) -> Json:
        """Send the app's WebSockets away, as Slack does from time to time."""
        reason = body.need("disconnect")
        if reason not in get_args(DisconnectReason):
            known = ", ".join(get_args(DisconnectReason))
            raise ControlError("bad_argument", f"disconnect must be one of {known}.")
        await self._sandbox.socket_mode.disconnect_all(reason)  # type: ignore[arg-type]  # checked just above
        return self._connections()

    async def connections(self, request: Request) -> Json:
        return self._connections()

    async def start(self, body: Body) -> Json:
        """A person starts a custom step of the app."""
        user, callback_id = body.need("user"), body.need("callback_id")
        execution = start_function(self._sandbox, user, callback_id, body.mapping("inputs"))
        return {"ok": True, "function": execution.row()}

    async def functions(self, request: Request) -> Json:
        return {"ok": True, "functions": self._sandbox.functions.rows()}

    def _connections(self) -> Json:
        is_on = self._sandbox.manifest.socket_mode
        return {"ok": True, "enabled": is_on, "connections": self._sandbox.socket_mode.count}

    def _time(self) -> Json:
        clock = self._sandbox.clock
        return {"ok": True, "now": clock.now(), "skipped": clock.skipped}
