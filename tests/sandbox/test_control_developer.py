"""The control API for developers: the time line, sending again, a slow Slack, events, and the state."""

import json
import time
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import SECRET, FakeApp
from tests.support.sandbox_client import ADA, BOB, GENERAL, OPS, SandboxClient, SandboxRefusal
from tests.support.served import served


def test_the_time_line_has_requests_and_calls_newest_first(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    sandbox.command(ADA, "/workflow run")
    slack.chat_postMessage(channel=GENERAL, text="Hello")
    entries = sandbox.time_line()
    assert [entry["kind"] for entry in entries] == ["chat.postMessage", "command"]
    assert [entry["headline"] for entry in entries] == [f"{GENERAL} · Hello", "/workflow run"]
    assert [entry["state"] for entry in entries] == ["ok", "ok"]


def test_the_time_line_is_filtered_by_direction_kind_words_and_trouble(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    app.answer("command", status=500)
    sandbox.command(ADA, "/workflow run", check=False)
    slack.chat_postMessage(channel=GENERAL, text="Hello")
    slack.chat_postMessage(channel=OPS, text="Bonjour")

    def kinds(**query: str) -> list[str]:
        return [entry["kind"] for entry in sandbox.time_line(**query)]

    assert kinds(direction="request") == ["command"]
    assert kinds(kind="chat.postMessage") == ["chat.postMessage"] * 2
    assert kinds(text="bonJOUR") == ["chat.postMessage"]
    assert kinds(failed="true") == ["command"]
    assert kinds(limit="1") == ["chat.postMessage"]
    with pytest.raises(SandboxRefusal, match="direction must be request or call"):
        kinds(direction="sideways")


def test_an_entry_has_everything_that_was_sent_and_answered_and_no_token(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    slack.chat_postMessage(channel=GENERAL, text="Hello")
    entry = sandbox.entry(sandbox.time_line()[0]["id"])
    assert entry["payload"]["text"] == "Hello"
    assert entry["answer"]["message"]["text"] == "Hello"
    assert entry["http_method"] == "POST"
    assert entry["headers"]["content-type"].startswith("application/")
    assert entry["answer_headers"]["X-OAuth-Scopes"]
    assert TOKEN not in json.dumps(entry)
    with pytest.raises(SandboxRefusal, match="There is no entry 'call-0'"):
        sandbox.entry("call-0")


def test_a_response_url_is_logged_like_a_call_with_its_uses_and_its_request(
    sandbox: SandboxClient, app: FakeApp
) -> None:
    sandbox.command(ADA, "/workflow run")
    url = app.last("command")["response_url"]
    httpx.post(url, json={"text": "one"}, trust_env=False)
    httpx.post(url, content=b"nonsense", trust_env=False)
    first, second = sandbox.calls("response_url")
    assert (first["arguments"], first["status"], first["uses"]) == ({"text": "one"}, 200, 1)
    assert (second["answer"]["error"], second["status"], second["uses"]) == ("invalid_payload", 400, 1)
    (request,) = sandbox.deliveries()
    assert sandbox.time_line(direction="call")[1]["cause"] == f"request-{request['number']}"


def test_a_request_is_sent_again_freshly_signed(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    (row,) = sandbox.deliveries()
    again = sandbox.resend(row["number"], times=2)
    assert [new["resent_from"] for new in again] == [row["number"]] * 2
    assert len(app.requests) == 3
    assert all(request.is_signed() for request in app.requests)
    assert {json.dumps(request.payload) for request in app.requests} == {json.dumps(app.requests[0].payload)}


@pytest.mark.parametrize(
    ("number", "times", "sentence"),
    [
        (99_999, 1, "no delivery 99999"),
        (0, 1, "number must be"),
        (1, 0, "times must be"),
        (1, 21, "20 at most"),
    ],
)
def test_what_cannot_be_sent_again_is_refused(
    sandbox: SandboxClient, number: int, times: int, sentence: str
) -> None:
    with pytest.raises(SandboxRefusal, match=sentence):
        sandbox.resend(number, times)


def test_a_slow_slack_answers_late_until_the_reset(sandbox: SandboxClient, slack: WebClient) -> None:
    assert sandbox.pace(answers=0.3) == {"ok": True, "answers": 0.3, "deliveries": 0.0}
    started = time.monotonic()
    slack.auth_test()
    assert time.monotonic() - started >= 0.3
    sandbox.reset()
    assert sandbox.switches()["pace"] == {"answers": 0.0, "deliveries": 0.0}


def test_a_slow_slack_asks_the_app_late_and_does_not_blame_it(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.pace(deliveries=0.3)
    started = time.monotonic()
    sandbox.command(ADA, "/workflow run")
    assert time.monotonic() - started >= 0.3
    assert sandbox.deliveries()[0]["seconds"] < 0.3
    with pytest.raises(SandboxRefusal, match="answers must be a number of seconds from 0 to 60"):
        sandbox.pace(answers=61)


def test_an_event_happens_when_the_app_would_hear_of_it(sandbox: SandboxClient, app: FakeApp) -> None:
    manifest = {
        "display_information": {"name": "Listener"},
        "features": {"bot_user": {"display_name": "Listener"}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"request_url": "http://x.test/", "bot_events": ["app_mention"]}},
    }
    sandbox.install(manifest, app_url=sandbox.app()["actions_url"])
    sandbox.send_event({"type": "app_mention", "user": ADA, "channel": GENERAL, "text": "hello"})
    with pytest.raises(SandboxRefusal, match="has not subscribed to reaction_added"):
        sandbox.send_event({"type": "reaction_added", "user": BOB})
    with pytest.raises(SandboxRefusal, match="event must be an object with a type"):
        sandbox.send_event({"user": BOB})


def test_clearing_empties_both_logs_and_nothing_else(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    sandbox.command(ADA, "/workflow run")
    slack.chat_postMessage(channel=GENERAL, text="stays")
    sandbox.clear_logs()
    assert (sandbox.calls(), sandbox.deliveries(), sandbox.time_line()) == ([], [], [])
    assert [message["text"] for message in sandbox.messages(GENERAL)] == ["stays"]


def test_the_switches_say_how_everything_stands(sandbox: SandboxClient) -> None:
    sandbox.limits("strict")
    sandbox.deliver("twice")
    sandbox.faults("views.open", "http:500", times=2)
    told = sandbox.switches()
    assert (told["limits"], told["delivery"]) == ("strict", "twice")
    assert told["faults"] == [{"method": "views.open", "mode": "http:500", "times": 2}]
    sandbox.reset()
    told = sandbox.switches()
    assert (told["limits"], told["delivery"], told["faults"]) == ("real", "once", [])


def test_the_workspace_goes_out_and_comes_back(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.chat_postMessage(channel=GENERAL, text="kept")
    exported = sandbox.state()
    sandbox.reset()
    assert sandbox.messages(GENERAL) == []
    sandbox.restore(exported)
    assert [message["text"] for message in sandbox.messages(GENERAL)] == ["kept"]


@pytest.mark.parametrize(
    "state", [{}, {"channels": 5}, {"channels": [{"id": "C1"}]}, {"channels": [], "messages": 1}]
)
def test_a_state_that_cannot_be_read_changes_nothing(
    sandbox: SandboxClient, slack: WebClient, state: dict[str, object]
) -> None:
    slack.chat_postMessage(channel=GENERAL, text="mine")
    with pytest.raises(SandboxRefusal, match="nothing that GET /control/state gave"):
        sandbox.restore(state)
    assert [message["text"] for message in sandbox.messages(GENERAL)] == ["mine"]


def test_without_a_file_nothing_can_be_kept(sandbox: SandboxClient) -> None:
    refused = httpx.post(f"{sandbox.base_url}/control/state", json={"keep": True}, trust_env=False)
    assert refused.status_code == 409
    assert refused.json()["message"] == "The sandbox was started without a file to keep anything in."


def test_keeping_is_switched_off_and_on_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"

    def config(base_url: str) -> SandboxConfig:
        return SandboxConfig(None, TOKEN, SECRET, base_url, state_file=file)

    def switch(base_url: str, keep: bool) -> None:
        answer = httpx.post(f"{base_url}/control/state", json={"keep": keep}, trust_env=False)
        assert answer.json() == {"ok": True, "keep": keep}

    with served(lambda base_url: create_app(config(base_url))) as base_url, SandboxClient(base_url) as client:
        client.post(ADA, "hello")
        switch(base_url, True)
        assert "hello" in file.read_text()
        switch(base_url, False)
        assert not file.exists()
    assert not file.exists()


@pytest.mark.parametrize("file_id", ["../outside", "/etc/hostname", "F0/../../outside", "F0123456789\n"])
def test_an_id_of_a_file_never_leads_out_of_the_folder(
    sandbox: SandboxClient, slack: WebClient, file_id: str
) -> None:
    sandbox.scopes(["files:read", "files:write"])
    slack.files_upload_v2(content="words", filename="a.txt")
    state = sandbox.state()
    state["files"]["files"][0]["id"] = file_id
    with pytest.raises(SandboxRefusal, match="nothing that GET /control/state gave"):
        sandbox.restore(state)
    assert [file["name"] for file in slack.files_list()["files"]] == ["a.txt"]
