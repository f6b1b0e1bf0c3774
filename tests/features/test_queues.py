"""Runs of one concurrency key are in progress one at a time: in their order, or not at all, or the newest only."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import commands
from engine.core.errors import Conflict
from engine.core.state import RunStatus
from engine.loops.followers import Followers
from tests.engine_shell.steps import is_alive, read_pid, wait_until
from tests.engine_shell.workshop import ADA, BOB, PATIENCE, Workshop, at_once
from tests.features.traces import HOLD, let_go, lines, place

QUEUED = f"""
name: NAME
parameters: {{folder: {{type: string}}, site: {{type: string, default: eu}}}}
concurrency: {{key: 'site-{{{{ params.site }}}}', on_conflict: POLICY}}
timeout: 1h
steps:
  hold:
    run: |
      {HOLD}
  after: {{needs: [hold], run: 'true'}}
"""

FILES = (
    QUEUED.replace("NAME", "queue").replace("POLICY", "queue"),
    QUEUED.replace("NAME", "other").replace("POLICY", "queue"),
    QUEUED.replace("NAME", "reject").replace("POLICY", "reject"),
    QUEUED.replace("NAME", "cancel").replace("POLICY", "cancel"),
)
KEY = "site-eu"


def began(folder: Path) -> list[int]:
    return [int(line) for line in lines(folder / "began")]


def in_progress(shop: Workshop, run_ids: list[str]) -> list[str]:
    pictures = [shop.picture(run_id) for run_id in run_ids]
    return [each.id for each in pictures if each.is_active and not each.is_queued]


def test_runs_have_their_turns_in_the_order_of_starting_and_see_their_places(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_ids = [shop.start("queue", folder=str(folder)) for _ in range(5)]
        versions = [shop.picture(run_id).version for run_id in run_ids]
        assert [place(shop, run_id, KEY) for run_id in run_ids[1:]] == [1, 2, 3, 4]
        assert [shop.picture(run_id).status for run_id in run_ids[1:]] == [RunStatus.PENDING] * 4
        for number, run_id in enumerate(run_ids, 1):
            wait_until(lambda: began(folder)[-1:] == [number], PATIENCE)  # noqa: B023
            assert in_progress(shop, run_ids) == [run_id]
            waiting = run_ids[number:]
            assert [place(shop, each, KEY) for each in waiting] == [*range(1, len(waiting) + 1)]
            let_go(shop, run_id, folder)
        pictures = [shop.wait_for_end(run_id) for run_id in run_ids]
    assert [each.status for each in pictures] == [RunStatus.COMPLETED] * 5
    assert began(folder) == [1, 2, 3, 4, 5]
    assert shop.facts(run_ids[4])[:2] == ["run_queued", "run_admitted"]
    assert pictures[4].version > versions[4] + 3, "a place that changes is worth a new picture"


def test_other_keys_do_not_wait_and_other_workflows_with_the_key_do(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        first = shop.start("queue", folder=str(folder))
        us = shop.start("queue", folder=str(folder), site="us")
        other = shop.start("other", folder=str(folder))
        wait_until(lambda: sorted(began(folder)) == [1, 2], PATIENCE)
        assert shop.picture(other).is_queued
        for run_id in (first, us, other):
            let_go(shop, run_id, folder)
        assert shop.wait_for_end(other).status is RunStatus.COMPLETED
        shop.wait_for_end(us)


def test_of_many_that_start_at_once_one_is_in_progress(shop: Workshop, folder: Path) -> None:
    run_ids = at_once([lambda: shop.start("queue", folder=str(folder)) for _ in range(6)])
    started = [run_id for run_id in run_ids if isinstance(run_id, str)]
    assert len(started) == 6, run_ids
    assert len(in_progress(shop, started)) == 1


def test_a_run_is_refused_beside_another_and_told_which(shop: Workshop, folder: Path) -> None:
    shop.start("reject", folder=str(folder))
    with pytest.raises(Conflict) as refused:
        shop.start("reject", BOB, folder=str(folder))
    assert refused.value.sentence == (
        "Run #1 of reject, started by U0ADA, is in progress, and reject does not start beside it. "
        "Nothing was done; try again when #1 has ended."
    )
    assert shop.start("reject", folder=str(folder), site="us")


def test_a_run_may_start_once_the_one_before_has_ended(shop: Workshop, folder: Path) -> None:
    first = shop.start("reject", folder=str(folder))
    commands.cancel_run(shop.engine, ADA, first)
    assert not shop.picture(shop.start("reject", folder=str(folder))).is_queued


def test_the_newest_run_cancels_the_one_in_progress_and_those_that_wait(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        first = shop.start("cancel", folder=str(folder))
        pid = read_pid(folder / "hold.pid")
        second = shop.start("cancel", folder=str(folder))
        third = shop.start("cancel", folder=str(folder))
        assert shop.wait_for_end(first).status is RunStatus.CANCELLED
        assert shop.wait_for_end(second).status is RunStatus.CANCELLED
        assert not is_alive(pid)
        wait_until(lambda: began(folder)[-1] == 3, PATIENCE)
        let_go(shop, third, folder)
        assert shop.wait_for_end(third).status is RunStatus.COMPLETED
    assert 2 not in began(folder)
    assert shop.picture(first).cancelled_by == "handrail"


def test_a_queued_run_that_is_cancelled_leaves_the_queue(shop: Workshop, folder: Path) -> None:
    run_ids = [shop.start("queue", folder=str(folder)) for _ in range(3)]
    assert commands.cancel_run(shop.engine, ADA, run_ids[1]).status == "cancelled"
    assert place(shop, run_ids[2], KEY) == 1
    commands.cancel_run(shop.engine, ADA, run_ids[0])
    assert in_progress(shop, run_ids) == [run_ids[2]]


def test_whose_turn_it_is_is_found_out_when_nobody_was_told(
    shop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process dies between a commit and what follows from it for others."""
    monkeypatch.setattr("engine.following.spread", lambda engine, news: None)
    first, second = (shop.start("queue", folder=str(folder)) for _ in range(2))
    commands.cancel_run(shop.engine, ADA, first)
    assert in_progress(shop, [first, second]) == []
    third = shop.start("queue", folder=str(folder))
    assert shop.picture(third).is_queued, "nobody pushes in"
    monkeypatch.undo()
    Followers(shop.engine).tick()
    assert in_progress(shop, [first, second, third]) == [second]
    assert place(shop, third, KEY) == 1


