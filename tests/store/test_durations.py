"""How long the last runs of a workflow took: only those that completed, were real, and are recent."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine.core.events import Failed
from engine.core.expected import Expected, Usual
from store import durations
from store.database import Database
from store.durations import expected_durations
from store.reading import run_picture
from tests.store.builders import TEAM, Store, run_step, workflow

FLOW = workflow(run_step("a"), run_step("b", "a"), name="slow")


def expected(database: Database, name: str = "slow") -> Expected:
    with database.read() as c:
        return expected_durations(c, TEAM, name)


def ended_run(store: Store, seconds: int, *, fails: bool = False, is_rehearsal: bool = False) -> None:
    """A run of so many seconds, of which its step a took one less."""
    run = store.start(FLOW)
    store.finish(store.claim(), Failed("no") if fails else None)
    if not fails:
        store.finish(store.claim())
    values = {"run": run.id, "ms": seconds * 1000, "rehearsal": is_rehearsal}
    with store.database.write() as c:
        c.execute(
            text("UPDATE run SET finished_at = started_at + :ms, is_rehearsal = :rehearsal WHERE id = :run"),
            values,
        )
        took = "finished_at = started_at + :ms - 1000"
        c.execute(text(f"UPDATE task SET {took} WHERE run_id = :run AND step_id = 'a'"), values)


def test_a_workflow_that_never_ran_has_no_usual_duration(database: Database) -> None:
    found = expected(database)
    assert (found.run, found.steps) == (None, {})
    assert found.at > 0


def test_the_median_of_the_run_and_of_each_step_is_known_after_three_runs(
    database: Database, store: Store
) -> None:
    for seconds in (10, 40):
        ended_run(store, seconds)
    assert expected(database).run is None
    ended_run(store, 20)
    found = expected(database)
    assert found.run == Usual(20_000, 3)
    assert found.steps["a"] == Usual(19_000, 3)
    assert set(found.steps) == {"a", "b"}


def test_failed_runs_rehearsals_and_other_workflows_do_not_count(database: Database, store: Store) -> None:
    for _ in range(3):
        ended_run(store, 10)
        ended_run(store, 500, fails=True)
        ended_run(store, 500, is_rehearsal=True)
        store.start(workflow(name="other"))
        store.finish(store.claim())
    assert expected(database).run == Usual(10_000, 3)


def test_only_the_last_runs_count(database: Database, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durations, "_COMPLETED", durations._COMPLETED.limit(4))
    for seconds in (100, 100, 100, 100, 100, 10, 10, 10, 10):
        ended_run(store, seconds)
    assert expected(database).run == Usual(10_000, 4)


def test_a_picture_has_it_when_asked_for(database: Database, store: Store) -> None:
    for _ in range(3):
        ended_run(store, 10)
    run = store.start(FLOW)
    with database.read() as c:
        plain, measured = run_picture(c, run.id), run_picture(c, run.id, with_expected=True)
    assert plain is not None
    assert plain.expected is None
    assert measured is not None
    assert measured.expected is not None
    assert measured.expected.run == Usual(10_000, 3)
