"""The app's shortcuts and custom steps, in a real browser: beside the composer and in the menu of a message."""

from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from sandbox.manifest import AppFunction, Shortcut
from tests.sandbox.browsing import heard, live, message, server, visit
from tests.sandbox.live_page import MANIFEST, LivePage
from tests.sandbox.page_samples import form_view

__all__ = ["live", "server"]

GLOBAL = (
    Shortcut("Start a deploy", "global", "deploy", "From anywhere"),
    Shortcut("Ask for help", "global", "help"),
)
OF_MESSAGES = (Shortcut("Add to the report", "message", "report"),)
WHO = {"type": "string", "title": "Whom to greet", "is_required": True}


@pytest.fixture(autouse=True)
def an_app_with_shortcuts(live: LivePage) -> None:
    greet = AppFunction("greet", "Greet somebody", "Says hello", {"who": WHO, "times": {"type": "integer"}})
    live.sandbox.manifest = replace(
        MANIFEST,
        shortcuts=GLOBAL + OF_MESSAGES,
        functions=(greet,),
        bot_events=("function_executed",),
        events_url=live.sandbox.config.app_url,
        actions_url=live.sandbox.config.app_url,
    )


def test_a_global_shortcut_is_found_and_chosen(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.get_by_role("button", name="Shortcuts").click()
    menu = page.get_by_role("dialog", name="Shortcuts")
    expect(menu.get_by_role("searchbox")).to_be_focused()
    expect(menu.get_by_role("button")).to_have_count(3)
    page.keyboard.type("depl")
    expect(menu.get_by_role("button")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    told = heard(live, page)[0]
    assert (told["type"], told["callback_id"], told["user"]["username"]) == ("shortcut", "deploy", "ada")
    expect(menu).to_be_hidden()
    live.call("views.open", trigger_id=told["trigger_id"], view=form_view())
    expect(page.get_by_role("dialog", name="Run Workflow")).to_be_visible()


def test_a_shortcut_of_a_message_takes_the_message_along(live: LivePage, page: Page) -> None:
    ts = live.person_says("U0BOB", "a bug")
    visit(page, live.at())
    message(page, "a bug").hover()
    message(page, "a bug").get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Add to the report").click()
    told = heard(live, page)[0]
    assert (told["type"], told["callback_id"], told["message_ts"]) == ("message_action", "report", ts)
    assert told["message"]["text"] == "a bug"


def test_an_app_that_does_not_answer_is_told_of(live: LivePage, page: Page) -> None:
    live.app.status = 500
    visit(page, live.at())
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("dialog", name="Shortcuts").get_by_role("button", name="Ask for help").click()
    expect(page.get_by_role("alert").filter(has_text="trouble")).to_be_visible()


def test_a_custom_step_is_started_with_its_inputs(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.get_by_role("button", name="Shortcuts").click()
    page.get_by_role("dialog", name="Shortcuts").get_by_role("button", name="Greet somebody").click()
    dialog = page.get_by_role("dialog", name="Greet somebody")
    dialog.get_by_label("Whom to greet").fill("Grace")
    dialog.get_by_label("times").fill("2")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog).to_be_hidden()
    for _ in range(200):
        if live.app.events:
            break
        page.wait_for_timeout(25)
    assert live.app.events[0]["type"] == "function_executed"
    assert live.app.events[0]["inputs"] == {"who": "Grace", "times": 2}
