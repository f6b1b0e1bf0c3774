"""Slack is made to show what is true, within its limits and whatever goes wrong there."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from slack_sdk import WebClient

from engine import commands
from engine.core.permission import Principal
from store.projecting import SLEEPS_AFTER_MS
from tests.e2e.conftest import WORKFLOWS
from tests.e2e.looking import TEAM, number
from tests.e2e.surfaces_of import move, run_status, surfaces_of
from tests.support.faults import kill_web, wait_for_new_web
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, OPS, RELEASES, Json
from tests.support.stack import Stack, fill, wait_until
from tests.support.web_side import second_web, web_side

pytestmark = pytest.mark.timeout(240)

TOKEN = "xoxb-of-these-tests"
SCOPES = yaml.safe_load((Path(__file__).parents[2] / "manifest.yml").read_text())["oauth_config"]["scopes"][
    "bot"
]
DIRECT = "D0ADA"
"""Ada's direct messages with the app."""

FINAL_SECONDS = 60.0
"""However much goes on, the end of a run is shown after so long at the latest."""


@pytest.fixture(scope="module")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(
        tmp_path_factory.mktemp("home"), WORKFLOWS, HANDRAIL_WORKER_THREADS="16", SLACK_BOT_TOKEN=TOKEN
    )
    stack.slack.scopes([*SCOPES, "im:write"])  # only to open Ada's conversation with the app
    WebClient(TOKEN, base_url=f"{stack.slack_url}/api/").conversations_open(users=ADA)
    stack.slack.scopes(SCOPES)
    yield stack
    code = stack.stop()
    stack.slack.shut()
    assert code == 0, "".join(stack.output[-40:])


@pytest.fixture
def stack(shared_stack: Stack) -> Iterator[Stack]:
    """One for all tests here; what a test has switched is switched back."""
    shared_stack.slack.limits("real")
    yield shared_stack
    shared_stack.slack.clear_faults()
    for channel in (GENERAL, OPS, RELEASES):
        shared_stack.slack.channel(channel, archived=False, private=False, bot_is_member=True)
    for user in (ADA, BOB, CYD):
        for view in reversed(shared_stack.slack.views(user)[-1:]):
            shared_stack.slack.close(user, view, clear=True)


def pace(mark: Path, step: int) -> None:
    """Let a step of `paced` or `late_gate` end."""
    Path(f"{mark}.{step}").touch()


def calls(stack: Stack, method: str, **arguments: Any) -> list[Json]:
    """The calls of a method with these arguments, oldest first."""
    return [
        call
        for call in stack.slack.calls(method)
        if all(call["arguments"].get(name) == value for name, value in arguments.items())
    ]


def updates(stack: Stack, message: Json) -> list[Json]:
    return calls(stack, "chat.update", ts=message["ts"])


def refused_for_now(stack: Stack, after: int) -> Json | None:
    """The first change of a message that met a limit; one that was under way before may be counted after it."""
    late = (call for call in calls(stack, "chat.update") if call["number"] > after)
    return next((call for call in late if call["status"] == 429), None)


def last_number(stack: Stack) -> int:
    return max((call["number"] for call in stack.slack.calls()), default=0)


def roots(stack: Stack, run: int, channel: str) -> list[Json]:
    """The root messages that a channel shows of a run."""
    return [
        message
        for message in stack.slack.messages(channel)
        if f"#{run} is " in message["text"] and message.get("thread_ts") in (None, message["ts"])
    ]


# --- what is sent


def test_a_message_has_one_writer_and_is_only_changed_when_it_looks_different(stack: Stack) -> None:
    root = stack.start_run(ADA, "busy", OPS)
    stack.wait_for_status(root, "Completed")
    plan = stack.wait_in_thread(root, "is Completed")

    for message in (root, plan):
        sent = updates(stack, message)
        shown = [call["arguments"]["blocks"] for call in sent]
        assert all(before != after for before, after in itertools.pairwise(shown))
        texts = [call["arguments"]["text"] for call in sent]
        percents = [int(text.split("% done")[0].split()[-1]) for text in texts]
        assert percents == sorted(percents)
        assert percents[-1] == 100
        pauses = [after["at"] - before["at"] for before, after in itertools.pairwise(sent)]
        assert min(pauses, default=1) > 0.9, "changes within a second go together"


