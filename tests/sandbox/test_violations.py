"""What a developer is told about each call and request: one sentence, and the place where there is one."""

import json
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.violations import call_violations, delivery_violations, known_arguments
from tests.sandbox.conftest import ACK_SECONDS, MovableClock
from tests.sandbox.fake_app import FakeApp
from tests.support.sandbox_client import ADA, GENERAL, SandboxClient


def call(method: str = "chat.postMessage", **more: Any) -> dict[str, Any]:
    row = {"number": 1, "method": method, "arguments": {}, "at": 100.0, "status": 200, "answer": {"ok": True}}
    return {**row, "is_lost": False, "seconds": 0.01, **more}


def request(**more: Any) -> dict[str, Any]:
    row = {
        "number": 7,
        "kind": "command",
        "at": 100.0,
        "headers": {},
        "payload": {},
        "status": 200,
        "repeats": [],
    }
    return {**row, "seconds": 0.1, "problem": None, "answer": "", "retry": None, "resent_from": None, **more}


def codes(found: list[Any]) -> list[str]:
    return [violation.code for violation in found]


def only(found: list[Any]) -> Any:
    (violation,) = found
    return violation


def test_a_good_call_and_a_good_request_have_none() -> None:
    assert call_violations(call(arguments={"channel": "C1", "text": "x"})) == []
    assert delivery_violations(request(), 3.0) == []


def test_an_error_in_blocks_is_told_with_its_pointer(sandbox: SandboxClient, slack: WebClient) -> None:
    with pytest.raises(SlackApiError):
        slack.chat_postMessage(
            channel=GENERAL, text="x", blocks=[{"type": "section", "text": {"type": "mrkdwn"}}]
        )
    told = sandbox.violations()
    assert {row["code"] for row in told} == {"invalid_blocks"}
    assert any(row["pointer"].startswith("/blocks/0") for row in told)
    assert all(row["sentence"].endswith(".") for row in told)


def test_blocks_without_text_are_worth_a_warning() -> None:
    found = call_violations(call(arguments={"blocks": [{"type": "divider"}]}))
    assert (only(found).code, only(found).severity) == ("no_fallback_text", "warning")
    assert call_violations(call(arguments={"blocks": [{"type": "divider"}], "markdown_text": "x"})) == []


def test_an_unknown_argument_is_named() -> None:
    violation = only(call_violations(call(arguments={"text": "x", "colour": "red"})))
    assert violation.sentence == "chat.postMessage knows no argument 'colour'; Slack ignores it."
    assert violation.pointer == "/colour"
    assert known_arguments("no.such") is None


@pytest.mark.parametrize(
    "method", ["files.upload", "channels.list", "stars.add", "oauth.access", "dialog.open"]
)
def test_a_method_of_the_past_is_named_with_what_came_after(method: str) -> None:
    (violation,) = [v for v in call_violations(call(method)) if v.code == "deprecated_method"]
    assert violation.sentence.startswith(f"{method} is a thing of the past: ")


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("missing_charset", {"headers": {"Content-Type": "application/json"}, "content": b"{}"}),
        (
            "superfluous_charset",
            {
                "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
                "content": b"a=b",
            },
        ),
    ],
)
def test_a_charset_too_few_or_too_many_is_explained(
    sandbox: SandboxClient, charset: str, body: dict[str, Any]
) -> None:
    httpx.post(f"{sandbox.api_url}api.test", trust_env=False, **body)
    assert charset in [row["code"] for row in sandbox.violations()]


