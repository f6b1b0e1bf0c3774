"""Approvals, decisions and timers: who is counted, what happens by itself, and only once."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, NoResultFound

from engine.core.definition import OnTimeout
from engine.core.events import ApprovalDecided, ApprovalExpired, ApprovalStatus, CancelRequested, WaitEnded
from engine.core.picture import ApprovalPicture
from engine.core.plan import plan
from engine.core.state import Ballot, RunStatus, TaskStatus
from store.approvals import ballots_of, find_approval, insert_decision, open_approval_id, open_approvals
from store.database import Database, now_ms
from store.runs import apply_transition, load_snapshot, lock_run
from store.tables import approvals, timers
from store.timers import Timer, due_timers, fire_timer
from tests.store.builders import (
    ADA,
    BOB,
    CYD,
    TEAM,
    Literally,
    Store,
    approval_step,
    at_once,
    wait_step,
    workflow,
)


def ask(store: Store, *, required: int = 1, on_timeout: OnTimeout = OnTimeout.REJECT) -> tuple[str, str]:
    """A run that waits for an approval; the ids of both."""
    run = store.start(workflow(approval_step("ask", required=required, on_timeout=on_timeout)))
    (approval,) = store.picture(run.id).approvals
    return run.id, approval.id


def decide(store: Store, run_id: str, approval_id: str, user_id: str, approve: bool = True) -> bool:
    """What a command does, under the run's lock: plan from the ballots before, and record this one."""
    with store.database.write() as c:
        locked = lock_run(c, run_id)
        assert locked is not None
        snapshot = load_snapshot(c, locked)
        if not insert_decision(c, approval_id, user_id, approve, f"from {user_id}", locked.now):
            return False
        event = ApprovalDecided("ask", Ballot(user_id, approve))
        answer = plan(store.workflows[locked.workflow_digest], snapshot, event, Literally())
        apply_transition(c, locked, answer, locked.now, user_id)
    return True


def approval_of(store: Store, run_id: str) -> ApprovalPicture:
    (approval,) = store.picture(run_id).approvals
    return approval


def make_due(database: Database) -> None:
    with database.write() as c:
        c.execute(text("UPDATE timer SET due_at = 1"))


def due(database: Database) -> list[Timer]:
    with database.read() as c:
        return due_timers(c, 10)


def test_an_approval_is_kept_with_who_may_answer_it(database: Database, store: Store) -> None:
    run_id, approval_id = ask(store)
    picture = store.picture(run_id)
    assert picture.status is RunStatus.WAITING_FOR_APPROVAL
    with database.read() as c:
        key = find_approval(c, approval_id)
    assert key is not None
    assert (key.run_id, key.run_number, key.step_id, key.workflow_name) == (run_id, 1, "ask", "deploy")
    assert (key.approver_users, key.approver_groups) == ((BOB, CYD), ("S1",))
    assert (key.required, key.allow_self, key.requester, key.team_id) == (1, False, ADA, TEAM)
    assert (key.status, key.title, key.channel_id) == (ApprovalStatus.OPEN, "Ship it?", "C0GENERAL")
    assert key.expires_at == key.created_at + 60_000
    approval = approval_of(store, run_id)
    assert (approval.title, approval.message) == ("Ship it?", "To production.")
    assert approval.approver_users == (BOB, CYD)


def test_there_is_no_approval_with_an_unknown_id(database: Database) -> None:
    with database.read() as c:
        assert find_approval(c, "0" * 32) is None


def test_open_approvals_of_a_workspace_are_listed_oldest_first(database: Database, store: Store) -> None:
    first, second = ask(store), ask(store)
    store.start(workflow(approval_step("ask")), team="T0002")
    with database.read() as c:
        assert [key.id for key in open_approvals(c, TEAM)] == [first[1], second[1]]
    decide(store, *first, BOB)
    with database.read() as c:
        assert [key.id for key in open_approvals(c, TEAM)] == [second[1]]


def test_an_approval_lets_the_run_go_on(store: Store) -> None:
    run_id, approval_id = ask(store)
    assert decide(store, run_id, approval_id, BOB)
    picture = store.picture(run_id)
    approval = approval_of(store, run_id)
    assert (picture.status, approval.status) == (RunStatus.COMPLETED, ApprovalStatus.APPROVED)
    assert approval.closed_at is not None
    (decision,) = approval.decisions
    assert (decision.user_id, decision.approve, decision.comment) == (BOB, True, f"from {BOB}")


def test_a_rejection_ends_the_run(store: Store) -> None:
    run_id, approval_id = ask(store, required=2)
    assert decide(store, run_id, approval_id, BOB, approve=False)
    assert store.picture(run_id).status is RunStatus.REJECTED
    assert approval_of(store, run_id).status is ApprovalStatus.REJECTED


