"""The page in a real browser, used as a person would: by names, roles and keys."""

import asyncio
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.browsing import HOSTILE, composer, heard, live, message, server, settle, thread, visit
from tests.sandbox.live_page import LivePage
from tests.sandbox.page_every_block import message_blocks, modal_view, plan_message
from tests.sandbox.page_samples import approval_blocks, fill, form_view, section
from tests.support.browser import watch_errors

__all__ = ["live", "server"]

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def test_a_message_is_sent_with_enter_and_seen_by_the_others(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA"))
    composer(page).fill("hello *you*")
    composer(page).press("Enter")
    expect(message(page, "hello you").locator("strong").last).to_have_text("you")
    expect(composer(page)).to_have_value("")
    page.get_by_role("navigation", name="You are").get_by_role("link", name="Bob").click()
    expect(message(page, "hello you")).to_contain_text("Ada")


def test_shift_enter_makes_a_new_line_instead(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    composer(page).fill("one")
    composer(page).press("Shift+Enter")
    page.keyboard.type("two")
    expect(composer(page)).to_have_value("one\ntwo")
    composer(page).press("Enter")
    expect(message(page, "one")).to_contain_text("two")


def test_a_slash_shows_the_commands_and_enter_sends_them(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    composer(page).press_sequentially("/wo")
    commands = page.get_by_role("listbox", name="Commands")
    expect(commands.get_by_role("option")).to_have_count(6)
    composer(page).press("ArrowDown")
    expect(commands.get_by_role("option", selected=True)).to_contain_text("/workflow run")
    composer(page).press("Enter")
    expect(composer(page)).to_have_value("/workflow run ")
    expect(commands).to_be_hidden()
    page.keyboard.type("hello name=Ada")
    composer(page).press("Enter")
    expect(composer(page)).to_have_value("")
    command = heard(live, page)[0]
    assert (command["command"], command["text"]) == ("/workflow", "run hello name=Ada")


def test_a_whole_command_needs_no_second_enter(live: LivePage, page: Page) -> None:
    live.app.answer = lambda payload: {"text": "Here is some help."}
    visit(page, live.at())
    composer(page).press_sequentially("/workflow")
    composer(page).press("Enter")
    expect(message(page, "Here is some help.")).to_contain_text("Only visible to you")


def test_a_command_that_fails_is_told_privately_and_is_gone_after_a_reload(
    live: LivePage, page: Page
) -> None:
    live.app.status = 500
    visit(page, live.at())
    composer(page).fill("/workflow list")
    composer(page).press("Enter")
    told = message(page, "/workflow failed with the error")
    expect(told).to_contain_text("Only visible to you")
    expect(told).to_contain_text("Slackbot")
    visit(page, live.at())
    expect(message(page, "failed with the error")).to_have_count(0)


def test_a_command_in_a_thread_is_refused_with_a_sentence(live: LivePage, page: Page) -> None:
    root = live.say("root")
    visit(page, live.at(thread=root))
    reply = thread(page).get_by_role("textbox", name="Reply in thread")
    reply.fill("/workflow list")
    reply.press("Enter")
    expect(thread(page).get_by_role("article").last).to_contain_text("not supported in threads")
    assert live.app.received == []


def test_one_becomes_another_person_and_the_address_remembers_it(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA", "C0OPS"))
    people = page.get_by_role("navigation", name="You are")
    expect(people.get_by_role("link")).to_have_count(4)
    people.get_by_role("link", name="Cyd").click()
    expect(people.locator("[aria-current]")).to_contain_text("Cyd")
    assert "user=U0CYD&channel=C0OPS" in page.url
    page.reload()
    expect(people.locator("[aria-current]")).to_contain_text("Cyd")
    people.get_by_role("link", name="Gus").click()
    channels = page.get_by_role("navigation", name="Channels")
    expect(channels.get_by_role("link")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("#general")
    page.go_back()
    expect(people.locator("[aria-current]")).to_contain_text("Cyd")


def test_unread_messages_are_counted_in_the_channel_list(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    live.say("news", channel="C0OPS")
    live.say("more news", channel="C0OPS")
    channel = page.get_by_role("navigation", name="Channels").get_by_role("link", name="ops")
    expect(channel).to_contain_text("2 unread")
    channel.click()
    expect(message(page, "more news")).to_be_visible()
    expect(channel).not_to_contain_text("unread")


def test_a_thread_opens_beside_the_channel(live: LivePage, page: Page) -> None:
    root, _ = fill(live)
    visit(page, live.at())
    message(page, "Deploy a service").first.get_by_role("link", name="3 replies").click()
    expect(thread(page).get_by_role("article")).to_have_count(4)
    assert f"thread={root}" in page.url
    reply = thread(page).get_by_role("textbox", name="Reply in thread")
    expect(reply).to_be_focused()
    reply.fill("fine by me")
    reply.press("Enter")
    expect(thread(page).get_by_role("article").last).to_contain_text("fine by me")
    expect(message(page, "Deploy a service").first).to_contain_text("4 replies")
    expect(message(page, "fine by me")).to_have_count(0)
    thread(page).get_by_role("link", name="Close thread").click()
    expect(thread(page)).to_have_count(0)


def test_a_reply_also_sent_to_the_channel_leads_to_its_thread(live: LivePage, page: Page) -> None:
    fill(live)
    visit(page, live.at())
    asked = message(page, "replied to a thread")
    asked.get_by_role("link", name="Deploy a service").click()
    expect(thread(page).get_by_role("article").last).to_contain_text("Also sent to the channel")


def test_an_edit_of_one_message_disturbs_no_other(live: LivePage, page: Page) -> None:
    live.say("Ship?", blocks=approval_blocks())
    other = live.say("60 %")
    visit(page, live.at())
    page.get_by_label("Comment").fill("half a sen")
    composer(page).fill("draft")
    page.get_by_label("Comment").focus()
    page.evaluate("window.kept = document.querySelector('article')")
    live.call("chat.update", channel="C0GENERAL", ts=other, text="80 %")
    expect(message(page, "80 %")).to_be_visible()
    expect(page.get_by_label("Comment")).to_be_focused()
    expect(page.get_by_label("Comment")).to_have_value("half a sen")
    expect(composer(page)).to_have_value("draft")
    assert page.evaluate("window.kept === document.querySelector('article')")


def test_an_edit_of_the_same_message_keeps_what_is_typed_in_it(live: LivePage, page: Page) -> None:
    ts = live.say("Ship?", blocks=approval_blocks())
    visit(page, live.at())
    page.get_by_label("Comment").press_sequentially("half a sen")
    blocks = [section("*Still waiting*", block_id="ask"), *approval_blocks()[1:]]
    live.call("chat.update", channel="C0GENERAL", ts=ts, text="Ship?", blocks=blocks)
    expect(message(page, "Still waiting")).to_be_visible()
    expect(page.get_by_label("Comment")).to_be_focused()
    page.keyboard.type("tence")
    expect(page.get_by_label("Comment")).to_have_value("half a sentence")


def test_the_list_follows_its_end_only_while_its_reader_is_there(live: LivePage, page: Page) -> None:
    for number in range(25):
        live.say(f"line {number}")
    visit(page, live.at())
    live.say("line 25")
    expect(message(page, "line 25")).to_be_in_viewport()
    page.locator(".main [data-scroller]").evaluate("node => { node.scrollTop = 100 }")
    settle(page)
    live.say("line 26")
    expect(message(page, "line 26")).to_have_count(1)
    expect(message(page, "line 26")).not_to_be_in_viewport()
    assert page.locator(".main [data-scroller]").evaluate("node => node.scrollTop") == 100


def test_who_has_gone_up_is_told_of_new_messages_below(live: LivePage, page: Page) -> None:
    for number in range(40):
        live.say(f"line {number}")
    visit(page, live.at())
    newer = page.get_by_role("button", name="New messages")
    page.locator(".main [data-scroller]").evaluate("node => { node.scrollTop = 0 }")
    settle(page)
    expect(newer).to_have_count(0)

    live.say("the newest")
    newer.click()

    expect(message(page, "the newest")).to_be_in_viewport()
    expect(newer).to_have_count(0)


def test_hostile_words_run_nothing_anywhere(live: LivePage, page: Page) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    visit(page, live.at())
    safe = HOSTILE.replace("javascript:", "javascript&#58;")
    live.say(HOSTILE, blocks=message_blocks(safe))
    live.say(HOSTILE, blocks=plan_message(safe))
    live.say(HOSTILE)
    live.person_says("U0BOB", HOSTILE)
    live.do(lambda: live.workspace.notify("U0ADA", HOSTILE, "C0GENERAL"))
    live.do(lambda: live.workspace.notify("U0ADA", HOSTILE))
    expect(page.get_by_role("list", name="Messages").get_by_role("article")).to_have_count(5)
    for _ in range(2):  # pushed by the stream, then drawn by the server
        live.open_view(modal_view(safe))
        expect(page.get_by_role("dialog")).to_be_visible()
        settle(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("script").count() == 1
        assert page.locator("img, iframe, object, embed, [onerror], [onload], [onclick]").count() == 0
        assert page.locator("a[href^='javascript']").count() == 0
        page.reload()
    assert dialogs == []


def test_the_page_says_when_the_server_is_gone_and_catches_up(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.route("**/page/stream*", lambda route: route.abort())
    page.get_by_role("navigation", name="Channels").get_by_role("link", name="ops").click()
    expect(page.get_by_role("status")).to_have_text("Reconnecting…")
    live.say("missed", channel="C0OPS")
    page.unroute("**/page/stream*")
    expect(message(page, "missed")).to_be_visible()
    expect(page.get_by_role("status")).to_be_hidden()


def test_what_was_not_sent_stays_in_the_composer(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.route("**/control/post", lambda route: route.abort())
    composer(page).fill("important")
    composer(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(composer(page)).to_have_value("important")


def phone(browser: Browser, url: str) -> tuple[Page, list[str]]:
    opened = browser.new_context(**PHONE).new_page()
    errors = watch_errors(opened)
    visit(opened, url)
    return opened, errors


def test_on_a_phone_the_channels_hide_behind_a_button(live: LivePage, browser: Browser) -> None:
    page, errors = phone(browser, live.at())
    channels = page.get_by_role("navigation", name="Channels")
    expect(channels).to_be_hidden()
    page.get_by_role("button", name="Show channels").click()
    channels.get_by_role("link", name="releases").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("#releases")
    expect(channels).to_be_hidden()
    page.context.close()
    assert errors == []


def test_on_a_phone_threads_and_modals_take_the_whole_width(live: LivePage, browser: Browser) -> None:
    root, _ = fill(live)
    page, errors = phone(browser, live.at(thread=root))
    box = thread(page).bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    live.open_view(form_view())
    box = page.get_by_role("dialog", name="Run Workflow").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 390)
    page.context.close()
    assert errors == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_makes_the_page_wider_than_the_window(live: LivePage, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    live.say("all", blocks=message_blocks("Some_rather_long_words_without_any_space_in_between " * 2))
    root = live.say("plan", blocks=plan_message("words " * 20))
    visit(page, live.at(thread=root))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".main .scroller").evaluate("node => node.scrollWidth - node.clientWidth") <= 0


def test_every_button_and_field_has_a_name(live: LivePage, page: Page) -> None:
    live.say("all", blocks=message_blocks("Words"))
    visit(page, live.at())
    live.open_view(modal_view("Words"))
    expect(page.get_by_role("dialog")).to_be_visible()
    roles: list[Any] = ["button", "textbox", "combobox", "checkbox", "radio", "link", "radiogroup", "dialog"]
    for role in roles:
        for found in page.get_by_role(role).all():
            expect(found).to_have_accessible_name(re.compile(r"\S"))


def test_other_tests_may_run_an_event_loop_after_a_browser_test() -> None:
    asyncio.run(asyncio.sleep(0))


def test_times_are_those_of_the_browsers_zone(live: LivePage, browser: Browser) -> None:
    ts = live.say("tick", blocks=[section("<!date^1795356000^{date_num} {time}|never>")])
    context = browser.new_context(timezone_id="Asia/Tokyo")
    page = context.new_page()
    visit(page, live.at())
    expect(message(page, "2026-11-22 11:00 PM")).to_be_visible()
    shown = page.locator(f"[data-key='{ts}'] .head time").get_attribute("datetime")
    assert shown is not None
    assert shown.endswith("+09:00")
    context.close()
