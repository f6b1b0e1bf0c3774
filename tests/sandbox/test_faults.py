"""Ordered faults: each kind, how often, and whether the call was done all the same."""

import time
from http.client import IncompleteRead

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.support.sandbox_client import GENERAL, OPS, SandboxClient


def post(slack: WebClient) -> None:
    slack.chat_postMessage(channel=GENERAL, text="x")


def test_an_error_happens_so_many_times_and_nothing_is_done(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "error:internal_error", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match="internal_error"):
            post(slack)
    assert sandbox.messages(GENERAL) == []
    post(slack)
    assert len(sandbox.messages(GENERAL)) == 1


def test_a_fault_meets_only_its_method(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.update", "error:internal_error")
    post(slack)
    sandbox.clear_faults()
    sandbox.faults("*", "error:fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        slack.auth_test()


def test_cleared_faults_do_not_happen(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "http:500")
    sandbox.clear_faults()
    post(slack)


def test_a_status_comes_without_json(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "http:503")
    with pytest.raises(SlackApiError) as caught:
        post(slack)
    assert caught.value.response.status_code == 503
    assert sandbox.messages(GENERAL) == []
    assert sandbox.calls()[0]["status"] == 503


def test_a_rate_limit_names_the_seconds(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "ratelimited:30")
    with pytest.raises(SlackApiError) as caught:
        post(slack)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "30"


def test_a_lost_reply_means_done_but_never_heard_of(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "lost_reply")
    with pytest.raises(IncompleteRead):
        post(slack)
    (message,) = sandbox.messages(GENERAL)
    (call,) = sandbox.calls()
    assert call["is_lost"] is True
    assert call["answer"]["ts"] == message["ts"]


def test_a_slow_call_is_late_and_others_are_not(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.faults("chat.postMessage", "slow:0.3")
    started = time.monotonic()
    post(slack)
    assert time.monotonic() - started >= 0.3
    started = time.monotonic()
    slack.chat_postMessage(channel=OPS, text="quick")
    assert time.monotonic() - started < 0.3
