"""What got lost is found: attempts of silent workers, work that nobody rang for, waits that are over."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import commands
from engine.attempts import claim_next, finish_attempt
from engine.core.errors import Busy
from engine.core.events import Succeeded
from engine.core.state import RunStatus, TaskStatus
from engine.loops.base import Loop, for_each
from engine.loops.reconciler import Reconciler
from engine.loops.terminal_run import HoldTerminalRun
from engine.loops.timers import Timers
from engine.worker import name_worker
from store.database import Database
from store.tasks import Claim
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, PATIENCE, TERMINAL, Workshop, at_once, workshop


def claim(shop: Workshop) -> Claim:
    """A worker that claims and is never heard of again."""
    claim = claim_next(shop.engine, name_worker())
    assert claim is not None
    return claim


def lose(shop: Workshop) -> Claim:
    lost = claim(shop)
    shop.expire_leases()
    return lost


def reconcile(shop: Workshop) -> None:
    """One tick, of a reconciler that believes what it sees at once."""
    Reconciler(shop.engine, patience_seconds=0.0).tick()


def test_a_lost_step_that_may_be_repeated_is_due_again_and_the_bell_is_rung(shop: Workshop) -> None:
    run_id = shop.start("hold_again", folder="/tmp")
    lose(shop)
    shop.rings.clear()

    reconcile(shop)

    assert shop.task(run_id, "hold").status is TaskStatus.PENDING
    assert shop.rings
    assert claim(shop).attempt == 2


def test_a_lost_step_that_may_not_be_repeated_ends_the_run_in_error(shop: Workshop) -> None:
    run_id = shop.start("hold", folder="/tmp")
    lose(shop)

    reconcile(shop)

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert "whether the step took effect is unknown" in str(picture.error)
    assert shop.facts(run_id)[-3:] == ["worker_lost", "step_error", "run_error"]


def test_a_step_that_loses_its_worker_each_time_is_not_started_for_ever(shop: Workshop) -> None:
    run_id = shop.start("hold_again", folder="/tmp")

    for attempt in (1, 2, 3):
        assert shop.picture(run_id).is_active
        assert lose(shop).attempt == attempt
        reconcile(shop)

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert picture.error == "Hold: The step lost its worker 3 times."
    assert claim_next(shop.engine, name_worker()) is None


def test_an_attempt_with_a_lease_is_left_alone(shop: Workshop) -> None:
    run_id = shop.start("hold", folder="/tmp")
    claim(shop)

    reconcile(shop)

    assert shop.task(run_id, "hold").status is TaskStatus.RUNNING


def test_many_reconcilers_at_once_lose_a_worker_once(shop: Workshop) -> None:
    run_ids = [shop.start("hold_again", folder="/tmp") for _ in range(10)]
    for _ in run_ids:
        lose(shop)

    results = at_once([lambda: reconcile(shop)] * 8)

    assert results == [None] * 8
    assert [shop.facts(run_id).count("worker_lost") for run_id in run_ids] == [1] * 10


def test_the_bell_is_rung_for_due_work_and_for_nothing_else(shop: Workshop) -> None:
    reconcile(shop)
    assert not shop.rings

    shop.start("chain")
    shop.rings.clear()
    reconcile(shop)
    assert shop.rings

    claim(shop)
    shop.rings.clear()
    reconcile(shop)
    assert not shop.rings


def test_after_an_outage_a_worker_may_still_say_how_its_step_ended(shop: Workshop) -> None:
    """Both find the database back in the same moment, and the lease is long over."""
    run_id = shop.start("hold", folder="/tmp")
    lost = lose(shop)
    reconciler = Reconciler(shop.engine)
    reconciler.tick()
    assert shop.task(run_id, "hold").status is TaskStatus.RUNNING

    finish_attempt(shop.engine, name_worker(), lost, Succeeded(exit_code=0), go_on=False)

    reconciler.tick()
    task = shop.task(run_id, "hold")
    assert (task.status, task.exit_code) == (TaskStatus.COMPLETED, 0)


def test_a_lease_is_believed_to_be_over_after_some_looks(shop: Workshop) -> None:
    run_id = shop.start("hold", folder="/tmp")
    lose(shop)
    reconciler = Reconciler(shop.engine, patience_seconds=0.3)
    started = time.monotonic()

    def is_given_up() -> bool:
        reconciler.tick()
        return not shop.picture(run_id).is_active

    wait_until(is_given_up, PATIENCE)

    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_seen_while_nobody_can_write(database: Database, tmp_path: Path) -> None:
    """Readers of SQLite do not wait for a writer who holds the database for long, unlike those who renew."""
    with workshop(database, tmp_path, lock_seconds=0.2) as shop:
        run_id = shop.start("hold", folder="/tmp")
        lose(shop)
        reconciler = Reconciler(shop.engine, patience_seconds=0.1)
        with shop.held_run(run_id):
            for _ in range(2):
                with pytest.raises(Busy):
                    reconciler.tick()
        reconciler.tick()
        assert shop.task(run_id, "hold").status is TaskStatus.RUNNING


# --- terminals


def start_in_terminal(shop: Workshop, name: str) -> str:
    return commands.start_run(shop.engine, TERMINAL, name, {}, channel_id=None, origin="terminal").run_id


def abandon(shop: Workshop) -> None:
    with shop.database.write() as c:
        assert c.execute(text("UPDATE lease SET until = 1")).rowcount


def leases_of(shop: Workshop) -> int:
    with shop.database.read() as c:
        return int(c.execute(text("SELECT count(*) FROM lease")).scalar_one())


@pytest.mark.parametrize("name", ["chain", "ask"])
def test_a_run_whose_terminal_is_gone_ends(
    shop: Workshop, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that is due, and one that waits for an approval: nobody would ever carry them on."""
    run_id = start_in_terminal(shop, name)
    reconcile(shop)
    assert shop.picture(run_id).is_active
    abandon(shop)

    reconcile(shop)

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert "The terminal in which this run was started is gone" in str(picture.error)
    assert shop.facts(run_id)[-2:] == ["terminal_lost", "run_error"]
    assert not picture.open_approvals
    assert leases_of(shop) == 0
    assert "terminal_lost" in caplog.text


