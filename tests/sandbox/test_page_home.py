"""The app's own place in a real browser: Home, Messages and About."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sandbox.manifest import Shortcut
from tests.sandbox.browsing import HOSTILE, live, message, received, server, visit
from tests.sandbox.live_page import MANIFEST, LivePage
from tests.sandbox.page_samples import button, plain, section

__all__ = ["live", "server"]


@pytest.fixture(autouse=True)
def an_app_with_a_home(live: LivePage) -> None:
    live.sandbox.manifest = replace(
        MANIFEST,
        description="Flies things",
        home_tab=True,
        messages_tab=True,
        bot_events=("app_home_opened",),
        events_url=live.sandbox.config.app_url,
        actions_url=live.sandbox.config.app_url,
        shortcuts=(Shortcut("Start a deploy", "global", "deploy", "From anywhere"),),
    )


def a_home(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks)}


def opened(live: LivePage, page: Page, count: int) -> list[dict[str, Any]]:
    for _ in range(200):
        if len(live.app.events) >= count:
            break
        page.wait_for_timeout(25)
    assert len(live.app.events) == count
    return live.app.events


def test_opening_the_home_tells_the_app_which_then_shows_something(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.get_by_role("navigation", name="Apps").get_by_role("link", name="Pilot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pilot")
    expect(page.get_by_text("nothing here yet")).to_be_visible()
    told = opened(live, page, 1)[0]
    assert (told["type"], told["user"], told["channel"], told["tab"]) == (
        "app_home_opened",
        "U0ADA",
        "D0ADA",
        "home",
    )
    assert "view" not in told
    live.call("views.publish", user_id="U0ADA", view=a_home(section("*Welcome*")))
    expect(page.get_by_role("region", name="Home")).to_contain_text("Welcome")
    page.get_by_role("link", name="Messages", exact=True).click()
    assert opened(live, page, 2)[1]["tab"] == "messages"
    page.get_by_role("link", name="Home", exact=True).click()
    assert opened(live, page, 3)[2]["view"]["blocks"][0]["text"]["text"] == "*Welcome*"


def test_controls_of_the_home_tell_the_app(live: LivePage, page: Page) -> None:
    options = [{"text": plain(name), "value": name} for name in ("red", "blue")]
    menu = {
        "type": "static_select",
        "action_id": "colour",
        "placeholder": plain("Colour"),
        "options": options,
    }
    live.call(
        "views.publish",
        user_id="U0ADA",
        view=a_home(
            {"type": "actions", "block_id": "b", "elements": [button("Press", "press", value="1"), menu]}
        ),
    )
    visit(page, f"{live.url}/?user=U0ADA&channel=app&show=home")
    home = page.get_by_role("region", name="Home")
    home.get_by_role("button", name="Press").click()
    assert received(live, page)[0]["value"] == "1"
    assert live.app.received[0]["container"]["type"] == "view"
    home.get_by_label("Colour").select_option("blue")
    assert received(live, page, 2)[1]["selected_option"]["value"] == "blue"
    assert (
        live.app.received[1]["view"]["state"]["values"]["b"]["colour"]["selected_option"]["value"] == "blue"
    )
    live.app.status = 500
    home.get_by_role("button", name="Press").click()
    expect(home.get_by_role("alert")).to_contain_text("trouble")


def test_a_home_of_one_person_is_not_shown_to_another(live: LivePage, page: Page) -> None:
    live.call("views.publish", user_id="U0ADA", view=a_home(section("for Ada")))
    visit(page, f"{live.url}/?user=U0BOB&channel=app&show=home")
    expect(page.get_by_text("nothing here yet")).to_be_visible()
    expect(page.get_by_text("for Ada")).to_have_count(0)


def test_a_hostile_home_runs_nothing(live: LivePage, page: Page) -> None:
    live.call("views.publish", user_id="U0ADA", view=a_home(section(HOSTILE)))
    visit(page, f"{live.url}/?user=U0ADA&channel=app&show=home")
    expect(page.get_by_role("region", name="Home")).to_contain_text("window.hacked")
    assert page.evaluate("window.hacked") is None
    assert page.locator(".home :is(img, script, svg)").count() == 0


def test_a_home_that_is_switched_off_has_no_tab(live: LivePage, page: Page) -> None:
    live.sandbox.manifest = replace(live.sandbox.manifest, home_tab=False)
    visit(page, live.at())
    page.get_by_role("navigation", name="Apps").get_by_role("link", name="Pilot").click()
    expect(page.get_by_role("textbox", name="Message Pilot")).to_be_visible()
    expect(page.get_by_role("link", name="Home", exact=True)).to_have_count(0)
    visit(page, f"{live.url}/?user=U0ADA&channel=app&show=home")
    expect(page.get_by_role("heading", name="Home is switched off")).to_be_visible()


def test_one_writes_to_the_app_unless_its_manifest_forbids_it(live: LivePage, page: Page) -> None:
    visit(page, f"{live.url}/?user=U0ADA&channel=app")
    page.get_by_role("textbox", name="Message Pilot").fill("hello app")
    page.keyboard.press("Enter")
    expect(message(page, "hello app")).to_be_visible()
    live.sandbox.manifest = replace(live.sandbox.manifest, messages_tab_is_read_only=True)
    page.reload()
    expect(page.get_by_text("Sending messages to this app has been turned off.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message Pilot")).to_have_count(0)


def test_about_says_what_the_app_offers(live: LivePage, page: Page) -> None:
    visit(page, f"{live.url}/?user=U0ADA&channel=app&show=about")
    told = page.get_by_role("region", name="About")
    for words in ("Flies things", "/workflow", "Start a deploy", "chat:write"):
        expect(told).to_contain_text(words)
