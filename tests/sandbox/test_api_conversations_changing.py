"""conversations.create, rename, archive, unarchive, setTopic, setPurpose and mark."""

import pytest
from slack_sdk import WebClient

from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, SandboxClient

MANAGING = [
    "channels:manage",
    "groups:write",
    "channels:read",
    "groups:read",
    "channels:history",
    "groups:history",
]


@pytest.fixture
def manager(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    """A client whose token may manage channels."""
    sandbox.scopes(MANAGING)
    return slack


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_new_channel_has_only_its_creator_in_it(manager: WebClient) -> None:
    channel = manager.conversations_create(name="release-42")["channel"]
    assert channel["id"].startswith("C")
    assert (channel["name"], channel["creator"], channel["is_private"]) == ("release-42", "U0BOT", False)
    assert (channel["is_member"], channel["is_general"], channel["is_archived"]) == (True, False, False)
    assert channel["created"] > 1_600_000_000
    assert manager.conversations_members(channel=channel["id"])["members"] == ["U0BOT"]
    listed = manager.conversations_list()["channels"]
    assert "release-42" in [row["name"] for row in listed]


def test_a_private_channel_is_one(manager: WebClient) -> None:
    channel = manager.conversations_create(name="secret", is_private=True)["channel"]
    assert (channel["is_private"], channel["is_channel"]) == (True, False)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("   ", "invalid_name_required"),
        ("a" * 81, "invalid_name_maxlength"),
        ("Release", "invalid_name_specials"),
        ("re lease", "invalid_name_specials"),
        ("release.1", "invalid_name_specials"),
        ("rel<b>", "invalid_name_specials"),
        ("-_-", "invalid_name_punctuation"),
        ("general", "name_taken"),
    ],
)
def test_names_follow_slacks_rules(manager: WebClient, name: str, error: str) -> None:
    assert code_of(manager.conversations_create, name=name) == error


def test_eighty_letters_of_any_alphabet_are_a_name(manager: WebClient) -> None:
    assert manager.conversations_create(name="ä" + "b" * 79)["ok"]


def test_no_name_is_a_missing_argument(manager: WebClient) -> None:
    assert code_of(manager.api_call, api_method="conversations.create", json={}) == "invalid_arguments"


def test_the_name_of_an_archived_channel_stays_taken(manager: WebClient) -> None:
    channel = manager.conversations_create(name="once")["channel"]["id"]
    manager.conversations_archive(channel=channel)
    assert code_of(manager.conversations_create, name="once") == "name_taken"


def test_each_kind_of_channel_needs_its_own_scope(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["channels:manage"])
    assert slack.conversations_create(name="open")["ok"]
    assert code_of(slack.conversations_create, name="shut", is_private=True) == "missing_scope"
    sandbox.scopes(["groups:write"])
    assert slack.conversations_create(name="shut", is_private=True)["ok"]
    assert code_of(slack.conversations_create, name="open-2") == "missing_scope"


def test_a_bot_renames_its_own_channel_only(manager: WebClient) -> None:
    own = manager.conversations_create(name="before")["channel"]["id"]
    renamed = manager.conversations_rename(channel=own, name="after")["channel"]
    assert (renamed["name"], renamed["previous_names"]) == ("after", ["before"])
    assert code_of(manager.conversations_rename, channel=OPS, name="ops-2") == "not_authorized"
    assert code_of(manager.conversations_rename, channel=own, name="general") == "name_taken"
    manager.conversations_archive(channel=own)
    assert code_of(manager.conversations_rename, channel=own, name="later") == "is_archived"


def test_a_renaming_is_remarked_on_in_the_channel(manager: WebClient) -> None:
    own = manager.conversations_create(name="before")["channel"]["id"]
    manager.conversations_rename(channel=own, name="after")
    newest = manager.conversations_history(channel=own, limit=1)["messages"][0]
    assert newest["subtype"] == "channel_name"
    assert (newest["old_name"], newest["name"]) == ("before", "after")


def test_archiving_and_back(manager: WebClient) -> None:
    manager.conversations_archive(channel=OPS)
    assert manager.conversations_info(channel=OPS)["channel"]["is_archived"] is True
    assert code_of(manager.conversations_archive, channel=OPS) == "already_archived"
    manager.conversations_unarchive(channel=OPS)
    assert manager.conversations_info(channel=OPS)["channel"]["is_archived"] is False
    assert code_of(manager.conversations_unarchive, channel=OPS) == "not_archived"
    subtypes = [m["subtype"] for m in manager.conversations_history(channel=OPS)["messages"]]
    assert subtypes == ["channel_unarchive", "channel_archive"]


def test_the_general_channel_stays(manager: WebClient) -> None:
    assert code_of(manager.conversations_archive, channel=GENERAL) == "cant_archive_general"


def test_a_stranger_changes_nothing(sandbox: SandboxClient, manager: WebClient) -> None:
    sandbox.channel(OPS, bot_is_member=False)
    assert code_of(manager.conversations_archive, channel=OPS) == "not_in_channel"
    assert code_of(manager.conversations_rename, channel=OPS, name="x") == "not_in_channel"
    assert code_of(manager.conversations_setTopic, channel=OPS, topic="x") == "not_in_channel"
    assert code_of(manager.conversations_mark, channel=OPS, ts="1700000000.000001") == "not_in_channel"


