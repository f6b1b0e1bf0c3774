"""Two people in the same instant: one decision, and the other one is told who made it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

from tests.e2e.looking import decisions_of, facts_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, OPS, RELEASES, Json, SandboxClient
from tests.support.stack import Stack, wait_until

ROUNDS = 6
PATIENCE = 60.0


def click_at_once(stack: Stack, message: Json, clicks: dict[str, str]) -> dict[str, bool]:
    """Each person presses a button of the message in the same instant; whether it was still there."""
    gate = threading.Barrier(len(clicks))

    def click(user: str) -> bool:
        with SandboxClient(stack.slack_url) as slack:
            gate.wait(PATIENCE)
            return bool(slack.click(user, clicks[user], message, check=False)["ok"])

    with ThreadPoolExecutor(len(clicks)) as pool:
        return dict(zip(clicks, pool.map(click, clicks), strict=True))


def is_told(stack: Stack, channel: str, user: str, text: str) -> bool:
    """Whether this person was told this, and nobody else can see it."""
    panes = [stack.slack.messages(channel, viewer=user)]
    panes += [
        stack.slack.messages(channel, thread=m["ts"], viewer=user) for m in panes[0] if m.get("reply_count")
    ]
    return any(m["ephemeral_for"] == user and text in m["text"] for messages in panes for m in messages)


def test_bob_and_cyd_click_in_the_same_instant(stack: Stack, tmp_path: Path) -> None:
    marks = [tmp_path / f"mark{number}" for number in range(ROUNDS)]
    places = zip(marks, cycle((GENERAL, RELEASES, OPS)), strict=False)
    roots = [stack.start_run(ADA, "gate", channel, mark=str(mark)) for mark, channel in places]
    races = 0
    for root, mark, answer_of_cyd in zip(roots, marks, cycle(("approve", "reject")), strict=False):
        approval = stack.wait_in_thread(root, "asks for approval", PATIENCE)

        was_there = click_at_once(stack, approval, {BOB: "approve", CYD: answer_of_cyd})

        ((winner, is_approved),) = decisions_of(stack, root)
        assert is_approved is (winner == BOB or answer_of_cyd == "approve")
        word = "approved" if is_approved else "rejected"
        loser = CYD if winner == BOB else BOB
        if was_there[loser]:
            races += 1
            told = f"was {word} by <@{winner}> already; your answer changed nothing"
            wait_until(lambda: is_told(stack, root["channel"], loser, told))  # noqa: B023
        stack.wait_for_status(root, "Completed" if is_approved else "Rejected", PATIENCE)
        stack.wait_in_thread(root, f"{word.capitalize()} by <@{winner}>")
        assert facts_of(stack, root).count("decision_made") == 1
        assert decisions_of(stack, root) == [(winner, is_approved)]
        assert mark.exists() is is_approved
    assert races, "every second click came too late to be a race"
