"""Pictures of runs that use the whole language: complete, and with few statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine import commands
from engine.core.events import InputStatus
from engine.core.picture import FanOutPicture, QueuePicture, RunPicture
from engine.core.state import RunStatus, TaskStatus
from engine.pictures import look_at_run
from store.database import Database
from store.picture_parts import ITEMS_SHOWN
from store.reading import list_runs, run_picture
from tests.engine_shell.workshop import ADA, BOB, TEAM, Workshop, workshop
from tests.store.test_reading import statements
from tests.support.pictures import a_run, a_task

FILES = (
    """
name: batch
steps:
  hosts:
    foreach: '{{ range(1, 41) | list }}'
    continue_on_error: true
    run: 'echo "host $HOST"; [ "$HOST" -gt 30 ] || exit 0; echo bad >&2; exit 4'
    env: {HOST: '{{ item }}'}
    retry: {attempts: 2, delay: 0s}
  bad: {needs: [hosts], run: exit 5}
""",
    """
name: ask
steps:
  ask:
    input:
      title: How far?
      fields: {percent: {type: integer, required: true}}
""",
    """
name: parent
steps:
  part: {workflow: ask}
""",
    """
name: turns
concurrency: {key: one, on_conflict: queue}
steps:
  ask: {approval: {title: Go on?, approvers: {users: [U0BOB]}}}
""",
)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=FILES) as shop:
        yield shop


def look(shop: Workshop, run_id: str) -> RunPicture:
    picture = look_at_run(shop.engine, run_id)
    assert picture is not None
    return picture


def test_a_fan_out_is_counted_and_its_bad_items_are_shown_with_their_output(shop: Workshop) -> None:
    run_id = shop.start("batch")
    with shop.worker():
        shop.wait_for_end(run_id)

    hosts, bad = look(shop, run_id).tasks
    assert hosts.fan_out == FanOutPicture(completed=30, failed=10)
    assert hosts.fan_out.total == 40
    assert [item.item for item in hosts.items] == list(range(31, 41))
    assert hosts.items[0].stderr.text == "bad\n"
    assert (hosts.items[0].failures, hosts.items[0].most_attempts, hosts.items[0].exit_code) == (1, 2, 4)
    assert hosts.is_tolerated
    assert look(shop, run_id).failing_task == bad


def test_of_a_large_fan_out_a_few_items_are_read(shop: Workshop, database: Database) -> None:
    run_id = shop.start("batch")
    with shop.worker(slots=2):
        shop.wait_for_end(run_id)
    with database.read() as c, statements(database) as sent:
        picture = run_picture(c, run_id)
    assert picture is not None
    assert len(picture.tasks[0].items) <= ITEMS_SHOWN
    assert len(sent) <= 7, sent


def test_a_run_without_any_of_it_costs_nothing_more(shop: Workshop, database: Database) -> None:
    run_id = shop.start("turns")
    with database.read() as c, statements(database) as sent:
        run_picture(c, run_id)
    assert len(sent) == 5, sent  # run, tails, tasks, decisions, approvals


def test_a_question_is_in_the_picture_before_and_after_its_answer(shop: Workshop) -> None:
    run_id = shop.start("ask")
    (question,) = look(shop, run_id).open_questions
    assert (question.title, question.values, question.closed_at) == ("How far?", None, None)

    commands.answer_question(shop.engine, BOB, question.id, {"percent": 30})

    (answered,) = look(shop, run_id).questions
    assert answered.status is InputStatus.ANSWERED
    assert (answered.answered_by, answered.values) == ("U0BOB", {"percent": 30})
    assert answered.closed_at is not None


def test_parents_and_children_name_each_other(shop: Workshop) -> None:
    parent = look(shop, shop.start("parent"))
    child = parent.tasks[0].child
    assert child is not None
    shown = look(shop, child.id)
    assert shown.parent is not None
    assert (shown.parent.id, shown.parent.number, shown.parent.step_id) == (parent.id, parent.number, "part")


def test_queued_runs_know_their_place(shop: Workshop) -> None:
    first, second, third = (shop.start("turns") for _ in range(3))
    numbers = [look(shop, run_id).number for run_id in (first, second, third)]
    assert look(shop, first).queue is None
    assert look(shop, second).queue == QueuePicture(1, numbers[0])
    assert look(shop, third).queue == QueuePicture(2, numbers[1])


def test_a_resumed_run_knows_its_round_and_by_whom(shop: Workshop) -> None:
    run_id = shop.start("turns")
    commands.cancel_run(shop.engine, ADA, run_id)
    before = look(shop, run_id)
    assert (before.status, before.may_be_resumed) == (RunStatus.CANCELLED, True)
    commands.resume_run(shop.engine, BOB, run_id)
    after = look(shop, run_id)
    assert (after.round, after.resumed_by, after.is_active) == (2, "U0BOB", True)
    assert after.tasks[0].status is TaskStatus.WAITING


def test_history_leaves_rehearsals_out_unless_asked(shop: Workshop, database: Database) -> None:
    real = shop.start("turns")
    rehearsal = commands.start_run(shop.engine, ADA, "turns", {}, channel_id=None, is_rehearsal=True).run_id
    with database.read() as c:
        assert [run.id for run in list_runs(c, TEAM).runs] == [real]
        every = list_runs(c, TEAM, with_rehearsals=True).runs
    assert [(run.id, run.is_rehearsal) for run in every] == [(rehearsal, True), (real, False)]
    assert look(shop, rehearsal).is_rehearsal


def test_a_forced_stop_is_seen_while_something_ends() -> None:
    running = a_run(outcome=RunStatus.CANCELLED, tasks=(a_task(1, TaskStatus.RUNNING, stop_forced=True),))
    assert running.is_forced
    assert not replace(running, status=RunStatus.CANCELLED).is_forced
