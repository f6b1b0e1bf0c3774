"""A run's page kept alive: server-sent events that carry the parts of the page which changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from bot.web.auth import People
from bot.web.render import draw_run, names_in
from engine.advance import Engine
from engine.core.errors import Busy
from engine.core.picture import RunPicture
from engine.pictures import look_at_run
from store import reading
from store.reading import RunPulse

LOOK_SECONDS = 1.0
SHORTEST_SECONDS = 0.25
"""Between two looks at a run that hints keep announcing."""
HEARTBEAT_SECONDS = 15.0
MAX_STREAMS = 200
"""Open at a time in one process: each asks the database once a second."""
TAIL_BYTES = 12_000
"""What a page shows of each stream of each task; the whole is in the log."""

MayView = Callable[[], Awaitable[bool]]


class Hints(Protocol):
    """News of changed runs. They only hurry streams along, and may be lost, late or repeated."""

    def subscribe(self) -> AsyncIterator[str]:
        """Ids of runs that changed, until the iteration is cancelled. It may end early, and never raises."""


def read_picture(engine: Engine, run_id: str) -> RunPicture | None:
    """The run as a page shows it."""
    return look_at_run(engine, run_id, tail_bytes=TAIL_BYTES, with_facts=True)


@dataclass(slots=True)
class Streams:
    """The streams of this process. `is_closing` says that the server is going down: they end then, so that it
    can, and browsers come back by themselves."""

    engine: Engine
    people: People
    hints: Hints | None
    is_closing: Callable[[], bool]
    open: int = field(default=0)

    @property
    def is_full(self) -> bool:
        return self.open >= MAX_STREAMS

    async def events(self, run_id: str, may_view: MayView) -> AsyncIterator[str]:
        """The whole page once, as one that comes back may have missed anything; then what changed, until the
        run has ended. `may_view` is asked before anything is shown, and at each heartbeat."""
        watch = _Watch(self.engine, self.people, run_id, may_view)
        woken = asyncio.Event()
        listener = asyncio.create_task(self._listen(run_id, woken))
        self.open += 1
        try:
            while not watch.is_over and not self.is_closing():
                with suppress(Busy):  # the next look comes in a second
                    for event in await watch.look():
                        yield event
                await _pause(woken)
        finally:
            self.open -= 1
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self, run_id: str, woken: asyncio.Event) -> None:
        if self.hints is None:
            return
        async for hinted in self.hints.subscribe():
            if hinted == run_id:
                woken.set()


@dataclass(slots=True)
class _Watch:
    """One browser's view of one run: what it was sent, and when something was last said."""

    engine: Engine
    people: People
    run_id: str
    may_view: MayView
    is_over: bool = False
    seen: RunPulse | None = None
    sent: dict[str, str] = field(default_factory=dict)
    last_word: float = field(default_factory=time.monotonic)

    async def look(self) -> list[str]:
        """The events that are due now. Raises Busy, and has done nothing then."""
        pulse = await asyncio.to_thread(self._pulse)
        has_changed = pulse is None or pulse != self.seen
        if not has_changed and time.monotonic() - self.last_word < HEARTBEAT_SECONDS:
            return []
        picture = None
        if await self.may_view():
            if not has_changed:
                self.last_word = time.monotonic()
                return [": still here\n\n"]
            picture = await asyncio.to_thread(read_picture, self.engine, self.run_id)
        if picture is None:
            self.is_over = True
            return [_event("gone", {})]
        events = [await self._changes(picture)]
        self.seen, self.last_word = pulse, time.monotonic()
        if not picture.is_active:
            self.is_over = True
            events.append(_event("end", {}))
        return events

    def _pulse(self) -> RunPulse | None:
        with self.engine.database.read() as c:
            return reading.run_pulse(c, self.run_id)

    async def _changes(self, picture: RunPicture) -> str:
        """The parts that are not `sent` yet, and the order of all in the list of tasks."""
        names = await names_in(self.people, picture)
        drawn = await asyncio.to_thread(draw_run, picture, names)
        changed = {name: html for name, html in drawn.parts.items() if self.sent.get(name) != html}
        self.sent = dict(drawn.parts)
        return _event("parts", {"parts": changed, "order": drawn.order})


async def _pause(woken: asyncio.Event) -> None:
    """A second, or less when a hint comes."""
    await asyncio.sleep(SHORTEST_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), LOOK_SECONDS - SHORTEST_SECONDS)
    woken.clear()


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
