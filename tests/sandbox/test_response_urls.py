"""Response URLs: five uses in thirty minutes, and what each kind of answer does to the message."""

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from tests.sandbox.conftest import MovableClock
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, section
from tests.support.sandbox_client import ADA, BOB, GENERAL, SandboxClient


def of_command(sandbox: SandboxClient, app: FakeApp) -> str:
    sandbox.command(ADA, "/workflow run")
    return str(app.last("command")["response_url"])


def of_click(sandbox: SandboxClient, app: FakeApp, slack: WebClient, **more: Any) -> str:
    slack.chat_postMessage(channel=GENERAL, text="Approve?", blocks=[actions("a", button("go"))], **more)
    sandbox.click(BOB, "go", sandbox.wait_for_message(action_id="go"))
    return str(app.last("block_actions")["response_url"])


def answer(url: str, **message: Any) -> httpx.Response:
    return httpx.post(url, json=message, trust_env=False, verify=False)


def texts(sandbox: SandboxClient, viewer: str | None = None) -> list[str]:
    return [message["text"] for message in sandbox.messages(GENERAL, viewer=viewer)]


def test_an_answer_is_private_unless_it_says_otherwise(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    reply = answer(url, text="for you")
    assert (reply.status_code, reply.text) == (200, "ok")
    assert texts(sandbox) == []
    assert texts(sandbox, ADA) == ["for you"]
    answer(url, text="for all", response_type="in_channel")
    assert texts(sandbox) == ["for all"]


def test_five_answers_and_no_sixth(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    assert [answer(url, text=str(number)).status_code for number in range(5)] == [200] * 5
    refused = answer(url, text="5")
    assert (refused.status_code, refused.json()) == (404, {"ok": False, "error": "used_url"})
    assert len(texts(sandbox, ADA)) == 5


def test_thirty_minutes_and_no_longer(sandbox: SandboxClient, app: FakeApp, clock: MovableClock) -> None:
    url = of_command(sandbox, app)
    clock.skip(29 * 60)
    assert answer(url, text="in time").status_code == 200
    clock.skip(61)
    refused = answer(url, text="late")
    assert (refused.status_code, refused.json()["error"]) == (404, "expired_url")


def test_a_click_can_replace_its_message(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    url = of_click(sandbox, app, slack)
    answer(url, text="Approved", blocks=[section("Approved")], replace_original="true")
    (message,) = sandbox.messages(GENERAL)
    assert (message["text"], message["blocks"][0]["type"]) == ("Approved", "section")


def test_a_click_can_delete_its_message_and_post_another(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    url = of_click(sandbox, app, slack)
    answer(url, delete_original=True, text="Gone", response_type="in_channel")
    assert texts(sandbox) == ["Gone"]
    url = of_click(sandbox, app, slack)
    answer(url, delete_original=True)
    assert texts(sandbox) == ["Gone"]


def test_a_plain_answer_to_a_click_leaves_the_message(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    answer(of_click(sandbox, app, slack), text="noted")
    assert texts(sandbox) == ["Approve?"]
    assert texts(sandbox, BOB) == ["Approve?", "noted"]


def test_an_answer_into_the_thread_overwrites_the_source_unless_told_not_to(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    url = of_click(sandbox, app, slack)
    (message,) = sandbox.messages(GENERAL)
    into = {"text": "reply", "response_type": "in_channel", "thread_ts": message["ts"]}
    answer(url, **into, replace_original=False)
    assert [m["text"] for m in sandbox.messages(GENERAL, thread=message["ts"])] == ["Approve?", "reply"]
    answer(url, **into)
    assert texts(sandbox) == ["reply"]


def test_an_ephemeral_message_never_becomes_public(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="x", blocks=[actions("a", button("go"))])
    sandbox.click(BOB, "go", sandbox.messages(GENERAL, viewer=BOB)[0])
    url = app.last("block_actions")["response_url"]
    answer(url, text="still private", replace_original=True, response_type="in_channel")
    assert texts(sandbox) == []
    assert texts(sandbox, BOB) == ["still private"]


def test_a_command_replaces_only_the_apps_own_answers(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    answer(url, text="first", replace_original=True)
    answer(url, text="second", replace_original=True)
    assert texts(sandbox, ADA) == ["second"]
    answer(url, delete_original=True)
    assert texts(sandbox, ADA) == []


def test_the_app_need_not_be_a_member(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    sandbox.scopes(["commands"])
    sandbox.channel(GENERAL, bot_is_member=False)
    assert answer(url, text="still", response_type="in_channel").status_code == 200


def test_an_archived_channel_is_told_of(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    sandbox.channel(GENERAL, archived=True)
    refused = answer(url, text="x")
    assert (refused.status_code, refused.json()["error"]) == (410, "channel_is_archived")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_payload"),
        (b"{", "invalid_payload"),
        (b"[1]", "invalid_payload"),
        (b'{"text": "\\ud800"}', "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": "x", "blocks": "x"}', "invalid_blocks_format"),
        (b'{"text": "x", "blocks": [{"type": "alert"}]}', "invalid_blocks"),
        (b'{"text": "x", "response_type": "in_channel", "thread_ts": "1"}', "invalid_thread_ts"),
    ],
)
def test_a_wrong_answer_is_refused_and_costs_no_use(
    sandbox: SandboxClient, app: FakeApp, body: bytes, error: str
) -> None:
    url = of_command(sandbox, app)
    for _ in range(6):
        refused = httpx.post(
            url, content=body, headers={"Content-Type": "application/json"}, trust_env=False, verify=False
        )
        assert (refused.status_code, refused.json()["error"]) == (400, error)
    assert answer(url, text="right").status_code == 200


def test_a_form_with_a_payload_is_understood(sandbox: SandboxClient, app: FakeApp) -> None:
    url = of_command(sandbox, app)
    assert (
        httpx.post(url, data={"payload": '{"text": "form"}'}, trust_env=False, verify=False).status_code
        == 200
    )
    assert texts(sandbox, ADA) == ["form"]


def test_an_invented_url_is_expired(sandbox: SandboxClient, sandbox_url: str) -> None:
    assert answer(f"{sandbox_url}/actions/T0001/1/guess", text="x").status_code == 404


def test_slacks_webhook_client_can_use_it(sandbox: SandboxClient, app: FakeApp) -> None:
    assert WebhookClient(of_command(sandbox, app)).send(text="hello").status_code == 200
    assert texts(sandbox, ADA) == ["hello"]
