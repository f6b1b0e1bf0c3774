"""Workers claim, carry out, record and go on: whatever becomes of databases, leases and other workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from engine import attempts, commands
from engine.attempts import claim_next
from engine.core.state import RunStatus, TaskStatus
from engine.loops.reconciler import Reconciler
from engine.worker import Worker
from store.database import Database, now_ms
from store.tasks import Claim
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, PATIENCE, TERMINAL, Meddling, Workshop, workshop


@pytest.fixture
def hasty_shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    """Its transactions hardly wait for others, so that a database that is held is busy at once."""
    with workshop(database, tmp_path, lock_seconds=0.2) as shop:
        yield shop


def began(folder: Path) -> list[str]:
    """The attempts that have begun."""
    file = folder / "began"
    return file.read_text().split() if file.exists() else []


def wait_for_attempt(folder: Path, number: int) -> None:
    wait_until(lambda: str(number) in began(folder), PATIENCE)


def let_go(folder: Path, number: int) -> None:
    (folder / f"go.{number}").touch()


def lease_of(shop: Workshop, run_id: str) -> int:
    with shop.database.read() as c:
        query = "SELECT lease_until FROM task WHERE run_id = :run AND status = 'running'"
        return int(c.execute(text(query), {"run": run_id}).scalar_one())


def now_of(shop: Workshop) -> int:
    with shop.database.read() as c:
        return now_ms(c)


def test_two_workers_do_every_step_of_many_runs_once(shop: Workshop) -> None:
    run_ids = [shop.start("chain") for _ in range(15)]

    with shop.worker(slots=4), shop.worker(slots=4):
        pictures = [shop.wait_for_end(run_id) for run_id in run_ids]

    assert {picture.status for picture in pictures} == {RunStatus.COMPLETED}
    assert {task.attempt for picture in pictures for task in picture.tasks} == {1}
    for run_id in run_ids:
        facts = shop.facts(run_id)
        assert facts.count("step_completed") == 4
        assert facts[-1] == "run_completed"


def test_a_step_may_take_longer_than_a_lease(shop: Workshop, tmp_path: Path) -> None:
    with shop.worker(lease_ms=3_000):
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)
        first = lease_of(shop, run_id)

        wait_until(lambda: now_of(shop) > first, PATIENCE)

        assert lease_of(shop, run_id) > first
        let_go(tmp_path, 1)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "hold").attempt == 1


def test_a_cancel_ends_the_step(shop: Workshop, tmp_path: Path) -> None:
    with shop.worker():
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)

        commands.cancel_run(shop.engine, ADA, run_id)

        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert [task.status for task in picture.tasks] == [TaskStatus.CANCELLED, TaskStatus.CANCELLED]


# --- leases that are lost


def test_a_lease_that_ran_out_is_no_cancel(shop: Workshop, tmp_path: Path) -> None:
    """A laptop that slept: its worker finds its own lease over, and nobody else has noticed."""
    with shop.worker(is_reconciling=False):
        run_id = shop.start("hold_again", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)

        shop.expire_leases()

        wait_for_attempt(tmp_path, 2)
        let_go(tmp_path, 2)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert began(tmp_path) == ["1", "2"]
    assert shop.facts(run_id).count("worker_lost") == 1


def test_a_step_that_may_not_be_repeated_ends_in_error_when_its_lease_ran_out(
    shop: Workshop, tmp_path: Path
) -> None:
    with shop.worker(is_reconciling=False):
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)

        shop.expire_leases()

        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert picture.error == "Hold: The worker was lost; whether the step took effect is unknown."
    assert began(tmp_path) == ["1"]


def test_a_worker_that_was_given_up_for_dead_records_nothing(shop: Workshop, tmp_path: Path) -> None:
    with ExitStack() as stack:
        zombie = Worker(shop.engine, environment={})  # it never renews, and so never hears
        stack.callback(zombie.drain, PATIENCE)
        run_id = shop.start("hold_again", folder=str(tmp_path))
        zombie.nudge()
        wait_for_attempt(tmp_path, 1)
        shop.expire_leases()
        Reconciler(shop.engine, patience_seconds=0.0).tick()

        with shop.worker(is_reconciling=False) as worker:
            wait_for_attempt(tmp_path, 2)
            let_go(tmp_path, 1)  # the zombie's step ends well while the other one runs
            assert zombie.drain(PATIENCE)
            assert shop.task(run_id, "hold").status is TaskStatus.RUNNING
            let_go(tmp_path, 2)
            picture = shop.wait_for_end(run_id)

    assert picture.status is RunStatus.COMPLETED
    assert shop.task(run_id, "hold").result == 2
    assert set(shop.workers_of(run_id).values()) == {worker.name.id}
    assert shop.facts(run_id).count("step_completed") == 2


def test_leases_are_renewed_also_when_the_databases_clock_was_set_back(
    shop: Workshop, tmp_path: Path
) -> None:
    with shop.worker(lease_ms=2_000) as worker:
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)
        worker.lease_ms = 3_600_000  # as a clock gives that is an hour fast
        wait_until(lambda: lease_of(shop, run_id) > now_of(shop) + 3_000_000, PATIENCE)
        worker.lease_ms = 2_000
        wait_until(lambda: lease_of(shop, run_id) < now_of(shop) + 3_000_000, PATIENCE)
        set_back = now_of(shop)

        wait_until(lambda: now_of(shop) > set_back + 2_500, PATIENCE)

        let_go(tmp_path, 1)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED


# --- commits whose answer is lost


def lost_once(do: Callable[..., Claim | None]) -> Callable[..., Claim | None]:
    """Commits, and then says that the connection is gone: the first time that a task was claimed."""
    lost: list[Claim] = []

    def lose(*arguments: Any, **options: Any) -> Claim | None:
        claim = do(*arguments, **options)
        if claim is not None and not lost:
            lost.append(claim)
            raise DBAPIError("COMMIT", None, ConnectionError("server closed the connection unexpectedly"))
        return claim

    return lose


@pytest.mark.parametrize("name", ["claim_next", "finish_attempt"])
def test_a_task_claimed_without_the_workers_knowing_is_carried_out_all_the_same(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(f"engine.worker.{name}", lost_once(getattr(attempts, name)))
    let_go(tmp_path, 1)
    with shop.worker():
        run_id = shop.start("hold", folder=str(tmp_path))
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert began(tmp_path) == ["1"]
    assert [task.attempt for task in picture.tasks] == [1, 1]
    assert "worker_lost" not in shop.facts(run_id)


def test_a_claim_that_is_long_on_its_way_is_begun_once(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit went well, and what follows it takes its time: meanwhile the task is taken for a stray."""
    claimed: list[Claim] = []

    def claim_slowly(*arguments: Any, **options: Any) -> Claim | None:
        claim = claim_next(*arguments, **options)
        if claim is not None and not claimed:
            claimed.append(claim)
            wait_for_attempt(tmp_path, 1)
        return claim

    monkeypatch.setattr("engine.worker.claim_next", claim_slowly)
    with shop.worker():
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)
        let_go(tmp_path, 1)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert began(tmp_path) == ["1"]


