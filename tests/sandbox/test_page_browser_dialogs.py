"""Buttons, menus and modals in a real browser, and what the app is told of them."""

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.sandbox.browsing import HOSTILE, composer, heard, live, message, received, server, visit
from tests.sandbox.live_page import LivePage
from tests.sandbox.page_samples import approval_blocks, button, fill, form_view, plain, section

__all__ = ["live", "server"]


def test_a_click_tells_the_app_with_what_was_typed_beside_it(live: LivePage, page: Page) -> None:
    ts = live.say("Ship?", blocks=approval_blocks())
    visit(page, live.at("U0BOB"))
    page.get_by_label("Comment").fill("looks good")
    page.get_by_role("button", name="Approve").press("Enter")
    action = received(live, page)[0]
    assert (action["action_id"], action["value"]) == ("approve", "run-1042")
    sent = live.app.received[0]
    assert sent["user"]["id"] == "U0BOB"
    assert sent["message"]["ts"] == ts
    assert sent["state"]["values"]["why"]["comment"]["value"] == "looks good"


def test_after_a_click_the_focus_stays_with_the_message(live: LivePage, page: Page) -> None:
    ts = live.say("Ship?", blocks=approval_blocks())
    visit(page, live.at("U0BOB"))
    page.get_by_role("button", name="Approve").press("Enter")
    received(live, page)
    live.call("chat.update", channel="C0GENERAL", ts=ts, text="done", blocks=[section("Approved by Bob")])
    expect(message(page, "Approved by Bob")).to_be_focused()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_confirmation_is_asked_for_first(live: LivePage, page: Page) -> None:
    fill(live)
    visit(page, live.at())
    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog", name="Cancel run #1042?")
    expect(dialog).to_contain_text("Running steps are stopped")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Cancel").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert live.app.actions() == []
    page.get_by_role("button", name="Cancel").click()
    dialog.get_by_role("button", name="Cancel the run").click()
    assert received(live, page)[0]["action_id"] == "cancel"


def test_a_form_is_filled_in_and_submitted(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(form_view())
    dialog = page.get_by_role("dialog", name="Run Workflow")
    expect(dialog.get_by_label("Service")).to_be_focused()
    dialog.get_by_label("Service").select_option("api")
    dialog.get_by_label("Version").fill("v1.2.3")
    dialog.get_by_label("Day").fill("2026-12-24")
    dialog.get_by_label("Owner").select_option(label="Bob")
    dialog.get_by_role("group", name="Regions").get_by_label("eu").check()
    dialog.get_by_role("group", name="Regions").get_by_label("asia").check()
    dialog.get_by_label("Notify the channel").check()
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_have_count(0)
    values = {key: value["value"] for key, value in live.app.received[-1]["view"]["state"]["values"].items()}
    assert values["service"]["selected_option"]["value"] == "api"
    assert values["version"]["value"] == "v1.2.3"
    assert values["canary"]["value"] == "10"
    assert values["when"]["selected_date"] == "2026-12-24"
    assert values["who"]["selected_user"] == "U0BOB"
    assert [option["value"] for option in values["regions"]["selected_options"]] == ["eu", "asia"]
    assert [option["value"] for option in values["extra"]["selected_options"]] == ["notify"]


def test_mistakes_are_shown_at_their_fields(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(form_view())
    dialog = page.get_by_role("dialog", name="Run Workflow")
    dialog.get_by_label("Canary").fill("200")
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog.get_by_role("alert")).to_have_count(3)
    expect(dialog.get_by_label("Service")).to_be_focused()
    assert live.app.received == []
    dialog.get_by_label("Service").select_option("web")
    dialog.get_by_label("Version").fill("1")
    dialog.get_by_label("Canary").fill("20")
    live.app.answer = lambda payload: {
        "response_action": "errors",
        "errors": {"version": "Write it like v1.2.3."},
    }
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog.get_by_role("alert")).to_have_text(["Write it like v1.2.3."])
    version = dialog.get_by_label("Version")
    expect(version).to_have_attribute("aria-invalid", "true")
    expect(version).to_have_accessible_description("like v1.2.3 Write it like v1.2.3.")
    expect(version).to_have_value("1")


def test_a_form_says_when_the_app_does_not_answer(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(form_view() | {"blocks": [section("Sure?", block_id="a")]})
    dialog = page.get_by_role("dialog", name="Run Workflow")
    live.app.status = 500
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog.get_by_role("alert")).to_contain_text("trouble")
    live.app.status = 200
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_have_count(0)


