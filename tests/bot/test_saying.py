"""What steps say is said once and settled, or fails its step: also across a crash between the two."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from slack_sdk.errors import SlackApiError

import bot.surface_writer
from bot.buckets import Buckets
from bot.slack_calls import SlackCalls, not_said
from bot.slack_client import NotSent, SlackClient
from bot.surface_writer import SurfaceWriter
from engine import commands
from engine.core.state import TaskStatus
from store import projecting, surfaces
from store.database import Database, now_ms
from store.projecting import DueSurface
from store.surfaces import Surface, SurfaceKind, SurfaceState
from tests.engine_shell.workshop import ADA, TEAM, Workshop, workshop

FILES = (
    """
name: say
steps:
  say: {message: {channel: '#releases', text: It is out.}}
""",
)


class Slack:
    """Takes messages, or refuses them with a word."""

    problem = None

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.posts: list[dict[str, Any]] = []

    async def chat_postMessage(self, **arguments: Any) -> dict[str, Any]:
        self.posts.append(arguments)
        if self.refusal:
            raise SlackApiError("no", NotSent({"ok": False, "error": self.refusal}))  # type: ignore[no-untyped-call]
        return {"ok": True, "channel": "C0RELEASES", "ts": "1.000001"}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=FILES) as shop:
        yield shop


def start(shop: Workshop) -> str:
    return commands.start_run(shop.engine, ADA, "say", {}, channel_id="C0OPS").run_id


def due_message(shop: Workshop) -> DueSurface | None:
    """The message, if there is something to be done about it within an hour."""
    with shop.database.read() as c:
        due = projecting.due_surfaces(c, TEAM, now_ms(c) + 3_600_000, 100)
    return next((each for each in due if each.surface.kind is SurfaceKind.MESSAGE), None)


def show(shop: Workshop, slack: Slack) -> None:
    due = due_message(shop)
    assert due is not None, "it is due"
    calls = SlackCalls(cast(SlackClient, slack))
    writer = SurfaceWriter(shop.engine, calls, "https://handrail.example", lambda: True)
    asyncio.run(writer.show(due, Buckets().lane(due.surface), 1000))


def message(shop: Workshop, run_id: str) -> Surface:
    with shop.database.read() as c:
        found = surfaces.run_surfaces(c, run_id)
    return next(each for each in found if each.kind is SurfaceKind.MESSAGE)


def test_a_message_is_posted_and_its_step_goes_on_with_where_it_stands(shop: Workshop) -> None:
    run_id, slack = start(shop), Slack()
    show(shop, slack)
    task = shop.task(run_id, "say")
    assert (task.status, task.result) == (
        TaskStatus.COMPLETED,
        {"channel": "C0RELEASES", "ts": "1.000001"},
    )
    assert message(shop, run_id).state is SurfaceState.DONE
    assert due_message(shop) is None
    (post,) = slack.posts
    assert (post["channel"], post["thread_ts"], post["unfurl_links"]) == ("#releases", None, False)


def test_a_crash_between_post_and_settle_leads_to_no_second_message(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, slack = start(shop), Slack()

    def crash(*arguments: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as broken:
        broken.setattr(bot.surface_writer, "settle_message", crash)
        show(shop, slack)
    assert shop.task(run_id, "say").status is TaskStatus.WAITING

    show(shop, slack)

    assert len(slack.posts) == 1
    assert shop.task(run_id, "say").result == {"channel": "C0RELEASES", "ts": "1.000001"}
    assert message(shop, run_id).state is SurfaceState.DONE


@pytest.mark.parametrize("refusal", ["channel_not_found", "is_archived", "msg_too_long", "restricted_action"])
def test_a_refusal_for_good_fails_the_step_and_is_not_tried_again(shop: Workshop, refusal: str) -> None:
    run_id, slack = start(shop), Slack(refusal)
    show(shop, slack)
    task = shop.task(run_id, "say")
    assert task.status is TaskStatus.FAILED
    assert (task.error or "").startswith("The message to #releases was not sent. ")
    assert message(shop, run_id).state is SurfaceState.GONE
    assert due_message(shop) is None


def test_a_message_that_nobody_waits_for_any_more_is_not_posted(shop: Workshop) -> None:
    run_id, slack = start(shop), Slack()
    commands.cancel_run(shop.engine, ADA, run_id)
    show(shop, slack)
    assert slack.posts == []
    assert message(shop, run_id).state is SurfaceState.GONE
    assert shop.task(run_id, "say").status is TaskStatus.CANCELLED


def test_other_trouble_is_tried_again(shop: Workshop) -> None:
    run_id, slack = start(shop), Slack("internal_error")
    show(shop, slack)
    assert shop.task(run_id, "say").status is TaskStatus.WAITING
    assert message(shop, run_id).state is SurfaceState.NEW


def test_each_refusal_is_a_sentence() -> None:
    assert "The channel is archived." in not_said("#ops", "is_archived")
    assert not_said("#ops", "strange_thing") == "The message to #ops was not sent. Slack says: strange_thing."