def test_a_step_whose_end_cannot_be_recorded_is_not_begun_again(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.worker.finish_attempt", refuse)
    monkeypatch.setattr("engine.worker.BUSY_SECONDS", 0.01)
    let_go(tmp_path, 1)
    with shop.worker(is_reconciling=False) as worker:
        run_id = shop.start("hold", folder=str(tmp_path))
        wait_until(lambda: "work_broke" in caplog.text, PATIENCE)
        for _ in range(4):
            worker.renew()
        assert worker.running == 0
    assert began(tmp_path) == ["1"]
    assert shop.task(run_id, "hold").status is TaskStatus.RUNNING  # until its lease is over


# --- a database that is busy


def test_an_outcome_waits_for_a_busy_database(
    hasty_shop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What a step has done is not forgotten because nobody could write it down at once."""
    with hasty_shop.worker():
        run_id = hasty_shop.start("hold", folder=str(tmp_path))
        wait_for_attempt(tmp_path, 1)
        with hasty_shop.held_run(run_id):
            let_go(tmp_path, 1)
            wait_until(lambda: "outcome_waits" in caplog.text, PATIENCE)
        picture = hasty_shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert [task.attempt for task in picture.tasks] == [1, 1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_step_waits_for_a_busy_database_before_it_begins(
    hasty_shop: Workshop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its arguments are written down first. (On Postgres nobody's transaction stands in the way of that.)"""
    computed, may_go_on = threading.Event(), threading.Event()

    def meddle() -> None:
        computed.set()
        assert may_go_on.wait(PATIENCE)

    engine = hasty_shop.engine
    meddled = replace(hasty_shop, engine=replace(engine, evaluate=Meddling(engine.evaluate, meddle)))
    with meddled.worker():
        run_id = meddled.start("hold", folder=str(tmp_path))
        assert computed.wait(PATIENCE)
        with meddled.held_run(run_id):
            may_go_on.set()
            wait_until(lambda: "step_waits" in caplog.text, PATIENCE)
            assert began(tmp_path) == []
        let_go(tmp_path, 1)
        assert meddled.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert began(tmp_path) == ["1"]


# --- draining


def test_a_draining_worker_ends_its_steps_and_begins_none(shop: Workshop, tmp_path: Path) -> None:
    run_id = shop.start("hold", folder=str(tmp_path))
    with shop.worker() as worker:
        wait_for_attempt(tmp_path, 1)
        drained = threading.Thread(target=worker.drain, args=(PATIENCE,))
        drained.start()
        wait_until(lambda: worker.is_draining, PATIENCE)

        let_go(tmp_path, 1)

        drained.join(PATIENCE)
        assert not drained.is_alive()
    assert shop.task(run_id, "hold").status is TaskStatus.COMPLETED
    assert shop.task(run_id, "after").attempt == 0
    with shop.worker():
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED


def test_a_worker_that_is_just_claiming_is_not_drained(shop: Workshop, tmp_path: Path) -> None:
    """Else it would end with a task in its hands that it never began."""
    run_id = shop.start("hold", folder=str(tmp_path))
    let_go(tmp_path, 1)
    worker = Worker(shop.engine)
    with shop.held_run(run_id):
        worker.nudge()
        assert not worker.drain(0.2)
    assert worker.drain(PATIENCE)


# --- whose tasks


def test_a_terminal_and_the_workers_leave_each_other_their_runs(shop: Workshop) -> None:
    """`handrail run` ends when its own run has ended, and must not take anybody's steps with it."""
    slack_run = shop.start("chain")
    terminal_run = shop.start("chain", TERMINAL)
    other_terminal_run = shop.start("chain", TERMINAL)
    with shop.worker(run_id=terminal_run) as terminal:
        assert shop.wait_for_end(terminal_run).status is RunStatus.COMPLETED
    assert set(shop.workers_of(terminal_run).values()) == {terminal.name.id}
    assert shop.workers_of(slack_run) == shop.workers_of(other_terminal_run) == {}
    assert claim_next(shop.engine, terminal.name, run_id=terminal_run) is None

    with shop.worker() as worker:
        assert shop.wait_for_end(slack_run).status is RunStatus.COMPLETED
    assert set(shop.workers_of(slack_run).values()) == {worker.name.id}
    assert shop.workers_of(other_terminal_run) == {}