def test_direct_messages_are_not_channels(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes([*MANAGING, "im:write"])
    direct = slack.conversations_open(users=ADA)["channel"]["id"]
    for method in (slack.conversations_archive, slack.conversations_unarchive, slack.conversations_leave):
        assert code_of(method, channel=direct) == "method_not_supported_for_channel_type"
    assert (
        code_of(slack.conversations_kick, channel=direct, user=ADA) == "method_not_supported_for_channel_type"
    )


def test_topic_and_purpose_say_who_set_them(manager: WebClient) -> None:
    topic = manager.conversations_setTopic(channel=OPS, topic="All <quiet>")["channel"]["topic"]
    assert (topic["value"], topic["creator"]) == ("All <quiet>", "U0BOT")
    assert topic["last_set"] > 1_600_000_000
    answer = manager.conversations_setPurpose(channel=OPS, purpose="To run it")
    assert answer["channel"]["purpose"]["value"] == answer["purpose"] == "To run it"
    newest, before = manager.conversations_history(channel=OPS)["messages"]
    assert (newest["subtype"], newest["purpose"]) == ("channel_purpose", "To run it")
    assert (before["subtype"], before["topic"]) == ("channel_topic", "All <quiet>")
    assert before["text"] == "set the channel topic: All &lt;quiet&gt;"


def test_an_empty_topic_takes_it_away_and_a_long_one_is_refused(manager: WebClient) -> None:
    assert manager.conversations_setTopic(channel=OPS, topic="")["channel"]["topic"]["value"] == ""
    assert manager.conversations_setTopic(channel=OPS, topic="x" * 250)["ok"]
    assert code_of(manager.conversations_setTopic, channel=OPS, topic="x" * 251) == "too_long"
    assert code_of(manager.conversations_setPurpose, channel=OPS, purpose="x" * 251) == "too_long"
    missing = {"api_method": "conversations.setTopic", "json": {"channel": OPS}}
    assert code_of(manager.api_call, **missing) == "invalid_arguments"


def test_an_archived_channel_keeps_its_topic(sandbox: SandboxClient, manager: WebClient) -> None:
    sandbox.channel(OPS, archived=True)
    assert code_of(manager.conversations_setTopic, channel=OPS, topic="x") == "is_archived"


def test_the_scope_for_topics_is_enough_for_them(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["channels:write.topic"])
    assert slack.conversations_setTopic(channel=OPS, topic="x")["ok"]
    assert code_of(slack.conversations_archive, channel=OPS) == "missing_scope"


def test_the_read_cursor_is_kept(manager: WebClient) -> None:
    assert manager.conversations_info(channel=OPS)["channel"]["last_read"] == "0000000000.000000"
    manager.conversations_mark(channel=OPS, ts="1700000000.000001")
    assert manager.conversations_info(channel=OPS)["channel"]["last_read"] == "1700000000.000001"
    assert code_of(manager.conversations_mark, channel=OPS, ts="yesterday") == "invalid_timestamp"


def test_what_befalls_a_public_channel_is_told_everywhere(desk: Desk) -> None:
    channel = desk.call("conversations.create", name="fresh")["channel"]["id"]
    desk.call("conversations.rename", channel=channel, name="fresher")
    desk.call("conversations.archive", channel=channel)
    desk.call("conversations.unarchive", channel=channel)
    kinds = [
        (happening.event["type"], happening.channel)
        for happening in desk.events
        if happening.event["type"].startswith("channel_")
    ]
    assert kinds == [
        ("channel_created", None),
        ("channel_rename", None),
        ("channel_archive", None),
        ("channel_unarchive", None),
    ]
    (created,) = desk.heard("channel_created")
    assert created["channel"] == {
        "id": channel,
        "is_channel": True,
        "name": "fresh",
        "name_normalized": "fresh",
        "created": 1_800_000_000,
        "creator": "U0BOT",
        "is_shared": False,
        "is_org_shared": False,
    }
    assert desk.heard("channel_rename")[0]["channel"]["name"] == "fresher"


def test_what_befalls_a_private_channel_is_told_in_it(desk: Desk) -> None:
    channel = desk.call("conversations.create", name="shut", is_private=True)["channel"]["id"]
    desk.call("conversations.rename", channel=channel, name="tight")
    desk.call("conversations.archive", channel=channel)
    kinds = [(h.event["type"], h.channel) for h in desk.events if h.event["type"].startswith("group_")]
    assert kinds == [("group_rename", channel), ("group_archive", channel)]
    assert desk.heard("channel_created") == []


def test_a_person_acts_by_their_own_token(desk: Desk) -> None:
    assert desk.call("conversations.rename", ADA, channel=OPS, name="operations")["channel"]["name"]
    assert desk.refusal("conversations.rename", BOB, channel=OPS, name="x") == "not_authorized"
    assert desk.refusal("conversations.create", GUS, name="x") == "restricted_action"
    assert desk.refusal("conversations.setTopic", GUS, channel=GENERAL, topic="x") == "user_is_restricted"
    assert desk.refusal("conversations.info", GUS, channel=OPS) == "channel_not_found"


def test_new_channels_outlive_a_restart(desk: Desk) -> None:
    channel = desk.call("conversations.create", name="kept")["channel"]["id"]
    desk.call("conversations.rename", channel=channel, name="kept-2")
    desk.call("conversations.mark", channel=channel, ts="1700000000.000001")
    other = Desk()
    other.workspace.load(desk.workspace.dump())
    described = other.call("conversations.info", channel=channel)["channel"]
    assert described == desk.call("conversations.info", channel=channel)["channel"]
    assert described["previous_names"] == ["kept"]
    other.sandbox.reset()
    assert other.refusal("conversations.info", channel=channel) == "channel_not_found"
