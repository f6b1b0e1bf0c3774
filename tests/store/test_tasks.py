"""Claims, leases and fencing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.core.eligibility import TERMINAL_TEAM
from engine.core.events import Succeeded, TaskFinished, WorkerLost
from engine.core.state import RunStatus, TaskStatus
from store.database import Connection, Database
from store.locking import load_tasks
from store.runs import lock_run
from store.tasks import (
    Claim,
    ExpiredLease,
    claim_again,
    claim_in_run,
    claim_next,
    due_count,
    expired_leases,
    extend_leases,
    is_expired,
    record_arguments,
    running_of,
)
from tests.store.builders import (
    ADA,
    LEASE_MS,
    TEAM,
    Store,
    approval_step,
    run_step,
    until,
    workflow,
)

ROOT = Path(__file__).parents[2]


def claims(store: Store) -> list[Claim]:
    found = []
    with store.database.write() as c:
        while claim := claim_next(c, "worker-1", LEASE_MS):
            found.append(claim)
    return found


def expire(c: Connection) -> None:
    c.execute(text("UPDATE task SET lease_until = 1 WHERE status = 'running'"))


def test_a_claim_says_all_that_a_worker_needs(store: Store) -> None:
    flow = workflow(run_step("a"))
    run = store.start(flow)
    claim = store.claim()
    assert claim == Claim(
        task_id=store.task(run.id, "a").id,
        run_id=run.id,
        team_id=TEAM,
        run_number=1,
        step_id="a",
        attempt=1,
        lease_until=claim.lease_until,
        workflow_digest=flow.digest,
        workflow_folder="/flows",
        workflow_name="deploy",
        requester=ADA,
        names={"params": {}, "run": claim.names["run"], "steps": {}},
    )


def test_a_claim_sets_the_run_running_and_counts_its_version_up(store: Store) -> None:
    run = store.start()
    before = store.picture(run.id)
    claim = store.claim()
    picture = store.picture(run.id)
    assert (before.status, picture.status) == (RunStatus.PENDING, RunStatus.RUNNING)
    assert picture.version == before.version + 1
    assert picture.started_at is not None
    assert claim.lease_until >= picture.started_at + LEASE_MS - 1000
    assert picture.tasks[0].status is TaskStatus.RUNNING


def test_what_is_due_is_claimed_oldest_first_and_only_once(store: Store) -> None:
    first = store.start(workflow(run_step("a"), run_step("b"), run_step("later", "a")))
    second = store.start(workflow(run_step("c")))
    found = claims(store)
    assert [claim.step_id for claim in found] == ["a", "b", "c"]
    assert [claim.run_id for claim in found] == [first.id, first.id, second.id]


def test_with_nothing_due_there_is_no_claim_and_no_change(store: Store) -> None:
    run = store.start(workflow(approval_step("ask")))
    before = store.picture(run.id)
    assert claims(store) == []
    assert store.picture(run.id) == before


def test_a_claim_may_be_asked_for_one_run(store: Store) -> None:
    store.start()
    second = store.start()
    assert store.claim(run_id=second.id).run_id == second.id
    with store.database.write() as c:
        assert claim_next(c, "worker-1", LEASE_MS, run_id=second.id) is None


def test_a_task_that_is_due_later_is_not_claimed_yet(database: Database, store: Store) -> None:
    store.start()
    with database.write() as c:
        c.execute(text("UPDATE task SET due_at = due_at + 3600000"))
        assert due_count(c) == 0
        assert claim_next(c, "worker-1", LEASE_MS) is None
        c.execute(text("UPDATE task SET due_at = due_at - 3600000"))
        assert due_count(c) == 1


def test_a_worker_goes_on_in_the_run_that_it_holds(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b", "a"), run_step("c", "a")))
    first = store.claim()
    with database.write() as c:
        locked = store.advance(c, run.id, TaskFinished("a", first.attempt, Succeeded()))
        claim = claim_in_run(c, locked, "worker-1", LEASE_MS, load_tasks(c, run.id).states)
    assert claim is not None
    assert (claim.step_id, claim.attempt, claim.run_number) == ("b", 1, 1)
    assert store.picture(run.id).version == locked.version
    assert store.task(run.id, "b").status is TaskStatus.RUNNING
    assert store.claim("worker-2").step_id == "c"


def test_a_run_that_is_started_and_claimed_in_one_transaction_is_running(
    database: Database, store: Store
) -> None:
    run = store.start()
    with database.write() as c:
        locked = lock_run(c, run.id)
        assert locked is not None
        assert claim_in_run(c, locked, "worker-1", LEASE_MS, {})
        assert locked.status is RunStatus.RUNNING
        assert claim_in_run(c, locked, "worker-1", LEASE_MS, {}) is None
    picture = store.picture(run.id)
    assert (picture.status, picture.started_at) == (RunStatus.RUNNING, locked.started_at)


def test_eight_claimers_in_four_processes_never_claim_one_task_twice(store: Store) -> None:
    for _ in range(12):
        store.start(workflow(*(run_step(f"s{number}") for number in range(10))))
    command = [sys.executable, "-m", "tests.store.claimer", store.database.url, "2"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    claimed = Counter(task for names in found for task in names)
    assert len(claimed) == 120
    assert set(claimed.values()) == {1}
    with store.database.read() as c:
        assert c.execute(text("SELECT count(*) FROM attempt")).scalar_one() == 120
        assert c.execute(text("SELECT max(attempt) FROM task")).scalar_one() == 1


def test_a_claimer_waits_for_the_rest_of_a_run_that_somebody_is_writing_to(
    database: Database, store: Store
) -> None:
    """Two steps became due and two workers were called: the second must not go away empty-handed because
    the first one still holds the run."""
    store.start(workflow(run_step("a"), run_step("b")))
    with ThreadPoolExecutor(1) as pool:
        with database.write() as c:
            first = claim_next(c, "worker-1", LEASE_MS)
            second = pool.submit(store.claim, "worker-2")
            wait([second], timeout=0.3)  # time enough to go away empty-handed
        assert first is not None
        assert (first.step_id, second.result(timeout=30).step_id) == ("a", "b")


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claimer_does_not_wait_for_long_for_a_run_in_somebodys_hands(
    database: Database, store: Store
) -> None:
    """Meanwhile something of another run may become due. (Of SQLite's one writer everybody has to wait.)"""
    run = store.start(workflow(run_step("a")))
    with ThreadPoolExecutor(8) as pool, database.write() as c:
        assert lock_run(c, run.id)
        claimers = [pool.submit(claims, store) for _ in range(8)]
        _, waiting = wait(claimers, timeout=0.1)
        other = store.start(workflow(run_step("other")))
        ended, _ = wait(claimers, timeout=5)
        found = [claim.run_id for claimer in ended for claim in claimer.result()]
    assert len(waiting) == len(ended) == 8
    assert found == [other.id]


def test_arguments_are_kept_for_the_attempt_that_owns_the_task_only(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a", idempotent=True)))
    old = store.claim()
    with database.write() as c:
        assert record_arguments(c, old.task_id, old.attempt, {"command": "old"})
    store.happen(run.id, WorkerLost("a", old.attempt))
    with database.write() as c:
        assert not record_arguments(c, old.task_id, old.attempt, {"command": "none has it"})
    new = store.claim("worker-2")
    with database.write() as c:
        assert not record_arguments(c, old.task_id, old.attempt, {"command": "zombie"})
        assert record_arguments(c, new.task_id, new.attempt, {"command": "new"})
    assert store.task(run.id, "a").arguments == {"command": "new"}


def test_a_worker_renews_all_its_leases_and_hears_what_is_still_its_own(
    database: Database, store: Store
) -> None:
    store.start(workflow(run_step("a"), run_step("b")))
    first, second = store.claim("worker-1"), store.claim("worker-1")
    store.start()
    store.claim("worker-2")
    with database.write() as c:
        renewals = extend_leases(c, "worker-1", 10 * LEASE_MS, [first.task_id, second.task_id])
    assert {renewal.task_id for renewal in renewals} == {first.task_id, second.task_id}
    assert all(renewal.is_extended for renewal in renewals)
    assert [renewal.stop_requested for renewal in renewals] == [False, False]
    store.finish(first)
    with database.write() as c:
        renewals = extend_leases(c, "worker-1", LEASE_MS, [first.task_id, second.task_id])
    assert [renewal.task_id for renewal in renewals] == [second.task_id]


def test_a_task_that_its_worker_has_lost_sight_of_is_not_renewed(database: Database, store: Store) -> None:
    """Else it would run for ever, with nobody carrying it out."""
    store.start(workflow(run_step("a"), run_step("b")))
    first, second = store.claim("worker-1"), store.claim("worker-1")
    with database.write() as c:
        renewals = extend_leases(c, "worker-1", LEASE_MS, [first.task_id])
        c.execute(text("UPDATE task SET lease_until = :at"), {"at": second.lease_until})
        extend_leases(c, "worker-1", 10 * LEASE_MS, [first.task_id])
        leases = {row.id: row.lease_until for row in c.execute(text("SELECT id, lease_until FROM task"))}
    assert [renewal.task_id for renewal in renewals] == [first.task_id]
    assert leases[second.task_id] == second.lease_until < leases[first.task_id]


def test_tasks_of_a_terminal_are_claimed_by_their_run_only(database: Database, store: Store) -> None:
    run = store.start(team=TERMINAL_TEAM)
    with database.write() as c:
        assert due_count(c) == 0
        assert claim_next(c, "worker-1", LEASE_MS) is None
        assert due_count(c, run.id) == 1
        claim = claim_next(c, "terminal-1", LEASE_MS, run.id)
        assert claim is not None
        assert (claim.run_id, due_count(c, run.id)) == (run.id, 0)


def test_a_worker_may_learn_again_what_it_has_claimed(database: Database, store: Store) -> None:
    store.start(workflow(run_step("a"), run_step("b")), parameters={"env": "prod"})
    claim, other = store.claim("worker-1"), store.claim("worker-2")
    with database.write() as c:
        assert running_of(c, "worker-1") == {(claim.task_id, 1)}
        again = claim_again(c, "worker-1", 10 * LEASE_MS, claim.task_id)
        assert claim_again(c, "worker-1", LEASE_MS, other.task_id) is None
    assert again is not None
    assert again.lease_until > claim.lease_until
    assert replace(again, lease_until=claim.lease_until) == claim
    store.finish(claim)
    with database.write() as c:
        assert running_of(c, "worker-1") == set()
        assert claim_again(c, "worker-1", LEASE_MS, claim.task_id) is None


def test_a_renewal_tells_that_the_run_was_cancelled(database: Database, store: Store) -> None:
    store.start()
    claim = store.claim()
    with database.write() as c:
        c.execute(text("UPDATE task SET stop_requested = true"))
        (renewal,) = extend_leases(c, "worker-1", LEASE_MS, [claim.task_id])
    assert (renewal.task_id, renewal.attempt, renewal.stop_requested) == (claim.task_id, 1, True)


def test_a_lease_that_has_ended_is_not_renewed(database: Database, store: Store) -> None:
    """So whoever finds it expired may act on that: it stays expired."""
    run = store.start()
    claim = store.claim()
    with database.write() as c:
        expire(c)
        assert extend_leases(c, "worker-1", LEASE_MS, [claim.task_id]) == []
        assert expired_leases(c, 10) == [ExpiredLease(run.id, "only", 0, claim.attempt)]


def test_leases_end_by_the_databases_clock(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim(lease_ms=50)

    def is_over() -> bool:
        with database.read() as c:
            return is_expired(c, run.id, "only", 0, claim.attempt)

    until(is_over)
    with database.read() as c:
        assert expired_leases(c, 10) == [ExpiredLease(run.id, "only", 0, 1)]
        assert not is_expired(c, run.id, "only", 0, claim.attempt + 1)


def test_leases_that_still_run_are_not_expired(database: Database, store: Store) -> None:
    store.start()
    store.claim()
    with database.read() as c:
        assert expired_leases(c, 10) == []


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_renewing_does_not_wait_for_a_run_that_somebody_is_writing_to(
    database: Database, store: Store
) -> None:
    """On Postgres a finishing transaction holds its task; the worker's other leases are renewed meanwhile.
    (SQLite has one writer at a time, whatever it writes to.)"""
    run = store.start(workflow(run_step("a"), run_step("b")))
    first, second = store.claim(), store.claim()
    with database.write() as finishing:
        store.advance(finishing, run.id, TaskFinished("a", first.attempt, Succeeded()))
        with database.write() as c:
            renewed = extend_leases(c, "worker-1", 10 * LEASE_MS, [first.task_id, second.task_id])
    renewals = {renewal.task_id: renewal for renewal in renewed}
    assert not renewals[first.task_id].is_extended
    assert renewals[second.task_id].is_extended


def test_the_names_of_a_claimed_step_are_parameters_run_and_settled_steps(
    database: Database, store: Store
) -> None:
    steps = (run_step("a"), run_step("b", "a"), run_step("c", "a"))
    run = store.start(workflow(*steps), parameters={"version": "v1"})
    first = store.claim()
    with database.write() as c:
        locked = store.advance(c, run.id, TaskFinished("a", first.attempt, Succeeded({"url": "x"})))
        second = claim_in_run(c, locked, "worker-1", LEASE_MS, load_tasks(c, run.id).states)
    assert second is not None
    for names in (second.names, store.claim().names):
        assert names["params"] == {"version": "v1"}
        assert names["steps"] == {"a": {"result": {"url": "x"}, "status": "completed", "error": None}}
        assert isinstance(names["run"], dict)
        assert names["run"]["number"] == 1


def test_a_claim_names_the_folder_in_which_the_workflow_lies_now(store: Store) -> None:
    flow = workflow(run_step("a"), run_step("b", "a"))
    store.start(flow)
    store.start(replace(flow, folder="/elsewhere"))
    assert store.claim().workflow_folder == "/elsewhere"
