"""Scheduled messages: when they are posted, what is refused, listing, withdrawing, and restarts."""

import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.conftest import TOKEN, MovableClock
from tests.sandbox.fake_app import SECRET
from tests.sandbox.test_api_chat import code_of, error_of
from tests.sandbox.views import section
from tests.support.sandbox_client import GENERAL, OPS, RELEASES, SandboxClient
from tests.support.served import served

DAY = 24 * 3600


@pytest.fixture
def now(clock: MovableClock, sandbox: SandboxClient) -> int:
    return int(clock.now())


def later(slack: WebClient, at: int, text: str = "later", **more: Any) -> Any:
    given: dict[str, Any] = {"channel": GENERAL, "post_at": at, "text": text}
    return slack.chat_scheduleMessage(**(given | more))


def test_a_message_is_posted_when_its_time_has_come(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock, now: int
) -> None:
    answer = later(slack, now + 600, blocks=[section("*later*")])
    assert (answer["channel"], answer["post_at"]) == (GENERAL, now + 600)
    assert answer["scheduled_message_id"].startswith("Q")
    assert answer["message"]["type"] == "delayed_message"
    assert (answer["message"]["text"], "ts" in answer["message"]) == ("later", False)
    assert sandbox.messages(GENERAL) == []
    clock.skip(601)
    posted = sandbox.wait_for_message("later", channel=GENERAL)
    assert posted["blocks"][0]["text"]["text"] == "*later*"
    assert float(posted["ts"]) >= now + 600
    assert slack.chat_scheduledMessages_list()["scheduled_messages"] == []


def test_those_that_are_due_come_in_their_order(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock, now: int
) -> None:
    for seconds in (300, 100, 200):
        later(slack, now + seconds, f"after {seconds}")
    clock.skip(400)
    sandbox.wait_for_message("after 300")
    assert [m["text"] for m in sandbox.messages(GENERAL)] == ["after 100", "after 200", "after 300"]


def test_a_scheduled_message_goes_into_its_thread(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock, now: int
) -> None:
    parent = slack.chat_postMessage(channel=GENERAL, text="start")["ts"]
    later(slack, now + 60, thread_ts=parent, reply_broadcast=True)
    clock.skip(61)
    reply = sandbox.wait_for_message("later", thread=parent)
    assert (reply["thread_ts"], reply["broadcast"]) == (parent, True)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"post_at": "soon"}, "invalid_time"),
        ({"post_at": ""}, "invalid_time"),
        ({"text": ""}, "no_text"),
        ({"channel": "C404"}, "channel_not_found"),
        ({"thread_ts": "1.2"}, "invalid_thread_ts"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
    ],
)
@pytest.mark.filterwarnings("ignore:The top-level `text`")
def test_what_could_not_be_posted_cannot_be_scheduled(
    slack: WebClient, now: int, arguments: dict[str, Any], error: str
) -> None:
    whole = {"channel": GENERAL, "post_at": now + 60, "text": "x"} | arguments
    assert code_of(slack.chat_scheduleMessage, **whole) == error


def test_the_time_lies_within_120_days(slack: WebClient, now: int) -> None:
    assert code_of(later, slack=slack, at=now - 1) == "time_in_past"
    assert code_of(later, slack=slack, at=now + 120 * DAY + 100) == "time_too_far"
    assert later(slack, now + 120 * DAY - 100)["ok"]


def test_a_channel_takes_thirty_in_any_five_minutes(
    sandbox: SandboxClient, slack: WebClient, now: int
) -> None:
    sandbox.limits("off")
    for number in range(30):
        later(slack, now + 1000 + number * 9)
    assert code_of(later, slack=slack, at=now + 1000 + 150) == "restricted_too_many"
    assert code_of(later, slack=slack, at=now + 1000 + 299) == "restricted_too_many"
    assert code_of(later, slack=slack, at=now + 1000 - 30) == "restricted_too_many"
    assert later(slack, now + 1000 + 301)["ok"]
    assert later(slack, now + 1000 + 150, channel=OPS)["ok"]


def test_waiting_messages_are_listed_soonest_first(slack: WebClient, now: int) -> None:
    second = later(slack, now + 200, "second")["scheduled_message_id"]
    first = later(slack, now + 100, "first")["scheduled_message_id"]
    other = later(slack, now + 300, "other", channel=OPS)["scheduled_message_id"]

    def ids(**filters: Any) -> list[str]:
        return [row["id"] for row in slack.chat_scheduledMessages_list(**filters)["scheduled_messages"]]

    assert ids() == [first, second, other]
    assert ids(channel=OPS) == [other]
    assert ids(oldest=str(now + 150), latest=str(now + 250)) == [second]
    (row,) = slack.chat_scheduledMessages_list(channel=OPS)["scheduled_messages"]
    assert row == {
        "id": other,
        "channel_id": OPS,
        "post_at": now + 300,
        "date_created": row["date_created"],
        "text": "other",
    }
    page = slack.chat_scheduledMessages_list(limit=2)
    assert len(page["scheduled_messages"]) == 2
    assert ids(cursor=page["response_metadata"]["next_cursor"]) == [other]
    assert code_of(slack.chat_scheduledMessages_list, channel="C404") == "invalid_channel"
    assert code_of(slack.chat_scheduledMessages_list, cursor="?") == "invalid_cursor"


