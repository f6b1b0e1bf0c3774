"""Slots, queues, child runs and the items of fan-outs, as rows: who is first, who is whose, and what is counted."""

from __future__ import annotations

import pytest

from engine.core.definition import Step, StepKind, WorkflowAction
from engine.core.events import CancelRequested, RunStarted
from engine.core.state import RunStatus
from store import children, slots
from store.database import Connection
from store.runs import NewRun, ParentStep, insert_run
from tests.store.builders import ADA, TEAM, Store, at_once, run_step, wait_step, workflow

KEY = "deploy-eu"


def start(store: Store, *, key: str | None = KEY, parent: ParentStep | None = None) -> str:
    """A run as `begin_run` inserts it: queued, unless the slot is free. One without a key or parent waits for
    child runs."""
    waits = Step("pause", "Pause", StepKind.WORKFLOW, WorkflowAction("another"))
    flow = workflow(wait_step("pause") if key or parent else waits)
    store.workflows[flow.digest] = flow
    new = NewRun(TEAM, flow, {}, ADA, concurrency_key=key, parent=parent)
    with store.database.write() as c:
        is_queued = key is not None and slots.take_slot(c, TEAM, key, new.id) is not None
        insert_run(c, new)
        store.advance(c, new.id, RunStarted(is_queued))
    return new.id


def end(store: Store, run_id: str) -> None:
    assert store.happen(run_id, CancelRequested(ADA)).status is RunStatus.CANCELLED


def queue(c: Connection) -> tuple[str | None, list[str]]:
    found = slots.look_at_queue(c, TEAM, KEY)
    return found.holder.id if found.holder else None, [run.id for run in found.waiting]


def test_of_runs_with_one_key_one_has_the_slot_and_the_others_wait_in_their_order(store: Store) -> None:
    first, second, third = (start(store) for _ in range(3))
    with store.database.write() as c:
        assert queue(c) == (first, [second, third])
        assert slots.queued_keys(c) == [(TEAM, KEY)]
        assert [slots.place_in_queue(c, TEAM, KEY, number) for number in (2, 3)] == [1, 2]


def test_the_slot_of_a_run_that_has_ended_is_free_unless_somebody_waits_for_it(store: Store) -> None:
    first = start(store)
    end(store, first)
    second = start(store)
    third = start(store)
    end(store, second)
    fourth = start(store)
    with store.database.write() as c:
        assert queue(c) == (None, [third, fourth])
        slots.give_slot(c, TEAM, KEY, third)
    with store.database.write() as c:
        assert queue(c)[0] == third


def test_a_run_takes_its_own_slot_again(store: Store) -> None:
    first = start(store)
    end(store, first)
    with store.database.write() as c:
        assert slots.take_slot(c, TEAM, KEY, first) is None


def test_who_is_in_front_is_told_with_its_workflow_and_requester(store: Store) -> None:
    start(store)
    with store.database.write() as c:
        holder = slots.take_slot(c, TEAM, KEY, "another")
    assert holder is not None
    assert (holder.number, holder.workflow_name, holder.requester, holder.is_stopping) == (
        1,
        "deploy",
        ADA,
        False,
    )


def test_other_keys_and_other_workspaces_have_slots_of_their_own(store: Store) -> None:
    start(store)
    with store.database.write() as c:
        assert slots.take_slot(c, TEAM, "deploy-us", "another") is None
        assert slots.take_slot(c, "T0002", KEY, "a-third") is None


def test_of_many_that_take_a_slot_at_once_one_has_it(store: Store) -> None:
    run_ids = at_once(5, lambda number: start(store))
    with store.database.write() as c:
        holder, waiting = queue(c)
    assert {holder, *waiting} == set(run_ids)
    assert len(waiting) == 4


def test_places_that_change_are_drawn_again(store: Store) -> None:
    _, second, _ = (start(store) for _ in range(3))
    before = store.picture(second).version
    with store.database.write() as c:
        slots.redraw_queue(c, TEAM, KEY)
    assert store.picture(second).version == before + 1


# --- children


def test_a_family_is_a_run_with_all_below_it_and_its_ancestors_are_all_above(store: Store) -> None:
    top = start(store, key=None)
    child = start(store, key=None, parent=ParentStep(top, "pause", 1))
    grandchild = start(store, key=None, parent=ParentStep(child, "pause", 2))
    start(store, key=None)
    with store.database.read() as c:
        assert set(children.family(c, top)) == {top, child, grandchild}
        assert set(children.family(c, child)) == {child, grandchild}
        assert children.ancestors(c, grandchild) == {grandchild, child, top}
        assert children.ancestors(c, top) == {top}


def test_the_newest_child_of_a_step_is_the_one_that_counts(store: Store) -> None:
    top = start(store, key=None)
    older, newer = (start(store, key=None, parent=ParentStep(top, "pause", 1)) for _ in range(2))
    with store.database.read() as c:
        child = children.newest_child(c, top, "pause")
        assert children.newest_child(c, top, "other") is None
    assert child is not None
    assert (child.id, child.is_stopping) == (newer, False)
    end(store, older)
    with store.database.read() as c:
        assert children.unsettled_children(c, 10) == []
    end(store, newer)
    with store.database.read() as c:
        (found,) = children.unsettled_children(c, 10)
    assert (found.id, found.status, found.parent_run_id) == (newer, RunStatus.CANCELLED, top)


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_child_whose_parent_was_told_to_stop_is_found_until_it_stops(store: Store, is_forced: bool) -> None:
    top = start(store, key=None)
    child = start(store, key=None, parent=ParentStep(top, "pause", 1))
    with store.database.write() as c:
        statement = "UPDATE task SET stop_requested = true, stop_forced = {} WHERE run_id = '{}'"
        c.exec_driver_sql(statement.format("true" if is_forced else "false", top))
    with store.database.read() as c:
        (found,) = children.unsettled_children(c, 10)
    assert (found.id, found.is_to_be_forced) == (child, is_forced)


def test_a_step_without_children_has_none(store: Store) -> None:
    run = store.start(workflow(run_step("a")))
    with store.database.read() as c:
        assert children.newest_child(c, run.id, "a") is None
        assert children.unsettled_children(c, 10) == []
