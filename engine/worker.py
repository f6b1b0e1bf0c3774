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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from engine.addresses import Reach
from engine.advance import Engine
from engine.attempts import LEASE_MS, WorkerName, claim_next, finish_attempt, give_up
from engine.core.definition import JsonValue, StepKind, Workflow
from engine.core.errors import Busy, Problem
from engine.core.events import Errored, Outcome, Stopped
from engine.core.log import LogChunk
from engine.executors.base import AttemptLost, StepContext
from engine.executors.dispatch import execute
from engine.lease import Lease
from engine.masking import Mask
from engine.output import Output
from engine.secrets import Secrets
from store import logs, surfaces, tasks
from store.tasks import Claim

logger = logging.getLogger("handrail.worker")

STEPS_IN_A_ROW = 50
"""After so many steps of one run, whatever has been due for longest comes first again."""

BUSY_SECONDS = 1.0
"""How long to wait before a database that was busy or away is asked again."""

LAST_TRIES = 5
"""How often an outcome is recorded that the database refuses for an unforeseen reason."""

T = TypeVar("T")
_Key = tuple[str, int]
"""A task's id and the number of the attempt."""


def name_worker() -> WorkerName:
    """A name no other process has, readable in the details: host, process, a random part."""
    return WorkerName(f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")


@dataclass(slots=True)
class _Held:
    """An attempt that this process is carrying out. It `is_lost` when somebody else may have been given the task:
    what happens to it from then on is not known here. `arguments` are those that are kept together with its
    outcome."""

    lease: Lease
    stop: threading.Event = field(default_factory=threading.Event)
    kill: threading.Event = field(default_factory=threading.Event)
    is_lost: bool = False
    arguments: JsonValue = None

    def lose(self) -> None:
        self.is_lost = True
        self.stop.set()


@dataclass(slots=True)
class Worker:
    """`slots` bounds how many tasks run at once, whoever started them: a bell, or a look of its own. With
    `run_id` it works for that run only; without, for all that were not started in a terminal."""

    engine: Engine
    name: WorkerName = field(default_factory=name_worker)
    mask: Mask = field(default_factory=Mask)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)
    reach: Reach = field(default_factory=Reach)
    slots: int = 8
    grace_seconds: float = 10.0
    lease_ms: int = LEASE_MS
    run_id: str | None = None
    _held: dict[_Key, _Held] = field(default_factory=dict)
    _ended: set[_Key] = field(default_factory=set)
    """Attempts that this process has carried out, while the database may still say that they run."""
    _strays: set[_Key] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Of the three above."""
    _busy: int = 0
    """How many slots are at work: claiming, carrying out or recording."""
    _freed: threading.Condition = field(default_factory=threading.Condition)
    _draining: threading.Event = field(default_factory=threading.Event)

    def nudge(self) -> None:
        """Look for due tasks now, if a slot is free. Returns at once; called for each bell."""
        with self._freed:
            if self._draining.is_set() or self._busy >= self.slots:
                return
            self._start_slot(self._work_until_idle)

    def look(self) -> None:
        """Find out whether anything is due that nobody rang for."""
        with self.engine.database.read() as c:
            due = tasks.due_count(c, self.run_id)
        if due:
            self.nudge()

    def renew(self) -> None:
        """Renew all leases at once, and stop what was cancelled or is not ours any more. Take up what was claimed
        in our name without our knowing."""
        with self._lock:
            held = dict(self._held)
        if held:
            self._renew(held)
        if not self._draining.is_set():
            self._find_strays()

    def _renew(self, held: Mapping[_Key, _Held]) -> None:
        at = time.monotonic()
        try:
            with self.engine.database.write() as c:
                renewals = tasks.extend_leases(c, self.name.id, self.lease_ms, {task for task, _ in held})
        except Exception:
            _lose_overdue(held.values())
            raise
        renewed = {(renewal.task_id, renewal.attempt): renewal for renewal in renewals}
        for key, attempt in held.items():
            renewal = renewed.get(key)
            if renewal is None:
                attempt.lose()
                continue
            if renewal.is_extended:
                attempt.lease.renewed(at)
            if renewal.stop_forced:
                attempt.kill.set()
            if renewal.stop_requested:
                attempt.stop.set()

    def drain(self, seconds: float) -> bool:
        """Take nothing new and wait for what runs. False when something still ran after so many seconds."""
        self._draining.set()
        with self._freed:
            return self._freed.wait_for(lambda: not self._busy, seconds)

    @property
    def running(self) -> int:
        """How many attempts this process is carrying out."""
        return len(self._held)

    @property
    def is_draining(self) -> bool:
        return self._draining.is_set()

    def _find_strays(self) -> None:
        """The connection may die between a commit and its answer: then a task is claimed in our name, and nobody
        here knows. Such a one is begun when it was seen twice in a row, as its claim may just be on its way; and
        never when it was begun already, and only its outcome could not be recorded."""
        with self._lock:
            ended = set(self._ended)
        with self.engine.database.read() as c:
            running = tasks.running_of(c, self.name.id)
        with self._lock:
            self._ended -= ended - running  # they do not run any more, and never will again
            strays = running - self._held.keys() - self._ended
            found = strays & self._strays
            self._strays = strays
        for task_id, attempt in found:
            logger.warning("stray_found task=%s attempt=%s", task_id, attempt)
            self._start_slot(partial(self._take_up, task_id))

    def _take_up(self, task_id: str) -> None:
        at = time.monotonic()
        with self.engine.database.write() as c:
            claim = tasks.claim_again(c, self.name.id, self.lease_ms, task_id)
        self._follow(claim, at)

    def _start_slot(self, work: Callable[[], None]) -> None:
        with self._freed:
            self._busy += 1
        threading.Thread(target=self._work_in_slot, args=(work,), name="slot", daemon=True).start()

    def _work_in_slot(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Problem as problem:
            logger.warning("work_postponed problem=%s", problem)  # the next look finds what is still due
        except Exception:
            logger.exception("work_broke")
        finally:
            with self._freed:
                self._busy -= 1
                self._freed.notify_all()

    def _work_until_idle(self) -> None:
        while not self._draining.is_set():
            at = time.monotonic()
            claim = claim_next(self.engine, self.name, lease_ms=self.lease_ms, run_id=self.run_id)
            if claim is None:
                return
            self.nudge()  # where one task was due there may be more
            self._follow(claim, at)

    def _follow(self, claim: Claim | None, at: float) -> None:
        """Carry out a task, and then the run's next ones, each claimed in the transaction that ended the last."""
        for step in range(STEPS_IN_A_ROW):
            if claim is None:
                return
            claim, at = self._perform(claim, at, is_last=step + 1 == STEPS_IN_A_ROW)

    def _perform(self, claim: Claim, at: float, *, is_last: bool) -> tuple[Claim | None, float]:
        held = _Held(Lease(self.lease_ms / 1000, at))
        key = (claim.task_id, claim.attempt)
        with self._lock:
            if key in self._held or key in self._ended:  # it was taken for a stray
                return None, at
            self._held[key] = held
        try:
            outcome = self._carry_out(claim, held)
            return self._end(claim, held, outcome, is_last=is_last)
        finally:
            with self._lock:
                del self._held[key]
                self._ended.add(key)

    def _carry_out(self, claim: Claim, held: _Held) -> Outcome | None:
        """How the attempt ended; None when that is not known."""
        try:
            outcome = execute(self._context(claim, held))
        except AttemptLost as lost:
            logger.warning("attempt_lost run=%s step=%s reason=%s", claim.run_number, claim.step_id, lost)
            return None
        except Busy:  # it was told to stop before it had begun
            outcome = Stopped()
        except Exception:
            error_id = secrets.token_hex(4)
            logger.exception("step_broke id=%s run=%s step=%s", error_id, claim.run_number, claim.step_id)
            return Errored(
                f"Something unforeseen happened while this step ran. The log of the worker says more: {error_id}."
            )
        # Nobody has cancelled what was only stopped because its lease was over.
        return None if held.is_lost and isinstance(outcome, Stopped) else outcome

    def _end(
        self, claim: Claim, held: _Held, outcome: Outcome | None, *, is_last: bool
    ) -> tuple[Claim | None, float]:
        """Record how an attempt ended, and claim the run's next task. A database that is busy or away is waited
        for: what a step has done is not forgotten. Recording it twice does no harm."""
        tries_left = LAST_TRIES
        while True:
            at = time.monotonic()
            try:
                return self._record(claim, held, outcome, go_on=not (is_last or self._draining.is_set())), at
            except Busy as busy:
                logger.warning(
                    "outcome_waits run=%s step=%s problem=%s", claim.run_number, claim.step_id, busy
                )
            except Exception:
                tries_left -= 1
                logger.exception("outcome_not_recorded run=%s step=%s", claim.run_number, claim.step_id)
                if not tries_left:
                    raise
            time.sleep(BUSY_SECONDS)

    def _record(self, claim: Claim, held: _Held, outcome: Outcome | None, *, go_on: bool) -> Claim | None:
        if outcome is None:
            give_up(self.engine, claim)
            return None
        return finish_attempt(
            self.engine,
            self.name,
            claim,
            outcome,
            go_on=go_on,
            lease_ms=self.lease_ms,
            arguments=held.arguments,
        )

    def _context(self, claim: Claim, held: _Held) -> StepContext:
        workflow = self._workflow(claim, held)
        step = workflow.step(claim.step_id)

        def keep(chunks: Sequence[LogChunk]) -> None:
            with self.engine.database.write() as c:
                logs.append_chunks(c, claim.task_id, claim.attempt, chunks)
                surfaces.redraw_details(c, claim.run_id)
            self.engine.hint(claim.run_id)

        def write(arguments: JsonValue) -> None:
            with self.engine.database.write() as c:
                if not tasks.record_arguments(c, claim.task_id, claim.attempt, arguments):
                    raise AttemptLost("The attempt was given up before its step began.")

        def record(arguments: JsonValue) -> None:
            if step.kind is StepKind.SET:  # ends at once: its arguments need not be there before its result
                held.arguments = arguments
            else:
                _patiently(held, lambda: write(arguments))

        return StepContext(
            run_id=claim.run_id,
            run_number=claim.run_number,
            task_id=claim.task_id,
            team_id=claim.team_id,
            attempt=claim.attempt,
            step=step,
            workflow=workflow,
            names=claim.names,
            evaluate=self.engine.evaluate,
            output=Output(keep, self.mask),
            lease=held.lease,
            record_arguments=record,
            stop=held.stop,
            mask=self.mask,
            base_environment=self.environment,
            grace_seconds=self.grace_seconds,
            secrets=self.secrets,
            reach=self.reach,
            is_rehearsal=claim.is_rehearsal,
            kill=held.kill,
        )

    def _workflow(self, claim: Claim, held: _Held) -> Workflow:
        versions = self.engine.versions

        def load() -> Workflow:
            with self.engine.database.read() as c:
                return versions.load(c, claim.workflow_digest, claim.workflow_folder)

        return versions.find(claim.workflow_digest, claim.workflow_folder) or _patiently(held, load)


def _lose_overdue(attempts: Iterable[_Held]) -> None:
    """Leases could not be renewed: stop what is to be gone when somebody else may begin it again."""
    now = time.monotonic()
    for attempt in attempts:
        if now >= attempt.lease.terms.stop_at:
            attempt.lose()


def _patiently(held: _Held, do: Callable[[], T]) -> T:
    """Do what a step needs before it begins. While the database is busy or away, nothing is lost by waiting.
    Raises Busy when the attempt was told to stop meanwhile."""
    while True:
        try:
            return do()
        except Busy as busy:
            logger.warning("step_waits problem=%s", busy)
            if held.stop.wait(BUSY_SECONDS):
                raise
