"""An engine on a test's database, and workers in threads: all that a worker process is, without Slack or Redis."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from bot.bootstrap import step_environment
from engine import commands
from engine.advance import Engine
from engine.attempts import LEASE_MS
from engine.core.definition import JsonValue, Template
from engine.core.eligibility import TERMINAL_TEAM, TERMINAL_USER
from engine.core.evaluate import Evaluate, Names
from engine.core.permission import Principal
from engine.core.picture import RunPicture, TaskPicture
from engine.expressions import Expressions
from engine.loops.base import Duty, Loop
from engine.loops.followers import Followers
from engine.loops.reconciler import Reconciler
from engine.loops.timers import Timers
from engine.loops.worker_duties import Look, Renew
from engine.patterns import matches
from engine.registry import Registry
from engine.worker import Worker, name_worker
from store import audit_check, runs
from store.database import Database
from store.locking import lock_run
from store.reading import run_picture
from tests.engine_shell.steps import wait_until

TEAM = "T0001"
ADA, BOB, CYD, GUS = (Principal(TEAM, user) for user in ("U0ADA", "U0BOB", "U0CYD", "U0GUS"))
TERMINAL = Principal(TERMINAL_TEAM, TERMINAL_USER)
PATIENCE = 60.0

ASK = """
name: ask
title: Ask first
steps:
  ask: {approval: {title: Go on?, approvers: {users: [U0BOB, U0CYD], groups: [S0ONCALL]}}}
  ship: {needs: [ask], run: 'true'}
"""

CHAIN = """
name: chain
title: A chain
steps:
  a: {run: echo a}
  b: {needs: [a], run: echo b}
  c: {needs: [a], run: echo c}
  d: {needs: [b, c], run: echo d}
"""

HOLD = """
name: NAME
title: Each attempt notes its number, and ends once it is told to
parameters: {folder: {type: string, required: true}}
steps:
  hold:
    idempotent: IDEMPOTENT
    env: {FOLDER: '{{ params.folder }}'}
    run: |
      echo "$HANDRAIL_ATTEMPT" >> "$FOLDER/began"
      while [ ! -e "$FOLDER/go.$HANDRAIL_ATTEMPT" ]; do sleep 0.02; done
      echo "$HANDRAIL_ATTEMPT" > "$HANDRAIL_OUTPUT"
  after: {needs: [hold], run: echo after}
