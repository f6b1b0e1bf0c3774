"""pins.* and bookmarks.*."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import BOB, GENERAL, OPS, SandboxClient

SCOPES = ["pins:read", "pins:write", "bookmarks:read", "bookmarks:write", "channels:history", "chat:write"]


@pytest.fixture
def client(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    sandbox.scopes(SCOPES)
    return slack


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_pins_are_listed_newest_first(sandbox: SandboxClient, client: WebClient) -> None:
    first, second = (sandbox.post(BOB, text)["ts"] for text in ("one", "two"))
    client.pins_add(channel=GENERAL, timestamp=first)
    client.pins_add(channel=GENERAL, timestamp=second)
    items = client.pins_list(channel=GENERAL)["items"]
    assert [item["message"]["text"] for item in items] == ["two", "one"]
    assert (items[0]["type"], items[0]["channel"], items[0]["created_by"]) == ("message", GENERAL, "U0BOT")
    assert items[0]["message"]["pinned_to"] == [GENERAL]
    assert code_of(client.pins_add, channel=GENERAL, timestamp=first) == "already_pinned"
    client.pins_remove(channel=GENERAL, timestamp=first)
    assert code_of(client.pins_remove, channel=GENERAL, timestamp=first) == "no_pin"
    assert len(client.pins_list(channel=GENERAL)["items"]) == 1
    (newest, oldest) = client.conversations_history(channel=GENERAL)["messages"]
    assert "pinned_to" in newest
    assert "pinned_to" not in oldest


def test_the_pin_of_a_deleted_message_is_gone(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=GENERAL, text="soon gone")["ts"]
    client.pins_add(channel=GENERAL, timestamp=ts)
    client.chat_delete(channel=GENERAL, ts=ts)
    assert client.pins_list(channel=GENERAL)["items"] == []
    assert client.conversations_history(channel=GENERAL)["pin_count"] == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"timestamp": None}, "no_item_specified"),
        ({"timestamp": "x"}, "bad_timestamp"),
        ({"timestamp": "1700000000.000001"}, "message_not_found"),
        ({"channel": None}, "invalid_arguments"),
        ({"channel": "C404"}, "channel_not_found"),
    ],
)
def test_wrong_pins_are_refused(
    sandbox: SandboxClient, client: WebClient, arguments: dict[str, Any], error: str
) -> None:
    whole = {"channel": GENERAL, "timestamp": sandbox.post(BOB, "hello")["ts"]} | arguments
    assert code_of(client.api_call, api_method="pins.add", json=whole) == error


def test_strangers_pin_nothing(sandbox: SandboxClient, client: WebClient) -> None:
    ts = sandbox.post(BOB, "hello", OPS)["ts"]
    sandbox.channel(OPS, bot_is_member=False)
    assert code_of(client.pins_add, channel=OPS, timestamp=ts) == "not_in_channel"
    assert code_of(client.pins_list, channel=OPS) == "not_in_channel"


def test_a_channel_takes_a_hundred_pins(desk: Desk) -> None:
    for number in range(100):
        desk.call("pins.add", channel=GENERAL, timestamp=desk.post(BOB, str(number)))
    assert desk.refusal("pins.add", channel=GENERAL, timestamp=desk.post(BOB, "more")) == "too_many_pins"


def test_pins_are_told_and_outlive_a_restart(desk: Desk) -> None:
    ts = desk.post(BOB, "hello")
    desk.call("pins.add", channel=GENERAL, timestamp=ts)
    (added,) = desk.heard("pin_added")
    assert (added["channel_id"], added["item_user"], added["pin_count"]) == (GENERAL, BOB, 1)
    assert added["item"]["message"]["ts"] == ts
    other = Desk()
    other.workspace.load(desk.workspace.dump())
    assert other.call("pins.list", channel=GENERAL) == desk.call("pins.list", channel=GENERAL)
    desk.call("pins.remove", channel=GENERAL, timestamp=ts)
    (removed,) = desk.heard("pin_removed")
    assert (removed["pin_count"], removed["has_pins"]) == (0, False)
    other.sandbox.reset()
    assert other.call("pins.list", channel=GENERAL)["items"] == []


def test_a_bookmark_is_kept_changed_and_removed(client: WebClient) -> None:
    link = {"channel_id": GENERAL, "title": "Docs", "type": "link", "link": "https://docs.example"}
    made = client.bookmarks_add(**link, emoji=":books:")["bookmark"]
    assert made["id"].startswith("Bk")
    assert (made["title"], made["emoji"], made["last_updated_by_user_id"]) == ("Docs", ":books:", "U0BOT")
    client.bookmarks_edit(channel_id=GENERAL, bookmark_id=made["id"], title="Manual")
    (kept,) = client.bookmarks_list(channel_id=GENERAL)["bookmarks"]
    assert (kept["title"], kept["link"]) == ("Manual", "https://docs.example")
    assert kept["date_updated"] > 1_600_000_000
    client.bookmarks_remove(channel_id=GENERAL, bookmark_id=made["id"])
    assert client.bookmarks_list(channel_id=GENERAL)["bookmarks"] == []
    gone = {"channel_id": GENERAL, "bookmark_id": made["id"]}
    assert code_of(client.bookmarks_remove, **gone) == "not_found"
    assert code_of(client.bookmarks_edit, **gone) == "not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"type": "file"}, "invalid_bookmark_type"),
        ({"title": None}, "invalid_arguments"),
        ({"title": "x" * 257}, "invalid_arguments"),
        ({"link": None}, "invalid_link"),
        ({"link": "javascript:alert(1)"}, "invalid_link"),
        ({"link": "https://x.example/" + "y" * 2048}, "invalid_arguments"),
        ({"emoji": "books"}, "invalid_emoji"),
        ({"channel_id": "C404"}, "channel_not_found"),
    ],
)
def test_wrong_bookmarks_are_refused(client: WebClient, arguments: dict[str, Any], error: str) -> None:
    right = {"channel_id": GENERAL, "title": "Docs", "type": "link", "link": "https://docs.example"}
    assert code_of(client.api_call, api_method="bookmarks.add", json=right | arguments) == error
    assert client.bookmarks_list(channel_id=GENERAL)["bookmarks"] == []


def test_bookmarks_are_sorted_by_rank_and_limited(desk: Desk) -> None:
    right = {"channel_id": GENERAL, "title": "Docs", "type": "link", "link": "https://docs.example"}
    for _ in range(100):
        desk.call("bookmarks.add", **right)
    ranks = [row["rank"] for row in desk.call("bookmarks.list", channel_id=GENERAL)["bookmarks"]]
    assert ranks == sorted(set(ranks))
    assert desk.refusal("bookmarks.add", **right) == "too_many_bookmarks"


def test_strangers_see_no_bookmarks(desk: Desk) -> None:
    desk.workspace.set_member(OPS, "U0BOT", False)
    assert desk.refusal("bookmarks.list", channel_id=OPS) == "access_denied"
