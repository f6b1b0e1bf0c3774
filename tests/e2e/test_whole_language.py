"""What the rest of the language shows in Slack: questions, messages, repairs, rehearsals, queues, fan-outs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.looking import facts_of, number
from tests.e2e.surfaces_of import surfaces_of
from tests.e2e.test_run import ephemeral
from tests.support.sandbox_client import ADA, BOB, CYD, RELEASES
from tests.support.stack import Stack, fill, inputs, wait_until


def buttons(content: dict[str, Any]) -> list[str]:
    return [
        element["text"]["text"]
        for block in content["blocks"]
        for element in [*block.get("elements", []), block.get("accessory") or {}]
        if element.get("type") == "button"
    ]


def lines(mark: Path) -> list[str]:
    return mark.read_text().split() if mark.exists() else []


# --- questions


def test_a_question_is_answered_by_the_person_named_and_by_nobody_else(stack: Stack) -> None:
    root = stack.start_run(ADA, "asking")
    question = stack.wait_in_thread(root, "asks: “How far do we go?”")
    assert question["broadcast"]
    assert "May answer: <@U0BOB>." in str(question["blocks"])

    stack.slack.click(CYD, "answer", question)
    assert "You may not answer this" in ephemeral(stack, CYD, "You may not answer")["text"]

    stack.slack.click(BOB, "answer", question)
    form = stack.slack.wait_for_view(BOB, callback_id="answer_form")
    assert [block["label"]["text"] for block in inputs(form)] == ["Percent", "Reason"]
    answer = stack.slack.submit(BOB, form, fill(form, {"percent": 30, "reason": "enough <!channel>"}))

    assert answer["ok"], answer
    stack.slack.wait_for_no_view(BOB)
    stack.wait_for_status(root, "Completed")
    answered = stack.wait_in_thread(root, "Answered by <@U0BOB>")
    assert "percent: `30`" in str(answered["blocks"])
    assert "<!channel>" not in str(answered["blocks"])
    assert buttons(answered) == []
    assert "input_answered" in facts_of(stack, root)


def test_mistakes_of_an_answer_stand_at_their_fields(stack: Stack) -> None:
    root = stack.start_run(ADA, "asking")
    question = stack.wait_in_thread(root, "asks: “How far do we go?”")
    stack.slack.click(BOB, "answer", question)
    form = stack.slack.wait_for_view(BOB, callback_id="answer_form")
    blocks = fill(form, {"percent": 30, "reason": "x" * 3000})

    stack.slack.click(ADA, "run_cancel", stack.root(root))
    stack.wait_for_status(root, "Cancelled")
    refused = stack.slack.submit(BOB, form, blocks)

    assert refused["response_action"] == "push"  # the question is closed: nothing was recorded
    assert "cancelled already" in str(stack.slack.views(BOB)[-1]["blocks"])
    stack.slack.close(BOB, stack.slack.views(BOB)[-1], clear=True)
    closed = stack.wait_in_thread(root, "The run stopped before this was answered.")
    assert buttons(closed) == []


def test_the_live_dialog_offers_the_answer_too(stack: Stack) -> None:
    root = stack.start_run(BOB, "asking")
    dialog = stack.slack.wait_for_view(BOB, callback_id="live_dialog", contains="Waiting for an answer")

    stack.slack.click(BOB, "answer", dialog)
    form = stack.slack.wait_for_view(BOB, callback_id="answer_form")
    stack.slack.submit(BOB, form, fill(form, {"percent": 5}))

    stack.slack.wait_for_view(BOB, callback_id="live_dialog", contains="Run Again")
    stack.wait_for_status(root, "Completed")
    stack.slack.close(BOB, stack.slack.views(BOB)[-1], clear=True)


# --- messages


def test_steps_say_things_in_the_thread_in_channels_and_to_people(stack: Stack) -> None:
    root = stack.start_run(ADA, "saying", version="v1 <!channel> & *more*")
    stack.wait_for_status(root, "Completed")

    note = stack.wait_in_thread(root, "is on its way")
    assert note["blocks"][0]["text"]["text"] == "*v1 &lt;!channel&gt; &amp; *more** is on its way."
    out = stack.slack.wait_for_message("is out: <https://releases.example/v1>", channel=RELEASES)
    assert "<!channel>" not in str(out)
    assert f"From Say things #{number(root)}, started by <@U0ADA>" in str(out["blocks"])
    posts = stack.slack.calls("chat.postMessage")
    (direct,) = [call for call in posts if "Your release v1" in str(call["arguments"])]
    assert direct["arguments"]["channel"] == BOB
    surface = surfaces_of(stack, root)["message"]
    assert surface["state"] == "done"


def test_a_message_that_slack_refuses_for_good_fails_its_step(stack: Stack) -> None:
    root = stack.start_run(ADA, "saying", version="v2", place="#nowhere")
    stack.wait_for_status(root, "Failed")
    failure = stack.wait_in_thread(root, ": Failed. Step")
    assert "The message to #nowhere was not sent. Slack knows no such channel" in failure["text"]
    assert surfaces_of(stack, root)["message"]["state"] == "gone"


def test_a_message_whose_answer_was_lost_is_said_once(stack: Stack) -> None:
    root = stack.start_run(ADA, "saying", version="v3", place=RELEASES)
    stack.slack.faults("chat.postMessage", "lost_reply", 4)
    stack.wait_for_status(root, "Completed", 90)
    stack.slack.clear_faults()

    def said() -> int:
        return sum("v3 is out" in message["text"] for message in stack.slack.messages(RELEASES))

    wait_until(lambda: said() == 1, 90)  # a copy that could not be looked for is deleted later


# --- repairs


def test_a_failed_run_is_resumed_and_keeps_what_had_completed(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "mended", mark=str(mark))
    failure = stack.wait_in_thread(root, "Failed")
    assert buttons(failure) == ["Resume from Here", "View Details"]
    stack.wait_for_status(root, "Failed")
    (tmp_path / "mark.mended").touch()

    stack.slack.click(BOB, "run_resume", failure)

    done = stack.wait_for_status(root, "Completed")
    assert lines(mark) == ["first", "tidy", "second", "tidy"]
    assert "Round 2, resumed by <@U0BOB>" in str(done["blocks"])
    assert buttons(stack.wait_in_thread(root, "did not complete, and was resumed by <@U0BOB>")) == [
        "View Details"
    ]
    stack.slack.command(BOB, f"/workflow retry {number(root)}")
    assert "has completed" in ephemeral(stack, BOB, "has completed")["text"]


def test_retry_resumes_by_number(stack: Stack, tmp_path: Path) -> None:
    root = stack.start_run(ADA, "mended", mark=str(tmp_path / "mark"))
    stack.wait_for_status(root, "Failed")
    (tmp_path / "mark.mended").touch()

    answer = stack.slack.command(ADA, f"/workflow retry {number(root)}")

    assert answer["ok"]
    assert "goes on, in its round 2" in ephemeral(stack, ADA, f"Run #{number(root)} goes on")["text"]
    stack.wait_for_status(root, "Completed")


def test_a_step_whose_outcome_is_unknown_is_marked_as_done(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "lost", mark=str(mark))
    failure = stack.wait_in_thread(root, ": Error. Step", seconds=60)
    assert buttons(failure) == ["Mark as Done", "Run Again This Step", "View Details"]

    stack.slack.click(ADA, "task_done", failure)

    stack.wait_for_status(root, "Completed")
    assert lines(mark) == ["charge", "after"]


def test_a_step_whose_outcome_is_unknown_is_run_again(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "lost", mark=str(mark))
    failure = stack.wait_in_thread(root, ": Error. Step", seconds=60)

    stack.slack.click(ADA, "task_again", failure)

    stack.wait_for_status(root, "Completed")
    assert lines(mark) == ["charge", "charge", "after"]


def test_a_second_cancel_forces_the_run_to_stop(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "stubborn", mark=str(mark))
    wait_until(lambda: lines(mark))
    stack.slack.click(ADA, "run_cancel", stack.root(root))
    wait_until(lambda: "tidy" in lines(mark))
    wait_until(lambda: "Stopping: final steps run." in str(stack.root(root)["blocks"]))
    stopping = stack.root(root)
    assert buttons(stopping) == ["Force Stop", "View Details"]

    stack.slack.click(CYD, "run_force", stopping)
    assert "You may not cancel" in ephemeral(stack, CYD, "You may not cancel")["text"]
    stack.slack.click(ADA, "run_force", stopping)

    done = stack.wait_for_status(root, "Cancelled")
    assert buttons(done) == ["View Details"]
    assert "cancel_forced" in facts_of(stack, root)


# --- rehearsals


def test_a_rehearsal_does_nothing_and_is_kept_out_of_history(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stack.slack.command(ADA, f"/workflow run mended --dry-run mark={mark}")
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    ticked = next(block for block in form["blocks"] if block["block_id"] == "rehearsal:form")
    assert ticked["elements"][0]["initial_options"]
    stack.slack.submit(ADA, form, {})
    root = wait_until(
        lambda: next((m for m in stack.slack.messages() if "Rehearsal: Fail until" in m["text"]), None)
    )
    stack.wait_for_status(root, "Completed")

    assert lines(mark) == []
    assert "nothing is carried out" in str(stack.root(root)["blocks"])
    plan = stack.wait_in_thread(root, "is Completed")
    assert plan["blocks"][0]["title"].startswith("Rehearsal: Fail until it is mended")
    stack.slack.command(ADA, "/workflow runs mended")
    assert f"*#{number(root)}*" not in str(ephemeral(stack, ADA, "Runs of mended:")["blocks"])
    stack.slack.command(ADA, "/workflow runs mended rehearsals:yes")
    listed = ephemeral(stack, ADA, "Runs of mended, rehearsals too")
    assert f"*#{number(root)}* Rehearsal: Fail until" in str(listed["blocks"])


def test_the_box_in_the_form_makes_a_rehearsal(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stack.slack.command(ADA, f"/workflow run mended mark={mark}")
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    stack.slack.submit(ADA, form, {"rehearsal:form": ["yes"]})
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again")
    assert "Rehearsal: Fail until" in str(dialog["blocks"])
    assert lines(mark) == []
    stack.slack.close(ADA, dialog, clear=True)


# --- queues, fan-outs, child runs


def test_a_queued_run_shows_its_place_and_moves_up(stack: Stack, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    first, second, third = (stack.start_run(ADA, "turns", mark=mark) for _ in range(3))
    stack.wait_for_status(second, f"Pending, queued: 1st, behind #{number(first)}")
    stack.wait_for_status(third, f"Pending, queued: 2nd, behind #{number(second)}")

    stack.slack.command(ADA, f"/workflow cancel {number(second)}")
    stack.wait_for_status(second, "Cancelled")
    stack.wait_for_status(third, f"Pending, queued: 1st, behind #{number(first)}")
    Path(mark).touch()

    for root in (first, third):
        stack.wait_for_status(root, "Completed")


def test_a_fan_out_is_folded_and_a_child_run_is_named(stack: Stack) -> None:
    root = stack.start_run(ADA, "batch")
    stack.wait_for_status(root, "Completed", 60)

    plan = stack.wait_in_thread(root, "is Completed")
    hosts, part = plan["blocks"][0]["tasks"]
    assert hosts["title"] == "Check each host: Failed, 3 of 4 done, 1 failed"
    assert "Item 3 (web-3): " in str(hosts["output"])
    assert part["title"].startswith("Greet in another run: Completed, run #")
    (child,) = [block for block in plan["blocks"] if block["type"] == "section"]
    assert "is *Run #" in child["text"]["text"]
    stack.slack.click(ADA, "run_details", plan)
    details = stack.slack.wait_for_view(ADA, callback_id="details", contains="Greet quickly")
    assert f"Started by step `part` of Check hosts #{number(root)}" in str(details["blocks"])
    stack.slack.close(ADA, details, clear=True)
