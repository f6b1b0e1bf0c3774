"""An ordinary app with a custom step, sync and async, over HTTP and Socket Mode, as people are asked by it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.running_apps import WAY_NAMES, WAYS, RunningApp, eventually, running_app
from tests.support.sandbox_client import ADA, BOB, SandboxClient


@pytest.fixture(scope="module", params=WAYS, ids=WAY_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    style, transport = request.param
    with running_app("step_app", style, transport, tmp_path_factory.mktemp("step_app")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningApp) -> Iterator[SandboxClient]:
    running.sandbox.reset()
    yield running.sandbox
    running.check()


def start(sandbox: SandboxClient, amount: float) -> str:
    """Ada starts the step and names Bob; its id."""
    started = sandbox.start_function(ADA, "approve_expense", {"approver": BOB, "amount": amount})
    return str(started["id"])


def ended(sandbox: SandboxClient, execution: str) -> dict[str, Any]:
    def look() -> list[dict[str, Any]]:
        rows = [row for row in sandbox.functions() if row["id"] == execution]
        return [row for row in rows if row["state"] != "running"]

    return eventually(look)[0]


def test_it_ends_at_once_when_there_is_nothing_to_ask(sandbox: SandboxClient) -> None:
    done = ended(sandbox, start(sandbox, 5))
    assert (done["state"], done["outputs"]) == (
        "completed",
        {"approved_by": BOB, "note": "too little to ask"},
    )
    failed = ended(sandbox, start(sandbox, 0))
    assert (failed["state"], failed["error"]) == ("error", "There is nothing to pay.")


def test_a_button_completes_it_with_outputs(sandbox: SandboxClient) -> None:
    execution = start(sandbox, 100)
    question = sandbox.wait_for_message("May we pay 100?", viewer=BOB, action_id="approve")
    assert [row["state"] for row in sandbox.functions()] == ["running"]
    sandbox.click(BOB, "approve", question)
    assert ended(sandbox, execution)["outputs"] == {"approved_by": BOB}
    assert sandbox.wait_for_message("Approved.", viewer=BOB)["ts"] == question["ts"]


def test_a_button_fails_it_with_a_reason(sandbox: SandboxClient) -> None:
    execution = start(sandbox, 40)
    sandbox.click(BOB, "deny", sandbox.wait_for_message("May we pay 40?", viewer=BOB, action_id="deny"))
    row = ended(sandbox, execution)
    assert (row["state"], row["error"]) == ("error", f"<@{BOB}> will not pay 40.")


def test_a_form_opened_from_its_message_completes_it(sandbox: SandboxClient) -> None:
    execution = start(sandbox, 60)
    sandbox.click(BOB, "explain", sandbox.wait_for_message("May we pay 60?", viewer=BOB, action_id="explain"))
    sandbox.submit(BOB, sandbox.wait_for_view(BOB, callback_id="note"), {"note": "for the party"})
    assert ended(sandbox, execution)["outputs"] == {"approved_by": BOB, "note": "for the party"}


def test_two_steps_at_once_are_not_confused(sandbox: SandboxClient) -> None:
    first, second = start(sandbox, 100), start(sandbox, 200)
    asked = [sandbox.wait_for_message(f"May we pay {n}?", viewer=BOB, action_id="deny") for n in (100, 200)]
    sandbox.click(BOB, "deny", asked[1])
    assert ended(sandbox, second)["error"] == f"<@{BOB}> will not pay 200."
    sandbox.click(BOB, "approve", asked[0])
    assert ended(sandbox, first)["state"] == "completed"
