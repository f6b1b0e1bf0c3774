"""Old runs are forgotten whole, and nothing else is; the audit trail says so and stays whole."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from engine.core.events import CancelRequested
from engine.core.log import LogChunk
from engine.loops.pruner import count_old_runs, prune_runs
from store import audit_check, links, logs, pruning, surfaces
from store.approvals import insert_decision
from store.database import Database, now_ms
from store.runs import NewRun, ParentStep, insert_run
from store.surfaces import NewSurface, SurfaceKind
from store.tables import metadata
from tests.store.builders import ADA, BOB, TEAM, Store, approval_step, at_once, run_step, workflow

DAY = 24 * 3600 * 1000
KEEP = 90 * DAY
KEPT_TABLES = {"workspace", "event"}


def age(database: Database, run_id: str, days: int) -> None:
    with database.write() as c:
        moved = "created_at = created_at - :by, finished_at = finished_at - :by"
        c.execute(text(f"UPDATE run SET {moved} WHERE id = :run"), {"by": days * DAY, "run": run_id})


def ended_run(store: Store, days: int, name: str = "deploy") -> str:
    run = store.start(workflow(run_step("a"), name=name))
    store.finish(store.claim())
    age(store.database, run.id, days)
    return run.id


def run_ids(database: Database) -> set[str]:
    with database.read() as c:
        return set(c.execute(text("SELECT id FROM run")).scalars())


def require_whole_trail(database: Database) -> None:
    with database.read() as c:
        assert (audit_check.check_runs(c, "")[0] + audit_check.check_workspaces(c)).faults == ()


def full_run(store: Store) -> str:
    """An ended run that has left something in as many tables as it can."""
    run = store.start(workflow(run_step("a"), approval_step("b", "a"), name="full"))
    claim = store.claim()
    with store.database.write() as c:
        chunks = [LogChunk(n, "stdout", 1, f"line {n}") for n in range(1, 4)]
        logs.append_chunks(c, claim.task_id, claim.attempt, chunks)
    store.finish(claim)
    with store.database.write() as c:
        (approval,) = store.picture(run.id).approvals
        assert insert_decision(c, approval.id, BOB, True, "fine", now_ms(c))
        view = NewSurface(TEAM, run.id, SurfaceKind.DIALOG, user_id=ADA, view_id="V1")
        surfaces.insert_surface(c, view, due_at=0)
        asked = NewSurface(TEAM, run.id, SurfaceKind.APPROVAL, "C0GENERAL", approval_id=approval.id)
        surfaces.insert_surface(c, asked, due_at=0)
        links.mint_link(c, TEAM, ADA, run.id)
        links.open_session(c, TEAM, ADA, run.id, 1000)
    store.happen(run.id, CancelRequested(ADA))
    return run.id


def test_a_run_that_ended_long_ago_is_forgotten_with_all_that_belongs_to_it(
    database: Database, store: Store
) -> None:
    run_id = full_run(store)
    age(database, run_id, 91)
    assert count_old_runs(database, KEEP) == 1
    assert prune_runs(database, KEEP, "terminal") == 1
    with database.write() as c:  # the version was kept just now, not 91 days ago
        c.execute(text("UPDATE workflow_version SET created_at = 1"))
    prune_runs(database, KEEP)
    with database.read() as c:
        left = {
            name
            for name in metadata.tables
            if c.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() and name != "alembic_version"
        }
    assert left <= KEPT_TABLES | {"lease", "delivery"}


def test_what_was_forgotten_is_in_the_workspaces_trail_and_the_rest_stays_whole(
    database: Database, store: Store
) -> None:
    old, young = ended_run(store, 100), ended_run(store, 1)
    with database.read() as c:
        head = c.execute(text("SELECT chain_head, chain_length FROM run WHERE id = :run"), {"run": old}).one()
    prune_runs(database, KEEP, "terminal")
    assert run_ids(database) == {young}
    with database.read() as c:
        (line,) = c.execute(text("SELECT actor, data FROM event WHERE kind = 'pruned'")).all()
    said = {"run": 1, "id": old, "head": head.chain_head, "count": head.chain_length}
    assert (line.actor, json.loads(line.data)) == ("terminal", said)
    require_whole_trail(database)
    assert store.start().number == 3


def test_a_run_in_progress_is_kept_however_old_it_is(database: Database, store: Store) -> None:
    waiting = store.start(workflow(approval_step("a")))
    age(database, waiting.id, 4000)
    assert prune_runs(database, KEEP) == 0
    assert run_ids(database) == {waiting.id}


def family(store: Store) -> tuple[str, str, str]:
    """A parent, a child and a grandchild, all ended."""
    ids: list[str] = []
    for depth in range(3):
        flow = workflow(run_step("a"), name="kin")
        store.workflows[flow.digest] = flow
        parent = ParentStep(ids[-1], "a", depth) if ids else None
        with store.database.write() as c:
            ids.append(insert_run(c, NewRun(TEAM, flow, {}, ADA, parent=parent)).id)
    for run_id in ids:
        store.happen(run_id, CancelRequested(ADA))
    return ids[0], ids[1], ids[2]


@pytest.mark.parametrize("youngest", [0, 1, 2, None])
def test_a_family_is_forgotten_together_once_all_of_it_is_old(
    database: Database, store: Store, youngest: int | None
) -> None:
    members = family(store)
    for place, run_id in enumerate(members):
        age(database, run_id, 1 if place == youngest else 100)
    assert count_old_runs(database, KEEP) == (3 if youngest is None else 0)
    assert prune_runs(database, KEEP) == (3 if youngest is None else 0)
    assert run_ids(database) == (set() if youngest is None else set(members))
    require_whole_trail(database)


@pytest.mark.parametrize("active", [0, 1, 2])
def test_a_family_of_which_one_is_in_progress_is_kept(database: Database, store: Store, active: int) -> None:
    members = family(store)
    for run_id in members:
        age(database, run_id, 100)
    with database.write() as c:
        statement = text("UPDATE run SET status = 'running', finished_at = NULL WHERE id = :run")
        c.execute(statement, {"run": members[active]})
    assert prune_runs(database, KEEP) == 0
    assert run_ids(database) == set(members)


def test_old_runs_are_found_behind_many_that_are_kept(
    database: Database, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_OLDEST", pruning._OLDEST.limit(2))
    monkeypatch.setattr(pruning, "RUNS_AT_ONCE", 2)
    kept = {store.start(workflow(approval_step("a"))).id for _ in range(3)}
    for run_id in kept:
        age(database, run_id, 200)
    ended_run(store, 150)
    ended_run(store, 149)
    assert prune_runs(database, KEEP) == 2
    assert run_ids(database) == kept


def test_output_goes_piece_by_piece(database: Database, store: Store) -> None:
    run_id = full_run(store)
    with database.write() as c:
        assert pruning.remove_some_output(c, [run_id])
        assert not pruning.remove_some_output(c, [run_id])


def test_a_workflow_version_goes_with_its_last_run(database: Database, store: Store) -> None:
    ended_run(store, 100, "old")
    ended_run(store, 1, "young")
    with database.write() as c:
        c.execute(text("UPDATE workflow_version SET created_at = 1"))
    prune_runs(database, KEEP)
    with database.read() as c:
        assert c.execute(text("SELECT name FROM workflow_version")).scalars().all() == ["young"]


def test_a_slot_goes_with_its_run(database: Database, store: Store) -> None:
    old, young = ended_run(store, 100), ended_run(store, 1)
    with database.write() as c:
        for run_id in (old, young):
            c.execute(text("INSERT INTO slot VALUES ('T0001', :key, :run)"), {"key": run_id, "run": run_id})
    prune_runs(database, KEEP)
    with database.read() as c:
        assert c.execute(text("SELECT run_id FROM slot")).scalars().all() == [young]


def test_many_may_prune_at_once(database: Database, store: Store) -> None:
    for _ in range(12):
        ended_run(store, 100)
    counts = at_once(4, lambda _: prune_runs(database, KEEP))
    assert sum(counts) == 12
    assert run_ids(database) == set()
    require_whole_trail(database)
