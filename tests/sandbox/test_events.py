"""What happens is told to the app as Slack's Events API tells it: to subscribers with the scope, who may know."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from sandbox.event_types import EVENT_SCOPES
from sandbox.manifest import Manifest
from sandbox.people import BOT_USER_ID, TEAM_ID
from tests.sandbox.conftest import TOKEN
from tests.sandbox.installed import Installed, installed
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, OPS

SUBSCRIBED = (
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)
SCOPES = tuple(
    sorted({scope for event in SUBSCRIBED for scope in EVENT_SCOPES[event]} | {"chat:write", "im:write"})
)


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        events_url = f"{app_url}/slack/events"
        return Manifest(
            "Test App", bot_name="Test App", bot_scopes=SCOPES, bot_events=SUBSCRIBED, events_url=events_url
        )

    with installed(manifest, app_name="Test App") as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def event(stage: Installed, event_type: str) -> dict[str, Any]:
    """The newest event of a type, as soon as there is one."""
    inner: dict[str, Any] = stage.wait_for(event_type)[-1].payload["event"]
    return inner


def subtypes(stage: Installed) -> list[str | None]:
    stage.wait_until_quiet()
    return [request.payload["event"].get("subtype") for request in stage.heard("message")]


def test_a_message_is_told_in_slacks_wrapper_and_signed(stage: Installed) -> None:
    ts = stage.sandbox.post(ADA, "hello")["ts"]
    (request,) = stage.wait_for("message")
    assert request.is_signed()
    assert request.headers["content-type"] == "application/json"
    assert "x-slack-retry-num" not in request.headers
    wrapper = request.payload
    assert set(wrapper) == {
        "token",
        "team_id",
        "context_team_id",
        "context_enterprise_id",
        "api_app_id",
        "event",
        "type",
        "event_id",
        "event_time",
        "authorizations",
        "is_ext_shared_channel",
        "event_context",
    }
    assert wrapper["type"] == "event_callback"
    assert wrapper["event_id"].startswith("Ev")
    assert wrapper["event_time"] == pytest.approx(float(ts), abs=5)
    assert wrapper["authorizations"] == [
        {
            "enterprise_id": None,
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "is_bot": True,
            "is_enterprise_install": False,
        }
    ]
    version, _, context = wrapper["event_context"].partition("-")
    assert version == "4"
    assert json.loads(base64.b64decode(context))["et"] == "message"


def test_a_typed_message_has_an_id_of_its_own_and_what_was_typed_as_blocks(stage: Installed) -> None:
    ts = stage.sandbox.post(ADA, "hi @bob, see #ops :tada:")["ts"]
    told = event(stage, "message")
    (kept,) = stage.sandbox.messages(GENERAL)
    assert told["blocks"] == kept["blocks"]
    assert told["client_msg_id"] == kept["client_msg_id"]
    del told["blocks"], told["client_msg_id"]
    assert told == {
        "type": "message",
        "user": ADA,
        "ts": ts,
        "event_ts": ts,
        "text": f"hi <@{BOB}>, see <#{OPS}|ops> :tada:",
        "team": TEAM_ID,
        "channel": GENERAL,
        "channel_type": "channel",
    }


def test_a_reply_names_its_thread_and_a_broadcast_one_its_root(stage: Installed) -> None:
    parent = stage.sandbox.post(ADA, "first")["ts"]
    stage.sandbox.post(BOB, "second", thread_ts=parent)
    stage.wait_for("message", 2)
    told = next(r for r in stage.heard("message") if r.payload["event"]["user"] == BOB).payload["event"]
    assert (told["thread_ts"], told["parent_user_id"]) == (parent, ADA)
    stage.slack.chat_postMessage(channel=GENERAL, text="third", thread_ts=parent, reply_broadcast=True)
    stage.wait_for("message", 3)
    told = next(r.payload["event"] for r in stage.heard("message") if "root" in r.payload["event"])
    assert told["subtype"] == "thread_broadcast"
    assert (told["root"]["ts"], told["root"]["reply_count"]) == (parent, 2)


def test_the_apps_own_messages_are_told_too_with_its_bot_id(stage: Installed) -> None:
    answer = stage.slack.chat_postMessage(channel=GENERAL, text="from me")
    told = event(stage, "message")
    assert (told["ts"], told["bot_id"], told["user"]) == (answer["ts"], "B0BOT", BOT_USER_ID)
    assert told["bot_profile"]["app_id"] == "A0APP"


def test_an_edit_tells_the_message_before_and_after(stage: Installed) -> None:
    ts = stage.slack.chat_postMessage(channel=GENERAL, text="draft")["ts"]
    stage.slack.chat_update(channel=GENERAL, ts=ts, text="final")
    assert sorted(map(str, subtypes(stage))) == ["None", "message_changed"]
    told = next(r.payload["event"] for r in stage.heard("message") if "subtype" in r.payload["event"])
    assert set(told) == {
        "type",
        "subtype",
        "message",
        "previous_message",
        "channel",
        "hidden",
        "ts",
        "event_ts",
        "channel_type",
    }
    assert (told["previous_message"]["text"], told["message"]["text"]) == ("draft", "final")
    assert told["message"]["ts"] == ts
    assert float(told["ts"]) > float(ts)


def test_a_deletion_tells_what_was_there(stage: Installed) -> None:
    ts = stage.slack.chat_postMessage(channel=GENERAL, text="oops")["ts"]
    stage.slack.chat_delete(channel=GENERAL, ts=ts)
    assert sorted(map(str, subtypes(stage))) == ["None", "message_deleted"]
    told = next(r.payload["event"] for r in stage.heard("message") if "deleted_ts" in r.payload["event"])
    assert (told["deleted_ts"], told["hidden"]) == (ts, True)
    assert told["previous_message"]["text"] == "oops"


def test_a_deleted_message_with_replies_becomes_a_tombstone(stage: Installed) -> None:
    ts = stage.slack.chat_postMessage(channel=GENERAL, text="first")["ts"]
    stage.sandbox.post(ADA, "second", thread_ts=ts)
    stage.slack.chat_delete(channel=GENERAL, ts=ts)
    assert sorted(map(str, subtypes(stage))) == ["None", "None", "message_changed"]
    told = next(r.payload["event"] for r in stage.heard("message") if "message" in r.payload["event"])
    assert told["message"]["subtype"] == "tombstone"


def test_what_only_one_person_sees_is_told_to_nobody(stage: Installed) -> None:
    stage.slack.chat_postEphemeral(channel=GENERAL, user=ADA, text="psst")
    stage.sandbox.post(ADA, "loud")
    stage.wait_until_quiet()
    assert [r.payload["event"]["text"] for r in stage.heard("message")] == ["loud"]


def test_a_mention_is_told_twice_and_the_apps_own_words_are_no_mention(stage: Installed) -> None:
    stage.slack.chat_postMessage(channel=GENERAL, text=f"I am <@{BOT_USER_ID}>")
    ts = stage.sandbox.post(ADA, "@test_app help")["ts"]
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 2
    (request,) = stage.heard("app_mention")
    told = request.payload["event"]
    assert set(told) == {
        "type",
        "client_msg_id",
        "user",
        "text",
        "ts",
        "team",
        "blocks",
        "channel",
        "event_ts",
    }
    assert (told["user"], told["ts"], told["text"]) == (ADA, ts, f"<@{BOT_USER_ID}> help")


def test_a_direct_message_is_told_as_such_and_is_no_mention(stage: Installed) -> None:
    place = stage.slack.conversations_open(users=ADA)["channel"]["id"]
    stage.sandbox.post(ADA, "@test_app hello", place)
    told = event(stage, "message")
    assert (told["channel"], told["channel_type"]) == (place, "im")
    stage.wait_until_quiet()
    assert stage.heard("app_mention") == []


def test_a_private_channel_is_a_group(stage: Installed) -> None:
    stage.sandbox.channel(OPS, private=True)
    stage.sandbox.post(ADA, "hush", OPS)
    assert event(stage, "message")["channel_type"] == "group"


@pytest.mark.parametrize("is_private", [False, True])
def test_where_the_app_is_no_member_it_hears_no_messages(stage: Installed, is_private: bool) -> None:
    stage.sandbox.channel(OPS, private=is_private, bot_is_member=False)
    stage.sandbox.post(ADA, "@test_app are you there", OPS)
    stage.sandbox.post(ADA, "end")
    stage.wait_until_quiet()
    assert [r.payload["event"]["text"] for r in stage.heard("message")] == ["end"]
    assert stage.heard("app_mention") == []


def test_an_event_of_a_public_channel_that_needs_no_membership_is_heard_everywhere(stage: Installed) -> None:
    stage.sandbox.channel(OPS, bot_is_member=False)
    stage.happen({"type": "channel_archive", "channel": OPS, "user": ADA})
    assert event(stage, "channel_archive")["event_ts"]
    stage.app.reset()
    stage.sandbox.channel(OPS, private=True)
    stage.happen({"type": "channel_archive", "channel": OPS, "user": ADA}, is_heard=False)
    stage.wait_until_quiet()
    assert stage.heard("channel_archive") == []


def test_without_the_scope_nothing_is_heard(stage: Installed) -> None:
    stage.sandbox.scopes(["reactions:read", "chat:write"])
    stage.sandbox.post(ADA, "@test_app hello")
    stage.happen({"type": "reaction_added", "user": ADA, "reaction": "eyes", "channel": GENERAL})
    stage.wait_for("reaction_added")
    stage.wait_until_quiet()
    assert stage.heard("message") == stage.heard("app_mention") == []


def test_what_is_not_subscribed_is_not_heard(stage: Installed) -> None:
    stage.sandbox.scopes([*SCOPES, "pins:read"])
    stage.happen({"type": "pin_added", "user": ADA, "channel": GENERAL}, is_heard=False)
    stage.happen({"type": "app_home_opened", "user": CYD, "tab": "home"})
    assert event(stage, "app_home_opened")["user"] == CYD
    stage.wait_until_quiet()
    assert stage.heard("pin_added") == []


def test_the_log_tells_of_events_as_of_everything_else(stage: Installed) -> None:
    stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    (row,) = stage.sandbox.deliveries()
    assert (row["kind"], row["status"], row["problem"], row["transport"]) == (
        "event_callback",
        200,
        None,
        "http",
    )
    assert (row["retry"], row["resent_from"]) == (None, None)
    assert row["url"] == f"{stage.app_url}/slack/events"
    assert json.loads(row["body"]) == row["payload"]


def test_what_a_person_lets_the_app_hear_is_told_in_their_name(stage: Installed) -> None:
    stage.parts.manifest = replace(stage.parts.manifest, user_events=("message.channels",))
    stage.parts.access.install_user(CYD, ["channels:history"], rotating=False)
    stage.sandbox.channel(OPS, bot_is_member=False)
    stage.sandbox.post(ADA, "hello", OPS)
    (request,) = stage.wait_for("message")
    (told,) = request.payload["authorizations"]
    assert (told["user_id"], told["is_bot"]) == (CYD, False)
    stage.sandbox.post(ADA, "here the bot is too")
    assert stage.wait_for("message", 2)[1].payload["authorizations"][0]["user_id"] == BOT_USER_ID


def test_an_app_that_was_removed_hears_its_farewell_and_nothing_more(stage: Installed) -> None:
    farewells = ("app_uninstalled", "tokens_revoked")
    stage.parts.manifest = replace(stage.parts.manifest, bot_events=(*SUBSCRIBED, *farewells))
    stage.parts.access.revoke(TOKEN)
    stage.happen({"type": "app_uninstalled"})
    stage.sandbox.post(ADA, "unheard")
    stage.wait_for("app_uninstalled")
    stage.wait_until_quiet()
    assert stage.heard("message") == []
