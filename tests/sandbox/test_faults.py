"""Ordered faults: each kind, how often, and whether the call was done all the same."""

import time
from http.client import IncompleteRead

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.fake_app import FakeApp
from tests.support.sandbox_client import ADA, GENERAL, OPS, SandboxClient, SandboxRefusal


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


def test_requests_to_the_app_fail_before_they_reach_it(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.faults("delivery", "error:dispatch_failed")
    refused = sandbox.command(ADA, "/workflow run", check=False)
    assert refused["error"] == "dispatch_failed"
    assert app.requests == []
    assert sandbox.command(ADA, "/workflow run")["ok"]


def test_one_kind_of_request_fails_as_if_the_app_had_answered_so(
    sandbox: SandboxClient, app: FakeApp
) -> None:
    sandbox.faults("delivery:command", "http:503")
    sandbox.faults("delivery:block_actions", "http:404")
    assert sandbox.command(ADA, "/workflow run", check=False)["error"] == "http_service_error"
    (row,) = sandbox.deliveries()
    assert (row["status"], row["problem"]) == (503, "http_service_error")
    assert [fault["method"] for fault in sandbox.switches()["faults"]] == ["delivery:block_actions"]


def test_the_app_is_told_but_its_answer_is_lost(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.faults("delivery", "lost_reply")
    assert sandbox.command(ADA, "/workflow run", check=False)["error"] == "operation_timeout"
    assert app.last("command")["text"] == "run"


def test_a_request_comes_late(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.faults("delivery:command", "slow:0.3")
    started = time.monotonic()
    sandbox.command(ADA, "/workflow run")
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [("error:used_url", 404, "used_url"), ("http:503", 503, None), ("ratelimited:7", 429, "ratelimited")],
)
def test_answers_at_response_urls_fail_too(
    sandbox: SandboxClient, app: FakeApp, mode: str, status: int, error: str | None
) -> None:
    sandbox.command(ADA, "/workflow run")
    url = app.last("command")["response_url"]
    sandbox.faults("response_url", mode)
    refused = httpx.post(url, json={"text": "one"}, trust_env=False)
    assert (refused.status_code, refused.json().get("error")) == (status, error)
    assert httpx.post(url, json={"text": "two"}, trust_env=False).status_code == 200
    assert [message["text"] for message in sandbox.messages(GENERAL, viewer=ADA)] == ["two"]


@pytest.mark.parametrize(
    ("method", "mode", "sentence"),
    [
        ("chat.postMessage", "slow:61", "60 seconds at most"),
        ("chat.postMessage", "http:200", "is no fault"),
        ("chat.postMessage", "error:", "is no fault"),
        ("chat.postMessage", "slow:\u00b2", "is no fault"),
        ("no method", "lost_reply", "is no method"),
        ("delivery", "ratelimited:3", "use http:429"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    sandbox: SandboxClient, method: str, mode: str, sentence: str
) -> None:
    with pytest.raises(SandboxRefusal, match=sentence):
        sandbox.faults(method, mode)


def test_what_was_ordered_is_not_blamed_on_anybody(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    sandbox.command(ADA, "/workflow run")
    url = app.last("command")["response_url"]
    for mode in ("error:internal_error", "ratelimited:30"):
        sandbox.faults("chat.postMessage", mode)
        with pytest.raises(SlackApiError):
            post(slack)
    sandbox.faults("response_url", "http:503")
    httpx.post(url, json={"text": "one"}, trust_env=False)
    for mode in ("http:404", "lost_reply"):
        sandbox.faults("delivery", mode)
        sandbox.command(ADA, "/workflow run", check=False)
    assert [each["sentence"] for each in reversed(sandbox.violations("error"))] == [
        "Slack answered internal_error, as ordered; nothing was done.",
        "Too many calls, as ordered: wait 30 s (Retry-After).",
        "Slack answered with HTTP 503 and no JSON, as ordered.",
        "It failed with http_client_error, as ordered.",
        "It failed with operation_timeout, as ordered.",
    ]
