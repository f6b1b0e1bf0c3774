"""A run in its channel, its thread and its dialog: what a person reads and can click."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.ids import ActionId, CallbackId
from blocks.run import dialog, failure_message, root_message, thread_message
from blocks.types import Block
from blocks.values import ApprovalRef, RunRef, decode
from engine.core.picture import OutputTail
from engine.core.state import RunStatus, TaskStatus
from tests.support.block_limits import all_text, buttons, check_message, check_view, markups
from tests.support.pictures import ADA, BOB, CYD, a_run, a_task, an_approval

KNOWN = frozenset({ADA, BOB, CYD, "S0OPS", "C0OPS"})


def markup(blocks: list[Block]) -> str:
    return "\n".join(markups(blocks))


def test_the_root_message_says_what_who_with_which_values_and_how_far() -> None:
    message = root_message(a_run())
    check_message(message, KNOWN)
    assert message.text == "Deploy a service #42 is Running, 40% done. It was started by <@U0ADA>."
    assert "Deploy a service #42" in all_text(message.blocks)
    shown = markup(message.blocks)
    assert "*Status:* Running\n`████████░░░░░░░░░░░░  40%`" in shown
    assert "service: `api`\ncanary: `10`" in shown
    assert "Started by <@U0ADA> <!date^" in shown


def test_an_active_run_can_be_cancelled_after_a_question() -> None:
    found = buttons(root_message(a_run()).blocks)
    assert list(found) == ["Cancel", "View Details"]
    assert found["Cancel"]["style"] == "danger"
    assert found["Cancel"]["confirm"]["title"]["text"] == "Cancel run #42?"
    assert found["Cancel"]["accessibility_label"] == "Cancel deploy #42"
    assert decode(RunRef, found["View Details"]["value"]) == RunRef(a_run().id)


@pytest.mark.parametrize("status", [status for status in RunStatus if status.is_terminal])
def test_an_ended_run_has_its_label_and_time_and_no_cancel(status: RunStatus) -> None:
    message = root_message(a_run(status, progress=99))
    assert f"*Status:* {status.label}\n" in markup(message.blocks)
    assert "took 1 m 12 s" in markup(message.blocks)
    assert "Cancel" not in buttons(message.blocks)
    assert "View Details" in buttons(message.blocks)


def test_a_stopping_run_says_so_and_cannot_be_cancelled_again() -> None:
    message = root_message(a_run(outcome=RunStatus.CANCELLED, cancelled_by=BOB))
    assert "*Status:* Running, stopping\n" in markup(message.blocks)
    assert "Running, stopping" in message.text
    assert "Cancelled by <@U0BOB>" in markup(message.blocks)
    assert "Cancel" not in buttons(message.blocks)


def test_the_root_message_names_the_error_that_ended_the_run() -> None:
    message = root_message(a_run(RunStatus.ERROR, error="The outputs of deploy name an unknown step."))
    assert "The outputs of deploy name an unknown step." in all_text(message.blocks)


def test_the_root_message_of_a_run_without_parameters_has_no_empty_block() -> None:
    message = root_message(a_run(parameters={}))
    check_message(message, KNOWN)


def plan(**changes: Any) -> Block:
    message = thread_message(a_run(**changes))
    check_message(message, KNOWN)
    return message.blocks[0]


def test_the_thread_message_is_a_plan_of_all_steps() -> None:
    drawn = plan()
    assert drawn["title"] == "Deploy a service #42: Running, 40%"
    assert [(card["title"], card["status"]) for card in drawn["tasks"]] == [
        ("Step 1: Completed", "complete"),
        ("Step 2: Running", "in_progress"),
        ("Step 3: Pending", "pending"),
    ]


@pytest.mark.parametrize(
    ("status", "card"),
    [
        (TaskStatus.WAITING, "in_progress"),
        (TaskStatus.SKIPPED, "complete"),
        (TaskStatus.FAILED, "error"),
        (TaskStatus.REJECTED, "error"),
        (TaskStatus.CANCELLED, "error"),
        (TaskStatus.ERROR, "error"),
    ],
)
def test_a_card_has_slacks_status_and_our_word(status: TaskStatus, card: str) -> None:
    (drawn,) = plan(tasks=(a_task(1, status, attempt=2),))["tasks"]
    assert drawn["status"] == card
    assert drawn["title"] == f"Step 1: {status.label}, attempt 2"


def test_a_card_shows_the_error_else_the_result() -> None:
    cards = plan(tasks=(a_task(1, result={"url": "x"}), a_task(2, TaskStatus.FAILED, error="exit code 1")))[
        "tasks"
    ]
    assert [all_text(card["output"]) for card in cards] == ['{"url": "x"}', "exit code 1"]


def test_a_plan_of_many_steps_keeps_what_runs_and_what_failed_and_counts_the_rest() -> None:
    tasks = [a_task(number) for number in range(300)]
    tasks[3] = a_task(3, TaskStatus.FAILED)
    tasks += [a_task(number, TaskStatus.RUNNING) for number in range(300, 303)]
    tasks += [a_task(number, TaskStatus.PENDING) for number in range(303, 500)]
    message = thread_message(a_run(tasks=tuple(tasks)))
    check_message(message, KNOWN)
    titles = [card["title"] for card in message.blocks[0]["tasks"]]
    assert len(titles) == 50
    assert titles[0] == "Step 3: Failed"
    assert {"Step 300: Running", "Step 302: Running", "Step 303: Pending", "Step 299: Completed"} <= set(
        titles
    )
    assert "Completed" in markup(message.blocks)
    assert "Pending" in markup(message.blocks)


def test_a_run_without_steps_has_a_thread_message_all_the_same() -> None:
    check_message(thread_message(a_run(tasks=())), KNOWN)


def test_a_failure_brings_the_step_and_the_end_of_stderr() -> None:
    lines = "\n".join(f"line {number}" for number in range(100))
    task = a_task(
        2, TaskStatus.FAILED, error="exit code 3", stderr=OutputTail(lines), stdout=OutputTail("out")
    )
    message = failure_message(a_run(RunStatus.FAILED, tasks=(a_task(1), task)))
    check_message(message, KNOWN)
    assert message.text == "Deploy a service #42: Failed. Step “Step 2”: exit code 3"
    shown = all_text(message.blocks)
    assert "line 99" in shown
    assert "line 70" in shown
    assert "line 69" not in shown
    assert "The end of what the step wrote to stderr:" in shown
    assert list(buttons(message.blocks)) == ["Resume from Here", "View Details"]


def test_a_failure_without_stderr_brings_stdout_and_without_both_says_so() -> None:
    wrote = a_task(1, TaskStatus.FAILED, stdout=OutputTail("boom\n"), exit_code=1)
    shown = all_text(failure_message(a_run(RunStatus.FAILED, tasks=(wrote,))).blocks)
    assert "boom" in shown
    assert "All that the step wrote to stdout:" in shown
    assert "exit code 1" in shown
    silent = a_task(1, TaskStatus.FAILED)
    assert "wrote nothing" in all_text(failure_message(a_run(RunStatus.FAILED, tasks=(silent,))).blocks)


def test_an_error_of_no_step_is_told_by_the_runs_own_sentence() -> None:
    message = failure_message(a_run(RunStatus.ERROR, tasks=(a_task(1),), error="Unknown name 'stepz'."))
    check_message(message, KNOWN)
    assert "Unknown name 'stepz'." in message.text


def test_the_dialog_shows_status_steps_and_buttons() -> None:
    view = dialog(a_run())
    check_view(view, KNOWN)
    assert view["title"]["text"] == "Run Workflow"
    assert view["close"]["text"] == "Close"
    assert view["callback_id"] == CallbackId.LIVE_DIALOG
    assert view["notify_on_close"] is True
    assert decode(RunRef, view["private_metadata"]) == RunRef(a_run().id)
    shown = all_text(view["blocks"])
    assert "✓ Step 1: Completed\n● Step 2: Running\n○ Step 3: Pending" in shown
    assert list(buttons(view["blocks"])) == ["Cancel", "View Details"]


def test_the_dialog_of_an_ended_run_has_results_as_json_and_run_again() -> None:
    view = dialog(a_run(RunStatus.COMPLETED, progress=100, outputs={"url": "https://api"}))
    check_view(view, KNOWN)
    assert '{\n  "url": "https://api"\n}' in all_text(view["blocks"])
    assert list(buttons(view["blocks"])) == ["View Details", "Run Again"]
    assert decode(RunRef, buttons(view["blocks"])["Run Again"]["value"]) == RunRef(a_run().id)


def test_the_dialog_offers_open_approvals_and_their_buttons_ask_for_a_comment() -> None:
    view = dialog(a_run(RunStatus.WAITING_FOR_APPROVAL, approvals=(an_approval(),)))
    check_view(view, KNOWN)
    found = buttons(view["blocks"])
    assert found["Approve"]["action_id"] == ActionId.APPROVE_IN_DIALOG
    assert found["Reject"]["action_id"] == ActionId.REJECT_IN_DIALOG
    assert decode(ApprovalRef, found["Approve"]["value"]) == ApprovalRef(an_approval().id)
    assert "Waiting for approval: Ship v1.2.3?" in all_text(view["blocks"])


def test_a_sleeping_dialog_offers_refresh_until_the_run_has_ended() -> None:
    assert "Refresh" in buttons(dialog(a_run(), is_asleep=True)["blocks"])
    assert "Refresh" not in buttons(dialog(a_run(RunStatus.FAILED), is_asleep=True)["blocks"])
    assert "Refresh" not in buttons(dialog(a_run())["blocks"])


def test_equal_pictures_are_drawn_equally() -> None:
    assert dialog(a_run()) == dialog(a_run())
    assert root_message(a_run()) == root_message(a_run())
