"""How runs end: failures that are let pass, final steps whatever happened, cancels with and without grace,
timeouts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import commands
from engine.core.errors import Conflict
from engine.core.state import RunStatus, TaskStatus
from tests.engine_shell.steps import is_alive, read_pid, wait_until
from tests.engine_shell.workshop import ADA, BOB, PATIENCE, Workshop
from tests.features.traces import lines, statuses, wait_for_file, wait_for_step

TOLERANT = """
name: tolerant
steps:
  lint: {run: 'echo "three complaints" >&2; exit 3', continue_on_error: true}
  after:
    needs: [lint]
    set: {status: '{{ steps.lint.status }}', error: '{{ steps.lint.error }}', result: '{{ steps.lint.result }}'}
"""

ENDS = """
name: ends
parameters: {folder: {type: string}, how: {type: string}}
steps:
  work:
    run: |
      echo $$ > "$PARAM_FOLDER/work.pid"
      test "$PARAM_HOW" != failed
      while [ "$PARAM_HOW" = cancelled ]; do sleep 0.02; done
  ask:
    needs: [work]
    if: '{{ params.how == "rejected" }}'
    approval: {title: 'Go on?', approvers: {users: [U0BOB]}}
  compute:
    needs: [work]
    if: '{{ params.how == "error" }}'
    set: {nothing: '{{ steps.work.result.nothing.at.all }}'}
  decide:
    needs: [work]
    if: '{{ params.how == "expression" and steps.work.result.nothing }}'
    run: 'true'
finally:
  tidy:
    run: echo "$STATUS" >> "$PARAM_FOLDER/tidied"
    env: {STATUS: '{{ run.status }}'}
  tell:
    needs: [tidy]
    if: '{{ run.status != "completed" }}'
    set: {status: '{{ run.status }}', work: '{{ steps.work.status }}'}
"""

BAD_END = """
name: bad_end
parameters: {main: {type: string}}
steps:
  work: {run: test "$PARAM_MAIN" = good}
finally:
  tidy: {run: exit 9}
"""

STUBBORN = """
name: stubborn
parameters: {folder: {type: string}}
steps:
  hold:
    run: |
      trap '' TERM
      sh -c 'trap "" TERM; echo $$ > "$PARAM_FOLDER/child.pid"; while :; do sleep 0.05; done' &
      echo $$ > "$PARAM_FOLDER/pid"
      while :; do sleep 0.05; done
finally:
  tidy:
    run: echo $$ > "$PARAM_FOLDER/tidy.pid"; while :; do sleep 0.05; done
"""

LONG = """
name: long
parameters: {folder: {type: string}}
timeout: 1s
steps:
  hold: {run: 'echo $$ > "$PARAM_FOLDER/pid"; while :; do sleep 0.05; done'}
  pause: {wait: 1h}
  ask: {approval: {title: 'Go on?', approvers: {users: [U0BOB]}}}
  after: {needs: [hold], run: 'true'}
finally:
  tidy: {run: 'echo tidied > "$PARAM_FOLDER/tidied"'}
"""

SHORT = """
name: short
timeout: 1h
steps:
  work: {run: 'true'}