def test_an_update_of_a_view_keeps_focus_and_typed_text(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    view_id = live.open_view(form_view())
    dialog = page.get_by_role("dialog", name="Run Workflow")
    dialog.get_by_label("Service").select_option("web")
    dialog.get_by_role("group", name="Regions").get_by_label("us").check()
    dialog.get_by_label("Version").press_sequentially("v1.")
    changed = form_view()
    changed["blocks"] = [
        section("*Now with news*", block_id="news"),
        *changed["blocks"][1:5],
        *changed["blocks"][6:],
    ]
    live.update_view(view_id, changed)
    expect(dialog).to_contain_text("Now with news")
    expect(dialog.get_by_label("Owner")).to_have_count(0)
    expect(dialog.get_by_label("Version")).to_be_focused()
    page.keyboard.type("2.3")
    expect(dialog.get_by_label("Version")).to_have_value("v1.2.3")
    expect(dialog.get_by_label("Service")).to_have_value("web")
    expect(dialog.get_by_role("group", name="Regions").get_by_label("us")).to_be_checked()


def detail_view(title: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": plain(title),
        "blocks": [section(f"about {title}", block_id="a")],
        **more,
    }


def test_views_are_stacked_and_the_lower_ones_keep_what_was_typed(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.open_view(form_view())
    page.get_by_label("Version").fill("v9")
    live.push_view(detail_view("Second"))
    live.push_view(detail_view("Third"))
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.get_by_role("dialog", name="Third").get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog", name="Second")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Run Workflow").get_by_label("Version")).to_have_value("v9")
    live.push_view(detail_view("Again"))
    page.get_by_role("dialog", name="Again").get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog", name="Run Workflow")).to_be_visible()
    live.push_view(detail_view("Last"))
    page.get_by_role("dialog", name="Last").get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_view_closes_at_once_however_slow_the_server_is(live: LivePage, page: Page) -> None:
    held: list[Route] = []
    visit(page, live.at())
    live.open_view(detail_view("First"))
    live.push_view(detail_view("Second"))
    expect(page.get_by_role("dialog", name="Second")).to_be_visible()
    page.route("**/control/close", lambda route: held.append(route))

    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("dialog", name="First")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("dialog")).to_have_count(0)

    for route in held:
        route.continue_()
    assert len(held) == 2
    page.unroute("**/control/close")
    visit(page, live.at())
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_closing_tells_the_app_which_view_was_closed_and_how(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    root = live.open_view(detail_view("Root", notify_on_close=True))
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    closed = heard(live, page)[0]
    assert (closed["type"], closed["view"]["id"], closed["is_cleared"]) == ("view_closed", root, True)


def test_a_view_of_one_person_is_not_shown_to_another(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0BOB"))
    live.open_view(detail_view("For Ada"), "U0ADA")
    live.open_view(detail_view("For Bob"), "U0BOB")
    expect(page.get_by_role("dialog", name="For Bob")).to_be_visible()
    expect(page.get_by_text("For Ada")).to_have_count(0)


def test_menus_pickers_and_boxes_tell_the_app_what_was_chosen(live: LivePage, page: Page) -> None:
    options = [{"text": plain(name.title()), "value": name} for name in ("one", "two")]
    elements = [
        {"type": "static_select", "action_id": "pick", "placeholder": plain("Pick"), "options": options},
        {"type": "checkboxes", "action_id": "tick", "options": options},
        {"type": "datepicker", "action_id": "day"},
        {"type": "datetimepicker", "action_id": "moment"},
        {"type": "overflow", "action_id": "more", "options": options},
    ]
    live.say("choose", blocks=[{"type": "actions", "block_id": "b", "elements": elements}])
    visit(page, live.at("U0ADA"))
    page.get_by_label("Pick").select_option("two")
    assert received(live, page, 1)[0]["selected_option"]["value"] == "two"
    page.get_by_label("Two").check()
    assert received(live, page, 2)[1]["selected_options"][0]["value"] == "two"
    page.get_by_label("Select a date", exact=True).fill("2026-12-24")
    assert received(live, page, 3)[2]["selected_date"] == "2026-12-24"
    page.get_by_label("Select a date and time").fill("2026-12-24T10:30")
    assert received(live, page, 4)[3]["selected_date_time"] == 1798108200
    page.locator(".content").get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="One").click()
    assert received(live, page, 5)[4]["selected_option"]["value"] == "one"
    values = live.app.received[-1]["state"]["values"]["b"]
    assert values["pick"]["selected_option"]["value"] == "two"
    assert values["day"]["selected_date"] == "2026-12-24"


def test_an_external_menu_asks_the_app_while_one_types(live: LivePage, page: Page) -> None:
    option = {"text": plain(HOSTILE[:75]), "value": "h"}
    live.app.answer = lambda payload: {"options": [option]} if payload["type"] == "block_suggestion" else {}
    menu = {
        "type": "external_select",
        "action_id": "find",
        "min_query_length": 2,
        "placeholder": plain("Find"),
    }
    view = form_view()
    view["blocks"] = [{"type": "input", "block_id": "found", "label": plain("Host"), "element": menu}]
    visit(page, live.at())
    live.open_view(view)
    box = page.get_by_role("combobox", name="Host")
    box.press_sequentially("db")
    expect(page.get_by_role("option")).to_have_text(HOSTILE[:75])
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value(HOSTILE[:75])
    page.get_by_role("button", name="Start Execution").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    values = live.app.received[-1]["view"]["state"]["values"]["found"]["find"]
    assert values["selected_option"]["value"] == "h"
    assert page.evaluate("window.hacked") is None


def test_an_input_that_dispatches_sends_on_enter(live: LivePage, page: Page) -> None:
    typed = {"type": "plain_text_input", "action_id": "q"}
    block = {
        "type": "input",
        "block_id": "b",
        "label": plain("Search"),
        "element": typed,
        "dispatch_action": True,
    }
    visit(page, live.at())
    live.open_view(form_view() | {"blocks": [block]})
    page.get_by_label("Search").fill("disk")
    page.get_by_label("Search").press("Enter")
    assert received(live, page)[0]["value"] == "disk"
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_newest_button_can_be_reached_by_keyboard(live: LivePage, page: Page) -> None:
    live.say("Press", blocks=[{"type": "actions", "block_id": "b", "elements": [button("Go", "go")]}])
    visit(page, live.at())
    composer(page).focus()
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.textContent") == "Go":
            break
    page.keyboard.press("Space")
    assert received(live, page)[0]["action_id"] == "go"