"""

FILES = (
    ASK,
    CHAIN,
    HOLD.replace("NAME", "hold").replace("IDEMPOTENT", "false"),
    HOLD.replace("NAME", "hold_again").replace("IDEMPOTENT", "true"),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workshop:
    """`rings` counts how often the bell was rung."""

    engine: Engine
    rings: list[None]

    @property
    def database(self) -> Database:
        return self.engine.database

    def start(self, name: str, who: Principal = ADA, **values: JsonValue) -> str:
        """Start a run; its id."""
        return commands.start_run(self.engine, who, name, values, channel_id=None).run_id

    def picture(self, run_id: str, *, with_facts: bool = False) -> RunPicture:
        with self.database.read() as c:
            picture = run_picture(c, run_id, with_facts=with_facts)
        assert picture is not None
        return picture

    def task(self, run_id: str, step_id: str) -> TaskPicture:
        return next(task for task in self.picture(run_id).tasks if task.step_id == step_id)

    def facts(self, run_id: str) -> list[str]:
        """What the audit trail tells, in its order; it must be whole."""
        with self.database.read() as c:
            assert audit_check.is_whole(c, run_id), "the audit trail is broken"
        facts = self.picture(run_id, with_facts=True).facts
        return [str(fact["kind"]) for fact in sorted(facts, key=lambda fact: int(str(fact["seq"])))]

    def wait_for_end(self, run_id: str, seconds: float = PATIENCE) -> RunPicture:
        wait_until(lambda: self._has_ended(run_id), seconds)
        return self.picture(run_id)

    def _has_ended(self, run_id: str) -> bool:
        with self.database.read() as c:  # pictures cost more, and would be read a hundred times a second
            key = runs.run_key(c, run_id)
        return key is not None and key.status.is_terminal

    def expire_leases(self) -> None:
        """As if all workers had been silent for too long."""
        with self.database.write() as c:
            c.execute(text("UPDATE task SET lease_until = 1 WHERE status = 'running'"))

    def workers_of(self, run_id: str) -> dict[str, str]:
        """Who carried out the latest attempt of each step."""
        query = text(
            "SELECT task.step_id, attempt.worker FROM attempt JOIN task ON task.id = attempt.task_id "
            "WHERE task.run_id = :run AND attempt.number = task.attempt"
        )
        with self.database.read() as c:
            return {row.step_id: row.worker for row in c.execute(query, {"run": run_id})}

    @contextmanager
    def held_run(self, run_id: str) -> Iterator[None]:
        """Another transaction that has this run in its hands (on SQLite, the whole database)."""
        other = Database(self.database.url)
        try:
            with other.write() as c:
                assert lock_run(c, run_id) is not None
                yield
        finally:
            other.dispose()

    @contextmanager
    def worker(
        self,
        *,
        slots: int = 8,
        run_id: str | None = None,
        is_reconciling: bool = True,
        lease_ms: int = LEASE_MS,
    ) -> Iterator[Worker]:
        """A worker that works, with its duties in threads, until the end of the block."""
        worker = Worker(
            self.engine,
            name_worker(),
            environment=step_environment(),
            slots=slots,
            grace_seconds=1,
            lease_ms=lease_ms,
            run_id=run_id,
        )
        duties: list[Duty] = [Renew(worker, every_seconds=0.1), Look(worker, every_seconds=0.1)]
        duties += [Timers(self.engine, every_seconds=0.1), Followers(self.engine, every_seconds=0.2)]
        duties += [Reconciler(self.engine, every_seconds=0.1, patience_seconds=0.0)] if is_reconciling else []
        loops = [Loop(duty) for duty in duties]
        for loop in loops:
            loop.start()
        try:
            yield worker
            assert worker.drain(PATIENCE), "a step still runs"
        finally:
            for loop in loops:
                loop.stop()


@contextmanager
def workshop(
    database: Database, folder: Path, lock_seconds: float = 10.0, files: Iterable[str] = FILES
) -> Iterator[Workshop]:
    """`lock_seconds`: how long its transactions wait for others. `files` are workflows."""
    workflows = folder / "workflows"
    workflows.mkdir()
    for number, source in enumerate(files):
        (workflows / f"{number}.yml").write_text(source)
    own = Database(database.url, lock_timeout_seconds=lock_seconds)
    rings: list[None] = []
    registry = Registry(workflows)
    assert not registry.mistakes(), registry.mistakes()
    engine = Engine(
        own,
        registry,
        Expressions(),
        matches,
        frozenset({"U0ADA", TERMINAL_USER}),
        ring=lambda: rings.append(None),
    )
    try:
        yield Workshop(engine, rings)
    finally:
        own.dispose()


@dataclass(frozen=True, slots=True)
class Meddling:
    """Expressions that do something on the side."""

    expressions: Evaluate
    meddle: Callable[[], object]

    def value(self, template: Template, names: Names) -> JsonValue:
        self.meddle()
        return self.expressions.value(template, names)

    def condition(self, text: str, names: Names) -> bool:
        return self.expressions.condition(text, names)


def at_once(things: list[Callable[[], T]]) -> list[T | Exception]:
    """Do all of them in the same instant, each in a thread of its own; what came of each."""
    gate = threading.Barrier(len(things))

    def do(thing: Callable[[], T]) -> T | Exception:
        gate.wait(PATIENCE)
        try:
            return thing()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(do, things))
