"""Slack repeats requests, at once or later: one click, one effect, and people see what one request leads to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.looking import attempts_of, decisions_of, facts_of, number, run_count
from tests.support.faults import kill_web, wait_for_new_web
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, Json
from tests.support.stack import Stack, is_root, wait_until


@pytest.fixture(params=["twice", "twice_at_once"])
def repeating(stack: Stack, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack to which every request is delivered two times."""
    stack.slack.deliver(request.param)
    yield stack
    stack.slack.deliver("once")


def private_lines(stack: Stack, user: str, text: str) -> list[Json]:
    lines = stack.slack.messages(GENERAL, viewer=user)
    return [line for line in lines if line["ephemeral_for"] == user and text in line["text"]]


def new_deliveries(stack: Stack, before: int) -> list[Json]:
    return [row for row in stack.slack.deliveries() if row["number"] > before]


def last_delivery(stack: Stack) -> int:
    return max((int(row["number"]) for row in stack.slack.deliveries()), default=0)


def post_again(stack: Stack, row: Json) -> httpx.Response:
    """Deliver a request once more: the same bytes with the same signature."""
    return httpx.post(
        f"{stack.web_url}/slack/events", content=row["body"], headers=row["headers"], trust_env=False
    )


def approve(stack: Stack, root: dict[str, Any], user: str = BOB) -> None:
    stack.slack.click(user, "approve", stack.wait_in_thread(root, "asks for approval"))


def test_a_run_is_started_decided_and_told_of_once(repeating: Stack, tmp_path: Path) -> None:
    stack, mark = repeating, tmp_path / "mark"
    runs, before = run_count(stack), last_delivery(stack)
    roots = {message["ts"] for message in stack.slack.messages() if is_root(message)}

    root = stack.start_run(ADA, "gate", mark=str(mark))
    (dialog,) = stack.slack.views(ADA)
    approve(stack, root)
    stack.wait_for_status(root, "Completed")

    assert dialog["callback_id"] == "live_dialog"
    assert run_count(stack) == runs + 1
    assert decisions_of(stack, root) == [(BOB, True)]
    assert facts_of(stack, root).count("decision_made") == 1
    assert mark.read_text() == "after\n"
    assert len([m for m in stack.slack.messages() if is_root(m)]) == len(roots) + 1
    assert private_lines(stack, BOB, f"#{number(root)}") == []
    rows = new_deliveries(stack, before)
    assert [row["kind"] for row in rows] == ["command", "view_submission", "block_actions"]
    for row in rows:
        assert [(repeat["status"], repeat["answer"]) for repeat in row["repeats"]] == [(200, row["answer"])]


def test_a_cancel_counts_once(repeating: Stack, tmp_path: Path) -> None:
    root = repeating.start_run(BOB, "hold", mark=str(tmp_path / "mark"))

    repeating.slack.click(BOB, "run_cancel", repeating.root(root))

    repeating.wait_for_status(root, "Cancelled")
    assert facts_of(repeating, root).count("cancel_requested") == 1
    assert private_lines(repeating, BOB, f"#{number(root)}") == []


def test_a_refusal_is_said_once(repeating: Stack, tmp_path: Path) -> None:
    root = repeating.start_run(BOB, "hold", mark=str(tmp_path / "mark"))

    repeating.slack.click(CYD, "run_cancel", repeating.root(root))
    wait_until(lambda: private_lines(repeating, CYD, f"You may not cancel run #{number(root)}"))
    repeating.slack.command(CYD, f"/workflow cancel {number(root)}")  # a refusal that comes with the answer

    said = private_lines(repeating, CYD, f"You may not cancel run #{number(root)}")
    assert len(said) == 2
    calls = [call for call in repeating.slack.calls("chat.postEphemeral") if said[0]["text"] in str(call)]
    assert len(calls) == 1
    repeating.slack.click(BOB, "run_cancel", repeating.root(root))
    repeating.wait_for_status(root, "Cancelled")


def test_a_dialog_opens_once(repeating: Stack) -> None:
    before = len(repeating.slack.calls("views.open"))

    repeating.slack.command(CYD, "/workflow run")

    view = repeating.slack.wait_for_view(CYD)
    assert [view["id"]] == [open_["id"] for open_ in repeating.slack.views(CYD)]
    assert len(repeating.slack.calls("views.open")) == before + 1
    repeating.slack.close(CYD, view, clear=True)


@pytest.mark.timeout(180)
def test_requests_that_are_replayed_later_change_nothing(stack: Stack, tmp_path: Path) -> None:
    """Also when nobody remembers them: the web process has died since."""
    before = last_delivery(stack)
    decided_root = stack.start_run(ADA, "gate", mark=str(tmp_path / "decided"))
    approve(stack, decided_root)
    stack.wait_for_status(decided_root, "Completed")
    cancelled_root = stack.start_run(ADA, "gate", mark=str(tmp_path / "cancelled"))
    stack.wait_in_thread(cancelled_root, "asks for approval")
    stack.slack.click(CYD, "run_cancel", cancelled_root)  # she may not
    stack.slack.command(ADA, f"/workflow cancel {number(cancelled_root)}")
    stack.wait_for_status(cancelled_root, "Cancelled")
    roots = (decided_root, cancelled_root)
    told = [
        (facts_of(stack, root), decisions_of(stack, root), dict(attempts_of(stack, root))) for root in roots
    ]
    runs, requests = run_count(stack), new_deliveries(stack, before)

    wait_for_new_web(stack, kill_web(stack))
    answers = {row["kind"]: post_again(stack, row) for row in requests}

    assert {answer.status_code for answer in answers.values()} == {200}
    assert f"#{number(cancelled_root)}" in answers["command"].text
    assert run_count(stack) == runs
    assert [
        (facts_of(stack, root), decisions_of(stack, root), dict(attempts_of(stack, root))) for root in roots
    ] == told
