"""Runs from their first row to their last: what a transition writes, and what it refuses to write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from engine.core.definition import JsonValue
from engine.core.errors import Busy
from engine.core.events import (
    CancelRequested,
    Failed,
    RunStarted,
    Stopped,
    Succeeded,
    TaskFinished,
    Transition,
    WorkerLost,
)
from engine.core.plan import plan
from engine.core.state import RunStatus, TaskState, TaskStatus
from store.database import Connection, Database, now_ms
from store.errors import StaleWrite
from store.runs import NewRun, apply_transition, find_run, insert_run, load_snapshot, lock_run, run_key
from store.versions import keep_version, load_source
from tests.store.builders import (
    ADA,
    BOB,
    TEAM,
    Literally,
    Store,
    approval_step,
    at_once,
    run_step,
    wait_step,
    workflow,
)


def test_runs_are_numbered_per_workspace_from_one(store: Store) -> None:
    numbers = [store.start(team=team).number for team in ("T1", "T1", "T2", "T1")]
    assert numbers == [1, 2, 1, 3]


def test_runs_started_at_once_get_different_numbers(store: Store) -> None:
    numbers = at_once(8, lambda _: store.start().number)
    assert sorted(numbers) == list(range(1, 9))


def test_a_run_that_was_not_committed_leaves_no_number_and_no_row(store: Store) -> None:
    def start_and_fail() -> None:
        with store.database.write() as c:
            insert_run(c, NewRun(TEAM, workflow(), {}, ADA))
            raise KeyError

    with pytest.raises(KeyError):
        start_and_fail()
    assert store.start().number == 1


def test_a_new_run_has_its_steps_in_the_files_order(store: Store) -> None:
    run = store.start(workflow(run_step("b"), run_step("a", "b"), run_step("c", "a")))
    picture = store.picture(run.id)
    assert [task.step_id for task in picture.tasks] == ["b", "a", "c"]
    assert [task.is_scheduled for task in picture.tasks] == [True, False, False]
    assert (picture.status, picture.requester, picture.channel_id) == (RunStatus.PENDING, ADA, "C0GENERAL")


def test_parameters_come_back_as_they_went_in(store: Store) -> None:
    parameters: dict[str, JsonValue] = {
        "text": "ü 🚀 'x'; --",
        "half": "\ud83d",
        "nul": "a\0b",
        "number": 1.5,
        "many": ["a", None],
    }
    run = store.start(parameters=parameters)
    assert store.picture(run.id).parameters == parameters


def test_a_run_is_found_by_its_number_in_its_own_workspace_only(database: Database, store: Store) -> None:
    run = store.start()
    with database.read() as c:
        key = find_run(c, TEAM, run.number)
        assert key is not None
        assert (key.id, key.number, key.workflow_name) == (run.id, 1, "deploy")
        assert (key.requester, key.status, key.channel_id) == (ADA, RunStatus.PENDING, "C0GENERAL")
        assert run_key(c, run.id) == key
        assert find_run(c, "T0002", run.number) is None
        assert run_key(c, "0" * 32) is None


def test_locking_counts_the_version_up(database: Database, store: Store) -> None:
    run = store.start()
    before = store.picture(run.id).version
    with database.write() as c:
        locked = lock_run(c, run.id)
        assert locked is not None
        assert abs(locked.now - now_ms(c)) < 10_000
    assert locked.version == before + 1 == store.picture(run.id).version


def test_there_is_no_lock_for_a_run_that_does_not_exist(database: Database) -> None:
    with database.write() as c:
        assert lock_run(c, "0" * 32) is None


def test_a_second_locker_waits_for_the_first(database_url: str, store: Store) -> None:
    run = store.start()

    def add_one(_: int) -> int:
        with store.database.write() as c:
            locked = lock_run(c, run.id)
            assert locked is not None
            return locked.version

    versions = at_once(8, add_one)
    assert sorted(versions) == list(range(min(versions), min(versions) + 8))


def test_a_lock_that_is_held_too_long_is_busy_and_nothing_is_done(database_url: str, store: Store) -> None:
    run = store.start()
    impatient = Database(database_url, lock_timeout_seconds=0.2)
    with store.database.write() as c:
        lock_run(c, run.id)
        with pytest.raises(Busy), impatient.write() as other:
            lock_run(other, run.id)
    impatient.dispose()


def test_the_snapshot_is_the_run_as_planning_knows_it(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), approval_step("ask"), run_step("b", "a")), parameters={"x": 1})
    claim = store.claim()
    with database.write() as c:
        locked = lock_run(c, run.id)
        assert locked is not None
        snapshot = load_snapshot(c, locked)
    assert list(snapshot.tasks) == ["a", "ask", "b"]
    assert snapshot.tasks["a"] == TaskState("a", TaskStatus.RUNNING, attempt=claim.attempt)
    assert snapshot.tasks["b"] == TaskState("b", TaskStatus.PENDING)
    assert snapshot.approvals["ask"].required == 1
    assert (snapshot.parameters, snapshot.requester, snapshot.status) == ({"x": 1}, ADA, RunStatus.RUNNING)
    assert {key: snapshot.context[key] for key in ("number", "requester", "channel")} == {
        "number": 1,
        "requester": ADA,
        "channel": "C0GENERAL",
    }
    assert str(snapshot.context["started_at"]).startswith("20")


def test_a_run_goes_from_step_to_step_to_its_end(store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b", "a")))
    first = store.claim()
    store.finish(first, Succeeded({"n": 1}, exit_code=0))
    second = store.claim()
    store.finish(second)
    picture = store.picture(run.id)
    assert (first.step_id, second.step_id) == ("a", "b")
    assert (picture.status, picture.progress, picture.outputs) == (RunStatus.COMPLETED, 100, {})
    done = picture.tasks[0]
    assert (done.status, done.result, done.exit_code, done.attempt) == (
        TaskStatus.COMPLETED,
        {"n": 1},
        0,
        1,
    )
    times = [picture.created_at, picture.started_at, done.finished_at, picture.finished_at]
    assert None not in times
    assert times == sorted(times, key=lambda time: time or 0)


def test_a_failure_keeps_its_error_and_cancels_what_was_to_come(store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b", "a")))
    store.finish(store.claim(), Failed("exit code 3", exit_code=3))
    picture = store.picture(run.id)
    assert (picture.status, picture.outcome) == (RunStatus.FAILED, RunStatus.FAILED)
    assert picture.failing_task is not None
    assert (picture.failing_task.error, picture.failing_task.exit_code) == ("exit code 3", 3)
    assert picture.tasks[1].status is TaskStatus.CANCELLED


def test_an_old_attempts_outcome_changes_nothing(database: Database, store: Store) -> None:
    """Its worker was given up; another one has the task now."""
    run = store.start(workflow(run_step("a", idempotent=True)))
    old = store.claim("worker-1")
    store.happen(run.id, WorkerLost("a", old.attempt), actor="reconciler")
    new = store.claim("worker-2")
    store.finish(old, Succeeded("old"))
    task = store.task(run.id, "a")
    assert (task.status, task.attempt, task.result) == (TaskStatus.RUNNING, new.attempt, None)
    store.finish(new, Succeeded("new"))
    assert store.task(run.id, "a").result == "new"


def test_a_transition_planned_for_another_attempt_is_refused_as_a_whole(
    database: Database, store: Store
) -> None:
    """Even if planning had been wrong about the attempt, the conditional writes are not."""
    run = store.start(workflow(run_step("a", idempotent=True), run_step("b", "a")))
    old = store.claim()
    with database.write() as c:
        stale = plan_of(store, c, run.id, TaskFinished("a", old.attempt, Succeeded("old")))
    store.happen(run.id, WorkerLost("a", old.attempt))
    store.claim("worker-2")
    before = store.picture(run.id, with_facts=True)
    with pytest.raises(StaleWrite):
        write_down(database, run.id, stale)
    assert store.picture(run.id, with_facts=True) == before


def plan_of(store: Store, c: Connection, run_id: str, event: TaskFinished) -> Transition:
    locked = lock_run(c, run_id)
    assert locked is not None
    return plan(store.workflows[locked.workflow_digest], load_snapshot(c, locked), event, Literally())


def write_down(database: Database, run_id: str, transition: Transition) -> None:
    with database.write() as c:
        locked = lock_run(c, run_id)
        assert locked is not None
        apply_transition(c, locked, transition, locked.now, ADA)


def test_a_run_that_has_ended_is_not_changed_any_more(database: Database, store: Store) -> None:
    run = store.start()
    store.finish(store.claim())
    late = Transition(RunStatus.FAILED, tasks=(TaskState("only", TaskStatus.FAILED, 1),))
    with pytest.raises(StaleWrite):
        write_down(database, run.id, late)
    assert store.picture(run.id).status is RunStatus.COMPLETED


def test_a_noop_writes_nothing_but_the_version(database: Database, store: Store) -> None:
    run = store.start()
    before = store.picture(run.id, with_facts=True)
    store.happen(run.id, RunStarted())
    after = store.picture(run.id, with_facts=True)
    assert replace(after, version=before.version) == before


def test_a_lost_worker_gives_an_idempotent_step_back(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a", idempotent=True)))
    claim = store.claim()
    store.happen(run.id, WorkerLost("a", claim.attempt), actor="reconciler")
    task = store.task(run.id, "a")
    assert (task.status, task.started_at, task.is_scheduled) == (TaskStatus.PENDING, None, True)
    with database.read() as c:
        row = c.execute(text("SELECT outcome, finished_at FROM attempt")).one()
    assert row.outcome == "lost"
    assert row.finished_at is not None
    assert store.claim("worker-2").attempt == 2


def test_cancelling_tells_running_steps_to_stop_and_names_who_did_it(
    database: Database, store: Store
) -> None:
    run = store.start(workflow(run_step("a"), wait_step("pause"), approval_step("ask"), run_step("b", "a")))
    claim = store.claim()
    store.happen(run.id, CancelRequested(BOB), actor=BOB)
    picture = store.picture(run.id)
    assert (picture.is_stopping, picture.cancelled_by) == (True, BOB)
    assert [task.status.value for task in picture.tasks] == ["running", *["cancelled"] * 3]
    assert [approval.status.value for approval in picture.approvals] == ["cancelled"]
    with database.read() as c:
        assert c.execute(text("SELECT stop_requested FROM task WHERE step_id = 'a'")).scalar_one()
        assert c.execute(text("SELECT count(*) FROM timer")).scalar_one() == 0
    store.finish(claim, Stopped())
    picture = store.picture(run.id)
    assert (picture.status, picture.cancelled_by) == (RunStatus.CANCELLED, BOB)


def test_who_cancels_second_is_not_named(store: Store) -> None:
    run = store.start()
    store.claim()
    store.happen(run.id, CancelRequested(BOB), actor=BOB)
    store.happen(run.id, CancelRequested(ADA), actor=ADA)
    assert store.picture(run.id).cancelled_by == BOB


def test_a_skipped_step_counts_as_scheduled(store: Store) -> None:
    run = store.start(workflow(run_step("a", condition="false"), run_step("b")))
    tasks = {task.step_id: task for task in store.picture(run.id).tasks}
    assert (tasks["a"].status, tasks["a"].is_scheduled) == (TaskStatus.SKIPPED, True)


def test_a_running_task_without_a_lease_is_refused_by_the_database(database: Database, store: Store) -> None:
    store.start()
    with pytest.raises(Exception, match="running_has_lease"), database.write() as c:
        c.execute(text("UPDATE task SET status = 'running', worker = 'w'"))


def test_a_status_that_does_not_exist_is_refused_by_the_database(database: Database, store: Store) -> None:
    store.start()
    for table in ("run", "task"):
        with pytest.raises(Exception, match=r"CHECK|check"), database.write() as c:
            c.execute(text(f"UPDATE {table} SET status = 'confused'"))


def test_a_version_is_kept_once_and_found_where_its_file_lies_now(database: Database) -> None:
    flow = workflow(source="name: deploy\n# ü\n")
    with database.write() as c:
        keep_version(c, flow)
        keep_version(c, flow)
        assert load_source(c, flow.digest) == flow.source
        keep_version(c, replace(flow, folder="/elsewhere"))
        assert c.execute(text("SELECT folder FROM workflow_version")).scalar_one() == "/elsewhere"
