"""What people do besides writing and clicking: channels, direct messages, reactions, pins, edits, Home."""

from typing import Any

import pytest

from sandbox.client import ADA, BOB, CYD, GENERAL, GUS, OPS, SandboxClient
from tests.sandbox.fake_app import FakeApp

BOT = "U0BOT"


def words(sandbox: SandboxClient, channel: str) -> list[str]:
    return [message["text"] for message in sandbox.messages(channel)]


def message_of(sandbox: SandboxClient, channel: str, ts: str) -> dict[str, Any]:
    return next(message for message in sandbox.messages(channel) if message["ts"] == ts)


def test_somebody_makes_a_channel_and_others_come_and_go(sandbox: SandboxClient) -> None:
    channel = sandbox.create_channel(ADA, "plans", topic="What next")["channel"]
    assert sandbox.post(BOB, "hello", channel, check=False)["error"] == "not_in_channel"
    sandbox.join(BOB, channel)
    sandbox.join(BOB, channel)
    sandbox.post(BOB, "hello", channel)
    sandbox.leave(BOB, channel)
    assert sandbox.post(BOB, "once more", channel, check=False)["error"] == "not_in_channel"
    joined = [text for text in words(sandbox, channel) if text == f"<@{BOB}> has joined the channel"]
    assert len(joined) == 1


def test_nobody_finds_a_private_channel_and_members_bring_others_in(sandbox: SandboxClient) -> None:
    channel = sandbox.create_channel(ADA, "secret", private=True)["channel"]
    assert sandbox.join(BOB, channel, check=False)["error"] == "channel_not_found"
    sandbox.invite(ADA, channel, BOB, BOT)
    sandbox.post(BOB, "thanks", channel)
    assert sandbox.invite(ADA, channel, "U0NOBODY", check=False)["error"] == "user_not_found"


@pytest.mark.parametrize(
    ("name", "error"),
    [("general", "name_taken"), ("Two Words", "invalid_name_specials"), ("x" * 81, "invalid_name_maxlength")],
)
def test_a_channel_needs_a_name_that_slack_takes(sandbox: SandboxClient, name: str, error: str) -> None:
    refusal = sandbox.create_channel(ADA, name, check=False)
    assert refusal["error"] == error
    assert refusal["message"].endswith(".")


def test_a_guest_makes_no_channels_and_nobody_leaves_general(sandbox: SandboxClient) -> None:
    assert sandbox.create_channel(GUS, "mine", check=False)["error"] == "user_is_restricted"
    assert sandbox.join(GUS, OPS, check=False)["error"] == "channel_not_found"
    assert sandbox.leave(ADA, GENERAL, check=False)["error"] == "cant_leave_general"


def test_an_archived_channel_takes_nobody_in(sandbox: SandboxClient) -> None:
    channel = sandbox.create_channel(ADA, "old")["channel"]
    sandbox.channel(channel, archived=True)
    assert sandbox.join(BOB, channel, check=False)["error"] == "is_archived"


def test_two_people_talk_alone_and_always_in_the_same_place(sandbox: SandboxClient) -> None:
    channel = sandbox.open_dm(ADA, BOB)["channel"]
    assert sandbox.open_dm(BOB, ADA)["channel"] == channel
    sandbox.post(ADA, "between us", channel)
    sandbox.post(BOB, "indeed", channel)
    assert sandbox.post(CYD, "me too", channel, check=False)["error"] == "channel_not_found"


def test_several_people_talk_in_a_group_message(sandbox: SandboxClient) -> None:
    channel = sandbox.open_dm(ADA, BOB, CYD)["channel"]
    assert sandbox.open_dm(CYD, ADA, BOB)["channel"] == channel
    for user in (ADA, BOB, CYD):
        sandbox.post(user, "here", channel)
    assert sandbox.leave(ADA, channel, check=False)["error"] == "method_not_supported"
    assert sandbox.open_dm(ADA, "U0NOBODY", check=False)["error"] == "user_not_found"
    assert sandbox.open_dm(ADA, check=False)["error"] == "bad_argument"


def test_a_person_opens_the_conversation_with_the_app(sandbox: SandboxClient) -> None:
    assert sandbox.open_dm(ADA, BOT)["channel"] == "D0ADA"


def test_a_second_press_takes_the_reaction_back(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "ship it?")
    assert sandbox.react(BOB, posted, "eyes")["is_there"]
    assert sandbox.react(CYD, posted, ":eyes:")["is_there"]
    shown = message_of(sandbox, GENERAL, posted["ts"])["reactions"]
    assert shown == [{"name": "eyes", "users": [BOB, CYD], "count": 2}]
    assert not sandbox.react(BOB, posted, "eyes")["is_there"]
    assert message_of(sandbox, GENERAL, posted["ts"])["reactions"][0]["users"] == [CYD]
    assert sandbox.react(BOB, posted, "no_such_emoji", check=False)["error"] == "invalid_name"


def test_a_message_is_pinned_once_and_taken_off_again(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "read this")
    sandbox.pin(BOB, posted)
    assert message_of(sandbox, GENERAL, posted["ts"])["pinned_to"] == [GENERAL]
    assert sandbox.pin(CYD, posted, check=False)["error"] == "already_pinned"
    sandbox.pin(CYD, posted, pinned=False)
    assert "pinned_to" not in message_of(sandbox, GENERAL, posted["ts"])


def test_people_change_only_what_they_wrote(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "helo @bob")
    assert sandbox.edit(BOB, posted, "mine now", check=False)["error"] == "cant_edit_message"
    assert sandbox.delete(BOB, posted, check=False)["error"] == "cant_delete_message"
    sandbox.edit(ADA, posted, "hello @bob")
    edited = message_of(sandbox, GENERAL, posted["ts"])
    assert edited["text"] == f"hello <@{BOB}>"
    assert edited["edited"]["user"] == ADA
    assert sandbox.edit(ADA, posted, "  ", check=False)["error"] in ("no_text", "missing_argument")
    sandbox.delete(ADA, posted)
    assert sandbox.messages() == []


def test_an_edit_that_changes_nothing_leaves_no_mark(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "as it is")
    sandbox.edit(ADA, posted, "as it is")
    assert "edited" not in message_of(sandbox, GENERAL, posted["ts"])


def test_the_app_is_told_when_its_home_is_opened(sandbox: SandboxClient, app: FakeApp) -> None:
    refusal = sandbox.open_home(ADA, check=False)
    assert refusal["error"] == "home_tab_disabled"
    assert sandbox.open_home(ADA, "messages")["channel"] == "D0ADA"
    assert sandbox.open_home(ADA, "elsewhere", check=False)["error"] == "bad_argument"


def test_a_reply_can_be_sent_to_the_channel_too(sandbox: SandboxClient) -> None:
    root = sandbox.post(ADA, "root")
    answer = sandbox.post(BOB, "for all", thread_ts=root["ts"], broadcast=True)
    assert message_of(sandbox, GENERAL, answer["ts"])["broadcast"]


def test_what_only_begins_like_an_address_can_be_written(sandbox: SandboxClient) -> None:
    sandbox.post(ADA, "see http://[abc")
    assert "http://[abc" in sandbox.messages(GENERAL)[-1]["text"]
