"""An ordinary modal app, sync and async, over HTTP and Socket Mode, as people fill in its forms."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.running_apps import WAY_NAMES, WAYS, RunningApp, running_app
from tests.support.sandbox_client import ADA, BOB, CYD, OPS, SandboxClient


@pytest.fixture(scope="module", params=WAYS, ids=WAY_NAMES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    style, transport = request.param
    with running_app("modal_app", style, transport, tmp_path_factory.mktemp("modal_app")) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningApp) -> Iterator[SandboxClient]:
    running.sandbox.reset()
    yield running.sandbox
    running.check()


def order(sandbox: SandboxClient, user: str, text: str = "/order") -> dict[str, Any]:
    """The form, once it has taken the place of the one that loads."""
    sandbox.command(user, text, OPS)
    return sandbox.wait_for_view(user, callback_id="order")


def test_the_form_takes_the_place_of_the_one_that_loads(sandbox: SandboxClient) -> None:
    form = order(sandbox, ADA, "/order small")
    assert "it is *small*" in str(form["blocks"])
    (opened,) = sandbox.calls("views.open")
    assert opened["answer"]["view"]["callback_id"] == "loading"
    assert opened["answer"]["view"]["id"] == form["id"]
    assert opened["answer"]["view"]["hash"] != form["hash"]
    assert len(sandbox.views(ADA)) == 1


def test_what_is_entered_is_checked_by_slack_and_the_app_and_then_taken(sandbox: SandboxClient) -> None:
    form = order(sandbox, ADA, "/order small")
    found = sandbox.options(ADA, "topping", form, "on")["options"]
    assert [option["value"] for option in found] == ["Onions"]
    assert [option["value"] for option in sandbox.options(ADA, "topping", form, "o")["options"]] == [
        "Mushrooms",
        "Olives",
        "Onions",
    ]
    by_slack = sandbox.submit(ADA, form, {"topping": "Olives", "count": "0"})
    assert set(by_slack["errors"]) == {"count"}
    by_the_app = sandbox.submit(ADA, form, {"topping": "Olives", "count": "6"})
    assert by_the_app["errors"] == {"count": "We bake five at most."}
    sandbox.submit(ADA, form, {"topping": "Olives", "count": "2"})
    assert sandbox.wait_for_view(ADA, callback_id="thanks")["id"] == form["id"]
    order_taken = sandbox.wait_for_message("2 small with Olives", viewer=ADA)
    assert sandbox.calls("chat.postMessage")[-1]["arguments"]["channel"] == ADA
    assert order_taken["channel"] == sandbox.calls("chat.postMessage")[-1]["answer"]["channel"]


def test_another_view_is_pushed_above_and_taken_off_again(sandbox: SandboxClient) -> None:
    form = order(sandbox, BOB)
    sandbox.click(BOB, "terms", form)
    terms = sandbox.wait_for_view(BOB, callback_id="terms")
    assert (terms["previous_view_id"], terms["root_view_id"]) == (form["id"], form["id"])
    sandbox.close(BOB, terms)
    assert [view["callback_id"] for view in sandbox.views(BOB)] == ["order"]


@pytest.mark.parametrize("clear", [False, True], ids=["cancel", "close"])
def test_leaving_the_form_is_told_where_it_began(
    running: RunningApp, sandbox: SandboxClient, clear: bool
) -> None:
    sandbox.close(CYD, order(sandbox, CYD), clear=clear)
    told = running.ephemeral("Another time, then.", CYD, OPS)
    assert told["ephemeral_for"] == CYD
    assert sandbox.views(CYD) == []
