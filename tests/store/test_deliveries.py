"""One request, one effect, whatever is repeated."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from engine.core.definition import JsonValue
from store.database import Database, now_ms
from store.deliveries import StoredResult, begin_delivery, complete_delivery, prune_deliveries
from store.runs import NewRun, insert_run
from tests.store.builders import ADA, TEAM, Store, at_once, workflow


def handle(database: Database, key: str) -> JsonValue:
    """A command as it answers Slack: its effect is one run, its answer the run's number."""
    with database.write() as c:
        stored = begin_delivery(c, key)
        if stored is not None:
            return stored.value
        number = insert_run(c, NewRun(TEAM, workflow(), {}, ADA)).number
        complete_delivery(c, key, {"run": number})
        return {"run": number}


def count_runs(database: Database) -> int:
    with database.read() as c:
        found: int = c.execute(text("SELECT count(*) FROM run")).scalar_one()
    return found


def test_a_repeated_request_gets_the_first_ones_answer(database: Database) -> None:
    assert [handle(database, "Ev1") for _ in range(3)] == [{"run": 1}] * 3
    assert handle(database, "Ev2") == {"run": 2}
    assert count_runs(database) == 2


def test_concurrent_repeats_have_one_effect_and_one_answer(database: Database, store: Store) -> None:
    answers = at_once(12, lambda _: handle(database, "Ev1"))
    assert answers == [{"run": 1}] * 12
    assert count_runs(database) == 1


def test_a_request_that_failed_may_come_again(database: Database) -> None:
    def begin_and_fail() -> None:
        with database.write() as c:
            assert begin_delivery(c, "Ev1") is None
            raise KeyError

    with pytest.raises(KeyError):
        begin_and_fail()
    assert handle(database, "Ev1") == {"run": 1}


def test_a_request_without_an_answer_is_still_a_repeat(database: Database) -> None:
    with database.write() as c:
        begin_delivery(c, "Ev1")
    with database.write() as c:
        assert begin_delivery(c, "Ev1") == StoredResult(None)


def test_old_keys_are_forgotten(database: Database) -> None:
    with database.write() as c:
        for key in ("old", "new"):
            begin_delivery(c, key)
        c.execute(text("UPDATE delivery SET created_at = 1 WHERE key = 'old'"))
        assert prune_deliveries(c, now_ms(c) - 60_000) == 1
        assert begin_delivery(c, "old") is None
        assert begin_delivery(c, "new") is not None
