"""chat.*: who may post where, threads, edits, deletions, ephemeral messages, metadata."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.views import actions, button, section
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, RELEASES, SandboxClient


def error_of(call: Any, **arguments: Any) -> Any:
    """The JSON of the refusal that a call of Slack's client meets."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response.data


def code_of(call: Any, **arguments: Any) -> str:
    return str(error_of(call, **arguments)["error"])


def test_a_message_is_posted_and_seen(sandbox: SandboxClient, slack: WebClient) -> None:
    answer = slack.chat_postMessage(channel=GENERAL, text="Hello", blocks=[section("*Hello*")])
    (seen,) = sandbox.messages(GENERAL)
    assert answer["channel"] == GENERAL
    assert answer["ts"] == seen["ts"]
    assert seen["text"] == "Hello"
    assert seen["blocks"][0]["text"]["verbatim"] is False
    assert {"bot_id", "app_id", "team", "user", "bot_profile", "type"} <= set(answer["message"])


def test_timestamps_are_unique_and_grow(slack: WebClient) -> None:
    stamps = [slack.chat_postMessage(channel=c, text="x")["ts"] for c in (GENERAL, OPS, RELEASES, GENERAL)]
    assert stamps == sorted(set(stamps))


def test_a_channel_may_be_named(sandbox: SandboxClient, slack: WebClient) -> None:
    assert slack.chat_postMessage(channel="#releases", text="x")["channel"] == RELEASES
    assert slack.chat_postMessage(channel="ops", text="x")["channel"] == OPS


def test_a_person_is_posted_to_in_a_direct_message(sandbox: SandboxClient, slack: WebClient) -> None:
    channel = slack.chat_postMessage(channel=BOB, text="psst")["channel"]
    assert channel.startswith("D")
    assert [message["text"] for message in sandbox.messages(channel)] == ["psst"]


