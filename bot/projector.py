"""Slack is a projection: a changed run is dirty, and here its messages and modals are made to show what is true.

One sender a workspace (the holder of a lease row), one writer a message, the newest picture only, nothing sent that
would not change what is seen. Lost, late and repeated calls converge: what was drawn is remembered with the version
of the run that it shows, and a surface whose run is newer is drawn again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.buckets import Bucket, Buckets
from bot.drawing import Drawing, draw
from bot.slack_calls import Later, NotThere, SlackCalls, SurfaceTrouble, Undeliverable, Unusable
from engine.advance import Engine
from store import surfaces
from store.database import Connection, now_ms
from store.surfaces import DueSurface, Surface, SurfaceKind

logger = logging.getLogger("handrail.projector")

TICK_SECONDS = 1.0
LEASE_MS = 15_000
BATCH = 50
PROGRESS_RESERVE = 2.0
"""Tokens that progress leaves for approvals and final states."""
UNDELIVERABLE_MS = 600_000
POST_PATIENCE_MS = 30_000
MESSAGE_SPACING_MS = 1_000
VIEW_SPACING_MS = 2_000
VIEW_SHARE_MS = 750


@dataclass(slots=True)
class Projector:
    """`owner` names this process in the sender's lease. `clock` gives seconds and only paces calls."""

    engine: Engine
    calls: SlackCalls
    team_id: str
    owner: str
    clock: Callable[[], float] = time.monotonic
    buckets: Buckets = field(default_factory=Buckets)
    problem: str | None = None
    """Why nothing can be shown in Slack at the moment, for a person; None when all is well."""
    _awake: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _open_views: int = 0

    def wake(self) -> None:
        """Something changed: look now rather than at the next second."""
        self._awake.set()

    async def run(self) -> None:
        """Look each second, and at once when woken, until cancelled."""
        try:
            while True:
                self._awake.clear()
                try:
                    await self.tick()
                except Exception:
                    logger.exception("projector_tick_failed")
                await self._sleep(TICK_SECONDS)
        finally:
            await self._drain()

    async def tick(self) -> None:
        """Start what is due and may be sent now. Calls go on beside; a surface has at most one under way."""
        if self.problem is not None:
            return
        due, self._open_views = await asyncio.to_thread(self._look)
        for each in due:
            surface = each.surface
            if surface.id in self._in_flight or self._must_wait(each):
                continue
            self._bucket(surface).take(self.clock())
            task = asyncio.create_task(self._show(surface))
            self._in_flight[surface.id] = task
            task.add_done_callback(lambda _, done=surface.id: self._landed(done))  # type: ignore[misc]

    def _look(self) -> tuple[list[DueSurface], int]:
        with self.engine.database.write() as c:
            if not surfaces.acquire_sender(c, f"slack:{self.team_id}", self.owner, LEASE_MS):
                return [], 0
            due = surfaces.due_surfaces(c, self.team_id, now_ms(c), BATCH)
            return due, surfaces.open_view_count(c, self.team_id)

    def _must_wait(self, due: DueSurface) -> bool:
        """Progress leaves some tokens to what matters more; posts are few and all matter."""
        surface = due.surface
        is_new_message = surface.view_id is None and surface.ts is None
        is_urgent = is_new_message or surface.kind is SurfaceKind.APPROVAL or due.run_status.is_terminal
        reserve = 0.0 if is_urgent else PROGRESS_RESERVE
        return self._bucket(due.surface).wait(self.clock(), reserve) > 0

    def _bucket(self, surface: Surface) -> Bucket:
        if surface.view_id is not None:
            return self.buckets.view
        if surface.ts is not None:
            return self.buckets.update
        return self.buckets.post(surface.channel_id or "")

    async def _show(self, surface: Surface) -> None:
        drawing = await asyncio.to_thread(draw, self.engine, surface)
        if drawing is None:
            await self._write(
                lambda c: surfaces.mark_gone(c, surface.id, "there is nothing to show", now_ms(c))
            )
            return
        digest = _digest(drawing)
        if digest == surface.drawn_hash:
            await self._record(surface, drawing, digest)
            return
        try:
            await self._send(surface, drawing)
        except SurfaceTrouble as trouble:
            await self._suffer(surface, trouble)
        else:
            await self._record(surface, drawing, digest)

    async def _send(self, surface: Surface, drawing: Drawing) -> None:
        if surface.view_id is not None:
            await self.calls.update_view(surface, drawing)
        elif surface.ts is not None:
            await self.calls.update_message(surface, drawing)
        else:
            # Noted before the call: whoever finds this note, and no ts, looks for the message before posting.
            await self._postpone(surface, POST_PATIENCE_MS, "posting")
            ts = await self.calls.post(surface, drawing)
            await self._write(lambda c: surfaces.record_posted(c, surface.id, ts, now_ms(c)))

    async def _suffer(self, surface: Surface, trouble: SurfaceTrouble) -> None:
        """Carry out what a failed call means for its surface."""
        logger.info("surface_trouble id=%s kind=%s reason=%s", surface.id, surface.kind, trouble.reason)
        match trouble:
            case Later(seconds=seconds):
                self._bucket(surface).block(self.clock() + seconds)
                await self._postpone(surface, int(seconds * 1000), trouble.reason)
            case NotThere():
                await self._write(lambda c: surfaces.repost(c, surface.id, trouble.reason, now_ms(c)))
            case Undeliverable():
                await self._postpone(surface, UNDELIVERABLE_MS, trouble.reason)
            case Unusable():
                self.problem = trouble.reason
                logger.error("slack_unusable reason=%s", trouble.reason)
            case _:
                await self._write(lambda c: surfaces.mark_gone(c, surface.id, trouble.reason, now_ms(c)))

    async def _record(self, surface: Surface, drawing: Drawing, digest: str) -> None:
        def record(c: Connection) -> None:
            now = now_ms(c)
            due_at = now + self._spacing_ms(surface)
            surfaces.record_drawn(
                c, surface.id, drawing.version, digest, due_at=due_at, final=drawing.is_final, now=now
            )

        await self._write(record)

    def _spacing_ms(self, surface: Surface) -> int:
        """How long to wait before the same surface is drawn again."""
        if surface.view_id is not None:
            return max(VIEW_SPACING_MS, self._open_views * VIEW_SHARE_MS)
        return MESSAGE_SPACING_MS

    async def _postpone(self, surface: Surface, delay_ms: int, reason: str) -> None:
        await self._write(lambda c: surfaces.postpone(c, surface.id, now_ms(c) + delay_ms, reason))

    async def _write(self, change: Callable[[Connection], object]) -> None:
        def write() -> None:
            with self.engine.database.write() as c:
                change(c)

        await asyncio.to_thread(write)

    def _landed(self, surface_id: str) -> None:
        task = self._in_flight.pop(surface_id)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("surface_failed id=%s", surface_id, exc_info=error)
        self.wake()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return

    async def _drain(self) -> None:
        if self._in_flight:
            await asyncio.wait(self._in_flight.values(), timeout=5)


def _digest(drawing: Drawing) -> str:
    return hashlib.sha256(json.dumps(drawing.content, sort_keys=True).encode()).hexdigest()
