"""reactions.*, emoji.list, and people's reactions."""

from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox import reactions
from sandbox.errors import SlackError
from sandbox.render.emoji import CHARACTERS, is_known
from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, OPS, SandboxClient


@pytest.fixture
def reactor(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    sandbox.scopes(["reactions:read", "reactions:write", "channels:history", "chat:write"])
    return slack


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_reaction_is_added_and_taken_away(sandbox: SandboxClient, reactor: WebClient) -> None:
    ts = sandbox.post(BOB, "hello")["ts"]
    reactor.reactions_add(channel=GENERAL, timestamp=ts, name="thumbsup")
    reactor.reactions_add(channel=GENERAL, timestamp=ts, name="wave::skin-tone-3")
    message = reactor.reactions_get(channel=GENERAL, timestamp=ts)["message"]
    assert message["reactions"] == [
        {"name": "+1", "users": ["U0BOT"], "count": 1},
        {"name": "wave::skin-tone-3", "users": ["U0BOT"], "count": 1},
    ]
    assert message["permalink"].endswith(f"/archives/{GENERAL}/p{ts.replace('.', '')}")
    assert code_of(reactor.reactions_add, channel=GENERAL, timestamp=ts, name="+1") == "already_reacted"
    reactor.reactions_remove(channel=GENERAL, timestamp=ts, name="+1")
    assert code_of(reactor.reactions_remove, channel=GENERAL, timestamp=ts, name="+1") == "no_reaction"
    reactor.reactions_remove(channel=GENERAL, timestamp=ts, name="wave::skin-tone-3")
    assert "reactions" not in reactor.conversations_history(channel=GENERAL)["messages"][0]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": "no_such_emoji"}, "invalid_name"),
        ({"name": ":thumbsup:"}, "invalid_name"),
        ({"name": "wave::skin-tone-7"}, "invalid_name"),
        ({"name": None}, "invalid_arguments"),
        ({"channel": "C404"}, "channel_not_found"),
        ({"channel": None}, "no_item_specified"),
        ({"timestamp": None}, "no_item_specified"),
        ({"timestamp": "yesterday"}, "bad_timestamp"),
        ({"timestamp": "1700000000.000001"}, "message_not_found"),
    ],
)
def test_wrong_reactions_are_refused(
    sandbox: SandboxClient, reactor: WebClient, arguments: dict[str, Any], error: str
) -> None:
    ts = sandbox.post(BOB, "hello")["ts"]
    whole = {"channel": GENERAL, "timestamp": ts, "name": "eyes"} | arguments
    assert code_of(reactor.api_call, api_method="reactions.add", json=whole) == error


def test_reactions_need_membership_and_a_channel_in_use(sandbox: SandboxClient, reactor: WebClient) -> None:
    ts = sandbox.post(BOB, "hello", OPS)["ts"]
    item = {"channel": OPS, "timestamp": ts, "name": "eyes"}
    sandbox.channel(OPS, bot_is_member=False)
    assert code_of(reactor.reactions_add, **item) == "not_in_channel"
    sandbox.channel(OPS, private=True)
    assert code_of(reactor.reactions_add, **item) == "channel_not_found"
    sandbox.channel(OPS, bot_is_member=True, archived=True)
    assert code_of(reactor.reactions_add, **item) == "is_archived"


def test_an_ephemeral_message_takes_no_reaction(reactor: WebClient) -> None:
    ts = reactor.chat_postEphemeral(channel=GENERAL, user=ADA, text="psst")["message_ts"]
    refusal = code_of(reactor.reactions_add, channel=GENERAL, timestamp=ts, name="eyes")
    assert refusal == "message_not_found"


def test_files_that_are_not_there_are_named(reactor: WebClient) -> None:
    assert code_of(reactor.reactions_get, file="F404") == "file_not_found"
    assert code_of(reactor.reactions_get) == "no_item_specified"


def test_an_edited_message_keeps_its_reactions(reactor: WebClient) -> None:
    ts = reactor.chat_postMessage(channel=GENERAL, text="one")["ts"]
    reactor.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    reactor.chat_update(channel=GENERAL, ts=ts, text="two")
    message = reactor.reactions_get(channel=GENERAL, timestamp=ts)["message"]
    assert (message["text"], message["reactions"][0]["name"]) == ("two", "eyes")


