"""conversations.open, close, join, leave, invite and kick."""

import pytest
from slack_sdk import WebClient

from sandbox.api.endpoint import METHODS
from sandbox.errors import SlackError
from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, GUS, OPS, RELEASES, SandboxClient

OPENING = ["im:write", "mpim:write", "im:read", "mpim:read", "mpim:history", "chat:write"]
MANAGING = ["channels:manage", "groups:write", "channels:read", "channels:history", "channels:join"]


@pytest.fixture
def opener(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    sandbox.scopes(OPENING)
    return slack


@pytest.fixture
def manager(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    sandbox.scopes(MANAGING)
    return slack


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_direct_message_is_opened_once(opener: WebClient) -> None:
    first = opener.conversations_open(users=ADA)
    assert first["channel"]["id"].startswith("D")
    assert "already_open" not in first
    again = opener.conversations_open(users=[ADA], return_im=True)
    assert (again["already_open"], again["no_op"]) == (True, True)
    assert again["channel"]["id"] == first["channel"]["id"]
    assert (again["channel"]["user"], again["channel"]["is_im"]) == (ADA, True)
    by_id = opener.conversations_open(channel=first["channel"]["id"])
    assert by_id["channel"] == {"id": first["channel"]["id"]}


def test_a_group_message_is_the_same_for_the_same_people(opener: WebClient) -> None:
    first = opener.conversations_open(users=[ADA, BOB], return_im=True)["channel"]
    again = opener.conversations_open(users=[BOB, ADA], return_im=True)
    assert again["channel"]["id"] == first["id"]
    assert again["already_open"] is True
    assert (first["is_mpim"], first["is_private"], first["is_group"]) == (True, True, True)
    assert first["name"] == "mpdm-ada--bob--test_app-1"
    members = opener.conversations_members(channel=first["id"])["members"]
    assert sorted(members) == sorted([ADA, BOB, "U0BOT"])
    assert opener.chat_postMessage(channel=first["id"], text="hello both")["ok"]
    assert opener.conversations_history(channel=first["id"])["messages"][0]["text"] == "hello both"
    listed = opener.conversations_list(types="mpim,im")["channels"]
    assert [channel["id"] for channel in listed] == [first["id"]]


def test_opening_is_refused(sandbox: SandboxClient, opener: WebClient) -> None:
    assert code_of(opener.api_call, api_method="conversations.open", json={}) == "users_list_not_supplied"
    assert code_of(opener.conversations_open, users="U404") == "user_not_found"
    assert code_of(opener.conversations_open, users=[ADA, "U404"]) == "user_not_found"
    assert code_of(opener.conversations_open, users="U0BOT") == "cannot_dm_bot"
    nine = [f"U{n}" for n in range(9)]
    assert code_of(opener.conversations_open, users=nine) == "too_many_users"
    assert code_of(opener.conversations_open, channel=GENERAL) == "method_not_supported_for_channel_type"
    assert code_of(opener.conversations_open, channel="D404") == "channel_not_found"
    sandbox.person(CYD, deactivated=True)
    assert code_of(opener.conversations_open, users=CYD) == "user_disabled"


def test_looking_for_a_conversation_makes_none(opener: WebClient) -> None:
    looking = {"users": ADA, "prevent_creation": True}
    assert code_of(opener.conversations_open, **looking) == "channel_not_found"
    made = opener.conversations_open(users=ADA)["channel"]["id"]
    assert opener.conversations_open(users=ADA, prevent_creation=True)["channel"]["id"] == made


def test_group_messages_need_a_scope_of_their_own(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["im:write"])
    assert slack.conversations_open(users=ADA)["ok"]
    assert code_of(slack.conversations_open, users=[ADA, BOB]) == "missing_scope"


def test_a_closed_conversation_opens_again(opener: WebClient) -> None:
    direct = opener.conversations_open(users=ADA)["channel"]["id"]
    assert "no_op" not in opener.conversations_close(channel=direct)
    assert opener.conversations_close(channel=direct)["already_closed"] is True
    assert "already_open" not in opener.conversations_open(users=ADA)
    assert code_of(opener.conversations_close, channel=GENERAL) == "method_not_supported_for_channel_type"


def test_conversations_of_two_people_are_hidden_from_the_app(desk: Desk) -> None:
    between = desk.call("conversations.open", ADA, users=BOB)["channel"]["id"]
    assert desk.refusal("conversations.info", channel=between) == "channel_not_found"
    assert desk.call("conversations.list", types="im")["channels"] == []
    assert desk.call("conversations.info", BOB, channel=between)["channel"]["user"] == ADA
    to_herself = desk.call("conversations.open", ADA, users=ADA)["channel"]["id"]
    assert desk.call("conversations.info", ADA, channel=to_herself)["channel"]["user"] == ADA
    assert desk.refusal("conversations.info", BOB, channel=to_herself) == "channel_not_found"


def test_a_person_opens_the_apps_conversation_with_them(desk: Desk) -> None:
    by_ada = desk.call("conversations.open", ADA, users="U0BOT")["channel"]["id"]
    assert desk.call("conversations.open", users=ADA)["channel"]["id"] == by_ada
    assert [event["user"] for event in desk.heard("im_created")] == [ADA]


def test_people_are_invited_all_together(manager: WebClient) -> None:
    channel = manager.conversations_create(name="room")["channel"]["id"]
    answer = manager.conversations_invite(channel=channel, users=[ADA, BOB])
    assert "errors" not in answer.data
    assert manager.conversations_members(channel=channel)["members"] == [ADA, BOB, "U0BOT"]
    newest = manager.conversations_history(channel=channel, limit=1)["messages"][0]
    assert (newest["subtype"], newest["user"], newest["inviter"]) == ("channel_join", BOB, "U0BOT")


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "no_user"),
        ("U404", "user_not_found"),
        ("U0BOT", "cant_invite_self"),
        (ADA, "already_in_channel"),
        (f"{GUS},{ADA}", "already_in_channel"),
        (",".join(f"U{n}" for n in range(101)), "invalid_arguments"),
    ],
)
def test_invitations_are_refused(manager: WebClient, users: str, error: str) -> None:
    assert code_of(manager.conversations_invite, channel=OPS, users=users) == error
    assert GUS not in manager.conversations_members(channel=OPS)["members"]


