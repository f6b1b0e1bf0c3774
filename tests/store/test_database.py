"""Transactions: what they see, what they wait for, and what their errors say."""

from __future__ import annotations

import fcntl
import itertools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from engine.core.errors import Busy, Problem
from store.columns import clean_text, to_json
from store.database import Database, now_ms
from tests.store.builders import at_once
from tests.support.databases import PostgresServer

COUNT = text("SELECT count(*) FROM delivery")


def insert(key: str) -> str:
    return f"INSERT INTO delivery (key, created_at) VALUES ('{key}', 0)"


@pytest.fixture
def impatient(database_url: str) -> Iterator[Database]:
    database = Database(database_url, lock_timeout_seconds=0.2)
    yield database
    database.dispose()


def count(database: Database) -> int:
    with database.read() as c:
        found: int = c.execute(COUNT).scalar_one()
    return found


def test_a_block_that_ends_well_is_committed(database: Database) -> None:
    with database.write() as c:
        c.execute(text(insert("a")))
    assert count(database) == 1


def test_an_exception_undoes_everything(database: Database) -> None:
    def insert_and_fail() -> None:
        with database.write() as c:
            c.execute(text(insert("a")))
            raise KeyError("a")

    with pytest.raises(KeyError):
        insert_and_fail()
    assert count(database) == 0


def test_a_reader_sees_one_instant_while_others_write(database: Database) -> None:
    with database.read() as reader:
        before = reader.execute(COUNT).scalar_one()
        with database.write() as writer:
            writer.execute(text(insert("a")))
        assert (before, reader.execute(COUNT).scalar_one()) == (0, 0)
    assert count(database) == 1


def test_writers_of_one_process_and_of_others_lose_nothing(database_url: str, database: Database) -> None:
    other = Database(database_url)

    def add(number: int) -> None:
        for turn in range(10):
            with (database, other)[number % 2].write() as c:
                found = c.execute(COUNT).scalar_one()
                c.execute(text(insert(f"{number}-{turn}-{found}")))

    at_once(8, add)
    other.dispose()
    assert count(database) == 80


def test_a_process_that_writes_again_and_again_does_not_keep_another_one_out(
    database_url: str, database: Database
) -> None:
    other = Database(database_url, lock_timeout_seconds=1.0)
    is_enough = threading.Event()

    def write_again_and_again() -> None:
        for turn in itertools.count():
            if is_enough.is_set():
                return
            with database.write() as c:
                c.execute(text(insert(f"greedy-{turn}")))
                time.sleep(0.003)

    with ThreadPoolExecutor(1) as pool:
        greedy = pool.submit(write_again_and_again)
        try:
            for turn in range(20):
                with other.write() as c:  # Busy when it has to wait for longer than a second
                    c.execute(text(insert(f"modest-{turn}")))
        finally:
            is_enough.set()
            greedy.result(timeout=30)
            other.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_frozen_process_whose_turn_it_is_keeps_nobody_out(database: Database, impatient: Database) -> None:
    with database.write():
        begun = run_in_thread(lambda: write_again(impatient))
    assert isinstance(begun, Busy)  # by which it has its file of turns
    with open(f"{make_url(impatient.url).database}-turn") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        write_again(impatient)
    assert count(database) == 1


@pytest.mark.parametrize("is_same_process", [True, False])
def test_a_lock_that_is_not_to_be_had_in_time_is_busy(
    database: Database, impatient: Database, is_same_process: bool
) -> None:
    holder = impatient if is_same_process else database
    with holder.write() as c:
        c.execute(text(insert("a")))
        error = run_in_thread(lambda: write_again(impatient))
    assert isinstance(error, Busy)
    assert "Nothing was changed" in error.sentence
    assert count(database) == 1


def write_again(database: Database) -> None:
    """Wants the row that the holder has not committed yet."""
    with database.write() as c:
        c.execute(text(insert("a")))


def run_in_thread(do: Callable[[], None]) -> BaseException | None:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(do).exception(timeout=30)


def test_an_error_that_is_no_lock_stays_what_it_is(database: Database) -> None:
    with pytest.raises(DBAPIError), database.write() as c:
        c.execute(text("SELECT * FROM no_such_table"))


def test_the_clock_is_the_databases_own_and_counts_milliseconds(database: Database) -> None:
    with database.read() as c:
        assert abs(now_ms(c) - time.time() * 1000) < 5_000


def test_the_clock_goes_on_within_a_transaction(database: Database) -> None:
    with database.read() as c:
        first = now_ms(c)
        deadline = time.monotonic() + 5
        while now_ms(c) == first:
            assert time.monotonic() < deadline


def test_a_server_that_is_not_there_is_busy_and_says_that_nothing_was_changed() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Busy, match="cannot be reached"), database.write():
        pass
    database.dispose()


def test_a_connection_that_ended_while_it_rested_is_replaced(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.RESTED_SECONDS", 0.0)
    url = postgres_server.create()
    database, other = Database(url), Database(url)
    with database.read() as c:
        first = c.execute(BACKEND).scalar_one()
    with other.write() as c:
        assert c.execute(text(f"SELECT pg_terminate_backend({first}, 10000)")).scalar_one()
    with database.read() as c:
        assert c.execute(BACKEND).scalar_one() != first
    database.dispose()
    other.dispose()


BACKEND = text("SELECT pg_backend_pid()")


@pytest.mark.parametrize(
    "url", ["", "mysql://ada:secret@host/db", "postgresql//x", "sqlite://", "sqlite:///:memory:"]
)
def test_an_address_that_is_of_no_use_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(Problem) as caught:
        Database(url)
    assert "secret" not in caught.value.sentence
    assert "sqlite:////absolute/path" in caught.value.sentence


def test_sqlite_writes_ahead_waits_for_the_disk_and_checks_references(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with database.read() as c:
        found = [c.execute(text(f"PRAGMA {name}")).scalar_one() for name in PRAGMAS]
    database.dispose()
    assert found == ["wal", 2, 1]


PRAGMAS = ("journal_mode", "synchronous", "foreign_keys")


def test_many_may_open_a_new_sqlite_file_at_the_same_moment(tmp_path: Path) -> None:
    """Switching to write-ahead logging needs the file alone; SQLite does not wait for that by itself."""
    sqlite3.connect(tmp_path / "new.db").close()

    def mode(number: int) -> str:
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
        with database.write() as c:
            found: str = c.execute(text("PRAGMA journal_mode")).scalar_one()
        database.dispose()
        return found

    assert at_once(8, mode) == ["wal"] * 8


def test_text_is_cleaned_of_what_a_database_refuses() -> None:
    assert clean_text("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert clean_text("schön 🚀") == "schön 🚀"


def test_json_keeps_even_half_a_surrogate_pair() -> None:
    assert to_json({"a": "ü"}) == '{"a":"ü"}'
    assert to_json("\ud800") == '"\\ud800"'