def test_what_somebody_reacted_to_is_listed_in_pages(sandbox: SandboxClient, reactor: WebClient) -> None:
    posted = [sandbox.post(BOB, f"message {n}")["ts"] for n in range(3)]
    for ts in posted:
        reactor.reactions_add(channel=GENERAL, timestamp=ts, name="eyes")
    whole = reactor.reactions_list()
    assert [item["message"]["ts"] for item in whole["items"]] == posted[::-1]
    assert whole["paging"] == {"count": 100, "total": 3, "page": 1, "pages": 1}
    assert len(reactor.reactions_list(count=2, page=2)["items"]) == 1
    first = reactor.reactions_list(limit=2)
    rest = reactor.reactions_list(limit=2, cursor=first["response_metadata"]["next_cursor"])
    assert [item["message"]["ts"] for item in rest["items"]] == [posted[0]]
    assert reactor.reactions_list(user=ADA)["items"] == []
    assert code_of(reactor.reactions_list, user="U404") == "user_not_found"
    assert code_of(reactor.reactions_list, count=0) == "invalid_arguments"


def test_reactions_are_told(desk: Desk) -> None:
    ts = desk.post(BOB, "hello")
    desk.call("reactions.add", channel=GENERAL, timestamp=ts, name="thumbsup")
    desk.call("reactions.remove", channel=GENERAL, timestamp=ts, name="+1")
    item = {"type": "message", "channel": GENERAL, "ts": ts}
    told = {"user": "U0BOT", "reaction": "+1", "item": item, "item_user": BOB}
    assert desk.heard("reaction_added") == [{"type": "reaction_added", **told}]
    assert desk.heard("reaction_removed") == [{"type": "reaction_removed", **told}]
    heard = {happening.channel for happening in desk.events if "reaction" in happening.event["type"]}
    assert heard == {GENERAL}
    assert not any(event.get("subtype") == "message_changed" for event in desk.heard("message"))


def test_people_toggle_their_reactions(desk: Desk) -> None:
    ts = desk.post(BOB, "hello")
    assert reactions.toggle(desk.workspace, ADA, GENERAL, ts, "eyes") is True
    assert reactions.toggle(desk.workspace, BOB, GENERAL, ts, "eyes") is True
    assert reactions.toggle(desk.workspace, ADA, GENERAL, ts, "eyes") is False
    message = desk.workspace.history.get(GENERAL, ts)
    assert message is not None
    assert message.payload["reactions"] == [{"name": "eyes", "users": [BOB], "count": 1}]
    with pytest.raises(SlackError, match="message_not_found"):
        reactions.toggle(desk.workspace, ADA, GENERAL, "1.000000", "eyes")
    with pytest.raises(SlackError, match="invalid_name"):
        reactions.toggle(desk.workspace, ADA, GENERAL, ts, "<script>")


def test_one_person_gives_at_most_23_and_a_message_takes_at_most_50(desk: Desk) -> None:
    ts = desk.post(BOB, "hello")
    names = [name for name in CHARACTERS if not name.startswith("thumbs")][:70]
    for start, user in ((0, ADA), (23, CYD)):
        for name in names[start : start + 23]:
            reactions.toggle(desk.workspace, user, GENERAL, ts, name)
    assert (
        desk.refusal("reactions.add", ADA, channel=GENERAL, timestamp=ts, name=names[60])
        == "too_many_reactions"
    )
    for name in names[46:50]:
        reactions.toggle(desk.workspace, BOB, GENERAL, ts, name)
    item: dict[str, Any] = {"channel": GENERAL, "timestamp": ts}
    assert desk.refusal("reactions.add", **item, name=names[50]) == "too_many_emoji"
    assert desk.call("reactions.add", **item, name=names[0]) == {}


def test_no_custom_emoji_are_listed(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["emoji:read"])
    answer = slack.emoji_list()
    assert answer["emoji"] == {}
    assert "categories" not in answer.data
    (category,) = slack.emoji_list(include_categories=True)["categories"]
    assert "rocket" in category["emoji_names"]


def test_every_known_emoji_is_a_character() -> None:
    assert all(is_known(name) for name in CHARACTERS)
    assert is_known("palm_tree")
    assert is_known("flag-de")
    assert not any(
        is_known(name) for name in ("", "digit one", "Rocket", "copyright sign", "x::", "é", "palm tree")
    )
    assert all(not character.isascii() for name, character in CHARACTERS.items())
