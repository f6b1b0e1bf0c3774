"""What queues and families of runs survive: long keys, crossed locks, crossed waits, and looking for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from engine import commands
from engine.loops.followers import Followers
from store import approvals
from store.database import Database
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, Workshop, at_once, workshop

FILES = (
    """
name: parent
steps:
  child: {workflow: child}
""",
    """
name: child
concurrency: {key: shared}
steps:
  ask: {approval: {title: Go on?}}
""",
    """
name: note
parameters: {note: {type: text}}
concurrency: {key: 'note-{{ params.note }}'}
steps:
  ask: {approval: {title: Go on?}}
""",
    """
name: a_first
concurrency: {key: a}
steps:
  ask: {approval: {title: Go on?}}
  other: {needs: [ask], workflow: b_only}
""",
    """
name: b_first
concurrency: {key: b}
steps:
  ask: {approval: {title: Go on?}}
  other: {needs: [ask], workflow: a_only}
""",
    """
name: a_only
concurrency: {key: a}
steps:
  pause: {wait: 1s}
""",
    """
name: b_only
concurrency: {key: b}
steps:
  pause: {wait: 1s}
""",
)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=FILES) as shop:
        yield shop


def test_parents_and_their_children_start_at_once_without_getting_into_each_others_way(
    shop: Workshop,
) -> None:
    for _ in range(40):
        started = at_once([lambda: shop.start("parent"), lambda: shop.start("child")] * 2)
        assert [each for each in started if isinstance(each, Exception)] == []


def test_a_concurrency_key_may_be_as_long_as_a_parameter(shop: Workshop) -> None:
    note = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(3000))
    first, second = shop.start("note", note=note), shop.start("note", note=note)
    other = shop.start("note", note=note[:-1] + "x")
    assert [shop.picture(run_id).is_queued for run_id in (first, second, other)] == [False, True, False]


def test_a_look_at_queues_that_do_not_move_writes_nothing(shop: Workshop) -> None:
    for _ in range(3):
        shop.start("child")
    written: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN", "SET", "SHOW")):
            written.append(statement)

    event.listen(shop.database._writing, "before_cursor_execute", note)
    Followers(shop.engine).tick()
    assert written == []


def test_two_runs_whose_children_would_wait_for_each_other_do_not_wait_for_ever(shop: Workshop) -> None:
    one, two = shop.start("a_first", BOB), shop.start("b_first", BOB)
    for run_id in (one, two):
        with shop.database.read() as c:
            asked = approvals.open_approval_id(c, run_id, "ask")
        commands.decide(shop.engine, ADA, asked, approve=True)
    with shop.worker():
        wait_until(lambda: all(shop.picture(each).status.is_terminal for each in (one, two)), 8)
