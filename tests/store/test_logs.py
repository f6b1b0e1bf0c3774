"""Output of steps: in order, once, of living attempts only, and its end at hand."""

from __future__ import annotations

from typing import Literal

from engine.core.events import WorkerLost
from engine.core.picture import OutputTail
from store.database import Database
from store.logs import LogChunk, append_chunks, read_log
from tests.store.builders import Store, run_step, workflow


def chunk(seq: int, content: str, stream: Literal["stdout", "stderr"] = "stdout") -> LogChunk:
    return LogChunk(seq, stream, 1_000 + seq, content)


def test_output_comes_back_in_the_order_it_was_written(database: Database, store: Store) -> None:
    store.start()
    claim = store.claim()
    chunks = [chunk(1, "one\n"), chunk(2, "oops\n", "stderr"), chunk(3, "two\n")]
    with database.write() as c:
        assert append_chunks(c, claim.task_id, 1, chunks[:2])
        assert append_chunks(c, claim.task_id, 1, chunks[2:])
        assert append_chunks(c, claim.task_id, 1, [])
    with database.read() as c:
        assert read_log(c, claim.task_id) == chunks
        assert read_log(c, claim.task_id, attempt=1, stream="stderr") == [chunks[1]]
        assert read_log(c, claim.task_id, after_seq=1, limit=1) == [chunks[1]]
        assert read_log(c, claim.task_id, attempt=2) == []


def test_chunks_that_are_sent_again_are_kept_once(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim()
    for _ in range(2):
        with database.write() as c:
            assert append_chunks(c, claim.task_id, 1, [chunk(1, "one\n"), chunk(2, "two\n")])
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [chunk(2, "two\n"), chunk(3, "three\n")])
    assert store.task(run.id, "only").stdout == OutputTail("one\ntwo\nthree\n")


def test_an_attempt_that_was_given_up_or_has_ended_writes_no_more(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a", idempotent=True)))
    old = store.claim()
    store.happen(run.id, WorkerLost("a", old.attempt))
    with database.write() as c:
        assert not append_chunks(c, old.task_id, old.attempt, [chunk(1, "zombie")])
    new = store.claim("worker-2")
    with database.write() as c:
        assert not append_chunks(c, old.task_id, old.attempt, [chunk(1, "zombie")])
        assert append_chunks(c, new.task_id, new.attempt, [chunk(1, "alive")])
    store.finish(new)
    with database.write() as c:
        assert not append_chunks(c, new.task_id, new.attempt, [chunk(2, "late")])
    assert store.task(run.id, "a").stdout.text == "alive"


def test_the_latest_attempt_is_what_is_shown(database: Database, store: Store) -> None:
    run = store.start(workflow(run_step("a", idempotent=True)))
    old = store.claim()
    with database.write() as c:
        append_chunks(c, old.task_id, 1, [chunk(1, "first try")])
    store.happen(run.id, WorkerLost("a", 1))
    store.claim()
    with database.write() as c:
        append_chunks(c, old.task_id, 2, [chunk(1, "second try")])
    assert store.task(run.id, "a").stdout.text == "second try"
    with database.read() as c:
        assert [found.text for found in read_log(c, old.task_id)] == ["second try"]
        assert [found.text for found in read_log(c, old.task_id, attempt=1)] == ["first try"]


def test_a_tail_is_the_last_bytes_of_each_stream(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim()
    lines = [chunk(seq, f"line {seq:03}\n") for seq in range(1, 201)]
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [*lines, chunk(201, "short", "stderr")])
    (task,) = store.picture(run.id, tail_bytes=45).tasks
    assert task.stdout == OutputTail("".join(line.text for line in lines[-5:]), is_cut=True)
    assert task.stderr == OutputTail("short")
    (task,) = store.picture(run.id, tail_bytes=41).tasks
    assert task.stdout.text.startswith(" 196\nline 197\n")
    (task,) = store.picture(run.id, tail_bytes=1800).tasks
    assert task.stdout == OutputTail("".join(line.text for line in lines), is_cut=False)


def test_a_tail_never_begins_in_the_middle_of_a_character(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim()
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [chunk(1, "äöü")])
    (task,) = store.picture(run.id, tail_bytes=3).tasks
    assert task.stdout == OutputTail("ü", is_cut=True)


def test_bytes_that_no_database_takes_are_replaced(database: Database, store: Store) -> None:
    run = store.start()
    claim = store.claim()
    with database.write() as c:
        append_chunks(c, claim.task_id, 1, [chunk(1, "a\0b"), chunk(2, "\udcff!", "stderr")])
    task = store.task(run.id, "only")
    assert (task.stdout.text, task.stderr.text) == ("a\ufffdb", "\ufffd!")