def test_wrong_blocks_are_refused_with_pointers(sandbox: SandboxClient, slack: WebClient) -> None:
    refusal = error_of(slack.chat_postMessage, channel=GENERAL, text="x", blocks=[section("x" * 3001)])
    pointed = "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert refusal["error"] == "invalid_blocks"
    assert pointed in refusal["errors"]
    assert f"[ERROR] {pointed}" in refusal["response_metadata"]["messages"]
    assert sandbox.messages(GENERAL) == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"blocks": []}, "no_text"),
        ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": [section("x" * 3000)] * 40}, "msg_blocks_too_long"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"markdown_text": "y" * 12_001}, "msg_too_long"),
        ({"text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"text": "x", "thread_ts": "0"}, "invalid_thread_ts"),
        ({"text": "x", "thread_ts": "1700000000.000001"}, "thread_not_found"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        (
            {"text": "x", "metadata": {"event_type": "a", "event_payload": {"x": "y" * 17_000}}},
            "metadata_too_large",
        ),
        ({"text": "x", "channel": "C0NOWHERE"}, "channel_not_found"),
    ],
)
def test_posting_is_refused(slack: WebClient, arguments: dict[str, Any], error: str) -> None:
    whole = {"channel": GENERAL} | arguments
    assert code_of(slack.api_call, api_method="chat.postMessage", json=whole) == error


def test_a_very_long_text_is_cut_with_a_warning(slack: WebClient) -> None:
    answer = slack.chat_postMessage(channel=GENERAL, text="x" * 40_001)
    assert len(answer["message"]["text"]) == 40_000
    assert answer["warning"] == "message_truncated"


def test_blocks_without_text_get_slacks_placeholder(slack: WebClient) -> None:
    answer = slack.api_call("chat.postMessage", json={"channel": GENERAL, "blocks": [section("x")]})
    assert answer["message"]["text"] == "This content can't be displayed."


def test_an_archived_channel_takes_nothing(sandbox: SandboxClient, slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=OPS, text="before")["ts"]
    sandbox.channel(OPS, archived=True)
    assert code_of(slack.chat_postMessage, channel=OPS, text="x") == "is_archived"
    assert code_of(slack.chat_postEphemeral, channel=OPS, user=ADA, text="x") == "is_archived"
    assert code_of(slack.chat_update, channel=OPS, ts=ts, text="x") == "is_inactive"


def test_a_public_channel_takes_posts_of_a_stranger_with_the_public_scope(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    sandbox.channel(OPS, bot_is_member=False)
    assert slack.chat_postMessage(channel=OPS, text="x")["ok"]
    sandbox.scopes(["chat:write"])
    assert code_of(slack.chat_postMessage, channel=OPS, text="x") == "not_in_channel"


def test_a_private_channel_does_not_exist_for_a_stranger(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.channel(OPS, private=True)
    assert slack.chat_postMessage(channel=OPS, text="x")["ok"]
    sandbox.channel(OPS, bot_is_member=False)
    assert code_of(slack.chat_postMessage, channel=OPS, text="x") == "channel_not_found"
    assert code_of(slack.chat_postMessage, channel="#ops", text="x") == "channel_not_found"


def test_replies_go_under_their_parent_and_are_counted(sandbox: SandboxClient, slack: WebClient) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    sandbox.post(BOB, "mine", thread_ts=parent)
    last = slack.chat_postMessage(channel=GENERAL, text="second", thread_ts=parent)
    assert last["message"]["parent_user_id"] == "U0BOT"
    (root,) = sandbox.messages(GENERAL)
    assert [m["text"] for m in sandbox.messages(GENERAL, thread=parent)] == ["root", "mine", "second"]
    assert root["thread_ts"] == root["ts"]
    assert (root["reply_count"], root["reply_users_count"]) == (2, 2)
    assert root["reply_users"] == [BOB, "U0BOT"]
    assert root["latest_reply"] == last["ts"]


def test_a_reply_to_a_reply_joins_the_thread(sandbox: SandboxClient, slack: WebClient) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    reply = slack.chat_postMessage(channel=GENERAL, text="one", thread_ts=parent)["ts"]
    assert (
        slack.chat_postMessage(channel=GENERAL, text="two", thread_ts=reply)["message"]["thread_ts"] == parent
    )


def test_a_broadcast_reply_is_seen_in_the_channel_too(sandbox: SandboxClient, slack: WebClient) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    answer = slack.chat_postMessage(channel=GENERAL, text="loud", thread_ts=parent, reply_broadcast=True)
    assert answer["message"]["subtype"] == "thread_broadcast"
    assert [m["text"] for m in sandbox.messages(GENERAL)] == ["root", "loud"]
    assert [m["text"] for m in sandbox.messages(GENERAL, thread=parent)] == ["root", "loud"]


def test_an_update_replaces_text_and_blocks(sandbox: SandboxClient, slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a", blocks=[actions("x", button("go"))])["ts"]
    answer = slack.chat_update(channel=GENERAL, ts=ts, text="b", blocks=[section("done")])
    (seen,) = sandbox.messages(GENERAL)
    assert answer["text"] == seen["text"] == "b"
    assert [block["type"] for block in seen["blocks"]] == ["section"]
    assert "edited" not in seen


def test_an_update_of_text_alone_removes_blocks_and_marks_the_edit(
    slack: WebClient, sandbox: SandboxClient
) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a", blocks=[section("x")])["ts"]
    slack.chat_update(channel=GENERAL, ts=ts, text="b")
    (seen,) = sandbox.messages(GENERAL)
    assert "blocks" not in seen
    assert seen["edited"]["user"] == "U0BOT"


def test_an_update_keeps_metadata_and_the_place_in_the_thread(
    slack: WebClient, sandbox: SandboxClient
) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    note = {"event_type": "run", "event_payload": {"run": 7}}
    ts = slack.chat_postMessage(channel=GENERAL, text="a", thread_ts=parent, metadata=note)["ts"]
    slack.chat_update(channel=GENERAL, ts=ts, text="b", blocks=[section("x")])
    (_, reply) = sandbox.messages(GENERAL, thread=parent)
    assert (reply["text"], reply["metadata"], reply["thread_ts"]) == ("b", note, parent)


def test_an_update_with_nothing_in_it_is_refused(slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a")["ts"]
    answer = {"channel": GENERAL, "ts": ts}
    with pytest.raises(SlackApiError, match="no_text"):
        slack.api_call("chat.update", json=answer)


def test_an_update_with_a_long_text_is_refused(slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a")["ts"]
    assert code_of(slack.chat_update, channel=GENERAL, ts=ts, text="x" * 4001) == "msg_too_long"


def test_only_the_apps_own_messages_can_be_changed(sandbox: SandboxClient, slack: WebClient) -> None:
    ts = sandbox.post(ADA, "mine")["ts"]
    assert code_of(slack.chat_update, channel=GENERAL, ts=ts, text="x") == "cant_update_message"
    assert code_of(slack.chat_delete, channel=GENERAL, ts=ts) == "cant_delete_message"
    assert code_of(slack.chat_update, channel=GENERAL, ts="1.000000", text="x") == "message_not_found"


def test_a_deleted_message_is_gone_and_cannot_be_updated(sandbox: SandboxClient, slack: WebClient) -> None:
    ts = slack.chat_postMessage(channel=GENERAL, text="a")["ts"]
    slack.chat_delete(channel=GENERAL, ts=ts)
    assert sandbox.messages(GENERAL) == []
    assert code_of(slack.chat_update, channel=GENERAL, ts=ts, text="x") == "message_not_found"


def test_a_deleted_parent_leaves_a_tombstone_that_replies_still_find(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent)
    sandbox.delete_message(GENERAL, parent)
    (tomb,) = sandbox.messages(GENERAL)
    assert (tomb["subtype"], tomb["text"]) == ("tombstone", "This message was deleted.")
    assert slack.chat_postMessage(channel=GENERAL, text="late", thread_ts=parent)["ok"]
    assert code_of(slack.chat_update, channel=GENERAL, ts=parent, text="x") == "message_not_found"


def test_deleting_the_only_reply_ends_the_thread(sandbox: SandboxClient, slack: WebClient) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    reply = slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent)["ts"]
    slack.chat_delete(channel=GENERAL, ts=reply)
    (root,) = sandbox.messages(GENERAL)
    assert "reply_count" not in root
    assert "thread_ts" not in root


def test_an_ephemeral_message_is_seen_by_one_person_and_stays_so(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    answer = slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="only you")
    assert {key for key in answer.data if key != "ok"} == {"message_ts"}
    assert sandbox.messages(GENERAL) == sandbox.messages(GENERAL, viewer=ADA) == []
    assert [m["text"] for m in sandbox.messages(GENERAL, viewer=BOB)] == ["only you"]
    ts = answer["message_ts"]
    assert code_of(slack.chat_update, channel=GENERAL, ts=ts, text="all") == "message_not_found"


def test_an_ephemeral_message_needs_a_member(slack: WebClient) -> None:
    assert code_of(slack.chat_postEphemeral, channel=OPS, user=GUS, text="x") == "user_not_in_channel"
    assert code_of(slack.chat_postEphemeral, channel=OPS, user="U404", text="x") == "user_not_in_channel"


def test_an_ephemeral_reply_shows_only_in_a_thread_that_lives(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="unseen", thread_ts=parent)
    slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent)
    slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="seen", thread_ts=parent)
    texts = [m["text"] for m in sandbox.messages(GENERAL, thread=parent, viewer=BOB)]
    assert texts == ["root", "reply", "seen"]


def test_a_permalink_names_channel_message_and_thread(slack: WebClient, sandbox_url: str) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    reply = slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent)["ts"]
    link = slack.chat_getPermalink(channel=GENERAL, message_ts=parent)["permalink"]
    assert link == f"{sandbox_url}/archives/{GENERAL}/p{parent.replace('.', '')}"
    link = slack.chat_getPermalink(channel=GENERAL, message_ts=reply)["permalink"]
    assert link.endswith(f"?thread_ts={parent}&cid={GENERAL}")