def test_a_run_that_was_to_cancel_another_does_it_later_when_its_process_died(
    shop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.following.spread", lambda engine, news: None)
    first, second = (shop.start("cancel", folder=str(folder)) for _ in range(2))
    assert in_progress(shop, [first, second]) == [first]
    monkeypatch.undo()
    Followers(shop.engine).tick()
    assert in_progress(shop, [first, second]) == [second]


def test_a_long_queue_of_superseded_runs_is_cancelled(shop: Workshop, folder: Path) -> None:
    run_ids = [shop.start("queue", folder=str(folder)) for _ in range(12)]
    newest = shop.start("cancel", folder=str(folder))
    assert in_progress(shop, [*run_ids, newest]) == [newest]
    assert {shop.picture(run_id).status for run_id in run_ids} == {RunStatus.CANCELLED}


def test_a_resumed_run_takes_its_key_again_or_waits_for_it(shop: Workshop, folder: Path) -> None:
    first = shop.start("queue", folder=str(folder))
    commands.cancel_run(shop.engine, ADA, first)
    second = shop.start("queue", folder=str(folder))
    assert commands.resume_run(shop.engine, ADA, first).status == "pending"
    assert in_progress(shop, [first, second]) == [second]
    commands.cancel_run(shop.engine, ADA, second)
    assert in_progress(shop, [first, second]) == [first]
    commands.cancel_run(shop.engine, ADA, first)
    assert commands.resume_run(shop.engine, ADA, second).status != "cancelled"
    assert in_progress(shop, [first, second]) == [second]


def test_what_does_not_start_beside_another_is_not_resumed_beside_it_either(
    shop: Workshop, folder: Path
) -> None:
    first = shop.start("reject", folder=str(folder))
    commands.cancel_run(shop.engine, ADA, first)
    shop.start("reject", folder=str(folder))
    with pytest.raises(Conflict, match=r"Run #2 of reject.*does not go on beside it"):
        commands.resume_run(shop.engine, ADA, first)
    assert shop.picture(first).status is RunStatus.CANCELLED