def test_force_invites_whom_it_can(sandbox: SandboxClient, manager: WebClient) -> None:
    answer = manager.conversations_invite(channel=OPS, users=[GUS, ADA, "U404"], force=True)
    assert [(row["user"], row["error"]) for row in answer["errors"]] == [
        (ADA, "already_in_channel"),
        ("U404", "user_not_found"),
    ]
    assert GUS in manager.conversations_members(channel=OPS)["members"]
    forced = {"channel": OPS, "users": ["U404"], "force": True}
    assert code_of(manager.conversations_invite, **forced) == "user_not_found"


def test_places_where_nobody_can_be_invited(sandbox: SandboxClient, manager: WebClient) -> None:
    sandbox.channel(RELEASES, bot_is_member=False)
    assert code_of(manager.conversations_invite, channel=RELEASES, users=GUS) == "not_in_channel"
    sandbox.channel(OPS, archived=True)
    assert code_of(manager.conversations_invite, channel=OPS, users=GUS) == "is_archived"
    sandbox.person(GUS, deactivated=True)
    sandbox.channel(OPS, archived=False)
    assert code_of(manager.conversations_invite, channel=OPS, users=GUS) == "cant_invite"


def test_somebody_is_removed(manager: WebClient) -> None:
    assert manager.conversations_kick(channel=OPS, user=CYD)["errors"] == {}
    assert CYD not in manager.conversations_members(channel=OPS)["members"]
    assert code_of(manager.conversations_kick, channel=OPS, user=CYD) == "not_in_channel"
    assert code_of(manager.conversations_kick, channel=OPS, user="U0BOT") == "cant_kick_self"
    assert code_of(manager.conversations_kick, channel=OPS, user="U404") == "user_not_found"
    assert code_of(manager.conversations_kick, channel=GENERAL, user=CYD) == "cant_kick_from_general"


