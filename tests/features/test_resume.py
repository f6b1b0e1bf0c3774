"""Runs that went wrong are taken up again: what completed stays, the rest is done, the trail says who did it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import commands
from engine.commands import Resumed
from engine.core.errors import Conflict, NotFound, Refused
from engine.core.permission import Principal
from engine.core.state import RunStatus
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, CYD, PATIENCE, TERMINAL, Workshop, at_once
from tests.features.traces import (
    actors,
    attempts,
    item_statuses,
    items,
    lines,
    question_of,
    statuses,
    wait_for_file,
)

MENDED = """
name: mended
parameters: {folder: {type: string}}
steps:
  build: {run: 'echo build >> "$PARAM_FOLDER/began"; echo 7'}
  ship:
    needs: [build]
    run: |
      echo ship >> "$PARAM_FOLDER/began"
      test -e "$PARAM_FOLDER/mended"
      echo "$BUILT"
    env: {BUILT: '{{ steps.build.result }}'}
  tell: {needs: [ship], set: {shipped: '{{ steps.ship.result }}'}}
finally:
  tidy: {run: 'echo tidy >> "$PARAM_FOLDER/began"'}
outputs: {shipped: '{{ steps.tell.result.shipped }}'}
"""

EACH = """
name: each
parameters: {folder: {type: string}}
steps:
  each:
    foreach: [a, b, c, d, e]
    max_parallel: 2
    run: |
      echo "$HANDRAIL_ITEM.$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      test "$HANDRAIL_ITEM" != c -o -e "$PARAM_FOLDER/mended"
      echo "\\"$HANDRAIL_ITEM$HANDRAIL_INDEX\\""
  after: {needs: [each], set: {results: '{{ steps.each.result }}'}}
"""

ASKED = """
name: asked
parameters: {folder: {type: string}}
steps:
  ask: {approval: {title: 'Go on?', approvers: {users: [U0BOB, U0CYD]}}}
  fill: {needs: [ask], input: {title: 'How many?', fields: {count: {type: integer, required: true}}}}
  ship: {needs: [fill], run: 'echo "$COUNT"', env: {COUNT: '{{ steps.fill.result.count }}'}}
"""

UNKNOWN = """
name: unknown
parameters: {folder: {type: string}}
steps:
  pay:
    run: |
      echo "$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      while [ ! -e "$PARAM_FOLDER/go.$HANDRAIL_ATTEMPT" ]; do sleep 0.02; done
      echo "{\\"paid\\": $HANDRAIL_ATTEMPT}"
  after: {needs: [pay], set: {pay: '{{ steps.pay.result }}'}}
"""

UNKNOWN_ITEM = """
name: unknown_item
parameters: {folder: {type: string}}
steps:
  each:
    foreach: [1, 2, 3]
    max_parallel: 1
    run: |
      echo "$HANDRAIL_ITEM.$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      while [ "$HANDRAIL_ITEM.$HANDRAIL_ATTEMPT" = 2.1 ]; do sleep 0.02; done
      echo "$HANDRAIL_ITEM"
  after: {needs: [each], set: {count: '{{ steps.each.result | length }}'}}
"""

BROKEN = """
name: broken
parameters: {folder: {type: string}}
steps:
  look: {run: 'cat "$PARAM_FOLDER/answer"', idempotent: true, continue_on_error: true}
  decide: {needs: [look], set: {size: '{{ 1 + steps.look.result }}'}}
