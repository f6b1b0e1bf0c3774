"""Pictures and history: complete, in order, and with few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from engine.core.events import CancelRequested, Failed
from engine.core.state import RunStatus, TaskStatus
from store.database import Database
from store.logs import LogChunk, append_chunks
from store.reading import RunPulse, list_runs, run_picture, run_pulse
from store.tasks import claim_next, record_arguments
from tests.store.builders import (
    ADA,
    BOB,
    LEASE_MS,
    TEAM,
    Store,
    approval_step,
    run_step,
    workflow,
)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database meanwhile, without BEGIN."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith("BEGIN"):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_there_is_no_picture_of_a_run_that_does_not_exist(database: Database) -> None:
    with database.read() as c:
        assert run_picture(c, "0" * 32) is None


def test_tasks_are_shown_in_the_order_they_were_scheduled_and_then_what_is_to_come(
    database: Database, store: Store
) -> None:
    run = store.start(workflow(run_step("last", "mid"), run_step("mid", "first"), run_step("first")))
    assert [task.step_id for task in store.picture(run.id).tasks] == ["first", "last", "mid"]
    store.finish(store.claim())
    tasks = store.picture(run.id).tasks
    assert [task.step_id for task in tasks] == ["first", "mid", "last"]
    assert [task.is_scheduled for task in tasks] == [True, True, False]


def test_a_picture_has_everything_of_a_task(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), approval_step("ask", "a")))
    claim = store.claim()
    with database.write() as c:
        record_arguments(c, claim.task_id, claim.attempt, {"command": "true"})
        append_chunks(c, claim.task_id, 1, [LogChunk(1, "stdout", 1, "out"), LogChunk(2, "stderr", 2, "err")])
    store.finish(claim, Failed("exit code 2", {"x": 1}, exit_code=2))
    picture = store.picture(run.id)
    task = picture.tasks[0]
    assert (picture.workflow_title, picture.team_id, picture.number) == ("The deploy", TEAM, 1)
    assert picture.error == "Do a failed: exit code 2"
    assert (task.title, task.kind.value, task.attempt) == ("Do a", "run", 1)
    assert (task.arguments, task.result, task.exit_code) == ({"command": "true"}, {"x": 1}, 2)
    assert (task.stdout.text, task.stderr.text) == ("out", "err")
    assert task.scheduled_at is not None
    assert task.started_at is not None
    assert task.finished_at is not None
    assert task.scheduled_at <= task.started_at <= task.finished_at
    assert picture.tasks[1].status is TaskStatus.CANCELLED


def test_a_picture_without_output_reads_none(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim()
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [LogChunk(1, "stdout", 1, "out")])
    with database.read() as c, statements(database) as sent:
        picture = run_picture(c, run.id, with_output=False)
    assert picture is not None
    assert picture.tasks[0].stdout.text == ""
    assert not any("log_chunk" in statement for statement in sent)


def test_a_run_of_a_hundred_tasks_is_read_with_six_statements(database: Database, store: Store) -> None:
    steps = [run_step(f"s{number}") for number in range(99)]
    run = store.start(workflow(*steps, approval_step("ask")))
    with database.write() as c:
        for _ in range(99):
            claim = claim_next(c, "worker-1", LEASE_MS)
            assert claim is not None
            append_chunks(c, claim.task_id, 1, [LogChunk(1, "stdout", 1, claim.step_id)])
    with database.read() as c, statements(database) as sent:
        picture = run_picture(c, run.id, with_facts=True)
    assert picture is not None
    assert len(picture.tasks) == 100
    assert all(task.stdout.text == task.step_id for task in picture.tasks if task.kind.value == "run")
    assert len(sent) <= 6


def test_a_picture_is_of_one_instant(database: Database, store: Store) -> None:
    run = store.start()
    with database.read() as c:
        before = run_picture(c, run.id)
        store.claim()
        assert run_picture(c, run.id) == before


def test_claiming_and_finishing_a_step_takes_few_statements(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b", "a")))
    with statements(database) as sent:
        claim = store.claim()
    # candidate, run, task, attempt, and the results that the step's expressions may name
    assert len(sent) == 5
    with statements(database) as sent:
        store.finish(claim)
    # lock, snapshot, tasks, attempt, run, facts
    assert len(sent) == 6
    assert store.task(run.id, "a").status is TaskStatus.COMPLETED


# --- history


def numbers(database: Database, **filters: object) -> list[int]:
    with database.read() as c:
        return [run.number for run in list_runs(c, TEAM, **filters).runs]  # type: ignore[arg-type]


def history(store: Store) -> None:
    """Five runs: 1 and 3 of deploy, 2, 4 and 5 of report; 3 and 5 by Bob; 4 cancelled."""
    deploy, report = workflow(name="deploy"), workflow(name="report")
    store.start(deploy)
    store.start(report)
    store.start(deploy, requester=BOB)
    cancelled = store.start(report)
    store.start(report, requester=BOB)
    store.start(deploy, team="T0002")
    store.happen(cancelled.id, CancelRequested(ADA))


def test_history_is_newest_first_and_has_what_is_in_progress(database: Database, store: Store) -> None:
    history(store)
    assert numbers(database) == [5, 4, 3, 2, 1]
    with database.read() as c:
        newest = list_runs(c, TEAM).runs[0]
    assert (newest.workflow_name, newest.workflow_title, newest.requester) == ("report", "The report", BOB)
    assert (newest.status, newest.progress, newest.finished_at) == (RunStatus.PENDING, 0, None)


def test_history_can_be_narrowed(database: Database, store: Store) -> None:
    history(store)
    assert numbers(database, workflow="deploy") == [3, 1]
    assert numbers(database, requester=BOB) == [5, 3]
    assert numbers(database, status=RunStatus.CANCELLED) == [4]
    assert numbers(database, workflow="report", requester=BOB, status=RunStatus.PENDING) == [5]
    assert numbers(database, since=10**15) == []
    assert numbers(database, since=1) == [5, 4, 3, 2, 1]


def test_history_has_no_workflow_that_may_not_be_seen(database: Database, store: Store) -> None:
    history(store)
    assert numbers(database, workflows={"report"}) == [5, 4, 2]
    assert numbers(database, workflows=set()) == []
    assert numbers(database, workflow="deploy", workflows={"report"}) == []


def test_history_comes_in_pages(database: Database, store: Store) -> None:
    history(store)
    seen: list[int] = []
    older_than = None
    for expected in (2, 2, 1):
        with database.read() as c:
            page = list_runs(c, TEAM, limit=2, older_than=older_than)
        assert len(page.runs) == expected
        seen += [run.number for run in page.runs]
        older_than = page.older_than
    assert (seen, older_than) == ([5, 4, 3, 2, 1], None)


def test_a_full_last_page_has_no_next_one(database: Database, store: Store) -> None:
    history(store)
    with database.read() as c:
        assert list_runs(c, TEAM, limit=5).older_than is None
        assert list_runs(c, TEAM, limit=4).older_than == 2


def test_a_pulse_changes_with_whatever_a_picture_shows(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b")))

    def pulse() -> RunPulse:
        with database.read() as c:
            found = run_pulse(c, run.id)
        assert found is not None
        return found

    seen = [pulse()]
    assert pulse() == seen[0]
    claim = store.claim()
    seen.append(pulse())
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [LogChunk(1, "stdout", 1, "out")])
    seen.append(pulse())
    with database.write() as c:
        record_arguments(c, claim.task_id, 1, {"command": "true"})
    seen.append(pulse())
    assert len(set(seen)) == 4
    with database.read() as c:
        assert run_pulse(c, "0" * 32) is None