def test_a_limited_call_says_how_long_to_wait(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.limits("strict")
    slack.chat_postMessage(channel=GENERAL, text="x")
    with pytest.raises(SlackApiError) as caught:
        slack.chat_postMessage(channel=GENERAL, text="x")
    wait = caught.value.response.headers["Retry-After"]
    assert sandbox.violations()[0]["sentence"] == f"Too many calls: wait {wait} s (Retry-After)."


def test_a_missing_scope_says_which(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["commands"])
    with pytest.raises(SlackApiError):
        slack.chat_postMessage(channel=GENERAL, text="x")
    assert sandbox.violations()[0]["sentence"] == "The token lacks chat:write; it has commands."


@pytest.mark.parametrize(("age", "code"), [(0.4, "trigger_used"), (2.7, "late_trigger")])
def test_a_trigger_says_how_old_it_was_when_it_was_used(age: float, code: str) -> None:
    opened = call("views.open", arguments={"trigger_id": "1.2.x", "view": {}}, at=100.0 + age)
    violation = only(call_violations(opened, request()))
    assert violation.code == code
    assert violation.sentence.startswith(f"The trigger_id of request 7 was used after {age} s.")


def test_the_uses_of_a_response_url_are_counted(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    url = app.last("command")["response_url"]
    for number in range(6):
        httpx.post(url, json={"text": str(number)}, trust_env=False)
    told = [row["code"] for row in sandbox.violations("note")]
    assert told == ["used_url", "last_use", *["response_url_used"] * 4]


def test_a_late_acknowledgement_is_close_to_the_limit(sandbox: SandboxClient, app: FakeApp) -> None:
    app.answer("command", delay=ACK_SECONDS - 0.4)
    sandbox.command(ADA, "/workflow run")
    (row,) = sandbox.violations()
    assert row["code"] == "late_acknowledgement"
    assert row["sentence"].endswith(f"close to the limit of {ACK_SECONDS:g} s.")


def test_no_acknowledgement_is_an_error(sandbox: SandboxClient, app: FakeApp) -> None:
    app.answer("command", status=500)
    sandbox.command(ADA, "/workflow run", check=False)
    (row,) = sandbox.violations("error")
    assert row["sentence"] == "The app failed with HTTP 500."


def test_an_app_that_believes_a_wrong_signature_is_caught(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.deliver("bad_signature")
    sandbox.command(ADA, "/workflow run")
    assert "the app accepted it: anybody could send it" in sandbox.violations("error")[0]["sentence"]
    app.answer("command", status=401)
    sandbox.command(ADA, "/workflow run", check=False)
    newest = [row["code"] for row in sandbox.violations("note")][:2]
    assert sorted(newest) == ["bad_signature", "http_client_error"]


def test_an_app_that_believes_an_old_timestamp_is_caught(
    sandbox: SandboxClient, app: FakeApp, clock: MovableClock
) -> None:
    sandbox.command(ADA, "/workflow run")
    clock.skip(3600)
    sandbox.command(ADA, "/workflow run")
    assert sandbox.violations() == []
    sandbox.deliver("old_timestamp")
    sandbox.command(ADA, "/workflow run")
    assert [row["code"] for row in sandbox.violations()] == ["old_timestamp"]


def test_retries_repetitions_and_unusable_answers_are_explained() -> None:
    retried = request(retry={"number": 2, "reason": "http_timeout"})
    assert only(delivery_violations(retried, 3.0)).sentence.startswith(
        "Retry 2 of 3, because of http_timeout"
    )
    twice = request(repeats=[{"status": 500, "problem": "http_service_error", "answer": ""}])
    assert codes(delivery_violations(twice, 3.0)) == ["sent_again"]
    assert codes(delivery_violations(request(resent_from=3), 3.0)) == ["resent"]
    assert codes(delivery_violations(request(kind="view_submission", answer="ok"), 3.0)) == ["unusable_reply"]
    assert codes(delivery_violations(request(answer="ok"), 3.0)) == []


def test_every_violation_can_be_told_as_json() -> None:
    lost = call(is_lost=True, answer={"ok": False, "error": "something_new"})
    told = [violation.told() for violation in call_violations(lost)]
    assert [row["severity"] for row in told] == ["note", "error"]
    assert json.loads(json.dumps(told)) == told
