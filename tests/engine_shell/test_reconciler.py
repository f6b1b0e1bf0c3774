"""What got lost is found: attempts of silent workers, work that nobody rang for, waits that are over."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from engine.attempts import claim_next
from engine.core.errors import Busy
from engine.core.state import RunStatus, TaskStatus
from engine.loops.base import Loop, for_each
from engine.loops.reconciler import Reconciler
from engine.loops.timers import Timers
from engine.worker import name_worker
from store.tasks import Claim
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import PATIENCE, Workshop, at_once


def claim(shop: Workshop) -> Claim:
    """A worker that claims and is never heard of again."""
    claim = claim_next(shop.engine, name_worker())
    assert claim is not None
    return claim


def lose(shop: Workshop) -> Claim:
    lost = claim(shop)
    shop.expire_leases()
    return lost


def test_a_lost_step_that_may_be_repeated_is_due_again_and_the_bell_is_rung(shop: Workshop) -> None:
    run_id = shop.start("hold_again", folder="/tmp")
    lose(shop)
    shop.rings.clear()

    Reconciler(shop.engine).tick()

    assert shop.task(run_id, "hold").status is TaskStatus.PENDING
    assert shop.rings
    assert claim(shop).attempt == 2


def test_a_lost_step_that_may_not_be_repeated_ends_the_run_in_error(shop: Workshop) -> None:
    run_id = shop.start("hold", folder="/tmp")
    lose(shop)

    Reconciler(shop.engine).tick()

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert "whether the step took effect is unknown" in str(picture.error)
    assert shop.facts(run_id)[-3:] == ["worker_lost", "step_error", "run_error"]


def test_a_step_that_loses_its_worker_each_time_is_not_started_for_ever(shop: Workshop) -> None:
    run_id = shop.start("hold_again", folder="/tmp")

    for attempt in (1, 2, 3):
        assert shop.picture(run_id).is_active
        assert lose(shop).attempt == attempt
        Reconciler(shop.engine).tick()

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert picture.error == "Hold: The step lost its worker 3 times."
    assert claim_next(shop.engine, name_worker()) is None


def test_an_attempt_with_a_lease_is_left_alone(shop: Workshop) -> None:
    run_id = shop.start("hold", folder="/tmp")
    claim(shop)

    Reconciler(shop.engine).tick()

    assert shop.task(run_id, "hold").status is TaskStatus.RUNNING


def test_many_reconcilers_at_once_lose_a_worker_once(shop: Workshop) -> None:
    run_ids = [shop.start("hold_again", folder="/tmp") for _ in range(10)]
    for _ in run_ids:
        lose(shop)

    results = at_once([Reconciler(shop.engine).tick] * 8)

    assert results == [None] * 8
    assert [shop.facts(run_id).count("worker_lost") for run_id in run_ids] == [1] * 10


def test_the_bell_is_rung_for_due_work_and_for_nothing_else(shop: Workshop) -> None:
    Reconciler(shop.engine).tick()
    assert not shop.rings

    shop.start("chain")
    shop.rings.clear()
    Reconciler(shop.engine).tick()
    assert shop.rings

    claim(shop)
    shop.rings.clear()
    Reconciler(shop.engine).tick()
    assert not shop.rings


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

    Reconciler(shop.engine).tick()

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
