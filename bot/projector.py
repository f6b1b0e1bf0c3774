"""Slack is a projection: a changed run is dirty, and here its messages and modals are made to show what is true.

One sender a workspace (the holder of a lease row), one writer a message, the newest picture only, nothing sent that
would not change what is seen. Lost, late and repeated calls converge: what was drawn is remembered with the version
of the run that it shows, and a surface whose run is newer is drawn again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from bot.buckets import Buckets
from bot.slack_calls import SlackCalls, SurfaceTrouble
from bot.slack_client import CALL_SECONDS, SlackClient
from bot.surface_writer import SurfaceWriter
from engine.advance import Engine
from engine.core.errors import Busy
from store import projecting, senders
from store.database import now_ms
from store.projecting import DueSurface
from store.surfaces import Surface, SurfaceKind, Way

logger = logging.getLogger("handrail.projector")

TICK_SECONDS = 1.0
SHORTEST_PAUSE = 0.05
"""Between two looks, however often something changes."""
LEASE_SECONDS = 12.0
RENEW_SECONDS = 3.0
DRAIN_SECONDS = CALL_SECONDS + 1.0
BATCH = 200
MESSAGE_SPACING_MS = 1_000
VIEW_SPACING_MS = 2_000
VIEW_SHARE_MS = 750


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the database found."""

    due: list[DueSurface] = field(default_factory=list)
    doubtful: list[Surface] = field(default_factory=list)
    open_views: int = 0


@dataclass(slots=True)
class Projector:
    """`owner` names this process in the sender's lease. `clock` gives seconds and only paces calls."""

    engine: Engine
    client: SlackClient
    team_id: str
    owner: str
    public_url: str
    buckets: Buckets = field(default_factory=Buckets)
    clock: Callable[[], float] = time.monotonic
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _held_until: float = 0.0
    _look_seconds: float = 0.0

    def wake(self) -> None:
        """Something changed: look now rather than at the next second."""
        self._awake.set()

    async def run(self) -> None:
        """Look each second, and at once when woken, until cancelled; then finish what is under way."""
        try:
            while True:
                self._awake.clear()
                await self._tick_safely()
                # A database that answers slowly is not asked all the time.
                await asyncio.sleep(max(SHORTEST_PAUSE, 5 * self._look_seconds))
                await self._sleep(TICK_SECONDS)
        finally:
            await self._end()

    async def tick(self) -> None:
        """Start what is due and may be sent now. Calls go on beside; a surface has at most one under way."""
        if self.client.problem is not None:
            await self.client.ask_again()
            return
        began = self.clock()
        look = await asyncio.to_thread(self._look)
        self._look_seconds = self.clock() - began
        writer = SurfaceWriter(self.engine, SlackCalls(self.client), self.public_url, self._may_send)
        for due in look.due:
            self._show(writer, due, look.open_views)
        for surface in look.doubtful:
            lane = self.buckets.look_lane()
            if surface.id not in self._in_flight and lane.is_free(is_urgent=False):
                lane.take()
                self._start(surface, writer.settle(surface))

    def _look(self) -> _Look:
        if not self._hold():
            return _Look()
        with self.engine.database.read() as c:
            now = now_ms(c)
            due = [each for way in Way for each in projecting.due_surfaces(c, self.team_id, now, BATCH, way)]
            doubtful = projecting.doubtful_surfaces(c, self.team_id, now, BATCH)
            return _Look(due, doubtful, projecting.open_view_count(c, self.team_id, now))

    def _hold(self) -> bool:
        """Be the sender: the row is renewed in time, or taken when its holder says nothing any more."""
        now = self.clock()
        if now < self._held_until - (LEASE_SECONDS - RENEW_SECONDS):
            return True
        with self.engine.database.write() as c:
            is_held = senders.acquire_sender(c, self._duty, self.owner, int(LEASE_SECONDS * 1000))
        self._held_until = now + LEASE_SECONDS if is_held else 0.0
        return is_held

    def _may_send(self) -> bool:
        """Whether a call that begins now ends while this process is the sender."""
        return self.clock() + CALL_SECONDS < self._held_until

    def _show(self, writer: SurfaceWriter, due: DueSurface, open_views: int) -> None:
        surface = due.surface
        lane = self.buckets.lane(surface)
        if surface.id in self._in_flight or not lane.is_free(is_urgent=_is_urgent(due)):
            return
        lane.take()
        self._start(surface, writer.show(due, lane, _spacing_ms(surface, open_views)))

    def _start(self, surface: Surface, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._in_flight[surface.id] = task
        task.add_done_callback(lambda task: self._landed(surface, task))

    def _landed(self, surface: Surface, task: asyncio.Task[None]) -> None:
        del self._in_flight[surface.id]
        if not task.cancelled() and (error := task.exception()) is not None:
            level = logging.INFO if isinstance(error, Busy | SurfaceTrouble) else logging.ERROR
            logger.log(level, "surface_not_kept id=%s error=%r", surface.id, error, exc_info=error)
        self.wake()

    async def _tick_safely(self) -> None:
        try:
            await self.tick()
        except Busy as busy:
            logger.warning("projector_waits reason=%s", busy)
        except Exception:
            logger.exception("projector_tick_failed")

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _end(self) -> None:
        """Let calls that are under way come to their end and be remembered, and let the next sender begin."""
        if self._in_flight:
            await asyncio.wait(self._in_flight.values(), timeout=DRAIN_SECONDS)

        def release() -> None:
            with self.engine.database.write() as c:
                senders.release_sender(c, self._duty, self.owner)

        try:
            await asyncio.to_thread(release)
        except Busy:
            logger.warning("sender_not_released: the next one begins when the lease has ended")

    @property
    def _duty(self) -> str:
        return f"slack:{self.team_id}"


_WANTED = (SurfaceKind.APPROVAL, SurfaceKind.INPUT, SurfaceKind.FAILURE, SurfaceKind.NOTICE)


def _is_urgent(due: DueSurface) -> bool:
    """Progress leaves some tokens to what matters more: approvals, new runs, ends, and what somebody waits for."""
    surface = due.surface
    return (
        due.run_status.is_terminal
        or surface.is_attended
        or surface.kind in _WANTED
        or (surface.kind is SurfaceKind.ROOT and surface.way is Way.POST)
    )


def _spacing_ms(surface: Surface, open_views: int) -> int:
    """How long to wait before the same surface is drawn again."""
    if surface.way is Way.VIEW:
        return max(VIEW_SPACING_MS, open_views * VIEW_SHARE_MS)
    return MESSAGE_SPACING_MS
