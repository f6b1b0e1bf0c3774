"""Slash commands and ordinary messages: what the app receives, and what people see."""

import pytest
from slack_sdk import WebClient

from tests.sandbox.conftest import TOO_LATE
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, section
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, SandboxClient


def test_a_command_arrives_signed_with_exactly_slacks_fields(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow   run hello  ", OPS)
    (request,) = app.requests
    assert request.is_signed()
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert set(request.payload) == {
        *("token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name"),
        *("command", "text", "api_app_id", "is_enterprise_install", "response_url", "trigger_id"),
    }
    told = {key: request.payload[key] for key in ("channel_id", "channel_name", "user_id", "command", "text")}
    assert told == {
        "channel_id": OPS,
        "channel_name": "ops",
        "user_id": ADA,
        "command": "/workflow",
        "text": "run hello",
    }


def test_lines_after_the_first_belong_to_the_text(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow\nrun hello\nnote=two")
    assert app.last("command")["text"] == "run hello\nnote=two"


def test_a_private_channel_is_called_privategroup(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.channel(OPS, private=True)
    sandbox.command(ADA, "/workflow", OPS)
    assert app.last("command")["channel_name"] == "privategroup"
    assert app.last("command")["text"] == ""


def test_a_direct_message_is_called_directmessage(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    channel = slack.conversations_open(users=ADA)["channel"]["id"]
    sandbox.command(ADA, "/workflow help", channel)
    assert app.last("command")["channel_name"] == "directmessage"


@pytest.mark.parametrize(
    ("typed", "received"),
    [
        ("tell @bob", "tell <@U0BOB|bob>"),
        ("user=@Bob.", "user=<@U0BOB|bob>."),
        ("in #ops, #nowhere", "in <#C0OPS|ops>, #nowhere"),
        ("@oncall @here @test_app", "<!subteam^S0ONCALL|@oncall> <!here> <@U0BOT|test_app>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel> <@U0BOB>", "&lt;!channel&gt; &lt;@U0BOB&gt;"),
        ("see https://example.com/?a=1&b=2 now", "see <https://example.com/?a=1&amp;b=2> now"),
        ("mail bob@bob.example and a#ops", "mail bob@bob.example and a#ops"),
        ("env=“prod” :rocket: send-payload", "env=“prod” :rocket: send-payload"),
    ],
)
def test_typed_text_is_escaped_as_should_escape_does(
    sandbox: SandboxClient, app: FakeApp, typed: str, received: str
) -> None:
    sandbox.command(ADA, f"/workflow {typed}")
    assert app.last("command")["text"] == received


def test_a_plain_answer_is_shown_to_the_person_alone(sandbox: SandboxClient, app: FakeApp) -> None:
    app.answer("command", "On it.")
    sandbox.command(ADA, "/workflow help")
    (message,) = sandbox.messages(GENERAL, viewer=ADA)
    assert (message["text"], message["ephemeral_for"], message["user"]) == ("On it.", ADA, "U0BOT")
    assert sandbox.messages(GENERAL, viewer=BOB) == []


def test_a_json_answer_may_be_public_and_have_blocks(sandbox: SandboxClient, app: FakeApp) -> None:
    answer = {
        "response_type": "in_channel",
        "text": "All",
        "blocks": [section("All"), actions("a", button("go"))],
    }
    app.answer_json("command", answer)
    sandbox.command(ADA, "/workflow list")
    (message,) = sandbox.messages(GENERAL)
    assert message["text"] == "All"
    assert message["blocks"][1]["elements"][0]["action_id"] == "go"


def test_an_empty_answer_shows_nothing(sandbox: SandboxClient, app: FakeApp) -> None:
    assert sandbox.command(ADA, "/workflow") == {"ok": True, "status": 200}
    assert sandbox.messages(GENERAL, viewer=ADA) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": 404}, "http_client_error"),
        ({"status": 503}, "http_service_error"),
        ({"status": 302}, "dispatch_failed"),
        ({"delay": TOO_LATE}, "operation_timeout"),
    ],
)
def test_a_failed_command_is_told_with_slacks_code(
    sandbox: SandboxClient, app: FakeApp, answer: dict[str, float], code: str
) -> None:
    app.answer("command", **answer)  # type: ignore[arg-type]  # status is an int, delay a float
    told = sandbox.command(ADA, "/workflow run", check=False)
    sentence = f'/workflow failed with the error "{code}"'
    assert (told["ok"], told["error"], told["message"]) == (False, code, sentence)
    assert sandbox.notices(ADA) == [sentence]
    assert sandbox.notices(BOB) == []
    assert sandbox.deliveries()[0]["problem"] == code


def test_an_answer_slack_cannot_use_is_a_failure(sandbox: SandboxClient, app: FakeApp) -> None:
    app.answer_json("command", {"text": "x", "blocks": [{"type": "wrong"}]})
    assert sandbox.command(ADA, "/workflow", check=False)["error"] == "invalid_command_response"
    app.answer_json("command", ["a", "list"])
    assert sandbox.command(ADA, "/workflow", check=False)["error"] == "invalid_command_response"


def test_a_command_in_a_thread_is_refused_and_never_sent(sandbox: SandboxClient, app: FakeApp) -> None:
    ts = sandbox.post(ADA, "root")["ts"]
    told = sandbox.command(ADA, "/workflow run", thread_ts=ts, check=False)
    assert told["message"] == "/workflow is not supported in threads. Sorry!"
    assert sandbox.notices(ADA) == [told["message"]]
    assert app.requests == []


def test_an_unknown_command_is_never_sent(sandbox: SandboxClient, app: FakeApp) -> None:
    for typed in ("/remind me", "/workflows", " "):
        assert sandbox.command(ADA, typed, check=False)["error"] == "unknown_command"
    assert app.requests == []


@pytest.mark.parametrize(
    ("user", "channel", "error"),
    [
        ("U404", GENERAL, "user_not_found"),
        (ADA, "C404", "channel_not_found"),
        (GUS, OPS, "channel_not_found"),
    ],
)
def test_nobody_acts_where_they_are_not(sandbox: SandboxClient, user: str, channel: str, error: str) -> None:
    assert sandbox.command(user, "/workflow", channel, check=False)["error"] == error
    assert sandbox.post(user, "hi", channel, check=False)["error"] == error


def test_nobody_acts_in_an_archived_channel(sandbox: SandboxClient) -> None:
    sandbox.channel(OPS, archived=True)
    assert sandbox.command(ADA, "/workflow", OPS, check=False)["error"] == "is_archived"
    assert sandbox.post(ADA, "hi", OPS, check=False)["error"] == "is_archived"


def test_an_ordinary_message_is_posted_with_its_mentions(sandbox: SandboxClient) -> None:
    ts = sandbox.post(ADA, "ask @bob <now>")["ts"]
    sandbox.post(BOB, "yes", thread_ts=ts)
    (message,) = sandbox.messages(GENERAL)
    assert (message["text"], message["user"]) == ("ask <@U0BOB> &lt;now&gt;", ADA)
    assert message["reply_count"] == 1
    assert sandbox.post(ADA, "  ", check=False)["error"] == "no_text"
    assert sandbox.post(ADA, "x", thread_ts="1.5", check=False)["error"] == "invalid_thread_ts"


@pytest.mark.parametrize("mode", ["twice", "twice_at_once"])
def test_a_request_can_be_delivered_twice_with_the_same_bytes(
    sandbox: SandboxClient, app: FakeApp, mode: str
) -> None:
    app.answer("command", "once")
    sandbox.deliver(mode)
    sandbox.command(ADA, "/workflow run")
    first, second = app.requests
    assert first.body == second.body
    assert first.headers["x-slack-signature"] == second.headers["x-slack-signature"]
    assert len(sandbox.messages(GENERAL, viewer=ADA)) == 1
    assert sandbox.deliveries()[0]["repeats"] == [{"status": 200, "problem": None, "answer": "once"}]


def test_a_request_can_be_signed_wrongly(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.deliver("bad_signature")
    sandbox.command(ADA, "/workflow run")
    assert not app.requests[0].is_signed()


def test_a_request_can_be_an_hour_old(sandbox: SandboxClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    sandbox.deliver("old_timestamp")
    sandbox.command(ADA, "/workflow run")
    now, old = (int(request.headers["x-slack-request-timestamp"]) for request in app.requests)
    assert app.requests[1].is_signed()
    assert now - old > 3500


def test_an_answer_in_a_charset_that_is_none_is_read_all_the_same(
    sandbox: SandboxClient, app: FakeApp
) -> None:
    app.answer("command", "All is well.", headers={"Content-Type": "text/plain; charset=base64"})
    sandbox.command(ADA, "/workflow run")
    assert sandbox.messages(GENERAL, viewer=ADA)[-1]["text"] == "All is well."
