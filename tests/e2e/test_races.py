"""Two people in the same instant: one decision, and the other one is told who made it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.looking import decisions_of, facts_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, Json, SandboxClient
from tests.support.stack import Stack, wait_until

ROUNDS = 3
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


@pytest.mark.parametrize("answer_of_cyd", ["approve", "reject"])
def test_bob_and_cyd_click_in_the_same_instant(stack: Stack, tmp_path: Path, answer_of_cyd: str) -> None:
    were_both_there = 0
    for round_ in range(ROUNDS):
        mark = tmp_path / f"mark{round_}"
        root = stack.start_run(ADA, "gate", mark=str(mark))
        approval = stack.wait_in_thread(root, "asks for approval")

        was_there = click_at_once(stack, approval, {BOB: "approve", CYD: answer_of_cyd})

        ((winner, is_approved),) = wait_until(lambda root=root: decisions_of(stack, root))  # type: ignore[misc]
        assert is_approved is (winner == BOB or answer_of_cyd == "approve")
        stack.wait_for_status(root, "Completed" if is_approved else "Rejected", PATIENCE)
        assert decisions_of(stack, root) == [(winner, is_approved)]
        assert facts_of(stack, root).count("decision_made") == 1
        assert mark.exists() is is_approved
        loser = CYD if winner == BOB else BOB
        if was_there[loser]:
            were_both_there += 1
            word = "approved" if is_approved else "rejected"
            told = f"was {word} by <@{winner}> already; your answer changed nothing"
            wait_until(lambda loser=loser, told=told: is_told(stack, loser, told))  # type: ignore[misc]
        stack.wait_in_thread(root, f"{'Approved' if is_approved else 'Rejected'} by <@{winner}>")
    assert were_both_there, "every second click came too late to be a race"


def is_told(stack: Stack, user: str, text: str) -> bool:
    """Whether this person, and nobody else, was told this."""
    messages = stack.slack.messages(GENERAL, viewer=user)
    messages += [
        reply
        for m in messages
        if m.get("reply_count")
        for reply in stack.slack.messages(thread=m["ts"], viewer=user)
    ]
    return any(message["ephemeral_for"] == user and text in message["text"] for message in messages)
