"""Repeated requests get the first one's answer, and nothing is done or shown a second time.

This is for what a person sees: no second dialog, no second private line. That a repetition has no second effect
does not depend on it: another web process, and this one after a restart, finds the request's key in the database.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from slack_bolt import BoltResponse

from bot.slack.parse import SlackRequest

Dispatch = Callable[[SlackRequest], Awaitable[BoltResponse]]

KEPT_SECONDS = 600.0
"""Longer than a signature is accepted for."""

MOST_KEPT = 10_000


@dataclass(slots=True)
class Repeats:
    """Stands before `dispatch`. Lives in one event loop. `clock` gives seconds."""

    dispatch: Dispatch
    clock: Callable[[], float] = time.monotonic
    _answers: OrderedDict[str, tuple[float, asyncio.Task[BoltResponse]]] = field(default_factory=OrderedDict)

    async def __call__(self, request: SlackRequest) -> BoltResponse:
        key = request.key
        if key is None:
            return await self.dispatch(request)
        self._forget_old()
        if key not in self._answers:
            self._answers[key] = self.clock(), asyncio.ensure_future(self._answer(request, key))
        # The first request may be given up by its sender while a repetition waits for the same answer.
        return await asyncio.shield(self._answers[key][1])

    async def _answer(self, request: SlackRequest, key: str) -> BoltResponse:
        """A request that went wrong is forgotten: its repetition is to be tried again."""
        try:
            answer = await self.dispatch(request)
        except BaseException:
            self._answers.pop(key, None)
            raise
        if answer.status >= 500:
            self._answers.pop(key, None)
        return answer

    def _forget_old(self) -> None:
        before = self.clock() - KEPT_SECONDS
        while self._answers:
            at, _ = next(iter(self._answers.values()))
            if at > before and len(self._answers) < MOST_KEPT:
                return
            self._answers.popitem(last=False)
