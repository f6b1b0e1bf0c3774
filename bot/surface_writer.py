"""Makes one surface true: it is drawn, sent if that changes what is seen, and remembered; or what a failure means
for it is carried out."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.buckets import Lane
from bot.drawing import Drawing, draw
from bot.slack_calls import (
    Gone,
    NoThread,
    NotThere,
    Posted,
    RateLimited,
    SlackCalls,
    SurfaceTrouble,
    Unclear,
    Undeliverable,
    Unreached,
    Unusable,
    not_said,
)
from engine.advance import Engine
from engine.commands import settle_message
from engine.core.errors import Busy
from engine.core.events import Failed, Succeeded
from store import projecting, runs, surfaces
from store.database import Connection, now_ms
from store.projecting import DueSurface
from store.surfaces import NewSurface, Surface, SurfaceKind, Way

logger = logging.getLogger("handrail.surfaces")

UNDELIVERABLE_MS = 600_000
MOST_TRIES = 1_000
"""After a week in a channel that takes no messages, a surface is given up."""
POST_PATIENCE_MS = 10_000
"""So long after its beginning a post counts as under way: twice what a call may take. Only after a crash is it
waited for, and the next sender waits for the lease of the one before anyway."""
LONGEST_PAUSE_MS = 60_000
SOON_MS = 1_000
COPY_PAUSE_MS = 60_000
COPY_PATIENCE_MS = 3_600_000
"""So long after a post is a lost copy of it looked for."""


@dataclass(frozen=True, slots=True)
class SurfaceWriter:
    """`may_send` says whether this process still is the one sender."""

    engine: Engine
    calls: SlackCalls
    public_url: str
    may_send: Callable[[], bool]

    async def show(self, due: DueSurface, lane: Lane, spacing_ms: int) -> None:
        """Make Slack show the surface as it is now. The caller has taken the lane's tokens; those that are not
        needed are given back. `spacing_ms` is how long it is not drawn again."""
        try:
            await self._show(due, lane, spacing_ms)
        except SurfaceTrouble as trouble:
            await self._suffer(due.surface, trouble, lane)
        except Busy:
            raise
        except Exception:
            logger.exception("surface_failed id=%s kind=%s", due.surface.id, due.surface.kind)
            await self._try_later(due.surface, "an error of ours; the log says more")

    async def settle(self, surface: Surface) -> None:
        """Look for other copies of a posted message, left behind by answers that were lost, and delete them."""
        may_learn_later = False
        try:
            for copy in await self.calls.copies(surface):
                if copy.ts != surface.ts:
                    await self.calls.delete(surface, copy.ts)
                    logger.info("copy_deleted id=%s ts=%s", surface.id, copy.ts)
        except SurfaceTrouble as trouble:
            logger.warning("copies_not_settled id=%s reason=%s", surface.id, trouble.reason)
            may_learn_later = isinstance(trouble, Unclear | Unreached | RateLimited | Unusable)

        def settle(c: Connection) -> None:
            now = now_ms(c)
            is_over = not may_learn_later or now - (surface.posted_at or 0) > COPY_PATIENCE_MS
            projecting.doubt(c, surface.id, None if is_over else now + COPY_PAUSE_MS)

        await self._write(settle)

    async def _show(self, due: DueSurface, lane: Lane, spacing_ms: int) -> None:
        surface = due.surface
        drawing = await asyncio.to_thread(draw, self.engine, surface, self.public_url, is_tired=due.is_tired)
        if drawing is None:
            lane.give_back()
            raise Gone("there is nothing to show")
        if surface.kind is SurfaceKind.MESSAGE and surface.way is not Way.POST:
            lane.give_back()  # it was said; that may only not have been written down
            await self._tell_said(surface)
        elif drawing.digest == surface.drawn_hash:
            lane.give_back()
        elif not self.may_send():
            lane.give_back()
            return
        elif surface.way is Way.POST and surface.channel_id is None:
            lane.give_back()
            raise Undeliverable("it has no channel")
        elif surface.way is Way.POST:
            await self._post(surface, drawing, spacing_ms)
            return
        elif surface.way is Way.UPDATE:
            await self.calls.update_message(surface, drawing)
        else:
            await self.calls.update_view(surface, drawing)
        await self._write(lambda c: _record(c, surface, drawing, spacing_ms))

    async def _post(self, surface: Surface, drawing: Drawing, spacing_ms: int) -> None:
        copies = await self._copies(surface) if surface.doubt_at is not None else []
        if copies:  # an earlier try arrived after all; what it shows is updated next
            found, doubts = copies[0], len(copies) > 1
            await self._write(lambda c: _record_posted(c, surface, found, is_doubtful=doubts))
            return
        is_doubtful = copies is None

        def expect(c: Connection) -> None:
            """Before the call: whoever finds this note, and no ts, looks for the message before posting it."""
            now = now_ms(c)
            projecting.doubt(c, surface.id, now)
            projecting.postpone(c, surface.id, now + POST_PATIENCE_MS)

        def record(c: Connection) -> None:
            _record_posted(c, surface, posted, is_doubtful=is_doubtful)
            if surface.kind is not SurfaceKind.MESSAGE:  # that one stays dirty until its step knows
                _record(c, surface, drawing, spacing_ms)

        await self._write(expect)
        try:
            posted = await self.calls.post(surface, drawing)
        except SurfaceTrouble as trouble:
            if trouble.is_settled and not is_doubtful:
                await self._write(lambda c: projecting.doubt(c, surface.id, None))
            raise
        await self._write(record)
        if surface.kind is SurfaceKind.MESSAGE:
            await self._tell_said(replace(surface, channel_id=posted.channel_id, ts=posted.ts))
            await self._write(lambda c: _record(c, surface, drawing, spacing_ms))

    async def _tell_said(self, surface: Surface) -> None:
        """The step goes on: what it says stands in Slack."""
        said = Succeeded({"channel": surface.channel_id, "ts": surface.ts})
        await self._settle_step(surface, said)

    async def _settle_step(self, surface: Surface, outcome: Succeeded | Failed) -> None:
        assert surface.step_id is not None, "a step's message knows its step"
        await asyncio.to_thread(settle_message, self.engine, surface.run_id, surface.step_id, outcome)

    async def _copies(self, surface: Surface) -> list[Posted] | None:
        """Copies of the message that stand in Slack, newest first; None when that could not be found out."""
        try:
            return await self.calls.copies(surface)
        except Unusable:
            raise
        except SurfaceTrouble as trouble:
            logger.warning("copies_not_found id=%s reason=%s", surface.id, trouble.reason)
            return None

    async def _suffer(self, surface: Surface, trouble: SurfaceTrouble, lane: Lane) -> None:
        """Carry out what a failed call means for its surface."""
        reason = trouble.reason
        logger.info("surface_trouble id=%s kind=%s reason=%s", surface.id, surface.kind, reason)
        if surface.kind is SurfaceKind.MESSAGE and isinstance(trouble, Undeliverable | Gone):
            await self._give_up_saying(surface, reason)
            return
        match trouble:
            case RateLimited(seconds=seconds):
                lane.block(seconds)
                await self._write(
                    lambda c: projecting.postpone(c, surface.id, now_ms(c) + int(seconds * 1000))
                )
            case NotThere():
                await self._write(lambda c: projecting.repost(c, surface.id, reason, now_ms(c)))
            case NoThread():
                await self._write(lambda c: _repost_root(c, surface, reason))
            case Undeliverable():
                await self._write(lambda c: self._put_aside(c, surface, reason))
            case Gone():
                await self._write(lambda c: projecting.mark_gone(c, surface.id, reason, now_ms(c)))
            case Unusable():
                await self._write(lambda c: projecting.postpone(c, surface.id, now_ms(c)))
            case _:
                await self._try_later(surface, reason)

    async def _give_up_saying(self, surface: Surface, reason: str) -> None:
        """Slack refuses a step's message for good, or nobody waits for it any more: its step fails if it still
        waits, and it is not tried again."""
        target = surface.channel_id or "this run, which has no channel"
        await self._settle_step(surface, Failed(not_said(target, reason)))
        await self._write(lambda c: projecting.mark_gone(c, surface.id, reason, now_ms(c)))

    async def _try_later(self, surface: Surface, reason: str) -> None:
        """Twice as long each time, up to a minute, and not in step with others."""
        longest = min(LONGEST_PAUSE_MS, 2_000 << min(surface.tries, 10))
        pause = longest // 2 + secrets.randbelow(longest // 2)
        await self._write(lambda c: projecting.postpone(c, surface.id, now_ms(c) + pause, reason))

    def _put_aside(self, c: Connection, surface: Surface, reason: str) -> None:
        """Its channel takes no messages: the run goes on, the requester is told once, and it is tried again."""
        now = now_ms(c)
        if surface.kind is SurfaceKind.NOTICE or surface.tries >= MOST_TRIES:
            projecting.mark_gone(c, surface.id, reason, now)
            return
        projecting.postpone(c, surface.id, now + UNDELIVERABLE_MS, reason)
        key = runs.run_key(c, surface.run_id)
        if key is not None and key.requester != surface.channel_id:
            notice = NewSurface(surface.team_id, surface.run_id, SurfaceKind.NOTICE, channel_id=key.requester)
            surfaces.insert_surface(c, notice, now)

    async def _write(self, change: Callable[[Connection], object]) -> None:
        def write() -> None:
            with self.engine.database.write() as c:
                change(c)

        await asyncio.to_thread(write)


def _record(c: Connection, surface: Surface, drawing: Drawing, spacing_ms: int) -> None:
    if drawing.is_asleep:
        projecting.fall_asleep(c, surface, drawing.version, drawing.digest)
        return
    now = now_ms(c)
    projecting.record_drawn(
        c,
        surface.id,
        drawing.version,
        drawing.digest,
        due_at=now + spacing_ms,
        final=drawing.is_final,
        now=now,
        seen=surface,
    )


def _record_posted(c: Connection, surface: Surface, posted: Posted, *, is_doubtful: bool) -> None:
    now = now_ms(c)
    doubt_at = now + COPY_PAUSE_MS if is_doubtful else None
    projecting.record_posted(c, surface.id, posted.ts, now, channel_id=posted.channel_id, doubt_at=doubt_at)


def _repost_root(c: Connection, surface: Surface, reason: str) -> None:
    """The root was deleted: it comes back, or, where it has come back just before, this message goes without."""
    now = now_ms(c)
    for root in surfaces.run_surfaces(c, surface.run_id):
        if root.kind is SurfaceKind.ROOT:
            projecting.repost(c, root.id, reason, now)
    projecting.postpone(c, surface.id, now + SOON_MS, reason)
