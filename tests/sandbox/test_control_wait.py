"""Waiting: it answers at once when the thing is there, as soon as it comes, and says what was seen if not."""

import threading
import time
from collections.abc import Callable

import pytest
from slack_sdk import WebClient

from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, modal, section
from tests.support.sandbox_client import ADA, BOB, GENERAL, OPS, SandboxClient


def later(act: Callable[[], object]) -> threading.Timer:
    """Do it in a moment, while the test waits."""
    timer = threading.Timer(0.1, act)
    timer.start()
    return timer


def test_a_message_that_is_there_is_found_at_once(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.chat_postMessage(channel=OPS, text="quoted “word”", blocks=[actions("a", button("go"))])
    assert sandbox.wait_for_message("“word”", channel=OPS, timeout=0)["channel"] == OPS
    assert sandbox.wait_for_message(action_id="go", timeout=0)["text"] == "quoted “word”"


def test_the_newest_match_is_given(sandbox: SandboxClient, slack: WebClient) -> None:
    for number in (1, 2):
        slack.chat_postMessage(channel=OPS, text=f"step {number}")
    assert sandbox.wait_for_message("step")["text"] == "step 2"


def test_a_message_that_comes_or_changes_later_ends_the_wait(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    timer = later(lambda: slack.chat_postMessage(channel=OPS, text="running"))
    ts = sandbox.wait_for_message("running", channel=OPS)["ts"]
    timer.join()
    timer = later(lambda: slack.chat_update(channel=OPS, ts=ts, text="completed"))
    assert sandbox.wait_for_message("completed", channel=OPS)["ts"] == ts
    timer.join()


def test_replies_are_found_and_can_be_asked_for(sandbox: SandboxClient, slack: WebClient) -> None:
    root = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    other = slack.chat_postMessage(channel=GENERAL, text="other")["ts"]
    slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root)
    assert sandbox.wait_for_message("reply")["thread_ts"] == root
    assert sandbox.wait_for_message("reply", thread=root)["thread_ts"] == root
    with pytest.raises(AssertionError):
        sandbox.wait_for_message("reply", thread=other, timeout=0.05)


def test_an_ephemeral_message_is_found_by_its_viewer(sandbox: SandboxClient, slack: WebClient) -> None:
    timer = later(lambda: slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="private"))
    assert sandbox.wait_for_message("private", viewer=BOB)["ephemeral_for"] == BOB
    timer.join()
    with pytest.raises(AssertionError):
        sandbox.wait_for_message("private", viewer=ADA, timeout=0.05)


def test_a_view_is_waited_for_and_its_end(sandbox: SandboxClient, slack: WebClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    trigger_id = app.last("command")["trigger_id"]
    timer = later(
        lambda: slack.views_open(trigger_id=trigger_id, view=modal(section("Hello"), callback_id="live"))
    )
    view = sandbox.wait_for_view(ADA, "Hello", callback_id="live")
    timer.join()
    with pytest.raises(AssertionError):
        sandbox.wait_for_no_view(ADA, timeout=0.05)
    sandbox.wait_for_no_view(ADA, callback_id="other", timeout=0)
    timer = later(lambda: sandbox_close(sandbox, view["id"]))
    sandbox.wait_for_no_view(ADA)
    timer.join()


def sandbox_close(sandbox: SandboxClient, view_id: str) -> None:
    """With a client of its own, because the shared one is busy waiting."""
    with SandboxClient(sandbox.base_url) as other:
        other.close(ADA, view_id)


def test_a_call_is_waited_for_also_in_the_past(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.auth_test()
    first = sandbox.wait_for_call("auth.test", timeout=0)
    timer = later(slack.auth_test)
    second = sandbox.wait_for_call("auth.test", after=first["number"])
    timer.join()
    assert second["number"] > first["number"]
    assert sandbox.wait_for_call("auth.test", "T0001", timeout=0)["number"] == first["number"]


def test_a_vain_wait_ends_in_time_and_tells_what_was_there(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.chat_postMessage(channel=GENERAL, text="something else")
    started = time.monotonic()
    with pytest.raises(AssertionError, match="something else"):
        sandbox.wait_for_message("never", timeout=0.2)
    assert 0.15 < time.monotonic() - started < 3


def test_a_reset_empties_everything(sandbox: SandboxClient, slack: WebClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    slack.views_open(trigger_id=app.last("command")["trigger_id"], view=modal())
    slack.chat_postMessage(channel=GENERAL, text="x")
    sandbox.channel(OPS, archived=True)
    sandbox.scopes([])
    sandbox.faults("*", "error:fatal_error")
    sandbox.deliver("twice")
    sandbox.reset()
    assert sandbox.messages(GENERAL) == sandbox.views(ADA) == sandbox.calls() == sandbox.deliveries() == []
    assert slack.conversations_info(channel=OPS)["channel"]["is_archived"] is False
    sandbox.command(ADA, "/workflow run")
    assert len(app.requests) == 2
