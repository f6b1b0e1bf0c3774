"""Whom a message notifies, and what counts as read."""

import pytest

from sandbox.alerts import Alerts
from sandbox.message_store import Message
from sandbox.reads import Reads
from sandbox.search import read_query, search, texts_of
from sandbox.types import Json
from sandbox.workspace import Workspace


class SetClock:
    def __init__(self) -> None:
        self.at = 1_795_356_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def workspace() -> Workspace:
    clock = SetClock()
    made = Workspace(clock, "Pilot")
    clock.at += 60
    return made


@pytest.fixture
def reads(workspace: Workspace) -> Reads:
    return Reads(workspace)


def say(
    workspace: Workspace,
    text: str,
    user: str = "U0BOB",
    channel: str = "C0OPS",
    thread: str | None = None,
    **more: object,
) -> Message:
    payload: Json = {"type": "message", "ts": workspace.timestamps.next(), "user": user, "text": text, **more}
    message = Message(payload | ({"thread_ts": thread} if thread else {}))
    workspace.history.add(channel, message)
    return message


def kinds(workspace: Workspace, reads: Reads, user: str = "U0ADA") -> list[str]:
    return [alert.kind for alert in Alerts(workspace, reads).of(user)]


@pytest.mark.parametrize(
    "text", ["<@U0ADA>", "hey <@U0ADA|ada>!", "<!here>", "<!channel|@channel>", "<!everyone>"]
)
def test_a_mention_notifies(workspace: Workspace, reads: Reads, text: str) -> None:
    say(workspace, text)
    assert kinds(workspace, reads) == ["mention"]


def test_a_mention_that_stands_only_in_blocks_notifies(workspace: Workspace, reads: Reads) -> None:
    leaf = {"type": "user", "user_id": "U0ADA"}
    section = {"type": "rich_text_section", "elements": [leaf]}
    say(workspace, "no names", blocks=[{"type": "rich_text", "elements": [section]}])
    assert kinds(workspace, reads) == ["mention"]
    assert kinds(workspace, reads, "U0CYD") == []


def test_a_group_mention_notifies_its_members_only(workspace: Workspace, reads: Reads) -> None:
    say(workspace, "<!subteam^S0ONCALL|@oncall>", user="U0ADA")
    assert kinds(workspace, reads, "U0BOB") == ["mention"]
    assert kinds(workspace, reads, "U0GUS") == []


def test_words_in_a_channel_notify_nobody(workspace: Workspace, reads: Reads) -> None:
    say(workspace, "ada, are you there?")
    assert kinds(workspace, reads) == []


def test_one_is_not_notified_of_places_one_is_not_in(workspace: Workspace, reads: Reads) -> None:
    workspace.set_member("C0OPS", "U0ADA", False)
    say(workspace, "<@U0ADA>")
    assert kinds(workspace, reads) == []


def test_a_direct_message_notifies_the_other(workspace: Workspace, reads: Reads) -> None:
    channel, _ = workspace.direct_message("U0ADA", "U0BOB")
    say(workspace, "hello", channel=channel.id)
    assert kinds(workspace, reads) == ["direct"]
    assert kinds(workspace, reads, "U0BOB") == []


@pytest.mark.parametrize(
    ("root_by", "reply_by", "mentioned", "expected"),
    [
        ("U0ADA", "", "", ["reply"]),
        ("U0CYD", "U0ADA", "", ["reply"]),
        ("U0CYD", "", "<@U0ADA>", ["reply", "mention"]),
        ("U0CYD", "", "", []),
    ],
)
def test_replies_notify_those_who_follow_the_thread(
    workspace: Workspace, reads: Reads, root_by: str, reply_by: str, mentioned: str, expected: list[str]
) -> None:
    root = say(workspace, f"root {mentioned}", user=root_by)
    if reply_by:
        say(workspace, "I am in", user=reply_by, thread=root.ts)
    say(workspace, "a reply", thread=root.ts)
    assert kinds(workspace, reads) == expected


def test_an_edited_mention_is_looked_at_again(workspace: Workspace, reads: Reads) -> None:
    message = say(workspace, "nobody")
    alerts = Alerts(workspace, reads)
    assert alerts.of("U0ADA") == []
    workspace.history.replace("C0OPS", message.ts, message.payload | {"text": "<@U0ADA>"})
    assert [alert.kind for alert in alerts.of("U0ADA")] == ["mention"]


def test_a_channel_that_was_read_has_nothing_new(workspace: Workspace, reads: Reads) -> None:
    first = say(workspace, "<@U0ADA> one")
    reads.clear()
    say(workspace, "<@U0ADA> two")
    workspace.clock.at += 60  # type: ignore[attr-defined]  # the clock of this test
    third = say(workspace, "<@U0ADA> three")
    assert reads.is_new("U0ADA", "C0OPS", third)
    assert not reads.is_new("U0BOB", "C0OPS", third)
    reads.read("U0ADA", "C0OPS")
    assert not any(alert.is_new for alert in Alerts(workspace, reads).of("U0ADA"))
    reads.mark_unread("U0ADA", "C0OPS", first.ts)
    assert reads.unread("U0ADA", "C0OPS") == 3
    reads.read("U0ADA", "C0OPS")
    assert reads.unread("U0ADA", "C0OPS") == 3
    reads.moved("U0ADA", "C0GENERAL", None)
    reads.read("U0ADA", "C0OPS")
    assert reads.unread("U0ADA", "C0OPS") == 0


def test_a_reply_is_read_in_its_thread_or_where_it_was_also_sent(workspace: Workspace, reads: Reads) -> None:
    workspace.clock.at += 60  # type: ignore[attr-defined]  # the clock of this test
    root = say(workspace, "root", user="U0ADA")
    reply = say(workspace, "reply", thread=root.ts)
    reads.read("U0ADA", "C0OPS")
    assert reads.is_new("U0ADA", "C0OPS", reply)
    assert reads.unread_replies("U0ADA", "C0OPS", root.ts) == 1
    reads.read("U0ADA", "C0OPS", root.ts)
    assert not reads.is_new("U0ADA", "C0OPS", reply)
    reads.mark_unread("U0ADA", "C0OPS", reply.ts, root.ts)
    assert reads.unread_replies("U0ADA", "C0OPS", root.ts) == 1


def test_a_query_has_words_a_sender_and_a_place() -> None:
    query = read_query("Deploy from:@Bob in:#ops now", "U0ADA")
    assert (query.words, query.sender, query.place) == (("deploy", "now"), "bob", "ops")
    assert read_query("from:me", "U0ADA").sender == "u0ada"
    assert read_query("from: in:", "U0ADA").words == ("from:", "in:")


def test_search_finds_every_word_in_any_order_newest_first(workspace: Workspace) -> None:
    say(workspace, "the deploy of api")
    say(workspace, "api without the other")
    newest = say(
        workspace, "", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "API: deploy"}}]
    )
    found = search(workspace, "U0ADA", "deploy api")
    assert found.count == 2
    assert found.messages[0][1].ts == newest.ts
    assert search(workspace, "U0ADA", "   ").count == 0
    assert search(workspace, "U0GUS", "deploy").count == 0


def test_texts_are_those_one_can_read_and_no_ids() -> None:
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Go"},
        "action_id": "hidden",
        "value": "v",
    }
    payload = {
        "text": "fallback",
        "blocks": [{"type": "actions", "block_id": "b", "elements": [button]}],
        "attachments": [{"title": "T", "color": "#fff"}],
        "files": [{"name": "plan.pdf", "id": "F1"}],
    }
    assert [text for text in texts_of(payload) if text] == ["fallback", "Go", "T", "plan.pdf"]
