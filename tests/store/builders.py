"""Short ways to runs in the state that a test is about. They go through real planning and real transactions."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from engine.core.definition import (
    ApprovalAction,
    Approvers,
    JsonValue,
    OnTimeout,
    RunAction,
    Step,
    StepKind,
    Template,
    WaitAction,
    Workflow,
)
from engine.core.evaluate import Names
from engine.core.events import Event, Failed, Outcome, RunStarted, Succeeded, TaskFinished
from engine.core.picture import RunPicture, TaskPicture
from engine.core.plan import plan
from store.database import Connection, Database
from store.reading import run_picture
from store.runs import (
    InsertedRun,
    LockedRun,
    NewRun,
    apply_transition,
    insert_run,
    load_snapshot,
    lock_run,
)
from store.tasks import Claim, claim_next

TEAM = "T0001"
ADA, BOB, CYD = "U0ADA", "U0BOB", "U0CYD"
LEASE_MS = 15_000

T = TypeVar("T")


class Literally:
    """Expressions of these tests stand for themselves."""

    def value(self, template: Template, names: Names) -> JsonValue:
        return template

    def condition(self, text: str, names: Names) -> bool:
        return text == "true"


def run_step(step_id: str, *needs: str, idempotent: bool = False, condition: str | None = None) -> Step:
    action = RunAction("true")
    return Step(
        step_id,
        f"Do {step_id}",
        StepKind.RUN,
        action,
        needs=needs,
        idempotent=idempotent,
        condition=condition,
    )


def approval_step(
    step_id: str,
    *needs: str,
    required: int = 1,
    on_timeout: OnTimeout = OnTimeout.REJECT,
    timeout: float = 60,
) -> Step:
    action = ApprovalAction(
        "Ship it?",
        "To production.",
        Approvers((BOB, CYD), ("S1",)),
        required=required,
        on_timeout=on_timeout,
    )
    return Step(step_id, f"Ask {step_id}", StepKind.APPROVAL, action, needs=needs, timeout_seconds=timeout)


def wait_step(step_id: str, *needs: str, duration: str = "10m") -> Step:
    return Step(step_id, f"Wait {step_id}", StepKind.WAIT, WaitAction(duration), needs=needs)


def workflow(*steps: Step, name: str = "deploy", source: str = "name: deploy\n") -> Workflow:
    steps = steps or (run_step("only"),)
    digest = hashlib.sha256(f"{name} {source} {steps}".encode()).hexdigest()
    return Workflow(name, f"The {name}", "", (), steps, {}, "/flows", source, digest)


class Store:
    """A database and the workflows whose runs are in it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.workflows: dict[str, Workflow] = {}

    def start(
        self,
        flow: Workflow | None = None,
        *,
        requester: str = ADA,
        parameters: dict[str, JsonValue] | None = None,
        team: str = TEAM,
        channel: str | None = "C0GENERAL",
    ) -> InsertedRun:
        flow = flow or workflow()
        self.workflows[flow.digest] = flow
        with self.database.write() as c:
            run = insert_run(c, NewRun(team, flow, parameters or {}, requester, channel))
            self.advance(c, run.id, RunStarted(), actor=requester)
        return run

    def advance(self, c: Connection, run_id: str, event: Event, actor: str = ADA) -> LockedRun:
        """What a command does: lock, load, plan, apply."""
        locked = lock_run(c, run_id)
        assert locked is not None
        transition = plan(
            self.workflows[locked.workflow_digest], load_snapshot(c, locked), event, Literally()
        )
        exit_code = (
            event.outcome.exit_code
            if isinstance(event, TaskFinished) and isinstance(event.outcome, Succeeded | Failed)
            else None
        )
        apply_transition(c, locked, transition, locked.now, actor, exit_code=exit_code)
        return locked

    def happen(self, run_id: str, event: Event, actor: str = ADA) -> LockedRun:
        with self.database.write() as c:
            return self.advance(c, run_id, event, actor)

    def claim(self, worker: str = "worker-1", lease_ms: int = LEASE_MS, run_id: str | None = None) -> Claim:
        with self.database.write() as c:
            claim = claim_next(c, worker, lease_ms, run_id)
        assert claim is not None
        return claim

    def finish(self, claim: Claim, outcome: Outcome | None = None) -> LockedRun:
        event = TaskFinished(claim.step_id, claim.attempt, outcome or Succeeded())
        return self.happen(claim.run_id, event, actor="worker-1")

    def picture(self, run_id: str, *, tail_bytes: int = 4000, with_facts: bool = False) -> RunPicture:
        with self.database.read() as c:
            picture = run_picture(c, run_id, tail_bytes=tail_bytes, with_facts=with_facts)
        assert picture is not None
        return picture

    def task(self, run_id: str, step_id: str) -> TaskPicture:
        return next(task for task in self.picture(run_id).tasks if task.step_id == step_id)


def at_once(count: int, do: Callable[[int], T]) -> list[T]:
    """Call `do` with 0, 1, ... in as many threads, all released at the same moment."""
    gate = Barrier(count)

    def wait_and_do(number: int) -> T:
        gate.wait(timeout=30)
        return do(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_do, range(count)))


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.01)