def test_a_withdrawn_message_is_never_posted(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock, now: int
) -> None:
    gone = later(slack, now + 100, "gone")["scheduled_message_id"]
    later(slack, now + 120, "stays")
    slack.chat_deleteScheduledMessage(channel=GENERAL, scheduled_message_id=gone)
    clock.skip(130)
    sandbox.wait_for_message("stays")
    assert [m["text"] for m in sandbox.messages(GENERAL)] == ["stays"]


def test_withdrawing_is_refused(slack: WebClient, now: int) -> None:
    soon = later(slack, now + 59)["scheduled_message_id"]
    late = later(slack, now + 100)["scheduled_message_id"]
    withdraw = slack.chat_deleteScheduledMessage
    wrong = "invalid_scheduled_message_id"
    assert code_of(withdraw, channel=GENERAL, scheduled_message_id="Q404") == wrong
    assert code_of(withdraw, channel=OPS, scheduled_message_id=late) == wrong
    assert code_of(withdraw, channel=GENERAL, scheduled_message_id=soon) == wrong
    assert code_of(withdraw, channel="C404", scheduled_message_id=late) == "channel_not_found"
    assert withdraw(channel=GENERAL, scheduled_message_id=late)["ok"]
    assert code_of(withdraw, channel=GENERAL, scheduled_message_id=late) == wrong


def test_what_cannot_be_posted_any_more_is_dropped(
    sandbox: SandboxClient, slack: WebClient, clock: MovableClock, now: int
) -> None:
    later(slack, now + 10, "lost", channel=RELEASES)
    later(slack, now + 20, "posted")
    sandbox.channel(RELEASES, archived=True)
    clock.skip(30)
    sandbox.wait_for_message("posted")
    assert sandbox.messages(RELEASES) == []
    assert slack.chat_scheduledMessages_list()["scheduled_messages"] == []


def test_scheduling_needs_chat_write(sandbox: SandboxClient, slack: WebClient, now: int) -> None:
    sandbox.scopes(["channels:read"])
    assert error_of(later, slack=slack, at=now + 60)["needed"] == "chat:write"
    assert slack.chat_scheduledMessages_list()["scheduled_messages"] == []


def test_waiting_messages_outlive_a_restart(tmp_path: Path) -> None:
    clock = MovableClock()

    def config(base_url: str) -> SandboxConfig:
        state = tmp_path / "state.json"
        return SandboxConfig(None, TOKEN, SECRET, base_url, state_file=state)

    with served(lambda base_url: create_app(config(base_url), clock)) as url:
        slack = WebClient(TOKEN, base_url=url + "/api/", retry_handlers=[])
        later(slack, int(time.time()) + 60)
    clock.skip(61)
    with served(lambda base_url: create_app(config(base_url), clock)) as url, SandboxClient(url) as sandbox:
        assert sandbox.wait_for_message("later", channel=GENERAL)["text"] == "later"


def test_files_outlive_a_restart_and_go_with_a_reset(tmp_path: Path) -> None:
    def config(base_url: str) -> SandboxConfig:
        return SandboxConfig(None, TOKEN, SECRET, base_url, state_file=tmp_path / "state.json")

    with served(lambda base_url: create_app(config(base_url))) as url, SandboxClient(url) as sandbox:
        file = sandbox.upload("U0ADA", "a.txt", b"kept", channel=GENERAL)["file"]
    folder = tmp_path / "state.files"
    assert [path.name for path in folder.iterdir()] == [file["id"]]
    (folder / "F0STRAY0000").write_bytes(b"left by a crash")
    with served(lambda base_url: create_app(config(base_url))) as url, SandboxClient(url) as sandbox:
        slack = WebClient(TOKEN, base_url=url + "/api/", retry_handlers=[])
        assert slack.files_info(file=file["id"])["content"] == "kept"
        assert sandbox.messages(GENERAL)[0]["files"][0]["url_private"].startswith(url)
        assert [path.name for path in folder.iterdir()] == [file["id"]]
        sandbox.reset()
        assert list(folder.iterdir()) == []
        assert code_of(slack.files_info, file=file["id"]) == "file_not_found"
