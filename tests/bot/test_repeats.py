"""A repeated request gets the first one's answer; only what went wrong is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from slack_bolt import BoltResponse

from bot.slack.parse import SlackRequest
from bot.slack.repeats import KEPT_SECONDS, Repeats

Answer = Callable[[], Awaitable[BoltResponse]]


@dataclass
class Handler:
    """Answers by number, as often as it is asked; the first times in the ways that are listed."""

    first: list[Answer] = field(default_factory=list)
    asked: int = 0

    async def __call__(self, request: SlackRequest) -> BoltResponse:
        self.asked += 1
        if self.first:
            return await self.first.pop(0)()
        return BoltResponse(status=200, body=str(self.asked))


def request(key: str | None) -> SlackRequest:
    return SlackRequest("block_actions", {}, "T0001", "U0ADA", key)


async def refuse_to_work() -> BoltResponse:
    raise ZeroDivisionError


async def fail() -> BoltResponse:
    return BoltResponse(status=500)


def test_a_repetition_gets_the_same_answer_and_another_request_its_own() -> None:
    async def deliver() -> list[str]:
        repeats = Repeats(Handler())
        return [(await repeats(request(key))).body for key in ("click:1", "click:1", "click:2", "click:1")]

    assert asyncio.run(deliver()) == ["1", "1", "2", "1"]


def test_requests_without_a_key_are_handled_each_time() -> None:
    async def deliver() -> list[str]:
        repeats = Repeats(Handler())
        return [(await repeats(request(None))).body for _ in range(2)]

    assert asyncio.run(deliver()) == ["1", "2"]


def test_a_repetition_in_the_same_instant_waits_for_the_first_ones_answer() -> None:
    async def deliver() -> tuple[list[str], int]:
        may_answer = asyncio.Event()

        async def answer_later() -> BoltResponse:
            await may_answer.wait()
            return BoltResponse(status=200, body="late")

        handler = Handler([answer_later])
        repeats = Repeats(handler)
        both = [asyncio.create_task(repeats(request("click:1"))) for _ in range(2)]
        await asyncio.sleep(0)
        may_answer.set()
        return [answer.body for answer in await asyncio.gather(*both)], handler.asked

    assert asyncio.run(deliver()) == (["late", "late"], 1)


def test_a_repetition_is_answered_although_the_sender_of_the_first_one_has_gone() -> None:
    async def deliver() -> tuple[str, int]:
        may_answer = asyncio.Event()

        async def answer_later() -> BoltResponse:
            await may_answer.wait()
            return BoltResponse(status=200, body="late")

        handler = Handler([answer_later])
        repeats = Repeats(handler)
        first = asyncio.create_task(repeats(request("click:1")))
        await asyncio.sleep(0)
        second = asyncio.create_task(repeats(request("click:1")))
        await asyncio.sleep(0)
        first.cancel()
        may_answer.set()
        return (await second).body, handler.asked

    assert asyncio.run(deliver()) == ("late", 1)


@pytest.mark.parametrize("trouble", [refuse_to_work, fail])
def test_what_went_wrong_is_tried_again(trouble: Answer) -> None:
    async def deliver() -> str:
        repeats = Repeats(Handler([trouble]))
        with suppress(ZeroDivisionError):
            assert (await repeats(request("click:1"))).status == 500
        return (await repeats(request("click:1"))).body

    assert asyncio.run(deliver()) == "2"


def test_answers_are_forgotten_when_no_repetition_can_come_any_more() -> None:
    async def deliver() -> list[str]:
        now = [0.0]
        repeats = Repeats(Handler(), clock=lambda: now[0])
        bodies = []
        for now[0] in (0.0, KEPT_SECONDS - 1, KEPT_SECONDS):
            bodies.append((await repeats(request("click:1"))).body)
        return bodies

    assert asyncio.run(deliver()) == ["1", "1", "2"]
