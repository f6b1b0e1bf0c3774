"""chat.*: other names and icons, acting as a person, links in texts, attachments, previews of links."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.config import DEFAULT_SCOPES
from sandbox.manifest import Manifest
from tests.sandbox.calling import Desk
from tests.sandbox.installed import Installed, eventually, installed
from tests.sandbox.test_api_chat import code_of
from tests.sandbox.views import section
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, RELEASES, SandboxClient

BOT = "U0BOT"


# Another name and icon


def test_a_message_may_have_another_name_and_icon(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes([*DEFAULT_SCOPES, "chat:write.customize"])
    as_ghost: dict[str, Any] = {
        "username": "Ghost",
        "icon_emoji": ":ghost:",
        "icon_url": "https://example.com/a.png",
    }
    message = slack.chat_postMessage(channel=GENERAL, text="boo", **as_ghost)["message"]
    assert (message["subtype"], message["username"]) == ("bot_message", "Ghost")
    assert message["icons"] == {"emoji": ":ghost:"}
    assert "user" not in message
    with_picture = slack.chat_postMessage(channel=GENERAL, text="x", icon_url="https://example.com/a.png")
    assert with_picture["message"]["icons"] == {"image_48": "https://example.com/a.png"}


def test_without_the_scope_name_and_icon_are_ignored(slack: WebClient) -> None:
    message = slack.chat_postMessage(channel=GENERAL, text="boo", username="Ghost", icon_emoji=":ghost:")[
        "message"
    ]
    assert message["user"] == BOT
    assert not {"username", "icons", "subtype"} & set(message)


def test_a_message_under_another_name_stays_the_apps_own(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes([*DEFAULT_SCOPES, "chat:write.customize"])
    ts = slack.chat_postMessage(channel=GENERAL, text="boo", username="Ghost")["ts"]
    slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=ts, username="Ghost")
    parent, reply = sandbox.messages(GENERAL, thread=ts)
    assert parent["reply_users"] == ["B0BOT"]
    assert "parent_user_id" not in reply
    assert slack.chat_update(channel=GENERAL, ts=ts, text="BOO")["message"]["username"] == "Ghost"
    assert slack.chat_delete(channel=GENERAL, ts=reply["ts"])["ok"]


# As a person


def test_with_a_persons_token_the_person_posts() -> None:
    desk = Desk()
    posted = desk.call("chat.postMessage", ADA, channel=GENERAL, text="as Ada", username="Ghost")
    message = posted["message"]
    assert (message["user"], message["app_id"]) == (ADA, "A0APP")
    assert "username" not in message
    edited = desk.call("chat.update", ADA, channel=GENERAL, ts=posted["ts"], text="edited")
    assert edited["message"]["edited"]["user"] == ADA
    own = desk.post(ADA, "typed")
    assert desk.refusal("chat.update", channel=GENERAL, ts=posted["ts"], text="x") == "cant_update_message"
    assert desk.refusal("chat.delete", channel=GENERAL, ts=own) == "cant_delete_message"


def test_a_person_changes_what_they_typed_and_nobody_elses() -> None:
    desk = Desk()
    of_bob, of_ada = desk.post(BOB, "typed"), desk.post(ADA, "typed")
    desk.call("chat.update", BOB, channel=GENERAL, ts=of_bob, text="edited")
    assert desk.refusal("chat.update", BOB, channel=GENERAL, ts=of_ada, text="x") == "cant_update_message"
    assert desk.refusal("chat.delete", BOB, channel=GENERAL, ts=of_ada) == "cant_delete_message"
    desk.call("chat.delete", ADA, channel=GENERAL, ts=of_bob)  # Ada is an admin
    assert desk.workspace.history.get(GENERAL, of_bob) is None


def test_a_person_posts_only_where_they_are() -> None:
    desk = Desk()
    assert desk.refusal("chat.postMessage", GUS, channel=OPS, text="x") in (
        "channel_not_found",
        "not_in_channel",
    )
    answer = desk.call("chat.postMessage", ADA, channel=BOB, text="psst")
    assert desk.workspace.channels[answer["channel"]].members == {ADA, BOB}


def test_an_aside_about_oneself(sandbox: SandboxClient, slack: WebClient) -> None:
    answer = slack.chat_meMessage(channel=GENERAL, text="takes the steps")
    (message,) = sandbox.messages(GENERAL)
    assert (message["ts"], message["subtype"], message["text"]) == (
        answer["ts"],
        "me_message",
        "takes the steps",
    )
    assert code_of(slack.chat_meMessage, channel=GENERAL, text="") == "no_text"
    assert code_of(slack.chat_meMessage, channel="C404", text="x") == "channel_not_found"


# Texts


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "@oncall @bob #ops https://a.example"),
        ({"link_names": True}, "<!subteam^S0ONCALL|@oncall> @bob #ops https://a.example"),
        ({"parse": "none"}, "@oncall @bob #ops https://a.example"),
    ],
)
def test_names_are_linked_as_asked(slack: WebClient, arguments: dict[str, Any], text: str) -> None:
    typed = "@oncall @bob #ops https://a.example"
    assert slack.chat_postMessage(channel=GENERAL, text=typed, **arguments)["message"]["text"] == text


def test_everything_is_linked_with_parse_full(slack: WebClient) -> None:
    typed = "@oncall @bob #ops https://a.example <https://b.example|b>"
    text = slack.chat_postMessage(channel=GENERAL, text=typed, parse="full")["message"]["text"]
    assert text.startswith("<!subteam^S0ONCALL")
    assert "<@U0BOB" in text
    assert "<#C0OPS" in text
    assert text.endswith("<https://a.example> <https://b.example|b>")


def test_markup_can_be_switched_off(sandbox: SandboxClient, slack: WebClient) -> None:
    assert slack.chat_postMessage(channel=GENERAL, text="*x*", mrkdwn=False)["message"]["mrkdwn"] is False
    assert "mrkdwn" not in slack.chat_postMessage(channel=GENERAL, text="*x*")["message"]


def test_markdown_text_may_not_become_too_many_blocks(slack: WebClient) -> None:
    fine = "\n".join("# heading" for _ in range(50))
    assert slack.chat_postMessage(channel=GENERAL, markdown_text=fine)["ok"]
    assert (
        code_of(slack.chat_postMessage, channel=GENERAL, markdown_text=fine + "\n# one more")
        == "invalid_blocks"
    )


def test_slacks_own_notices_take_no_replies() -> None:
    desk = Desk()
    desk.call("conversations.leave", channel=OPS)
    desk.call("conversations.join", channel=OPS)
    notice = desk.workspace.messages(OPS)[-1]
    assert notice.payload["subtype"].startswith("channel_")
    assert (
        desk.refusal("chat.postMessage", channel=OPS, text="x", thread_ts=notice.ts)
        == "cannot_reply_to_message"
    )


# Attachments


def test_attachments_are_numbered_and_have_a_fallback(slack: WebClient) -> None:
    given: list[dict[str, Any]] = [
        {"text": "a"},
        {"title": "b", "text": ""},
        {"blocks": [section("c")]},
        {"fallback": "d"},
    ]
    answer = slack.chat_postMessage(channel=GENERAL, text="x", attachments=given)
    told = [(each["id"], each["fallback"]) for each in answer["message"]["attachments"]]
    assert told == [(1, "a"), (2, "b"), (3, "[no preview available]"), (4, "d")]


def test_attachments_may_not_be_too_long(slack: WebClient) -> None:
    long = [{"text": "x" * 60_000}] * 2
    error = "attachment_payload_limit_exceeded"
    assert code_of(slack.chat_postMessage, channel=GENERAL, text="x", attachments=long) == error


# What the manifest switches off, and previews of links

LINK, OTHER = "https://docs.acme.example/a?b=1&c=2", "https://elsewhere.example/"


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        home = {"home_tab_enabled": False, "messages_tab_enabled": False}
        return Manifest(
            "Test App",
            bot_scopes=(*DEFAULT_SCOPES, "links:read", "links:write"),
            bot_events=("link_shared",),
            unfurl_domains=("acme.example",),
            events_url=f"{app_url}/slack/events",
            document={"features": {"app_home": home}},
        )

    with installed(manifest) as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def shared(stage: Installed, text: str, **more: Any) -> dict[str, Any]:
    """Ada posts a link; gives the event the app gets."""
    stage.sandbox.post(ADA, text, **more)
    event: dict[str, Any] = stage.wait_for("link_shared")[-1].payload["event"]
    return event


def test_nobody_writes_into_a_messages_tab_that_is_off(stage: Installed) -> None:
    assert code_of(stage.slack.chat_postMessage, channel=ADA, text="x") == "messages_tab_disabled"
    assert stage.slack.chat_postMessage(channel=GENERAL, text="x")["ok"]


def test_no_home_is_published_where_the_tab_is_off(stage: Installed) -> None:
    home = {"type": "home", "blocks": [section("x")]}
    assert code_of(stage.slack.views_publish, user_id=ADA, view=home) == "not_enabled"


def test_the_app_hears_of_links_to_its_domains(stage: Installed) -> None:
    event = shared(stage, f"{LINK} and {OTHER}")
    assert event["links"] == [{"url": LINK, "domain": "acme.example"}]
    assert (event["channel"], event["user"], event["source"]) == (GENERAL, ADA, "conversations_history")
    assert event["is_bot_user_member"] is True
    (message,) = stage.sandbox.messages(GENERAL)
    assert event["message_ts"] == message["ts"]


def test_a_link_gets_its_preview_by_channel_and_ts_or_by_its_id(stage: Installed) -> None:
    event = shared(stage, LINK)
    where = {"channel": event["channel"], "ts": event["message_ts"]}
    stage.slack.chat_unfurl(**where, unfurls={LINK: {"text": "Old"}})
    by_id = {"unfurl_id": event["unfurl_id"], "source": event["source"]}
    stage.slack.chat_unfurl(**by_id, unfurls={LINK: {"blocks": [section("New")]}})
    (message,) = stage.sandbox.messages(GENERAL)
    (preview,) = message["attachments"]
    assert preview["blocks"][0]["text"]["text"] == "New"
    assert (preview["from_url"], preview["is_app_unfurl"], preview["app_id"]) == (LINK, True, "A0APP")


def test_previews_are_refused(stage: Installed) -> None:
    event = shared(stage, f"{LINK} {OTHER}")
    where, unfurl = {"channel": GENERAL, "ts": event["message_ts"]}, stage.slack.chat_unfurl
    fine: dict[str, Any] = {LINK: {"text": "x"}}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"ts": "1"}, "missing_channel"),
        ({"channel": GENERAL}, "missing_ts"),
        ({"channel": "C404", "ts": "1"}, "cannot_find_channel"),
        ({"channel": GENERAL, "ts": "1700000000.000001"}, "cannot_find_message"),
        (where | {"unfurls": None}, "missing_unfurls"),
        (where | {"unfurls": {OTHER: {"text": "x"}}}, "cannot_unfurl_url"),
        (where | {"unfurls": {"https://acme.example/z": {"text": "x"}}}, "cannot_unfurl_message"),
        (where | {"unfurls": {LINK: "x"}}, "cannot_parse_attachment"),
        (where | {"unfurls": {LINK: {"blocks": [{"type": "x"}]}}}, "cannot_parse_attachment"),
        ({"unfurl_id": event["unfurl_id"]}, "missing_source"),
        ({"source": "composer"}, "missing_unfurl_id"),
        ({"unfurl_id": "U1", "source": "composer"}, "invalid_unfurl_id"),
        ({"unfurl_id": event["unfurl_id"], "source": "sky"}, "invalid_source"),
    ]
    for arguments, error in cases:
        assert code_of(unfurl, **({"unfurls": fine} | arguments)) == error, arguments
    text = {"channel": GENERAL, "ts": event["message_ts"], "unfurls": "["}
    assert code_of(stage.slack.api_call, api_method="chat.unfurl", json=text) == "invalid_unfurls_format"
    assert "attachments" not in stage.sandbox.messages(GENERAL)[0]


def test_the_app_may_ask_to_sign_in_first(stage: Installed) -> None:
    event = shared(stage, LINK)
    where = {"channel": GENERAL, "ts": event["message_ts"]}
    stage.slack.chat_unfurl(**where, user_auth_required=True, user_auth_url="https://acme.example/in")
    (_, asked) = stage.sandbox.messages(GENERAL, viewer=ADA)
    assert asked["ephemeral_for"] == ADA
    assert "<https://acme.example/in>" in asked["text"]
    assert len(stage.sandbox.messages(GENERAL, viewer=BOB)) == 1


def test_the_apps_own_links_are_not_told(stage: Installed) -> None:
    stage.slack.chat_postMessage(channel=GENERAL, text=f"<{LINK}>")
    stage.sandbox.post(ADA, LINK, RELEASES)
    assert eventually(lambda: stage.heard("link_shared"))[0].payload["event"]["channel"] == RELEASES
    assert len(stage.heard("link_shared")) == 1


def test_blocks_as_text_are_read_too(slack: WebClient) -> None:
    blocks = json.dumps([section("*hi*")])
    answer = slack.chat_postMessage(channel=GENERAL, text="hi", blocks=blocks)
    assert answer["message"]["blocks"][0]["text"]["text"] == "*hi*"
    assert code_of(slack.chat_postMessage, channel=GENERAL, text="x", blocks="[") == "invalid_blocks_format"