def test_fifteen_live_runs_never_meet_a_limit_and_their_ends_are_shown_soon(stack: Stack) -> None:
    people, channels = (ADA, BOB, CYD), (GENERAL, OPS, RELEASES)
    started = [stack.start_run(people[n % 3], "steady", channels[n % 3]) for n in range(15)]
    assert all(run_status(stack, root) == "running" for root in started)
    gate = stack.start_run(ADA, "greet", GENERAL, who="World")

    asked_at = time.monotonic()
    stack.wait_in_thread(gate, "asks for approval", 20)
    assert time.monotonic() - asked_at < 10, "an approval goes before progress"

    for root in started:
        wait_until(lambda root=root: run_status(stack, root) == "completed", 120)  # type: ignore[misc]
    for root in started:
        stack.wait_for_status(root, "Completed", FINAL_SECONDS)
        stack.wait_in_thread(root, "is Completed", FINAL_SECONDS)
    assert [call["method"] for call in stack.slack.calls() if call["status"] == 429] == []
    assert busiest_minute(stack.slack.calls("chat.update")) <= 50
    stack.slack.command(ADA, f"/workflow cancel {number(gate)}")


def busiest_minute(made: list[Json]) -> int:
    times: list[float] = [call["at"] for call in made]
    return max(sum(start <= at < start + 60 for at in times) for start in times)


def test_retry_after_is_obeyed_and_other_methods_go_on(stack: Stack, tmp_path: Path) -> None:
    first = stack.start_run(ADA, "paced", OPS, mark=str(tmp_path / "first"))
    stack.wait_in_thread(first, "is Running")
    after = last_number(stack)
    stack.slack.faults("chat.update", "ratelimited:5")

    pace(tmp_path / "first", 1)
    banned = wait_until(lambda: refused_for_now(stack, after))
    stack.start_run(BOB, "paced", RELEASES, mark=str(tmp_path / "second"))
    assert time.time() < banned["at"] + 5, "a new run is shown while chat.update waits"
    again = stack.slack.wait_for_call("chat.update", after=banned["number"] + 2, timeout=30)

    for step in (1, 2, 3):
        pace(tmp_path / "first", step)
        pace(tmp_path / "second", step)
    stack.wait_for_status(first, "Completed")
    late = [call for call in calls(stack, "chat.update") if call["number"] > banned["number"]]
    # What was under way when the answer came had left before it could be known.
    assert all(call["at"] < banned["at"] + 0.5 or call["at"] >= banned["at"] + 5 for call in late)
    assert again["at"] >= banned["at"] + 5


