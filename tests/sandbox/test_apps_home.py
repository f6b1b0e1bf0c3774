"""An ordinary Home tab app, sync and async, over HTTP and Socket Mode, as people keep their tasks in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.running_apps import WAY_NAMES, WAYS, RunningApp, eventually, running_app
from tests.support.sandbox_client import ADA, BOB, CYD, SandboxClient


@pytest.fixture(scope="module", params=WAYS, ids=WAY_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    style, transport = request.param
    with running_app("home_app", style, transport, tmp_path_factory.mktemp("home_app")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningApp) -> Iterator[SandboxClient]:
    running.sandbox.reset()
    yield running.sandbox
    running.check()


def home_with(sandbox: SandboxClient, user: str, words: str) -> dict[str, Any]:
    """A person's Home, once these words are in it."""

    def look() -> dict[str, Any]:
        view = sandbox.home(user) or {}
        return view if words in str(view) else {}

    return eventually(look)


def add(sandbox: SandboxClient, user: str, task: str) -> dict[str, Any]:
    """Add a task by the form that Home opens, and look at the Home that has it."""
    sandbox.click(user, "add", home_with(sandbox, user, "to do"))
    sandbox.submit(user, sandbox.wait_for_view(user, callback_id="new_task"), {"task": task})
    sandbox.wait_for_no_view(user)
    return home_with(sandbox, user, task)


def test_opening_home_publishes_it_and_opening_it_again_renews_the_same_view(sandbox: SandboxClient) -> None:
    sandbox.open_home(ADA)
    first = home_with(sandbox, ADA, "0 to do")
    sandbox.open_home(ADA)
    eventually(lambda: len(sandbox.calls("views.publish")) == 2)
    shown = sandbox.calls("views.publish")[1]
    assert shown["arguments"]["hash"] == first["hash"]
    assert shown["answer"]["ok"] is True
    assert shown["answer"]["view"]["id"] == first["id"]


def test_tasks_are_added_by_a_form_and_done_by_a_button(sandbox: SandboxClient) -> None:
    sandbox.open_home(BOB)
    add(sandbox, BOB, "Write the report")
    view = add(sandbox, BOB, "Water the plants")
    assert "2 to do" in str(view)
    (plants,) = [block for block in view["blocks"] if "plants" in str(block)]
    sandbox.click(BOB, "done", view, block_id=plants["block_id"])
    left = home_with(sandbox, BOB, "1 to do")
    assert "Write the report" in str(left)
    assert "plants" not in str(left)
    clicked = [row["payload"] for row in sandbox.deliveries() if row["payload"]["type"] == "block_actions"][
        -1
    ]
    assert sandbox.calls("views.publish")[-1]["arguments"]["hash"] == clicked["view"]["hash"]
    assert sandbox.home(CYD) is None


def test_a_message_is_kept_as_a_task_from_its_menu(sandbox: SandboxClient) -> None:
    posted = sandbox.post(ADA, "somebody has to buy milk")
    sandbox.shortcut(CYD, "keep", posted)
    home_with(sandbox, CYD, "somebody has to buy milk")