"""

FILES = (TOLERANT, ENDS, BAD_END, STUBBORN, LONG, SHORT)


def test_a_failure_that_is_let_pass_is_seen_by_the_steps_behind_it(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("tolerant")
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert statuses(picture) == {"lint": "failed", "after": "completed"}
    assert shop.task(run_id, "after").result == {"status": "failed", "error": "exit code 3", "result": None}


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("completed", RunStatus.COMPLETED),
        ("failed", RunStatus.FAILED),
        ("rejected", RunStatus.REJECTED),
        ("cancelled", RunStatus.CANCELLED),
        ("error", RunStatus.ERROR),
        ("expression", RunStatus.ERROR),
    ],
)
def test_final_steps_run_whatever_happened(shop: Workshop, folder: Path, how: str, ending: RunStatus) -> None:
    with shop.worker():
        run_id = shop.start("ends", folder=str(folder), how=how)
        if how == "cancelled":
            wait_for_file(folder / "work.pid")
            commands.cancel_run(shop.engine, ADA, run_id)
        if how == "rejected":
            wait_until(lambda: shop.picture(run_id).open_approvals, PATIENCE)
            approval = shop.picture(run_id).open_approvals[0]
            commands.decide(shop.engine, BOB, approval.id, approve=False)
        picture = shop.wait_for_end(run_id)
    assert picture.status is ending, picture.error
    assert lines(folder / "tidied") == [ending.value]
    work = {"failed": "failed", "cancelled": "cancelled"}.get(how, "completed")
    told = None if how == "completed" else {"status": ending.value, "work": work}
    assert shop.task(run_id, "tell").result == told
    assert shop.facts(run_id)[-1] == f"run_{ending.value}"


@pytest.mark.parametrize(
    ("main", "error"), [("good", "Tidy failed: exit code 9"), ("bad", "Work failed: exit code 1")]
)
def test_a_final_step_that_fails_fails_only_a_run_that_would_have_completed(
    shop: Workshop, main: str, error: str
) -> None:
    with shop.worker():
        picture = shop.wait_for_end(shop.start("bad_end", main=main))
    assert (picture.status, picture.error) == (RunStatus.FAILED, error)


def test_a_forced_cancel_kills_without_grace_and_leaves_final_steps_out(shop: Workshop, folder: Path) -> None:
    with shop.worker() as worker:
        worker.grace_seconds = 600
        run_id = shop.start("stubborn", folder=str(folder))
        pids = [read_pid(folder / "pid"), read_pid(folder / "child.pid")]
        began = time.monotonic()
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=True)
        picture = shop.wait_for_end(run_id)
    assert time.monotonic() - began < 20
    assert picture.status is RunStatus.CANCELLED
    assert not any(map(is_alive, pids))
    assert statuses(picture) == {"hold": "cancelled", "tidy": "cancelled"}
    assert not (folder / "tidy.pid").exists()


def test_a_cancel_may_be_forced_while_the_step_is_given_time_to_end(shop: Workshop, folder: Path) -> None:
    with shop.worker() as worker:
        worker.grace_seconds = 600
        run_id = shop.start("stubborn", folder=str(folder))
        pids = [read_pid(folder / "pid"), read_pid(folder / "child.pid")]
        assert commands.cancel_run(shop.engine, ADA, run_id).status == "running"
        wait_until(lambda: _renewed_since_stop(shop, run_id), PATIENCE)
        assert all(map(is_alive, pids))
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=True)
        commands.cancel_run(shop.engine, ADA, run_id)  # takes nothing back
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert not any(map(is_alive, pids))
    kinds = shop.facts(run_id)
    assert kinds.index("cancel_requested") < kinds.index("cancel_forced")


def _renewed_since_stop(shop: Workshop, run_id: str) -> bool:
    """Whether the lease was renewed since the step was told to stop: by then its worker knows."""
    with shop.database.read() as c:
        query = "SELECT lease_until, stop_requested FROM task WHERE run_id = :run AND status = 'running'"
        row = c.execute(text(query), {"run": run_id}).one()
    return bool(row.stop_requested) and _leases.setdefault(run_id, row.lease_until) < row.lease_until


_leases: dict[str, int] = {}


def test_a_forced_cancel_ends_final_steps_that_run(shop: Workshop, folder: Path) -> None:
    with shop.worker() as worker:
        worker.grace_seconds = 0.1
        run_id = shop.start("stubborn", folder=str(folder))
        read_pid(folder / "child.pid")
        commands.cancel_run(shop.engine, ADA, run_id)
        tidy = read_pid(folder / "tidy.pid")
        assert commands.cancel_run(shop.engine, ADA, run_id).status == "running"  # final steps are left alone
        assert shop.task(run_id, "tidy").status is TaskStatus.RUNNING
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=True)
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert not is_alive(tidy)
    with pytest.raises(Conflict, match="has ended already"):
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=True)


def test_a_run_that_takes_too_long_is_stopped_and_tidied_up(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("long", folder=str(folder))
        pid = read_pid(folder / "pid")
        wait_for_step(shop, run_id, "ask", TaskStatus.WAITING)
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error) == (RunStatus.FAILED, "The run did not end within 1s.")
    assert not is_alive(pid)
    assert statuses(picture) == {
        "hold": "cancelled",
        "pause": "cancelled",
        "ask": "cancelled",
        "after": "cancelled",
        "tidy": "completed",
    }
    assert not picture.open_approvals
    assert _timers(shop) == 0


def test_a_run_in_time_leaves_no_timer(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("short")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert _timers(shop) == 0


def _timers(shop: Workshop) -> int:
    with shop.database.read() as c:
        return int(c.execute(text("SELECT count(*) FROM timer")).scalar_one())
