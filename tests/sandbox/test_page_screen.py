"""What one open page shows, and what is sent when something changes."""

from typing import Any

import pytest

from sandbox.message_store import Message
from sandbox.normalise import complete_view
from sandbox.page_place import place_of
from sandbox.reads import Reads
from sandbox.screen import Screen
from sandbox.workspace import Workspace
from tests.sandbox.page_samples import form_view


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_795_356_000.0

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def workspace(clock: SetClock) -> Workspace:
    return Workspace(clock, "Pilot")


def say(
    workspace: Workspace,
    text: str = "hello",
    user: str = "U0BOB",
    channel: str = "C0GENERAL",
    ephemeral_for: str | None = None,
    **more: Any,
) -> str:
    ts = workspace.timestamps.next()
    broadcast = more.pop("broadcast", False)
    message = Message({"ts": ts, "user": user, "text": text, **more}, ephemeral_for, broadcast)
    workspace.history.add(channel, message)
    return ts


def screen_of(workspace: Workspace, reads: Reads | None = None, **query: str) -> Screen:
    return Screen(workspace, reads or Reads(workspace), place_of(query, workspace))


def patch(screen: Screen, region: str) -> dict[str, Any] | None:
    return next((patch for patch in screen.patches() if patch["region"] == region), None)


def test_an_address_that_names_nothing_shows_the_first_person_and_channel(workspace: Workspace) -> None:
    for query in (
        {},
        {"user": "U0NOBODY", "channel": "C0NOWHERE", "thread": "x", "limit": "-1", "since": "nan"},
    ):
        place = place_of(query, workspace)
        assert (place.user, place.channel, place.thread) == ("U0ADA", "C0GENERAL", None)
        assert place.since == workspace.clock.now()


def test_a_guest_cannot_look_into_other_channels(workspace: Workspace) -> None:
    place = place_of({"user": "U0GUS", "channel": "C0OPS", "thread": "1.5"}, workspace)
    assert (place.channel, place.thread) == ("C0GENERAL", None)
    assert list(screen_of(workspace, user="U0GUS").regions()["channels"]) == ["C0GENERAL"]


def test_the_first_patches_hold_everything_and_the_next_nothing(workspace: Workspace) -> None:
    ts = say(workspace)
    screen = screen_of(workspace)
    first = {patch["region"]: patch for patch in screen.patches()}
    beside = {"channels", "dms", "apps", "thread", "views", "toasts", "alerts", "alert-count", "popups"}
    assert set(first) == {"messages", *beside}
    assert ts in first["messages"]["items"]
    assert screen.patches() == []


def test_an_edit_sends_only_the_edited_message(workspace: Workspace) -> None:
    first, second = say(workspace, "one"), say(workspace, "two")
    screen = screen_of(workspace)
    screen.patches()
    found = workspace.history.get("C0GENERAL", second)
    assert found is not None
    workspace.history.replace("C0GENERAL", second, found.payload | {"text": "two, better"})
    changed = patch(screen, "messages")
    assert changed is not None
    assert list(changed["items"]) == [second]
    assert "two, better" in changed["items"][second]
    assert first in changed["keys"]


def test_an_unchanged_message_is_not_drawn_again(workspace: Workspace) -> None:
    ts = say(workspace)
    screen = screen_of(workspace)
    drawn = screen.regions()["messages"][ts]
    say(workspace, "another")
    assert screen.regions()["messages"][ts] is drawn


def test_a_deleted_message_leaves_and_the_next_gets_its_head(workspace: Workspace) -> None:
    first, second = say(workspace), say(workspace)
    screen = screen_of(workspace)
    screen.patches()
    workspace.history.delete("C0GENERAL", first)
    changed = patch(screen, "messages")
    assert changed is not None
    assert first not in changed["keys"]
    assert 'class="author"' in changed["items"][second]


def test_only_messages_of_this_channel_and_thread_are_sent(workspace: Workspace) -> None:
    root = say(workspace)
    screen = screen_of(workspace, user="U0ADA", channel="C0GENERAL", thread=root)
    screen.patches()
    say(workspace, channel="C0OPS")
    assert {patch["region"] for patch in screen.patches()} == {"channels"}
    reply = say(workspace, "a reply", thread_ts=root)
    patches = {patch["region"]: patch for patch in screen.patches()}
    assert list(patches["messages"]["items"]) == [root]
    assert patches["thread"]["keys"] == [root, "replies", reply]