"""

FILES = (MENDED, EACH, ASKED, UNKNOWN, UNKNOWN_ITEM, BROKEN)


def failed(shop: Workshop, name: str, folder: Path) -> str:
    """A run that has failed, for want of the file `mended`."""
    run_id = shop.start(name, folder=str(folder))
    assert shop.wait_for_end(run_id).status is RunStatus.FAILED
    return run_id


def resume(shop: Workshop, run_id: str, *done: str, who: Principal = BOB) -> Resumed:
    return commands.resume_run(shop.engine, who, run_id, done=done)


def test_what_completed_keeps_its_result_and_the_rest_is_done_again(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = failed(shop, "mended", folder)
        assert lines(folder / "began") == ["build", "ship", "tidy"]
        (folder / "mended").touch()
        resumed = resume(shop, run_id)
        assert (resumed.run_id, resumed.number, resumed.round, resumed.status) == (run_id, 1, 2, "running")
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error, picture.progress) == (RunStatus.COMPLETED, None, 100)
    assert picture.outputs == {"shipped": 7}
    assert lines(folder / "began") == ["build", "ship", "tidy", "ship", "tidy"]
    ends = [(each.number, each.outcome) for each in attempts(shop, run_id, "ship")]
    assert ends == [(1, "failed"), (2, "completed")]


def test_the_trail_is_whole_and_says_who_took_the_run_up(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = failed(shop, "mended", folder)
        resume(shop, run_id, who=CYD)
        assert shop.wait_for_end(run_id).status is RunStatus.FAILED
        resume(shop, run_id, who=BOB)
        assert shop.wait_for_end(run_id).status is RunStatus.FAILED
    kinds = shop.facts(run_id)  # looks at its hashes, too
    assert [kind for kind in kinds if kind.startswith("run_")] == [
        "run_started",
        "run_failed",
        "run_resumed",
        "run_failed",
        "run_resumed",
        "run_failed",
    ]
    assert actors(shop, run_id, "run_resumed") == ["U0CYD", "U0BOB"]
    assert actors(shop, run_id, "run_started") == ["U0ADA"]
    picture = shop.picture(run_id)
    assert (picture.round, picture.requester) == (3, "U0ADA")


def test_of_a_fan_out_only_the_rest_is_done_again(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = failed(shop, "each", folder)
        first = sorted(lines(folder / "began"))
        left = item_statuses(shop, run_id, "each")
        assert left[:3] == ["completed", "completed", "failed"]
        (folder / "mended").touch()
        resume(shop, run_id)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "after").result == {"results": ["a0", "b1", "c2", "d3", "e4"]}
    again = sorted(lines(folder / "began"))
    assert again.count("a.1") == again.count("b.1") == again.count("c.2") == 1
    assert len(again) - len(first) == sum(status != "completed" for status in left)
    assert set(item_statuses(shop, run_id, "each")) == {"completed"}


def test_a_run_that_was_cancelled_goes_on(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("unknown", folder=str(folder))
        wait_for_file(folder / "began")
        commands.cancel_run(shop.engine, ADA, run_id)
        assert shop.wait_for_end(run_id).status is RunStatus.CANCELLED
        (folder / "go.2").touch()
        resume(shop, run_id)
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert picture.cancelled_by is None
    assert shop.task(run_id, "after").result == {"pay": {"paid": 2}}


def test_a_run_that_ended_in_error_goes_on_from_the_step_that_could_not_be_computed(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = shop.start("broken", folder=str(folder))
        assert shop.wait_for_end(run_id).status is RunStatus.ERROR
        resume(shop, run_id)
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert shop.task(run_id, "look").attempt == 1, "what was let pass is part of what was done"
    assert statuses(picture) == {"look": "failed", "decide": "error"}


def test_what_was_asked_is_asked_anew(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("asked", folder=str(folder))
        first = shop.picture(run_id).open_approvals[0]
        commands.decide(shop.engine, BOB, first.id, approve=False)
        assert shop.picture(run_id).status is RunStatus.REJECTED
        assert resume(shop, run_id).status == "waiting_for_approval"
        (second,) = shop.picture(run_id).open_approvals
        assert second.id != first.id
        with pytest.raises(Conflict, match="was rejected by U0BOB already"):
            commands.decide(shop.engine, CYD, first.id, approve=True)
        commands.decide(shop.engine, CYD, second.id, approve=True)
        asked = question_of(shop, run_id)
        commands.cancel_run(shop.engine, ADA, run_id)
        resume(shop, run_id)
        assert not shop.picture(run_id).open_approvals, "what was approved stays so"
        again = question_of(shop, run_id)
        assert again.id != asked.id
        commands.answer_question(shop.engine, ADA, again.id, {"count": 3})
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "ship").result == 3
    assert [each.status.value for each in shop.picture(run_id).approvals] == ["rejected", "approved"]


# --- outcomes that nobody knows


def lost(shop: Workshop, name: str, folder: Path, began: str) -> str:
    run_id = shop.start(name, folder=str(folder))
    wait_until(lambda: began in lines(folder / "began"), PATIENCE)
    shop.expire_leases()
    picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert [task.step_id for task in picture.unknown_tasks] == [picture.tasks[0].step_id]
    return run_id


def test_a_step_whose_outcome_is_unknown_is_marked_as_done(shop: Workshop, folder: Path) -> None:
    with shop.worker(is_reconciling=False):
        run_id = lost(shop, "unknown", folder, "1")
        resume(shop, run_id, "pay")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert lines(folder / "began") == ["1"]
    assert shop.task(run_id, "after").result == {"pay": None}
    assert not shop.task(run_id, "pay").is_unknown
    assert actors(shop, run_id, "step_marked_done") == ["U0BOB"]
    assert "step_marked_done" in shop.facts(run_id)


def test_a_step_whose_outcome_is_unknown_is_run_again(shop: Workshop, folder: Path) -> None:
    (folder / "go.2").touch()
    with shop.worker(is_reconciling=False):
        run_id = lost(shop, "unknown", folder, "1")
        resume(shop, run_id)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert lines(folder / "began") == ["1", "2"]
    assert shop.task(run_id, "after").result == {"pay": {"paid": 2}}
    assert [each.outcome for each in attempts(shop, run_id, "pay")] == ["error", "completed"]


def test_an_item_whose_outcome_is_unknown_is_marked_as_done_and_those_behind_it_are_done(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker(is_reconciling=False):
        run_id = lost(shop, "unknown_item", folder, "2.1")
        assert item_statuses(shop, run_id, "each") == ["completed", "error", "cancelled"]
        resume(shop, run_id, "each")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert lines(folder / "began") == ["1.1", "2.1", "3.1"]
    assert shop.task(run_id, "each").result == [1, None, 3]
    assert shop.task(run_id, "after").result == {"count": 3}
    assert not any(each.is_unknown for each in items(shop, run_id, "each"))


def test_what_is_known_cannot_be_marked_as_done(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = failed(shop, "mended", folder)
        for step in ("ship", "build", "nothing"):
            with pytest.raises(Conflict, match="so it cannot be marked as done; nothing was changed"):
                resume(shop, run_id, step)
    assert shop.picture(run_id).round == 1


# --- who, and when


def test_of_two_people_in_the_same_instant_one_takes_the_run_up_and_the_other_is_told(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = failed(shop, "mended", folder)
        answers = at_once([lambda: resume(shop, run_id, who=BOB), lambda: resume(shop, run_id, who=CYD)])
        shop.wait_for_end(run_id)
    (refused,) = [each for each in answers if isinstance(each, Exception)]
    assert isinstance(refused, Conflict)
    assert refused.sentence == "Run #1 is in progress (Running); nothing was changed."
    assert shop.picture(run_id).round == 2
    assert len(actors(shop, run_id, "run_resumed")) == 1


def test_one_click_that_comes_twice_begins_one_round(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = failed(shop, "mended", folder)
        first = commands.resume_run(shop.engine, BOB, run_id, delivery_key="click-1")
        shop.wait_for_end(run_id)
        assert commands.resume_run(shop.engine, BOB, run_id, delivery_key="click-1") == first
    assert shop.picture(run_id).round == 2


def test_runs_that_completed_or_belong_to_others_are_not_taken_up(shop: Workshop, folder: Path) -> None:
    (folder / "mended").touch()
    with shop.worker():
        run_id = shop.start("mended", folder=str(folder))
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    with pytest.raises(Conflict, match="has completed: nothing of it is left to do"):
        resume(shop, run_id)
    with pytest.raises(NotFound):
        resume(shop, run_id, who=Principal("T0002", "U0BOB"))
    with pytest.raises(Refused):
        resume(shop, run_id, who=Principal("T0001", "U0GUEST", is_guest=True))


def test_a_run_of_a_terminal_is_started_there_again(shop: Workshop, folder: Path) -> None:
    values = {"folder": str(folder)}
    started = commands.start_run(shop.engine, TERMINAL, "mended", values, channel_id=None, origin="terminal")
    commands.cancel_run(shop.engine, TERMINAL, started.run_id)
    with pytest.raises(Conflict, match="belongs to a terminal"):
        resume(shop, started.run_id, who=TERMINAL)
