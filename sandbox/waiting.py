"""Waits until something is true of the workspace: a message, a view, a call of the app, or no view."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.call_log import CallLog
from sandbox.changes import Change
from sandbox.elements import find_element
from sandbox.errors import ControlError
from sandbox.message_store import Message
from sandbox.types import Json
from sandbox.workspace import Workspace

LONGEST_WAIT = 60.0
SHOWN_ON_TIMEOUT = 5


def message_json(channel: str, message: Message) -> Json:
    """A message as the control API gives it: Slack's JSON and where it stands."""
    extra = {"channel": channel, "ephemeral_for": message.ephemeral_for, "broadcast": message.broadcast}
    return message.payload | extra


@dataclass(frozen=True)
class Condition:
    """What is waited for; None leaves a detail open. `contains` is looked for in the thing's JSON."""

    kind: str
    contains: str | None = None
    channel: str | None = None
    thread: str | None = None
    viewer: str | None = None
    user: str | None = None
    action_id: str | None = None
    callback_id: str | None = None
    method: str | None = None
    after: int = 0  # only calls with a larger number

    def has_text(self, thing: Json) -> bool:
        return self.contains is None or self.contains in json.dumps(thing, ensure_ascii=False)

    def has_action(self, blocks: list[Json] | None) -> bool:
        return self.action_id is None or find_element(blocks or [], self.action_id, None) is not None


def read_condition(query: Mapping[str, str]) -> Condition:
    """From the query of GET /control/wait; raises ControlError."""
    kinds = ("message", "view", "no_view", "call")
    kind = query.get("kind", "")
    if kind not in kinds:
        raise ControlError("bad_kind", f"kind must be one of {', '.join(kinds)}.")
    if kind in ("view", "no_view") and not query.get("user"):
        raise ControlError("missing_user", "Say whose views: user=U0ADA.")
    names = ("contains", "channel", "thread", "viewer", "user", "action_id", "callback_id", "method")
    known: dict[str, Any] = {name: query[name] for name in names if query.get(name)}
    after = query.get("after") or "0"
    if not after.isdecimal():
        raise ControlError("bad_after", "after must be the number of a call.")
    return Condition(kind, after=int(after), **known)


class Waiter:
    """Looks once, then again at each change, until the condition holds or the time is over."""

    def __init__(self, workspace: Workspace, calls: CallLog) -> None:
        self._workspace = workspace
        self._calls = calls

    async def wait(self, condition: Condition, seconds: float) -> Json | None:
        """What was waited for, or None after `seconds`."""
        try:
            async with asyncio.timeout(min(seconds, LONGEST_WAIT)):
                if condition.kind == "call":
                    return await self._wait_for_call(condition)
                return await self._wait_for_change(condition)
        except TimeoutError:
            return None

    def last(self, condition: Condition) -> list[Json]:
        """What was there instead, newest last."""
        match condition.kind:
            case "call":
                rows = [row for row in self._calls.rows() if condition.method in (None, row["method"])]
            case "message":
                rows = [message_json(channel, message) for channel, message in self._messages(condition)]
                rows.reverse()
            case _:
                rows = self._workspace.view_stack(str(condition.user))
        return rows[-SHOWN_ON_TIMEOUT:]

    async def _wait_for_call(self, condition: Condition) -> Json:
        async with self._calls.feed.subscribe() as queue:
            for row in self._calls.rows():
                if _is_call(condition, row):
                    return row
            while True:
                row = await queue.get()
                if _is_call(condition, row):
                    return row

    async def _wait_for_change(self, condition: Condition) -> Json:
        async with self._workspace.subscribe() as queue:
            found = self._look(condition)
            while found is None:
                change = await queue.get()
                found = self._look(condition, change)
            return found

    def _look(self, condition: Condition, change: Change | None = None) -> Json | None:
        """The newest match; after a change, only what changed is looked at."""
        if condition.kind == "no_view":
            views = [
                v for v in self._workspace.view_stack(str(condition.user)) if _has_callback(condition, v)
            ]
            return None if views else {"user": condition.user}
        if condition.kind == "view":
            return self._find_view(condition)
        return self._find_message(condition, change)

    def _find_view(self, condition: Condition) -> Json | None:
        for view in reversed(self._workspace.view_stack(str(condition.user))):
            if (
                _has_callback(condition, view)
                and condition.has_action(view["blocks"])
                and condition.has_text(view)
            ):
                return view
        return None

    def _find_message(self, condition: Condition, change: Change | None) -> Json | None:
        if change is not None and change.kind != "message":
            return None
        for channel, message in self._messages(condition, change):
            shown = message_json(channel, message)
            if condition.has_action(message.payload.get("blocks")) and condition.has_text(shown):
                return shown
        return None

    def _messages(self, condition: Condition, change: Change | None = None) -> Iterable[tuple[str, Message]]:
        """The messages in question, newest first in each channel."""
        channels = [condition.channel] if condition.channel else list(self._workspace.channels)
        for channel in channels:
            if change is not None:
                if change.channel != channel:
                    continue
                changed = self._workspace.history.get(channel, str(change.ts), condition.viewer)
                messages = [changed] if changed else []
            else:
                messages = self._workspace.history.everything(channel, condition.viewer)
            for message in reversed(messages):
                if condition.thread is None or condition.thread in (message.thread_ts, message.ts):
                    yield channel, message


def _has_callback(condition: Condition, view: Json) -> bool:
    return condition.callback_id in (None, view["callback_id"])


def _is_call(condition: Condition, row: Json) -> bool:
    is_method = condition.method in (None, row["method"])
    return is_method and row["number"] > condition.after and condition.has_text(row)
