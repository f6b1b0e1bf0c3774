"""conversations.*, users.* and usergroups.*: what the app may read of the workspace."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.calling import Desk
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, RELEASES, SandboxClient


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def test_a_channel_describes_itself(slack: WebClient) -> None:
    channel = slack.conversations_info(channel=OPS, include_num_members=True)["channel"]
    assert (channel["name"], channel["is_private"], channel["is_member"], channel["num_members"]) == (
        "ops",
        False,
        True,
        4,
    )
    assert "num_members" not in slack.conversations_info(channel=OPS)["channel"]


def test_a_private_channel_is_unknown_to_strangers(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, private=True, bot_is_member=False)
    for method in (slack.conversations_info, slack.conversations_members, slack.conversations_history):
        assert code_of(method, channel=OPS) == "channel_not_found"
    names = [c["name"] for c in slack.conversations_list(types="public_channel,private_channel")["channels"]]
    assert names == ["general", "releases"]


def test_each_kind_of_channel_has_scopes_of_its_own(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, private=True)
    direct = slack.conversations_open(users=ADA)["channel"]["id"]
    channels = {"channels": GENERAL, "groups": OPS, "im": direct}
    for scope, channel in channels.items():
        others = [other for other in channels if other != scope]
        sandbox.scopes([f"{other}:{what}" for other in others for what in ("read", "history")])
        assert code_of(slack.conversations_info, channel=channel) == "missing_scope"
        assert code_of(slack.conversations_history, channel=channel) == "missing_scope"
        sandbox.scopes([f"{scope}:read", f"{scope}:history"])
        assert slack.conversations_info(channel=channel)["channel"]["id"] == channel
        assert slack.conversations_history(channel=channel)["ok"]


def test_membership_is_told_of_public_channels(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, bot_is_member=False)
    assert slack.conversations_info(channel=OPS)["channel"]["is_member"] is False
    assert "U0BOT" not in slack.conversations_members(channel=OPS)["members"]
    assert [c["id"] for c in slack.users_conversations()["channels"]] == [GENERAL, RELEASES]
    assert code_of(slack.conversations_history, channel=OPS) == "not_in_channel"
    assert code_of(slack.conversations_replies, channel=OPS, ts="1.000000") == "not_in_channel"


def test_the_app_joins_public_channels_only(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, bot_is_member=False)
    assert slack.conversations_join(channel=OPS)["channel"]["is_member"] is True
    assert slack.conversations_join(channel=OPS)["warning"] == "already_in_channel"
    sandbox.channel(OPS, private=True)
    assert code_of(slack.conversations_join, channel=OPS) == "method_not_supported_for_channel_type"
    sandbox.channel(RELEASES, archived=True, bot_is_member=False)
    assert code_of(slack.conversations_join, channel=RELEASES) == "is_archived"


def test_lists_come_in_pages(slack: WebClient) -> None:
    first = slack.conversations_list(limit=2)
    second = slack.conversations_list(limit=2, cursor=first["response_metadata"]["next_cursor"])
    assert [c["id"] for c in first["channels"]] == [GENERAL, RELEASES]
    assert [c["id"] for c in second["channels"]] == [OPS]
    assert second["response_metadata"]["next_cursor"] == ""


def test_bad_pages_are_refused(slack: WebClient) -> None:
    assert code_of(slack.conversations_list, limit=1000) == "invalid_limit"
    assert code_of(slack.users_list, limit=-1) == "invalid_limit"
    assert code_of(slack.users_list, cursor="what?") == "invalid_cursor"
    assert code_of(slack.conversations_list, types="secret") == "invalid_types"


def test_archived_channels_can_be_left_out(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, archived=True)
    assert len(slack.conversations_list()["channels"]) == 3
    assert len(slack.conversations_list(exclude_archived=True)["channels"]) == 2


def test_history_is_newest_first_and_keeps_metadata_for_those_who_ask(slack: WebClient) -> None:
    note = {"event_type": "run", "event_payload": {"run": 7, "nonce": "n"}}
    old = slack.chat_postMessage(channel=GENERAL, text="old", metadata=note)["ts"]
    new = slack.chat_postMessage(channel=GENERAL, text="new")["ts"]
    told = slack.conversations_history(channel=GENERAL, include_all_metadata=True)["messages"]
    assert [message["ts"] for message in told] == [new, old]
    assert told[1]["metadata"] == note
    assert "metadata" not in slack.conversations_history(channel=GENERAL)["messages"][1]


def test_history_has_broadcasts_but_no_other_replies(slack: WebClient) -> None:
    root = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    slack.chat_postMessage(channel=GENERAL, text="quiet", thread_ts=root)
    slack.chat_postMessage(channel=GENERAL, text="loud", thread_ts=root, reply_broadcast=True)
    told = slack.conversations_history(channel=GENERAL)["messages"]
    assert [message["text"] for message in told] == ["loud", "root"]
    assert told[0]["root"]["ts"] == root


def test_history_is_cut_by_time(slack: WebClient) -> None:
    stamps = [slack.chat_postMessage(channel=GENERAL, text=str(number))["ts"] for number in range(4)]

    def told(**bounds: Any) -> list[str]:
        messages = slack.conversations_history(channel=GENERAL, **bounds)["messages"]
        return [message["text"] for message in messages]

    assert told(oldest=stamps[1]) == ["3", "2"]
    assert told(oldest=stamps[1], inclusive=True) == ["3", "2", "1"]
    assert told(oldest=stamps[0], latest=stamps[3]) == ["2", "1"]
    assert code_of(slack.conversations_history, channel=GENERAL, oldest="yesterday") == "invalid_ts_oldest"
    assert code_of(slack.conversations_history, channel=GENERAL, latest="NaN") == "invalid_ts_latest"


def test_ephemeral_messages_are_in_no_history(slack: WebClient) -> None:
    slack.chat_postEphemeral(channel=GENERAL, user=ADA, text="secret")
    assert slack.conversations_history(channel=GENERAL)["messages"] == []


def test_replies_begin_with_the_parent(slack: WebClient) -> None:
    note = {"event_type": "run", "event_payload": {}}
    root = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    reply = slack.chat_postMessage(channel=GENERAL, text="one", thread_ts=root, metadata=note)["ts"]
    for ts in (root, reply):
        told = slack.conversations_replies(channel=GENERAL, ts=ts, include_all_metadata=True)["messages"]
        assert [message["text"] for message in told] == ["root", "one"]
        assert told[1]["metadata"] == note
    assert code_of(slack.conversations_replies, channel=GENERAL, ts="1.000000") == "thread_not_found"


def test_a_direct_message_is_opened_once(slack: WebClient) -> None:
    first = slack.conversations_open(users=[BOB], return_im=True)
    assert (first["channel"]["is_im"], first["channel"]["user"]) == (True, BOB)
    again = slack.conversations_open(users=BOB)
    assert again["already_open"] is True
    assert again["channel"] == {"id": first["channel"]["id"]}
    assert slack.conversations_open(channel=first["channel"]["id"])["ok"]


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U404", "user_not_found"),
        ("U0BOT", "cannot_dm_bot"),
        ("U0ADA,U0BOB", "missing_scope"),
    ],
)
def test_a_direct_message_needs_one_person(slack: WebClient, users: str, error: str) -> None:
    assert code_of(slack.conversations_open, users=users) == error


def test_people_are_described(slack: WebClient) -> None:
    ada = slack.users_info(user=ADA, include_locale=True)["user"]
    assert (ada["is_admin"], ada["is_restricted"], ada["is_bot"], ada["locale"]) == (
        True,
        False,
        False,
        "en-US",
    )
    assert slack.users_info(user=GUS)["user"]["is_restricted"] is True
    assert slack.users_info(user="U0BOT")["user"]["profile"]["bot_id"] == "B0BOT"
    assert code_of(slack.users_info, user="U404") == "user_not_found"
    assert [person["name"] for person in slack.users_list()["members"]] == [
        "ada",
        "bob",
        "cyd",
        "gus",
        "test_app",
    ]


def test_a_user_group_names_its_members(slack: WebClient) -> None:
    (group,) = slack.usergroups_list(include_users=True, include_count=True)["usergroups"]
    assert (group["id"], group["handle"], group["user_count"]) == ("S0ONCALL", "oncall", 2)
    assert slack.usergroups_users_list(usergroup="S0ONCALL")["users"] == group["users"] == ["U0BOB", "U0CYD"]
    assert code_of(slack.usergroups_users_list, usergroup="S404") == "no_such_subteam"


def test_the_app_learns_who_and_where_it_is(slack: WebClient, sandbox_url: str) -> None:
    me = slack.auth_test()
    assert (me["url"], me["user_id"], me["bot_id"], me["team_id"]) == (
        sandbox_url + "/",
        "U0BOT",
        "B0BOT",
        "T0001",
    )
    assert slack.team_info()["team"]["domain"] == "sandbox"
    assert slack.bots_info(bot="B0BOT")["bot"]["name"] == "Test App"
    assert code_of(slack.bots_info, bot="B404") == "bot_not_found"


def test_a_list_needs_the_scope_of_each_kind_it_asks_for(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["channels:read"])
    assert len(slack.conversations_list()["channels"]) == 3
    assert code_of(slack.conversations_list, types="public_channel,im") == "missing_scope"
    assert code_of(slack.users_conversations, types="mpim") == "missing_scope"


def test_only_the_list_of_all_says_who_is_in(slack: WebClient) -> None:
    (listed, *_) = slack.conversations_list()["channels"]
    (own, *_) = slack.users_conversations()["channels"]
    assert (listed["is_member"], listed["num_members"]) == (True, 5)
    assert "is_member" not in own
    assert "num_members" not in own
    assert "last_read" not in listed


def test_the_locale_is_told_on_request(slack: WebClient) -> None:
    assert slack.conversations_info(channel=OPS, include_locale=True)["channel"]["locale"] == "en-US"
    assert "locale" not in slack.conversations_info(channel=OPS)["channel"]


def test_direct_messages_describe_themselves(sandbox: SandboxClient, slack: WebClient) -> None:
    direct = slack.conversations_open(users=ADA)["channel"]["id"]
    described = slack.conversations_info(channel=direct, include_num_members=True)["channel"]
    assert (described["user"], described["is_im"], described["is_user_deleted"]) == (ADA, True, False)
    assert "num_members" not in described
    sandbox.person(ADA, deactivated=True)
    assert slack.conversations_info(channel=direct)["channel"]["is_user_deleted"] is True


@pytest.mark.parametrize("limit", ["9" * 5000, "-1", "1e3", "ten", "1.5", "²"])
def test_odd_page_sizes_are_refused(slack: WebClient, limit: str) -> None:
    assert code_of(slack.api_call, api_method="conversations.list", data={"limit": limit}) == "invalid_limit"


@pytest.mark.parametrize("cursor", ["bmV4dDotNQ==", "bmV4dDo=", "eA==", "é", "=", "bmV4dDrCsg=="])
def test_made_up_cursors_are_refused(slack: WebClient, cursor: str) -> None:
    assert code_of(slack.conversations_list, cursor=cursor) == "invalid_cursor"


def test_the_history_counts_pins(sandbox: SandboxClient, slack: WebClient) -> None:
    ts = sandbox.post(BOB, "remember")["ts"]
    sandbox.scopes(["pins:write", "channels:history"])
    slack.pins_add(channel=GENERAL, timestamp=ts)
    assert slack.conversations_history(channel=GENERAL)["pin_count"] == 1


def test_people_read_public_channels_they_are_not_in() -> None:
    desk = Desk()
    ts = desk.post(ADA, "hello", OPS)
    desk.workspace.set_member(OPS, BOB, False)
    assert desk.call("conversations.history", BOB, channel=OPS)["messages"][0]["text"] == "hello"
    assert desk.call("conversations.replies", BOB, channel=OPS, ts=ts)["messages"][0]["text"] == "hello"
    assert desk.refusal("conversations.history", GUS, channel=OPS) == "channel_not_found"
    desk.workspace.change_channel(OPS, private=True)
    assert desk.refusal("conversations.history", BOB, channel=OPS) == "channel_not_found"