def test_the_app_leaves_and_comes_back(manager: WebClient) -> None:
    manager.conversations_leave(channel=OPS)
    assert manager.conversations_info(channel=OPS)["channel"]["is_member"] is False
    joined = manager.conversations_join(channel=OPS)
    assert joined["channel"]["is_member"] is True
    subtypes = [m["subtype"] for m in manager.conversations_history(channel=OPS)["messages"]]
    assert subtypes == ["channel_join", "channel_leave"]
    assert code_of(manager.conversations_leave, channel=GENERAL) == "cant_leave_general"


def test_leaving_where_one_is_not_is_no_error_code(desk: Desk) -> None:
    desk.call("conversations.leave", channel=OPS)
    assert desk.call("conversations.leave", channel=OPS) == {"ok": False, "not_in_channel": True}


def test_the_last_member_stays_in_a_private_channel(desk: Desk) -> None:
    channel = desk.call("conversations.create", name="alone", is_private=True)["channel"]["id"]
    assert desk.refusal("conversations.leave", channel=channel) == "last_member"


def test_guests_stay_and_remove_nobody(desk: Desk) -> None:
    desk.call("conversations.invite", channel=OPS, users=GUS)
    assert desk.refusal("conversations.leave", GUS, channel=OPS) == "user_is_restricted"
    assert desk.refusal("conversations.kick", GUS, channel=OPS, user=BOB) == "restricted_action"


def test_coming_and_going_are_told(desk: Desk) -> None:
    desk.call("conversations.invite", channel=OPS, users=GUS)
    desk.call("conversations.kick", channel=OPS, user=GUS)
    membership = {"user": GUS, "channel": OPS, "channel_type": "C", "team": "T0001"}
    (joined,) = desk.heard("member_joined_channel")
    assert joined == {"type": "member_joined_channel", **membership, "inviter": "U0BOT"}
    (left,) = desk.heard("member_left_channel")
    assert left == {"type": "member_left_channel", **membership}


def test_the_app_is_told_that_it_was_removed(desk: Desk) -> None:
    desk.call("conversations.kick", ADA, channel=OPS, user="U0BOT")
    told = [happening for happening in desk.events if happening.event["type"] == "channel_left"]
    assert [(one.event, one.channel) for one in told] == [
        ({"type": "channel_left", "channel": OPS, "actor_id": ADA}, None)
    ]
    with pytest.raises(SlackError, match="not_in_channel"):
        desk.call("conversations.history", channel=OPS)


def test_those_who_stay_hear_of_a_leaving(desk: Desk) -> None:
    heard: list[bool] = []
    desk.workspace.listen(lambda happening: heard.append("U0BOT" in desk.workspace.channels[OPS].members))
    desk.call("conversations.leave", channel=OPS)
    assert heard
    assert not any(heard)


def test_group_messages_outlive_a_restart(desk: Desk) -> None:
    group = desk.call("conversations.open", users=[ADA, BOB])["channel"]["id"]
    other = Desk()
    other.workspace.load(desk.workspace.dump())
    assert other.call("conversations.open", users=[BOB, ADA])["channel"]["id"] == group


def test_a_guest_writes_only_to_people_of_shared_channels(desk: Desk) -> None:
    desk.workspace.set_member(GENERAL, ADA, False)
    assert desk.refusal("conversations.open", GUS, users=ADA) == "user_not_visible"
    assert desk.call("conversations.open", GUS, users=BOB)["channel"]["id"].startswith("D")


def test_all_methods_of_conversations_are_there() -> None:
    """Those of Slack's list that are not about several workspaces."""
    wanted = "archive close create history info invite join kick leave list mark members open rename replies"
    names = [*wanted.split(), "setPurpose", "setTopic", "unarchive"]
    assert {f"conversations.{name}" for name in names} <= METHODS.keys()
