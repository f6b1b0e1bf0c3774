"""A worker: claims due tasks, carries them out, and keeps its leases while it does.

It claims when the bell rings and looks by itself every few seconds, so that without Redis work only starts later.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.advance import Engine, workflow_of
from engine.attempts import LEASE_MS, WorkerName, claim_next, finish_attempt, give_up
from engine.core.definition import JsonValue
from engine.core.errors import Problem
from engine.core.events import Errored, Outcome
from engine.core.log import LogChunk
from engine.executors.base import AttemptLost, StepContext
from engine.executors.dispatch import execute
from engine.lease import Lease
from engine.masking import Mask
from engine.output import Output
from store import logs, surfaces, tasks
from store.tasks import Claim

logger = logging.getLogger("handrail.worker")

STEPS_IN_A_ROW = 50
"""After so many steps of one run, whatever has been due for longest comes first again."""


def name_worker() -> WorkerName:
    """A name no other process has, readable in the details: host, process, a random part."""
    return WorkerName(f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")


@dataclass(slots=True)
class _Held:
    """An attempt that this process is carrying out."""

    lease: Lease
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Worker:
    """`slots` bounds how many tasks run at once, whoever started them: a bell, or a look of its own."""

    engine: Engine
    name: WorkerName = field(default_factory=name_worker)
    mask: Mask = field(default_factory=Mask)
    environment: Mapping[str, str] = field(default_factory=dict)
    slots: int = 8
    grace_seconds: float = 10.0
    _held: dict[tuple[str, int], _Held] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.Semaphore = field(init=False)
    _draining: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._free = threading.Semaphore(self.slots)

    def nudge(self) -> None:
        """Look for due tasks now, if a slot is free. Returns at once; called for each bell."""
        if self._draining.is_set() or not self._free.acquire(blocking=False):
            return
        threading.Thread(target=self._work_in_slot, name="slot", daemon=True).start()

    def look(self) -> None:
        """Find out whether anything is due that nobody rang for."""
        with self.engine.database.read() as c:
            due = tasks.due_count(c)
        if due:
            self.nudge()

    def renew(self) -> None:
        """Renew all leases at once, and stop what was cancelled or is not ours any more."""
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        at = time.monotonic()
        with self.engine.database.write() as c:
            renewals = {(r.task_id, r.attempt): r for r in tasks.extend_leases(c, self.name.id, LEASE_MS)}
        for key, attempt in held.items():
            renewal = renewals.get(key)
            if renewal is None or renewal.stop_requested:
                attempt.stop.set()
            if renewal is not None:
                attempt.lease.renewed(at)

    def drain(self, seconds: float) -> bool:
        """Take nothing new and wait for what runs. False when something still ran after so many seconds."""
        self._draining.set()
        deadline = time.monotonic() + seconds
        while self._held and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self._held

    @property
    def running(self) -> int:
        """How many attempts this process is carrying out."""
        return len(self._held)

    def _work_in_slot(self) -> None:
        try:
            self._work_until_idle()
        except Problem as problem:
            logger.warning("work_postponed problem=%s", problem)  # the next look finds what is still due
        except Exception:
            logger.exception("work_broke")
        finally:
            self._free.release()

    def _work_until_idle(self) -> None:
        while not self._draining.is_set():
            at = time.monotonic()
            claim = claim_next(self.engine, self.name)
            if claim is None:
                return
            self.nudge()  # where one task was due there may be more
            self._follow(claim, at)

    def _follow(self, claim: Claim | None, at: float) -> None:
        """Carry out a task, and then the run's next ones, each claimed in the transaction that ended the last."""
        for step in range(STEPS_IN_A_ROW):
            if claim is None:
                return
            go_on = step + 1 < STEPS_IN_A_ROW and not self._draining.is_set()
            claim, at = self._perform(claim, at, go_on=go_on)

    def _perform(self, claim: Claim, at: float, *, go_on: bool) -> tuple[Claim | None, float]:
        held = _Held(Lease(LEASE_MS / 1000, at))
        key = (claim.task_id, claim.attempt)
        with self._lock:
            self._held[key] = held
        try:
            outcome = self._carry_out(claim, held)
            now = time.monotonic()
            return finish_attempt(self.engine, self.name, claim, outcome, go_on=go_on), now
        except AttemptLost:
            give_up(self.engine, claim)
            return None, at
        finally:
            with self._lock:
                del self._held[key]

    def _carry_out(self, claim: Claim, held: _Held) -> Outcome:
        try:
            return execute(self._context(claim, held))
        except AttemptLost:
            raise
        except Exception:
            error_id = secrets.token_hex(4)
            logger.exception("step_broke id=%s run=%s step=%s", error_id, claim.run_number, claim.step_id)
            return Errored(
                f"Something unforeseen happened while this step ran. The log of the worker says more: {error_id}."
            )

    def _context(self, claim: Claim, held: _Held) -> StepContext:
        with self.engine.database.read() as c:
            workflow = workflow_of(c, claim.workflow_digest)
            names = tasks.load_claim_names(c, claim.run_id)

        def keep(chunks: Sequence[LogChunk]) -> None:
            with self.engine.database.write() as c:
                logs.append_chunks(c, claim.task_id, claim.attempt, chunks)
                surfaces.redraw_details(c, claim.run_id)
            self.engine.hint(claim.run_id)

        def record(arguments: JsonValue) -> None:
            with self.engine.database.write() as c:
                tasks.record_arguments(c, claim.task_id, claim.attempt, arguments)

        return StepContext(
            run_id=claim.run_id,
            run_number=claim.run_number,
            task_id=claim.task_id,
            team_id=claim.team_id,
            attempt=claim.attempt,
            step=workflow.step(claim.step_id),
            workflow=workflow,
            names=names,
            evaluate=self.engine.evaluate,
            output=Output(keep, self.mask),
            lease=held.lease,
            record_arguments=record,
            stop=held.stop,
            mask=self.mask,
            base_environment=self.environment,
            grace_seconds=self.grace_seconds,
        )