@pytest.mark.parametrize(
    "modes",
    [
        ("http:500", "http:503"),
        ("error:internal_error", "error:fatal_error"),
        ("lost_reply", "lost_reply"),
        ("slow:6", "slow:1"),
    ],
)
def test_whatever_fails_at_slack_the_last_state_arrives(
    stack: Stack, tmp_path: Path, modes: tuple[str, ...]
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    plan = stack.wait_in_thread(root, "is Running")
    for mode in modes:
        stack.slack.faults("chat.update", mode)
        stack.slack.faults("views.update", mode)

    for step in (1, 2, 3):
        pace(mark, step)

    stack.wait_for_status(root, "Completed", FINAL_SECONDS)
    stack.wait_in_thread(root, "is Completed", FINAL_SECONDS)
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again", timeout=60)
    assert len(roots(stack, number(root), OPS)) == 1
    assert [reply["ts"] for reply in stack.replies(root)] == [plan["ts"]]


# --- posts whose answer is lost


@pytest.mark.parametrize(
    ("what", "channel"),
    [("the root", RELEASES), ("a reply", RELEASES), ("the root", DIRECT), ("a reply", DIRECT)],
)
def test_a_lost_answer_to_a_post_makes_no_second_message(
    stack: Stack, tmp_path: Path, what: str, channel: str
) -> None:
    mark, before = tmp_path / "mark", last_number(stack)
    if what == "the root":
        stack.slack.faults("chat.postMessage", "lost_reply")
    root = stack.start_run(ADA, "late_gate", channel, mark=str(mark))
    stack.wait_in_thread(root, "is Running")
    if what == "a reply":
        stack.slack.faults("chat.postMessage", "lost_reply")
    pace(mark, 1)
    approval = stack.wait_in_thread(root, "asks for approval")

    look = "conversations.history" if what == "the root" else "conversations.replies"
    stack.slack.wait_for_call(look, after=before, timeout=20)
    wait_until(lambda: surfaces_of(stack, root)["approval"]["ts"] == approval["ts"])
    if channel == DIRECT:  # nobody else sees it
        stack.slack.click(ADA, "run_cancel", root)
        stack.wait_for_status(root, "Cancelled")
        stack.wait_in_thread(root, "The run stopped before this was decided")
    else:
        stack.slack.click(BOB, "approve", approval)
        stack.wait_for_status(root, "Completed")
        stack.wait_in_thread(root, "Approved by <@U0BOB>")

    assert len(roots(stack, number(root), channel)) == 1
    assert len(stack.replies(root)) == 2
    assert len([call for call in stack.slack.calls(look) if call["number"] > before]) == 1


def test_a_copy_that_could_not_be_looked_up_is_deleted_once_it_is_known(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    stack.slack.faults("chat.postMessage", "lost_reply")
    stack.slack.faults("conversations.history", "error:internal_error")
    root = stack.start_run(ADA, "paced", RELEASES, mark=str(mark))
    run = number(root)

    older, newer = wait_until(lambda: found if len(found := roots(stack, run, RELEASES)) == 2 else None)
    assert older["ts"] == root["ts"]
    surface = wait_until(lambda: found if (found := surfaces_of(stack, root)["root"])["ts"] else None)
    assert surface["ts"] == newer["ts"]
    move(stack, surface, doubt_at=1)

    wait_until(lambda: [message["ts"] for message in roots(stack, run, RELEASES)] == [newer["ts"]])
    for step in (1, 2, 3):
        pace(mark, step)
    stack.wait_for_status(newer, "Completed")


# --- messages and channels that people change


def test_a_deleted_message_is_replaced_once_and_the_thread_goes_on_there(
    stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "late_gate", OPS, mark=str(mark))
    plan = stack.wait_in_thread(root, "is Running")
    run = number(root)
    stack.slack.delete_message(OPS, plan["ts"])
    stack.slack.delete_message(OPS, root["ts"])

    stack.slack.click(ADA, "run_cancel", stack.slack.wait_for_view(ADA, callback_id="live_dialog"))

    (new_root,) = wait_until(lambda: roots(stack, run, OPS))
    stack.wait_for_status(new_root, "Cancelled")
    stack.wait_in_thread(new_root, "is Cancelled")


def test_a_message_deleted_again_and_again_stays_away_for_ten_minutes(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "late_gate", OPS, mark=str(mark))
    stack.wait_in_thread(root, "is Running")
    run = number(root)
    stack.slack.delete_message(OPS, root["ts"])
    pace(mark, 1)
    (new_root,) = wait_until(lambda: roots(stack, run, OPS))
    approval = stack.slack.wait_for_message("asks for approval", channel=OPS, action_id="approve")
    stack.slack.delete_message(OPS, new_root["ts"])
    stack.slack.click(BOB, "reject", approval)

    surface = wait_until(lambda: found if (found := surfaces_of(stack, root)["root"])["ts"] is None else None)
    assert surface["due_at"] - surface["posted_at"] > 500_000
    assert roots(stack, run, OPS) == []
    move(stack, surface, due_at=1)
    (last_root,) = wait_until(lambda: roots(stack, run, OPS))
    assert "is Rejected" in last_root["text"]


@pytest.mark.parametrize("trouble", ["archived", "left", "left and private"])
def test_a_channel_that_takes_no_messages_stops_no_run_and_its_requester_is_told_once(
    stack: Stack, tmp_path: Path, trouble: str
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "late_gate", OPS, mark=str(mark))
    stack.wait_in_thread(root, "is Running")
    run = number(root)
    close_channel(stack, trouble)

    pace(mark, 1)

    notice = wait_until(lambda: notices_of(stack, run))[0]
    assert "takes no messages" in notice["text"]
    assert f"{stack.web_url}/runs/{run}" in notice["text"]
    approval = wait_until(lambda: surfaces_of(stack, root).get("approval"))
    wait_until(lambda: surfaces_of(stack, root)["approval"]["last_error"])
    assert stack.slack.messages(OPS, thread=root["ts"])[2:] == []

    stack.slack.scopes(SCOPES)
    stack.slack.channel(OPS, archived=False, private=False, bot_is_member=True)
    for surface in surfaces_of(stack, root).values():
        move(stack, surface, due_at=1)
    message = stack.wait_in_thread(root, "asks for approval")
    assert surfaces_of(stack, root)["approval"]["id"] == approval["id"]
    stack.slack.click(BOB, "approve", message)
    stack.wait_for_status(root, "Completed")
    assert len(notices_of(stack, run)) == 1


def close_channel(stack: Stack, trouble: str) -> None:
    if trouble == "archived":
        stack.slack.channel(OPS, archived=True)
        return
    stack.slack.scopes([scope for scope in SCOPES if scope != "chat:write.public"])
    stack.slack.channel(OPS, bot_is_member=False, private=trouble.endswith("private"))


def notices_of(stack: Stack, run: int) -> list[Json]:
    """What the requester was told in direct messages about a run."""
    called = [call for call in stack.slack.calls("chat.postMessage") if call["arguments"]["channel"] == ADA]
    return [call["answer"]["message"] for call in called if call["answer"]["ok"] and f"#{run}" in str(call)]


def test_a_refused_token_stops_all_calls_but_no_step(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    stack.wait_in_thread(root, "is Running")
    stack.slack.faults("chat.update", "error:token_revoked")
    pace(mark, 1)

    wait_until(lambda: ready(stack) == 503)
    refused = next(call for call in reversed(stack.slack.calls()) if not call["answer"]["ok"])
    assert "Slack refuses the bot's token (token_revoked)" in httpx.get(f"{stack.web_url}/readyz").text
    for step in (2, 3):
        pace(mark, step)
    wait_until(lambda: run_status(stack, root) == "completed")
    stack.slack.command(ADA, "/workflow list", OPS)
    answer = stack.slack.wait_for_message("refuses its token", channel=OPS, viewer=ADA)
    assert "Nothing was changed" in answer["text"]
    late = [call for call in stack.slack.calls() if call["number"] > refused["number"]]
    assert all(call["at"] < refused["at"] + 0.5 for call in late)

    wait_for_new_web(stack, kill_web(stack))  # as after setting a new token
    stack.wait_for_status(root, "Completed", 40)


def ready(stack: Stack) -> int:
    return httpx.get(f"{stack.web_url}/readyz").status_code


# --- dialogs and details


def view_updates(stack: Stack, view: Json) -> list[Json]:
    return calls(stack, "views.update", view_id=view["id"])


def test_a_dialog_follows_its_run_at_the_pace_that_is_promised(stack: Stack) -> None:
    root = stack.start_run(ADA, "busy", OPS)
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog")
    submitted_at = next(
        row["at"] for row in reversed(stack.slack.deliveries()) if row["kind"] == "view_submission"
    )

    stack.wait_for_status(root, "Completed")
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again")

    times = [call["at"] for call in view_updates(stack, dialog)]
    assert 0.9 < times[0] - submitted_at < 2.2
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert pauses
    assert all(pause > 1.9 for pause in pauses)


def test_many_open_modals_are_drawn_less_often(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    for user in (BOB, CYD):
        stack.start_run(user, "paced", RELEASES, mark=str(mark))
    for user in (ADA, BOB, CYD):
        dialog = stack.slack.wait_for_view(user, callback_id="live_dialog", contains="One: Running")
        stack.slack.click(user, "run_details", dialog)
        stack.slack.wait_for_view(user, callback_id="details")
    details = stack.slack.views(ADA)[-1]
    wait_until(lambda: surfaces_of(stack, root).get("details"))
    before = time.time()

    pace(mark, 1)
    stack.slack.wait_for_view(ADA, callback_id="details", contains="33%")
    pace(mark, 2)
    stack.slack.wait_for_view(ADA, callback_id="details", contains="66%")

    times = [call["at"] for call in view_updates(stack, details) if call["at"] > before]
    assert all(after - before > 6 * 0.75 - 0.1 for before, after in itertools.pairwise(times[-2:]))
    pace(mark, 3)
    for user in (ADA, BOB, CYD):
        stack.slack.wait_for_view(user, callback_id="details", contains="100%", timeout=30)


def test_a_dialog_that_nobody_touches_sleeps_until_it_is_refreshed_or_the_run_ends(
    stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    long_ago = int(time.time() * 1000) - SLEEPS_AFTER_MS
    move(stack, dialog_surface(stack, root), attended_at=long_ago)
    asleep = stack.slack.wait_for_view(ADA, callback_id="live_dialog", action_id="refresh")
    slept_at = last_number(stack)

    pace(mark, 1)
    stack.wait_in_thread(root, "33%")
    assert [call for call in view_updates(stack, asleep) if call["number"] > slept_at] == []

    stack.slack.click(ADA, "refresh", asleep)
    awake = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="33%", timeout=2)
    assert "refresh" not in str(awake["blocks"])
    pace(mark, 2)
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="66%", timeout=5)

    move(stack, dialog_surface(stack, root), attended_at=long_ago)
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", action_id="refresh")
    pace(mark, 3)
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Run Again")


def dialog_surface(stack: Stack, root: Json) -> Json:
    return wait_until(lambda: surfaces_of(stack, root).get("dialog"))


def test_closed_modals_are_forgotten(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog")
    stack.slack.click(ADA, "run_details", dialog)
    details = stack.slack.wait_for_view(ADA, callback_id="details")
    wait_until(lambda: surfaces_of(stack, root).get("details"))

    stack.slack.close(ADA, details, clear=True)
    before = last_number(stack)
    pace(mark, 1)
    stack.wait_for_status(root, "Running")
    stack.wait_in_thread(root, "33%")

    assert [call for call in stack.slack.calls("views.update") if call["number"] > before] == []
    assert {surfaces_of(stack, root)[kind]["state"] for kind in ("dialog", "details")} == {"gone"}


def test_a_modal_that_went_away_without_a_word_is_forgotten_at_the_first_answer(
    stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "paced", OPS, mark=str(mark))
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog")
    stack.slack.command(ADA, "/workflow run", OPS)  # another modal takes its place
    stack.slack.wait_for_view(ADA, callback_id="picker")
    before = last_number(stack)

    for step in (1, 2, 3):
        pace(mark, step)
        stack.wait_in_thread(root, f"{(33, 66, 100)[step - 1]}%")

    late = [call for call in view_updates(stack, dialog) if call["number"] > before]
    assert [call["answer"]["error"] for call in late] == ["not_found"]
    assert surfaces_of(stack, root)["dialog"]["state"] == "gone"


def test_details_live_while_they_are_open(stack: Stack, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    root = stack.start_run(ADA, "hold", OPS, mark=str(mark))
    stack.slack.command(BOB, f"/workflow show {number(root)}", OPS)
    details = stack.slack.wait_for_view(BOB, callback_id="details", contains="Start")
    menu = next(block["accessory"] for block in details["blocks"] if "accessory" in block)
    stack.slack.click(BOB, "task_pick", details, value=menu["options"][1]["value"])
    stack.slack.wait_for_view(BOB, callback_id="details", contains="nothing written", timeout=2)

    Path(f"{mark}.go").touch()

    stack.slack.wait_for_view(BOB, callback_id="details", contains="Completed")


def test_cancel_in_the_dialog_is_seen_there_at_once(stack: Stack, tmp_path: Path) -> None:
    root = stack.start_run(ADA, "paced", OPS, mark=str(tmp_path / "mark"))
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="One: Running")
    assert "run_cancel" in str(dialog["blocks"])

    clicked_at = time.time()
    stack.slack.click(ADA, "run_cancel", dialog)

    wait_until(lambda: "run_cancel" not in str(stack.slack.views(ADA)[-1]["blocks"]), 1.5)
    first = next(call for call in view_updates(stack, dialog) if call["at"] > clicked_at)
    assert first["at"] - clicked_at < 1
    stack.wait_for_status(root, "Cancelled")


def test_a_decision_in_the_dialog_is_seen_there_at_once(stack: Stack) -> None:
    root = stack.start_run(ADA, "greet", OPS, who="World")
    message = stack.wait_in_thread(root, "asks for approval")
    stack.slack.click(BOB, "run_details", stack.root(root))
    stack.slack.wait_for_view(BOB, callback_id="details")
    dialog = stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="approve_in_dialog")

    stack.slack.click(ADA, "reject_in_dialog", dialog)
    stack.slack.submit(ADA, stack.slack.wait_for_view(ADA, callback_id="comment_form"), {})
    assert "someone else must" in str(stack.slack.views(ADA)[-1])

    stack.slack.close(ADA, stack.slack.views(ADA)[-1])
    stack.slack.close(ADA, stack.slack.views(ADA)[-1])
    stack.slack.click(BOB, "reject", message)
    stack.slack.wait_for_view(ADA, callback_id="live_dialog", contains="Rejected")


# --- the web process


def test_a_call_that_is_under_way_at_shutdown_is_finished_and_remembered(
    stack: Stack, tmp_path: Path
) -> None:
    mark, before = tmp_path / "mark", last_number(stack)
    stack.slack.faults("chat.postMessage", "slow:2")
    stack.slack.command(ADA, "/workflow run paced", RELEASES)
    form = stack.slack.wait_for_view(ADA, callback_id="start_form")
    stack.slack.submit(ADA, form, fill(form, {"mark": str(mark)}))
    time.sleep(0.5)  # the post is on its way
    old = stack.web_pids()[-1]

    os.kill(old, signal.SIGTERM)
    wait_for_new_web(stack, old)

    for step in (1, 2, 3):
        pace(mark, step)
    root = stack.slack.wait_for_message("is Completed", channel=RELEASES, timeout=30)
    assert len(roots(stack, number(root), RELEASES)) == 1
    looks = [call for call in stack.slack.calls("conversations.history") if call["number"] > before]
    assert looks == [], "nothing had to be looked for"


def test_of_two_web_processes_one_sends_and_the_other_takes_over_at_once(
    tmp_path: Path, migrated_sqlite_file: Path
) -> None:
    with web_side(tmp_path / "house", WORKFLOWS, migrated_sqlite_file) as side, second_web(side):
        started = side.start("gate", channel=OPS, mark="x")
        wait_until(lambda: len(side.slack.calls("chat.postMessage")) == 3)

        side.web.close()
        (approval,) = side.picture(started).approvals
        commands.decide(side.engine, Principal(TEAM, BOB), approval.id, approve=True)

        side.slack.wait_for_message("Approved by", channel=OPS, timeout=4)
        assert len(side.slack.calls("chat.postMessage")) == 3
