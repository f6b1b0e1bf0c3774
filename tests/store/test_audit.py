"""The audit trail: what is in it, and that nobody edits it unnoticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from engine.core.events import CancelRequested, Fact, Succeeded, TaskFinished
from store import audit_check
from store.audit import append_fact, append_to_run
from store.database import Connection, Database, now_ms
from store.errors import StaleWrite
from store.runs import lock_run
from tests.store.builders import ADA, BOB, TEAM, Store, at_once, run_step, workflow


def is_whole(database: Database, chain: str) -> bool:
    with database.read() as c:
        return audit_check.is_whole(c, chain)


def test_every_change_of_a_run_is_in_its_trail_with_who_did_it(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a"), run_step("b")))
    store.claim()
    store.happen(run.id, CancelRequested(BOB), actor=BOB)
    facts = store.picture(run.id, with_facts=True).facts
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    assert (facts[0]["kind"], facts[0]["actor"]) == ("run_started", ADA)
    assert (facts[-1]["kind"], facts[-1]["actor"], facts[-1]["data"]) == (
        "cancel_requested",
        BOB,
        {"by": BOB},
    )
    assert is_whole(database, run.id)


EDITS = {
    "a changed actor": f"UPDATE event SET actor = '{BOB}' WHERE seq = 2",
    "changed data": "UPDATE event SET data = '{}' WHERE seq = 2",
    "a changed time": "UPDATE event SET at = at + 1 WHERE seq = 2",
    "a line taken out": "DELETE FROM event WHERE seq = 2",
    "the end cut off": "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)",
    "everything deleted": "DELETE FROM event",
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_an_edit_is_detected(database: Database, store: Store, edit: str) -> None:
    run = store.start(workflow(run_step("a"), run_step("b", "a")))
    store.finish(store.claim())
    assert is_whole(database, run.id)
    with database.write() as c:
        c.execute(text(edit))
    assert not is_whole(database, run.id)


def test_what_belongs_to_no_run_is_in_the_workspaces_own_trail(database: Database, store: Store) -> None:
    store.start()
    with database.write() as c:
        append_fact(c, TEAM, None, ADA, "refused", {"what": "deploy"}, now_ms(c))
        append_fact(c, "T0002", None, ADA, "refused", {}, now_ms(c))
    with database.read() as c:
        rows = c.execute(text("SELECT team_id, seq, kind FROM event WHERE chain = 'T0001'")).all()
    assert rows == [(TEAM, 1, "refused")]
    assert is_whole(database, TEAM)
    assert is_whole(database, "T0002")
    assert store.start().number == 2
    assert is_whole(database, TEAM)


def test_facts_appended_at_once_make_one_chain(database: Database, store: Store) -> None:
    run = store.start()

    def append(number: int) -> None:
        chain = run.id if number % 2 else None
        with database.write() as c:
            append_fact(c, TEAM, chain, ADA, "refused", {"n": number}, now_ms(c))

    at_once(10, append)
    assert is_whole(database, run.id)
    assert is_whole(database, TEAM)
    with database.read() as c:
        assert c.execute(text("SELECT count(*) FROM event WHERE kind = 'refused'")).scalar_one() == 10


def by_the_lock(c: Connection, store: Store, run_id: str) -> None:
    locked = lock_run(c, run_id)
    assert locked is not None
    append_to_run(c, locked.chain, Fact("comment", {"text": "because"}), ADA, now_ms(c))
    append_to_run(c, locked.chain, Fact("comment", {"text": "of that"}), ADA, now_ms(c))


def by_the_id(c: Connection, store: Store, run_id: str) -> None:
    append_fact(c, TEAM, run_id, ADA, "comment", {}, now_ms(c))


@pytest.mark.parametrize("append", [by_the_lock, by_the_id])
def test_a_fact_may_be_appended_before_the_run_goes_on_in_the_same_transaction(
    database: Database, store: Store, append: Callable[[Connection, Store, str], None]
) -> None:
    run = store.start()
    claim = store.claim()
    with database.write() as c:
        append(c, store, run.id)
        store.advance(c, run.id, TaskFinished("only", claim.attempt, Succeeded()))
    assert is_whole(database, run.id)


def test_a_fact_behind_the_back_of_a_lock_is_noticed(database: Database, store: Store) -> None:
    run = store.start()

    def append_twice() -> None:
        with database.write() as c:
            locked = lock_run(c, run.id)
            assert locked is not None
            append_fact(c, TEAM, run.id, ADA, "comment", {}, now_ms(c))
            append_to_run(c, locked.chain, Fact("comment"), ADA, now_ms(c))

    with pytest.raises(StaleWrite):
        append_twice()
    assert is_whole(database, run.id)


def test_a_chain_that_does_not_exist_is_whole(database: Database) -> None:
    assert is_whole(database, "T0009")