def test_unread_messages_are_counted_until_the_channel_is_looked_at(
    workspace: Workspace, clock: SetClock
) -> None:
    say(workspace, "from before the start", channel="C0OPS")
    clock.at += 60
    reads = Reads(workspace)
    clock.at += 60
    for text in ("one", "two"):
        say(workspace, text, channel="C0OPS")
    say(workspace, "my own", user="U0ADA", channel="C0OPS")
    assert reads.unread("U0ADA", "C0OPS") == 2
    assert "unread" in screen_of(workspace, reads).regions()["channels"]["C0OPS"]
    screen_of(workspace, reads, user="U0ADA", channel="C0OPS").regions()
    assert reads.unread("U0ADA", "C0OPS") == 0
    assert reads.unread("U0BOB", "C0OPS") == 1


def test_replies_count_as_unread_only_when_they_are_shown_in_the_channel(
    workspace: Workspace, clock: SetClock
) -> None:
    root = say(workspace, channel="C0OPS")
    reads = Reads(workspace)
    clock.at += 60
    say(workspace, channel="C0OPS", thread_ts=root)
    assert reads.unread("U0ADA", "C0OPS") == 0
    say(workspace, channel="C0OPS", thread_ts=root, broadcast=True)
    assert reads.unread("U0ADA", "C0OPS") == 1


def test_a_private_message_is_seen_by_one_person_until_the_page_is_loaded_again(
    workspace: Workspace, clock: SetClock
) -> None:
    since = str(clock.at)
    clock.at += 5
    ts = say(workspace, "psst", ephemeral_for="U0ADA")
    assert ts in screen_of(workspace, user="U0ADA", since=since).regions()["messages"]
    assert ts not in screen_of(workspace, user="U0BOB", since=since).regions()["messages"]
    clock.at += 5
    assert ts not in screen_of(workspace, user="U0ADA").regions()["messages"]


def test_a_failure_is_told_by_slackbot_where_it_happened(workspace: Workspace) -> None:
    root = say(workspace)
    screen = screen_of(workspace)
    workspace.notify("U0ADA", "/workflow failed", "C0GENERAL")
    workspace.notify("U0ADA", "no answer in the thread", "C0GENERAL", thread_ts=root)
    workspace.notify("U0ADA", "elsewhere", "C0OPS")
    workspace.notify("U0ADA", "nowhere at all")
    shown = screen.regions()
    words = " ".join(shown["messages"].values())
    assert "Slackbot" in words
    assert "/workflow failed" in words
    assert "no answer in the thread" in words  # its thread is not open
    assert "elsewhere" not in words
    assert "nowhere at all" in next(iter(shown["toasts"].values()))
    beside = screen_of(workspace, user="U0ADA", channel="C0GENERAL", thread=root).regions()
    assert "no answer in the thread" in " ".join(beside["thread"].values())
    assert "no answer in the thread" not in " ".join(beside["messages"].values())


def test_a_view_shows_the_banner_of_a_failed_submit(workspace: Workspace) -> None:
    view = workspace.views.open("U0ADA", complete_view(form_view()))
    screen = screen_of(workspace)
    assert "We had some trouble" not in screen.regions()["views"][view["id"]]
    workspace.notify("U0ADA", "We had some trouble", view_id=view["id"])
    assert "We had some trouble" in screen.regions()["views"][view["id"]]


def test_views_are_listed_root_first(workspace: Workspace) -> None:
    root = workspace.views.open("U0ADA", complete_view(form_view()))
    top = workspace.views.push("U0ADA", complete_view(form_view()))
    assert list(screen_of(workspace).regions()["views"]) == [root["id"], top["id"]]
    assert screen_of(workspace, user="U0BOB").regions()["views"] == {}


def test_a_long_channel_begins_with_a_link_to_what_came_before(workspace: Workspace) -> None:
    stamps = [say(workspace) for _ in range(5)]
    shown = screen_of(workspace, user="U0ADA", channel="C0GENERAL", limit="3").regions()["messages"]
    assert [key for key in shown if key[0].isdigit()] == stamps[-3:]
    assert next(iter(shown)) == "earlier"
    assert "limit=103" in shown["earlier"]


def test_a_thread_that_is_gone_says_so(workspace: Workspace) -> None:
    shown = screen_of(workspace, user="U0ADA", channel="C0GENERAL", thread="1.000001").regions()["thread"]
    assert list(shown) == ["gone"]


def test_after_a_reset_the_page_is_empty(workspace: Workspace) -> None:
    ts = say(workspace)
    screen = screen_of(workspace)
    screen.patches()
    workspace.reset()
    changed = patch(screen, "messages")
    assert changed is not None
    assert changed["keys"] == ["empty"]
    assert ts not in changed["keys"]
