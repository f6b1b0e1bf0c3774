"""The control API for the app's developer: what happened and what was wrong with it, and what is to go wrong."""

from typing import Any

from starlette.requests import Request

from sandbox.changes import Change, Happening
from sandbox.context import Sandbox
from sandbox.control_http import Action, Body, Question
from sandbox.errors import ControlError
from sandbox.faults import SLOWEST
from sandbox.file_contents import files_folder
from sandbox.time_line import TimeLine, read_filter
from sandbox.types import Json
from sandbox.violations import Severity

MOST_RESENT = 20


def time_line(sandbox: Sandbox) -> TimeLine:
    """Everything between Slack and the app up to now."""
    return TimeLine(sandbox.calls.rows(), sandbox.delivery.rows(), sandbox.config.ack_seconds)


def switches(sandbox: Sandbox) -> Json:
    """How everything that can be switched stands."""
    return {
        "limits": sandbox.limiter.mode,
        "commercial": sandbox.limiter.is_commercial,
        "delivery": sandbox.delivery.mode,
        "pace": {"answers": sandbox.pace.answers, "deliveries": sandbox.pace.deliveries},
        "faults": sandbox.faults.waiting(),
        "scopes": sorted(sandbox.scopes),
        "keep": sandbox.store is not None and sandbox.store.is_on,
        "can_keep": sandbox.store is not None,
    }


class DeveloperControl:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace

    def actions(self) -> dict[str, Action]:
        """Path below /control/ -> what it does."""
        return {
            "resend": self.resend,
            "pace": self.pace,
            "events": self.send_event,
            "clear": self.clear,
            "state": self.change_state,
        }

    def questions(self) -> dict[str, Question]:
        """Path below /control/ -> what it tells."""
        return {
            "timeline": self.timeline,
            "entry": self.entry,
            "violations": self.violations,
            "budget": self.budget,
            "switches": self.switches,
            "state": self.state,
        }

    async def resend(self, body: Body) -> Json:
        """Send a request of the log again, signed anew; `times` one after the other."""
        number, times = (
            _whole(body.given.get("number"), "number"),
            _whole(body.given.get("times", 1), "times"),
        )
        if times > MOST_RESENT:
            raise ControlError("bad_argument", f"times may be {MOST_RESENT} at most.")
        return {"ok": True, "deliveries": [await self._sandbox.delivery.resend(number) for _ in range(times)]}

    async def pace(self, body: Body) -> Json:
        """Slow Slack down: seconds before each answer to a call, and before each request to the app."""
        pace = self._sandbox.pace
        answers = _seconds(body.given.get("answers", pace.answers), "answers")
        pace.deliveries = _seconds(body.given.get("deliveries", pace.deliveries), "deliveries")
        pace.answers = answers
        return {"ok": True, "answers": pace.answers, "deliveries": pace.deliveries}

    async def send_event(self, body: Body) -> Json:
        """Let an event happen, as if Slack reported it; the app hears of it if it has subscribed."""
        event = body.given.get("event")
        if not isinstance(event, dict) or not isinstance(event.get("type"), str) or not event["type"]:
            raise ControlError("bad_argument", "event must be an object with a type, such as app_mention.")
        place = body.text("channel") or event.get("channel")
        channel = place if isinstance(place, str) else None
        unheard = self._sandbox.events.why_unheard(Happening(event, channel))
        if unheard is not None:
            raise ControlError("unheard", f"The app would not be told. {unheard}", 409)
        self._workspace.happened(event, channel)
        return {"ok": True}

    async def clear(self, body: Body) -> Json:
        """Empty the log of requests and the log of calls; everything else stays."""
        self._sandbox.calls.clear()
        self._sandbox.delivery.log.clear()
        return {"ok": True}

    async def change_state(self, body: Body) -> Json:
        """Keep the workspace for the next start or throw it away, and put an exported one in its place."""
        keep, state = body.flag("keep"), body.given.get("state")
        if keep is None and state is None:
            raise ControlError("missing_argument", "Say keep, state or both.")
        if state is not None:
            self._import(state)
        if keep is not None:
            self._keep(keep)
        return {"ok": True, "keep": switches(self._sandbox)["keep"]}

    async def timeline(self, request: Request) -> Json:
        line = time_line(self._sandbox)
        return {"ok": True, "entries": line.entries(read_filter(request.query_params)), "kinds": line.kinds()}

    async def entry(self, request: Request) -> Json:
        return {"ok": True, "entry": time_line(self._sandbox).detail(request.query_params.get("id", ""))}

    async def violations(self, request: Request) -> Json:
        severity = request.query_params.get("severity") or Severity.WARNING
        if severity not in list(Severity):
            raise ControlError("bad_argument", f"severity must be one of {', '.join(Severity)}.")
        return {"ok": True, "violations": time_line(self._sandbox).violations(severity)}

    async def budget(self, request: Request) -> Json:
        return {"ok": True, "mode": self._sandbox.limiter.mode, "budget": self._sandbox.limiter.budget()}

    async def switches(self, request: Request) -> Json:
        return {"ok": True, **switches(self._sandbox)}

    async def state(self, request: Request) -> Json:
        store = self._sandbox.store
        file = str(store.path) if store is not None else None
        keep = store is not None and store.is_on
        return {"ok": True, "keep": keep, "file": file, "state": self._workspace.dump()}

    def _keep(self, keep: bool) -> None:
        if self._sandbox.store is not None:
            self._sandbox.store.switch(keep=keep)
            self._sandbox.files.keep_in(files_folder(self._sandbox.store.path) if keep else None)
        elif keep:
            raise ControlError("no_file", "The sandbox was started without a file to keep anything in.", 409)

    def _import(self, state: Any) -> None:
        """All or nothing: what cannot be read leaves the workspace as it was."""
        before = self._workspace.dump()
        self._workspace.reset()
        try:
            self._workspace.load(state)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._workspace.reset()
            self._workspace.load(before)
            raise ControlError("bad_state", "state is nothing that GET /control/state gave.") from error
        finally:
            self._workspace.publish(Change("reset"))


def _seconds(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= SLOWEST:
        raise ControlError("bad_argument", f"{name} must be a number of seconds from 0 to {SLOWEST:g}.")
    return float(value)


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ControlError("bad_argument", f"{name} must be a whole number, 1 or more.")
    return value