def test_the_attempt_of_a_terminal_that_is_gone_records_nothing_more(shop: Workshop) -> None:
    run_id = start_in_terminal(shop, "chain")
    claim = claim_next(shop.engine, name_worker(), run_id=run_id)
    assert claim is not None
    abandon(shop)
    reconcile(shop)

    assert finish_attempt(shop.engine, name_worker(), claim, Succeeded(), go_on=True) is None

    assert shop.picture(run_id).status is RunStatus.ERROR
    assert shop.task(run_id, "a").status is TaskStatus.ERROR


def test_a_terminal_that_speaks_up_keeps_its_run(shop: Workshop) -> None:
    run_id = start_in_terminal(shop, "ask")
    abandon(shop)
    HoldTerminalRun(shop.engine, run_id).tick()

    reconcile(shop)

    assert shop.picture(run_id).is_active
    assert leases_of(shop) == 1


def test_what_a_terminal_left_behind_of_a_run_that_has_ended_is_tidied(
    shop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = start_in_terminal(shop, "ask")
    commands.cancel_run(shop.engine, TERMINAL, run_id)
    abandon(shop)

    reconcile(shop)

    assert shop.picture(run_id).status is RunStatus.CANCELLED
    assert leases_of(shop) == 0
    assert "terminal_lost" not in caplog.text


def test_runs_from_slack_hold_no_such_lease(shop: Workshop) -> None:
    commands.start_run(shop.engine, ADA, "ask", {}, channel_id=None)
    assert leases_of(shop) == 0


# --- the others


def test_a_run_that_cannot_be_helped_keeps_no_other_waiting(
    shop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.start("hold", folder="/tmp")
    lose(shop)
    with shop.database.write() as c:
        c.execute(text("UPDATE run SET parameters = '{'"))
    other = shop.start("hold_again", folder="/tmp")
    claim(shop)
    with shop.database.write() as c:  # the broken one has been lost for longer
        c.execute(
            text("UPDATE task SET lease_until = 2 WHERE run_id = :run AND status = 'running'"), {"run": other}
        )

    reconcile(shop)

    assert shop.task(other, "hold").status is TaskStatus.PENDING
    assert "item_failed" in caplog.text


def test_a_busy_database_ends_the_whole_tick() -> None:
    done = []

    def do(item: int) -> None:
        done.append(item)
        raise Busy("The database is busy.")

    with pytest.raises(Busy):
        for_each([1, 2], do)
    assert done == [1]


def test_many_timers_at_once_end_an_approval_once(shop: Workshop) -> None:
    run_ids = [shop.start("ask") for _ in range(10)]
    with shop.database.write() as c:
        c.execute(text("UPDATE timer SET due_at = 1"))

    results = at_once([Timers(shop.engine).tick] * 8)

    assert results == [None] * 8
    for run_id in run_ids:
        assert shop.facts(run_id).count("approval_expired") == 1
        assert shop.picture(run_id).status is RunStatus.REJECTED


@dataclass
class Clumsy:
    ticks: int = 0
    name: str = "clumsy"
    every_seconds: float = 0.01

    def tick(self) -> None:
        self.ticks += 1
        raise Busy("The database is busy.") if self.ticks % 2 else ZeroDivisionError


def test_a_duty_that_fails_is_done_again(caplog: pytest.LogCaptureFixture) -> None:
    duty = Clumsy()
    loop = Loop(duty)
    loop.start()
    wait_until(lambda: duty.ticks > 3, PATIENCE)
    loop.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "loop-clumsy"]
    assert "tick_failed loop=clumsy" in caplog.text
    assert "tick_postponed loop=clumsy" in caplog.text
