"""What only some runs have: rehearsals, queues, rounds, fan-outs, retries, child runs, ways to repair them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blocks.details import details
from blocks.run import dialog, failure_message, root_message, thread_message
from blocks.values import DetailsPlace, RunRef, StepRef, decode
from engine.core.definition import StepKind
from engine.core.picture import (
    ChildPicture,
    FanOutPicture,
    OutputTail,
    ParentPicture,
    QueuePicture,
    RunPicture,
    TaskPicture,
)
from engine.core.state import RunStatus, TaskStatus
from tests.support.block_limits import all_text, buttons, check_message, check_view
from tests.support.pictures import ADA, BOB, NOON, a_run, a_task, an_id

KNOWN = frozenset({ADA, BOB, "C0OPS"})


def overview(picture: RunPicture) -> Any:
    view = details(picture, DetailsPlace(picture.id))
    check_view(view, KNOWN)
    return view


def test_a_rehearsal_is_called_one_everywhere() -> None:
    picture = a_run(is_rehearsal=True)
    for message in (root_message(picture), thread_message(picture)):
        check_message(message, KNOWN)
        assert message.text.startswith("Rehearsal: Deploy a service #42 is")
        assert "nothing is carried out" in all_text(message.blocks)
    for view in (dialog(picture), overview(picture)):
        assert "Rehearsal: Deploy a service #42" in all_text(view["blocks"])


def test_the_plan_of_a_rehearsal_shows_what_would_be_said() -> None:
    said = {"channel": "#releases", "user": None, "text": "v1 is out"}
    task = a_task(1, TaskStatus.COMPLETED, kind=StepKind.MESSAGE, arguments=said)
    plan = thread_message(a_run(is_rehearsal=True, tasks=(task,))).blocks[0]
    assert all_text(plan["tasks"][0]["output"]) == "To #releases: v1 is out"


def test_the_plan_of_a_rehearsal_shows_what_would_be_done() -> None:
    task = a_task(1, stdout=OutputTail("Rehearsal: this would run ./deploy.sh\n"))
    card = thread_message(a_run(is_rehearsal=True, tasks=(task,))).blocks[0]["tasks"][0]
    assert all_text(card["output"]) == "Rehearsal: this would run ./deploy.sh"


@pytest.mark.parametrize(
    ("place", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_a_queued_run_says_its_place_and_whom_it_waits_for(place: int, word: str) -> None:
    message = root_message(a_run(RunStatus.PENDING, is_queued=True, queue=QueuePicture(place, 12)))
    check_message(message, KNOWN)
    assert f"*Status:* Pending, queued: {word}, behind #12" in all_text(message.blocks)


def test_a_resumed_run_says_its_round_and_by_whom() -> None:
    message = root_message(a_run(round=2, resumed_by=BOB))
    check_message(message, KNOWN)
    assert "Round 2, resumed by <@U0BOB>" in all_text(message.blocks)


def test_a_child_run_names_its_parent() -> None:
    parent = ParentPicture(an_id(9), 41, "Release", "deploy")
    assert "Started by step `deploy` of Release #41" in all_text(root_message(a_run(parent=parent)).blocks)


def test_a_step_that_started_a_run_names_it_with_its_details() -> None:
    child = ChildPicture(an_id(43), 43, "step_1", RunStatus.FAILED)
    picture = a_run(tasks=(a_task(1, TaskStatus.WAITING, kind=StepKind.WORKFLOW, child=child),))
    for blocks in (thread_message(picture).blocks, dialog(picture)["blocks"], overview(picture)["blocks"]):
        shown = next(block for block in blocks if "*Run #43*: Failed" in str(block))
        assert decode(RunRef, shown["accessory"]["value"]) == RunRef(an_id(43))
    assert thread_message(picture).blocks[0]["tasks"][0]["title"] == "Step 1: Waiting, run #43"


def fan_out(status: TaskStatus = TaskStatus.WAITING, **changes: Any) -> TaskPicture:
    bad = a_task(
        3,
        TaskStatus.FAILED,
        item=3,
        item_value="web-3",
        error="exit code 4",
        stderr=OutputTail("no route"),
    )
    busy = a_task(4, TaskStatus.RUNNING, item=4, item_value={"host": "web-4"})
    counts = FanOutPicture(pending=20, running=7, completed=12, failed=1)
    return a_task(2, status, title="Check", fan_out=counts, items=(bad, busy), **changes)


def test_a_fan_out_is_folded_to_its_counts() -> None:
    card = thread_message(a_run(tasks=(fan_out(),))).blocks[0]["tasks"][0]
    assert card["title"] == "Check: Running, 12 of 40 done, 1 failed"
    assert card["status"] == "in_progress"
    assert all_text(card["output"]) == "Item 3 (web-3): exit code 4"


def test_the_details_of_a_fan_out_show_items_with_their_output() -> None:
    picture = a_run(tasks=(fan_out(),))
    view = details(picture, DetailsPlace(picture.id, picture.tasks[0].id))
    check_view(view, KNOWN)
    shown = all_text(view["blocks"])
    assert "✗ Item 3 (web-3): Failed" in shown
    assert "no route" in shown
    assert '● Item 4 ({"host": "web-4"}): Running' in shown
    assert "38 more items are not shown here." in shown


def test_a_failed_fan_out_tells_which_item_failed_with_its_stderr() -> None:
    task = fan_out(TaskStatus.FAILED, error="1 of 40 items failed.")
    message = failure_message(a_run(RunStatus.FAILED, tasks=(task,)))
    check_message(message, KNOWN)
    assert "1 of 40 items failed." in message.text
    assert "Item 3 (web-3): exit code 4" in message.text
    assert "no route" in all_text(message.blocks)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": TaskStatus.RUNNING, "attempt": 2, "failures": 1, "most_attempts": 3}, "attempt 2 of 3"),
        (
            {"status": TaskStatus.PENDING, "attempt": 1, "failures": 1, "most_attempts": 3, "pause_ms": 5000},
            "attempt 2 of 3, again in 5 s",
        ),
        (
            {
                "status": TaskStatus.WAITING,
                "kind": StepKind.WAIT,
                "arguments": {"seconds": 3600},
                "started_at": NOON,
            },
            "until 2026-11-23 13:00 UTC",
        ),
        ({"status": TaskStatus.ERROR, "is_unknown": True}, "outcome unknown"),
    ],
)
def test_a_step_says_where_it_is(changes: dict[str, Any], words: str) -> None:
    task = a_task(1, is_scheduled=True, **changes)
    assert thread_message(a_run(tasks=(task,))).blocks[0]["tasks"][0]["title"].endswith(f", {words}")


def test_a_failure_that_was_tolerated_is_not_the_one_that_is_told() -> None:
    tolerated = a_task(1, TaskStatus.FAILED, error="never mind", is_tolerated=True)
    fatal = a_task(2, TaskStatus.FAILED, error="disk full")
    assert "disk full" in failure_message(a_run(RunStatus.FAILED, tasks=(tolerated, fatal))).text


STOPPING: dict[str, Any] = {"outcome": RunStatus.CANCELLED, "cancelled_by": ADA}


@pytest.mark.parametrize(
    ("tasks", "words", "offered"),
    [
        ((a_task(1, TaskStatus.RUNNING),), "running steps are being ended", "Force Stop"),
        ((a_task(1, TaskStatus.RUNNING, is_final=True),), "Stopping: final steps run.", "Force Stop"),
        (
            (a_task(1, TaskStatus.RUNNING), a_task(2, TaskStatus.PENDING, is_final=True)),
            "running steps end, then final steps run",
            "Force Stop",
        ),
        ((a_task(1, TaskStatus.RUNNING, stop_forced=True),), "by force", None),
    ],
)
def test_a_stopping_run_says_what_still_happens_and_may_be_forced_once(
    tasks: tuple[TaskPicture, ...], words: str, offered: str | None
) -> None:
    picture = a_run(tasks=tasks, **STOPPING)
    message = root_message(picture)
    check_message(message, KNOWN)
    assert words in all_text(message.blocks)
    found = buttons(message.blocks)
    assert "Cancel" not in found
    assert [label for label in found if label != "View Details"] == ([offered] if offered else [])
    if offered:
        assert "Final steps will not run" in found["Force Stop"]["confirm"]["text"]["text"]


RESUMABLE = [RunStatus.FAILED, RunStatus.REJECTED, RunStatus.CANCELLED, RunStatus.ERROR]


@pytest.mark.parametrize("status", RESUMABLE)
@pytest.mark.parametrize("draw", [dialog, overview])
def test_a_run_that_did_not_complete_may_be_resumed(
    status: RunStatus, draw: Callable[[RunPicture], Any]
) -> None:
    found = buttons(draw(a_run(status))["blocks"])
    assert found["Resume from Here"]["confirm"]["confirm"]["text"] == "Resume"


@pytest.mark.parametrize(
    "picture", [a_run(RunStatus.COMPLETED), a_run(), a_run(RunStatus.FAILED, origin="terminal")]
)
def test_other_runs_may_not(picture: RunPicture) -> None:
    assert "Resume from Here" not in buttons(dialog(picture)["blocks"])


def test_an_unknown_outcome_has_its_two_answers_until_the_run_goes_on() -> None:
    task = a_task(1, TaskStatus.ERROR, is_unknown=True, error="The worker was lost.")
    ended = a_run(RunStatus.ERROR, tasks=(task,))
    page = details(ended, DetailsPlace(ended.id, task.id))
    for blocks in (failure_message(ended).blocks, dialog(ended)["blocks"], page["blocks"]):
        found = buttons(blocks)
        assert decode(StepRef, found["Mark as Done"]["value"]) == StepRef(ended.id, "step_1")
        assert decode(StepRef, found["Run Again This Step"]["value"]) == StepRef(ended.id, "step_1")
    assert "Mark as Done" not in buttons(dialog(a_run(tasks=(task,)))["blocks"])


def test_a_failure_that_is_told_after_the_resume_says_so() -> None:
    message = failure_message(a_run(round=2, resumed_by=BOB))
    check_message(message, KNOWN)
    assert "was resumed by <@U0BOB>" in message.text
    assert "Resume from Here" not in buttons(message.blocks)
