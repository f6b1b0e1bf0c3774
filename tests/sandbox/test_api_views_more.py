"""views.*: custom steps' pointers, external ids, who may publish, and views that are too large."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.calling import Desk
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.test_api_chat import code_of
from tests.sandbox.views import modal, section
from tests.support.sandbox_client import ADA, SandboxClient

HOME = {"type": "home", "blocks": [section("Hello")]}


def test_an_interactivity_pointer_opens_a_view_as_a_trigger_does(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    sandbox.command(ADA, "/workflow run")
    pointer = app.last("command")["trigger_id"]
    view = slack.views_open(interactivity_pointer=pointer, view=modal())["view"]
    assert sandbox.views(ADA)[0]["id"] == view["id"]
    assert code_of(slack.views_open, interactivity_pointer=pointer, view=modal()) == "exchanged_trigger_id"


@pytest.mark.parametrize("method", ["views.open", "views.push"])
def test_a_trigger_is_needed(method: str) -> None:
    desk = Desk()
    assert desk.refusal(method, view=modal()) == "invalid_arguments"
    assert desk.refusal(method, view=modal(), trigger_id="1.2.abc") == "invalid_trigger_id"
    assert desk.refusal(method, view=modal(), interactivity_pointer="1.2.abc") == "invalid_trigger_id"


def test_a_view_is_found_by_its_external_id() -> None:
    desk = Desk()
    trigger = desk.sandbox.triggers.issue(ADA)
    opened = desk.call("views.open", trigger_id=trigger, view=modal(external_id="mine"))["view"]
    updated = desk.call("views.update", external_id="mine", view=modal(section("x"), external_id="mine"))[
        "view"
    ]
    assert updated["id"] == opened["id"]
    assert desk.refusal("views.update", external_id="other", view=modal()) == "not_found"
    assert desk.refusal("views.update", view=modal()) == "invalid_arguments"
    both = desk.call("views.update", view_id=opened["id"], external_id="mine", view=modal(external_id="mine"))
    assert both["view"]["id"] == opened["id"]


def test_an_external_id_is_used_once_in_the_workspace() -> None:
    desk = Desk()
    desk.call("views.publish", user_id=ADA, view=HOME | {"external_id": "mine"})
    trigger = desk.sandbox.triggers.issue(ADA)
    view = modal(external_id="mine")
    assert desk.refusal("views.open", trigger_id=trigger, view=view) == "duplicate_external_id"


def test_a_view_of_a_quarter_of_a_megabyte_is_too_large() -> None:
    desk = Desk()
    big: dict[str, Any] = HOME | {"blocks": [section("ä" * 3000)] * 90}
    assert desk.refusal("views.publish", user_id=ADA, view=big) == "view_too_large"


def test_the_bot_publishes_whatever_manifest_it_has_not(sandbox: SandboxClient, slack: WebClient) -> None:
    assert slack.views_publish(user_id=ADA, view=HOME)["ok"]
    assert code_of(slack.views_publish, user_id="U0BOT", view=HOME) == "invalid_arguments"


def test_a_modal_stands_in_no_home_and_a_home_in_no_modal() -> None:
    desk = Desk()
    assert desk.refusal("views.publish", user_id=ADA, view=modal()) == "invalid_arguments"
    trigger = desk.sandbox.triggers.issue(ADA)
    assert desk.refusal("views.open", trigger_id=trigger, view=HOME) == "invalid_arguments"