def test_nobody_decides_twice(store: Store) -> None:
    run_id, approval_id = ask(store, required=2)
    assert decide(store, run_id, approval_id, BOB)
    assert not decide(store, run_id, approval_id, BOB, approve=False)
    assert [vote.approve for vote in approval_of(store, run_id).decisions] == [True]
    assert store.picture(run_id).status is RunStatus.WAITING_FOR_APPROVAL
    assert decide(store, run_id, approval_id, CYD)
    assert store.picture(run_id).status is RunStatus.COMPLETED


def test_a_closed_approval_takes_no_decision(store: Store) -> None:
    run_id, approval_id = ask(store)
    decide(store, run_id, approval_id, BOB)
    assert not decide(store, run_id, approval_id, CYD, approve=False)
    assert len(approval_of(store, run_id).decisions) == 1


def test_of_twenty_people_at_once_one_decides(store: Store) -> None:
    run_id, approval_id = ask(store)
    answers = at_once(20, lambda n: decide(store, run_id, approval_id, f"U{n}", approve=n % 2 == 0))
    assert sorted(answers) == [False] * 19 + [True]
    picture = store.picture(run_id, with_facts=True)
    assert len(approval_of(store, run_id).decisions) == 1
    assert sum(fact["kind"] == "decision_made" for fact in picture.facts) == 1


def test_of_twenty_clicks_of_one_person_at_once_one_counts(store: Store) -> None:
    run_id, approval_id = ask(store, required=2)
    answers = at_once(20, lambda _: decide(store, run_id, approval_id, BOB))
    assert sorted(answers) == [False] * 19 + [True]
    assert store.picture(run_id).status is RunStatus.WAITING_FOR_APPROVAL


def test_a_second_open_approval_of_one_task_is_refused_by_the_database(
    database: Database, store: Store
) -> None:
    ask(store)
    with database.read() as c:
        row = dict(c.execute(approvals.select()).mappings().one())
    with pytest.raises(IntegrityError), database.write() as c:
        c.execute(approvals.insert(), row | {"id": "another"})


def test_a_timer_fires_once_for_all_processes(database: Database, store: Store) -> None:
    run = store.start(workflow(wait_step("pause")))
    make_due(database)
    (timer,) = due(database)
    assert (timer.run_id, timer.step_id, timer.kind) == (run.id, "pause", "wait")

    def fire(_: int) -> bool:
        with database.write() as c:
            lock_run(c, run.id)
            return fire_timer(c, timer.id, now_ms(c))

    assert sorted(at_once(6, fire)) == [False] * 5 + [True]
    assert due(database) == []


def test_a_timer_is_not_due_before_its_time(database: Database, store: Store) -> None:
    store.start(workflow(wait_step("pause", duration="10m")))
    assert due(database) == []
    with database.write() as c:
        found = c.execute(timers.select()).one()
        assert 590_000 < found.due_at - now_ms(c) <= 600_000
        assert not fire_timer(c, found.id, now_ms(c))


def test_the_end_of_a_wait_goes_on_with_the_run(database: Database, store: Store) -> None:
    run = store.start(workflow(wait_step("pause")))
    make_due(database)
    store.happen(run.id, WaitEnded("pause"), actor="timer")
    assert store.picture(run.id).status is RunStatus.COMPLETED
    assert due(database) == []


@pytest.mark.parametrize(
    ("on_timeout", "closed_as", "status"),
    [
        (OnTimeout.REJECT, ApprovalStatus.EXPIRED, RunStatus.REJECTED),
        (OnTimeout.APPROVE, ApprovalStatus.APPROVED, RunStatus.COMPLETED),
    ],
)
def test_an_approval_that_nobody_decides_expires(
    database: Database, store: Store, on_timeout: OnTimeout, closed_as: ApprovalStatus, status: RunStatus
) -> None:
    run_id, _ = ask(store, on_timeout=on_timeout)
    make_due(database)
    assert [timer.kind for timer in due(database)] == ["approval"]
    store.happen(run_id, ApprovalExpired("ask"), actor="timer")
    assert store.picture(run_id).status is status
    assert approval_of(store, run_id).status is closed_as


def test_what_is_decided_or_cancelled_leaves_no_timer(database: Database, store: Store) -> None:
    decided, cancelled = ask(store), ask(store)
    paused = store.start(workflow(wait_step("pause")))
    decide(store, *decided, BOB)
    store.happen(cancelled[0], CancelRequested(ADA))
    store.happen(paused.id, CancelRequested(ADA))
    make_due(database)
    assert due(database) == []
    assert store.task(paused.id, "pause").status is TaskStatus.CANCELLED


def test_the_open_approval_of_a_step_and_its_ballots_are_found(database: Database, store: Store) -> None:
    run_id, approval_id = ask(store, required=3)
    decide(store, run_id, approval_id, CYD)
    decide(store, run_id, approval_id, BOB)
    with database.read() as c:
        assert open_approval_id(c, run_id, "ask") == approval_id
        assert ballots_of(c, approval_id) == [Ballot(CYD, True), Ballot(BOB, True)]
    store.happen(run_id, CancelRequested(ADA))
    with database.read() as c, pytest.raises(NoResultFound):
        open_approval_id(c, run_id, "ask")
