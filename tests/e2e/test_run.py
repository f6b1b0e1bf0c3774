"""The main job: from the command to the results, as Ada, Bob, Cyd and Gus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, GUS
from tests.support.stack import Stack, fill, wait_until


def ephemeral(stack: Stack, user: str, text: str) -> dict[str, Any]:
    """Wait for a line that only this person sees."""
    return wait_until(
        lambda: next(
            (
                message
                for message in stack.slack.messages(GENERAL, viewer=user)
                if message["ephemeral_for"] == user and text in message["text"]
            ),
            None,
        )
    )


def test_a_run_goes_from_the_form_to_its_results(stack: Stack) -> None:
    root = stack.start_run(ADA, "greet", who="World", times=2)
    approval = stack.wait_in_thread(root, "asks for approval: “Wave at World?”")

    stack.slack.click(BOB, "approve", approval, state=comment(approval, "go on"))

    stack.wait_for_status(root, "Completed")
    plan = stack.wait_in_thread(root, "is Completed")
    cards = {card["title"]: card["status"] for card in plan["blocks"][0]["tasks"]}
    assert list(cards.values()) == ["complete", "complete", "complete"]
    decided = stack.wait_in_thread(root, "Approved by <@U0BOB>")
    assert "go on" in str(decided["blocks"])
    assert not [block for block in decided["blocks"] if block["type"] in ("actions", "input")]
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again")
    assert '\\"greeted\\": true' in str(dialog["blocks"]).replace("'", '"') or "greeted" in str(
        dialog["blocks"]
    )


def comment(message: dict[str, Any], text: str) -> dict[str, Any]:
    return {block["block_id"]: text for block in message["blocks"] if block["type"] == "input"}


def test_mistakes_stand_at_their_fields_and_nothing_is_started(stack: Stack) -> None:
    before = len(stack.slack.messages())
    stack.slack.command(ADA, "/workflow run greet who=R2D2 times=9 colour=red")
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    shown = str(form["blocks"])
    assert "colour" in shown
    assert "9" in shown

    answer = stack.slack.submit(ADA, form, fill(form, {"who": "R2D2", "times": 3}))

    assert not answer["ok"]
    (field,) = answer["errors"]
    assert field.startswith("param:who:")
    assert len(stack.slack.messages()) == before
    stack.slack.close(ADA, form, clear=True)


def test_whoever_started_a_run_may_not_approve_it(stack: Stack) -> None:
    root = stack.start_run(BOB, "greet", who="Bob")
    approval = stack.wait_in_thread(root, "asks for approval")

    stack.slack.click(BOB, "approve", approval)

    refusal = ephemeral(stack, BOB, "someone else must")
    assert "Ask " in refusal["text"]
    stack.wait_for_status(root, "Waiting for Approval")
    stack.slack.click(CYD, "reject", approval)
    stack.wait_for_status(root, "Rejected")


def test_only_the_people_named_may_decide(stack: Stack) -> None:
    root = stack.start_run(BOB, "greet", who="Bob")
    approval = stack.wait_in_thread(root, "asks for approval")

    stack.slack.click(ADA, "approve", approval)

    assert "<@U0BOB>" not in ephemeral(stack, ADA, "only the people named")["text"].split("Ask")[0]
    stack.slack.click(CYD, "approve", approval)  # a member of the group
    stack.wait_for_status(root, "Completed")


def test_a_guest_sees_no_workflow(stack: Stack) -> None:
    stack.slack.command(GUS, "/workflow run greet")

    assert "There is no workflow named `greet`" in ephemeral(stack, GUS, "no workflow named")["text"]


def test_a_failure_brings_the_end_of_stderr_harmlessly(stack: Stack) -> None:
    root = stack.start_run(ADA, "broken")

    failure = stack.wait_in_thread(root, "Failed")

    stack.wait_for_status(root, "Failed")
    assert "exit code 3" in failure["text"]
    preformatted = [block for block in failure["blocks"] if block["type"] == "rich_text"]
    assert "<!channel> disk is <https://evil.example|full>" in str(preformatted)
    others = [block for block in failure["blocks"] if block["type"] != "rich_text"]
    assert "<!channel>" not in str(others) + failure["text"]


def test_cancel_ends_the_step_with_all_it_started(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "linger", mark=str(mark))
    pid_file = tmp_path / "mark.pid"
    pid = int(wait_until(lambda: pid_file.read_text().strip() if pid_file.exists() else ""))

    stack.slack.click(ADA, "run_cancel", stack.root(root))

    stack.wait_for_status(root, "Cancelled")
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    assert mark.read_text() == "started\n"


def test_only_the_requester_and_admins_may_cancel(stack: Stack, tmp_path: Path) -> None:
    root = stack.start_run(BOB, "linger", mark=str(tmp_path / "mark"))

    stack.slack.click(CYD, "run_cancel", stack.root(root))
    assert "You may not cancel" in ephemeral(stack, CYD, "You may not cancel")["text"]

    stack.slack.command(ADA, f"/workflow cancel {number(root)}")
    stack.wait_for_status(root, "Cancelled")


def number(root: dict[str, Any]) -> int:
    return int(root["text"].split("#")[1].split()[0])


def test_history_lists_runs_and_opens_their_details(stack: Stack) -> None:
    root = stack.start_run(ADA, "broken")
    stack.wait_for_status(root, "Failed")

    stack.slack.command(ADA, "/workflow runs broken status:failed")
    listed = ephemeral(stack, ADA, "Runs of broken with status Failed")
    stack.slack.click(ADA, "run_details", listed, block_id=f"run:{number(root)}")
    details = stack.slack.wait_for_view(ADA, callback_id="details")
    menu = next(b["accessory"] for b in details["blocks"] if "accessory" in b)
    crash = next(option for option in menu["options"] if "crash" in option["text"]["text"].lower())
    stack.slack.click(ADA, "task_pick", details, value=crash["value"])

    shown = stack.slack.wait_for_view(ADA, callback_id="details", contains="about to break")
    assert "exit 3" in str(shown["blocks"])
    stack.slack.close(ADA, shown, clear=True)


def test_show_opens_the_details_and_a_link_for_one_person(stack: Stack) -> None:
    root = stack.start_run(ADA, "broken")
    stack.wait_for_status(root, "Failed")

    stack.slack.command(ADA, f"/workflow show {number(root)}")
    details = stack.slack.wait_for_view(ADA, callback_id="details")
    stack.slack.click(ADA, "run_page", details)

    link = stack.slack.wait_for_view(ADA, callback_id="page_link")
    assert f"{stack.web_url}/runs/{number(root)}?key=" in str(link["blocks"])
    stack.slack.close(ADA, link, clear=True)


def test_run_again_fills_the_form_with_what_the_run_had(stack: Stack) -> None:
    root = stack.start_run(ADA, "greet", who="Twice", times=3)
    stack.slack.click(BOB, "reject", stack.wait_in_thread(root, "asks for approval"))
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again")

    stack.slack.click(ADA, "run_again", dialog)

    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    initial = [block["element"].get("initial_value") for block in form["blocks"] if block["type"] == "input"]
    assert initial == ["Twice", "3"]
    stack.slack.close(ADA, form, clear=True)


def test_the_dialog_asks_for_a_comment_before_it_decides(stack: Stack) -> None:
    root = stack.start_run(ADA, "greet", who="World")
    stack.slack.command(BOB, f"/workflow show {number(root)}")
    stack.slack.close(BOB, stack.slack.wait_for_view(BOB, callback_id="details"), clear=True)
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="approve_in_dialog")

    stack.slack.click(ADA, "approve_in_dialog", dialog)
    form = stack.slack.wait_for_view(ADA, callback_id="comment_form")
    answer = stack.slack.submit(ADA, form, {})

    assert answer["response_action"] == "push"  # Ada started it: the refusal stands on top
    assert "someone else must" in str(stack.slack.views(ADA)[-1]["blocks"])
    stack.slack.close(ADA, stack.slack.views(ADA)[-1], clear=True)
    stack.slack.click(BOB, "approve", stack.wait_in_thread(root, "asks for approval"))
    stack.wait_for_status(root, "Completed")
