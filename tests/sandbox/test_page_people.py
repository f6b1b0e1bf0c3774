"""People among themselves, in a real browser: channels, direct messages, menus of messages, reactions, files."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.sandbox.browsing import HOSTILE, composer, live, message, server, thread, visit
from tests.sandbox.live_page import LivePage
from tests.support.browser import watch_errors

__all__ = ["live", "server"]

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03"
    "00000600055701a1d40000000049454e44ae426082"
)


def in_menu(page: Page, words: str, entry: str) -> None:
    """Choose an entry in the menu of a message."""
    row = message(page, words).last
    row.hover()
    row.get_by_role("button", name="More actions").click()
    page.get_by_role("menu", name="Message actions").get_by_role("menuitem", name=entry).click()


def section_of(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name=name)


def test_a_channel_is_made_and_left_and_found_again(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    page.get_by_role("button", name="Create a channel").click()
    dialog = page.get_by_role("dialog", name="Create a channel")
    dialog.get_by_label("Name").fill("Two Words")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("spaces")
    dialog.get_by_label("Name").fill("plans")
    dialog.get_by_label("Topic").fill("What next")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("#plans")
    expect(section_of(page, "Channels").get_by_role("link", name="plans")).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("button", name="1 member").click()
    page.get_by_role("dialog", name="#plans").get_by_role("button", name="Add Pilot").click()
    expect(page.get_by_role("button", name="2 members")).to_be_visible()
    page.get_by_role("button", name="2 members").click()
    page.get_by_role("dialog", name="#plans").get_by_role("button", name="Leave channel").click()
    expect(section_of(page, "Channels").get_by_role("link", name="plans")).to_have_count(0)
    page.get_by_role("link", name="Browse channels").click()
    page.get_by_role("button", name="Join #plans").click()
    expect(section_of(page, "Channels").get_by_role("link", name="plans")).to_be_visible()


def test_who_is_not_in_a_channel_can_look_and_join(live: LivePage, page: Page) -> None:
    live.do(lambda: live.workspace.set_member("C0OPS", "U0ADA", False))
    live.say("for all to see", channel="C0OPS")
    visit(page, live.at("U0ADA", "C0OPS"))
    expect(message(page, "for all to see")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message #ops")).to_have_count(0)
    page.get_by_role("button", name="Join channel").click()
    expect(page.get_by_role("textbox", name="Message #ops")).to_be_visible()


def test_an_archived_channel_is_read_only(live: LivePage, page: Page) -> None:
    live.do(lambda: live.workspace.change_channel("C0OPS", archived=True))
    visit(page, live.at("U0ADA", "C0OPS"))
    expect(page.get_by_text("an archived channel")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message #ops")).to_have_count(0)
    visit(page, live.at("U0ADA", "C0GENERAL"))
    expect(section_of(page, "Channels").get_by_role("link", name="ops")).to_have_count(0)


def test_two_people_write_to_each_other(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA"))
    page.get_by_role("button", name="New message", exact=True).click()
    dialog = page.get_by_role("dialog", name="New message")
    dialog.get_by_label("Bob Brown").check()
    dialog.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob")
    page.get_by_role("textbox", name="Message Bob").fill("just you")
    page.keyboard.press("Enter")
    expect(message(page, "just you")).to_be_visible()
    page.get_by_role("navigation", name="You are").get_by_role("link", name="Bob").click()
    row = section_of(page, "Direct messages").get_by_role("link", name="Ada")
    row.click()
    expect(message(page, "just you")).to_contain_text("Ada")
    page.get_by_role("navigation", name="You are").get_by_role("link", name="Cyd").click()
    expect(section_of(page, "Direct messages").get_by_role("link")).to_have_count(0)


def test_a_group_message_is_called_by_the_others_names(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA"))
    page.get_by_role("button", name="New message", exact=True).click()
    dialog = page.get_by_role("dialog", name="New message")
    for name in ("Bob Brown", "Cyd Clark"):
        dialog.get_by_label(name).check()
    dialog.get_by_role("button", name="Go").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob, Cyd")
    page.get_by_role("button", name="3 members").click()
    expect(page.get_by_role("dialog", name="Bob, Cyd")).to_contain_text("Ada (you)")


def test_own_words_are_edited_and_deleted(live: LivePage, page: Page) -> None:
    live.person_says("U0ADA", "helo @bob")
    live.person_says("U0BOB", "not hers")
    visit(page, live.at("U0ADA"))
    in_menu(page, "helo", "Edit message")
    dialog = page.get_by_role("dialog", name="Edit message")
    expect(dialog.get_by_role("textbox")).to_have_value("helo @bob")
    dialog.get_by_role("textbox").fill("hello @bob")
    dialog.get_by_role("button", name="Save").click()
    expect(message(page, "hello @Bob")).to_contain_text("(edited)")
    in_menu(page, "hello", "Delete message")
    page.get_by_role("dialog", name="Delete message").get_by_role("button", name="Delete").click()
    expect(message(page, "hello")).to_have_count(0)
    row = message(page, "not hers")
    row.hover()
    row.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Reply in thread")).to_be_focused()
    expect(page.get_by_role("menuitem", name="Edit message")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Mark unread")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(row.get_by_role("button", name="More actions")).to_be_focused()


def test_a_reaction_is_given_found_by_its_name_and_taken_back(live: LivePage, page: Page) -> None:
    live.person_says("U0BOB", "good news")
    visit(page, live.at("U0ADA"))
    row = message(page, "good news")
    row.hover()
    row.get_by_role("button", name="Add reaction").click()
    picker = page.get_by_role("dialog", name="Add reaction")
    expect(picker.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("tada")
    page.keyboard.press("Enter")
    pill = row.get_by_role("button", name="1 reaction, tada")
    expect(pill).to_have_attribute("aria-pressed", "true")
    expect(pill).to_have_attribute("title", "You reacted with :tada:")
    page.get_by_role("navigation", name="You are").get_by_role("link", name="Bob").click()
    expect(pill).to_have_attribute("aria-pressed", "false")
    pill.click()
    both = row.get_by_role("button", name="2 reactions, tada")
    expect(both).to_have_attribute("title", "Ada and You reacted with :tada:")
    both.click()
    expect(pill).to_have_attribute("aria-pressed", "false")


def test_a_message_is_pinned_and_taken_off(live: LivePage, page: Page) -> None:
    live.person_says("U0BOB", "the plan")
    visit(page, live.at("U0ADA"))
    in_menu(page, "the plan", "Pin to channel")
    expect(message(page, "the plan")).to_contain_text("Pinned by you")
    in_menu(page, "the plan", "Un-pin from channel")
    expect(message(page, "the plan")).not_to_contain_text("Pinned")


def test_what_is_marked_unread_stays_so_until_one_comes_back(live: LivePage, page: Page) -> None:
    live.person_says("U0BOB", "one")
    live.person_says("U0BOB", "two")
    visit(page, live.at("U0ADA"))
    in_menu(page, "one", "Mark unread")
    row = section_of(page, "Channels").get_by_role("link", name="general")
    expect(row).to_contain_text("2 unread")
    section_of(page, "Channels").get_by_role("link", name="ops").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("#ops")
    expect(row).to_contain_text("2 unread")
    row.click()
    expect(row).not_to_contain_text("unread")


def test_new_replies_of_a_followed_thread_are_counted(live: LivePage, page: Page) -> None:
    root = live.person_says("U0ADA", "who can help?")
    visit(page, live.at("U0ADA"))
    live.person_says("U0BOB", "I can", thread_ts=root)
    expect(message(page, "who can help?")).to_contain_text("1 new")
    message(page, "who can help?").get_by_role("link", name="1 reply").click()
    expect(thread(page)).to_contain_text("I can")
    expect(message(page, "who can help?")).not_to_contain_text("1 new")


def test_a_reply_is_sent_to_the_channel_too(live: LivePage, page: Page) -> None:
    root = live.person_says("U0ADA", "root")
    visit(page, live.at(thread=root))
    thread(page).get_by_label("Also send to #general").check()
    thread(page).get_by_role("textbox", name="Reply in thread").fill("for everybody")
    page.keyboard.press("Enter")
    expect(message(page, "for everybody")).to_contain_text("replied to a thread")


def test_names_and_emoji_are_completed_while_one_types(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    composer(page).press_sequentially("ask @bo")
    names = page.get_by_role("listbox", name="Names")
    expect(names.get_by_role("option", selected=True)).to_contain_text("Bob Brown")
    page.keyboard.press("Tab")
    expect(composer(page)).to_have_value("ask @bob ")
    page.keyboard.type("in #op")
    expect(names.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type(":tad")
    expect(names).to_contain_text(":tada:")
    page.keyboard.press("Escape")
    expect(names).to_be_hidden()
    page.keyboard.type("a: now")
    page.keyboard.press("Enter")
    said = message(page, "ask @Bob in #ops")
    expect(said.get_by_role("img", name="tada")).to_be_visible()


def test_a_draft_waits_where_it_was_typed(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    composer(page).fill("half a thought")
    section_of(page, "Channels").get_by_role("link", name="ops").click()
    expect(page.get_by_role("textbox", name="Message #ops")).to_have_value("")
    section_of(page, "Channels").get_by_role("link", name="general").click()
    expect(composer(page)).to_have_value("half a thought")
    page.reload()
    expect(composer(page)).to_have_value("half a thought")
    composer(page).press("Enter")
    expect(message(page, "half a thought")).to_be_visible()
    page.reload()
    expect(composer(page)).to_have_value("")


def test_files_are_sent_with_a_message(live: LivePage, page: Page, tmp_path: Path) -> None:
    picture, notes = tmp_path / "dot.png", tmp_path / f"{HOSTILE[:40].replace('/', '')}.txt"
    picture.write_bytes(PICTURE)
    notes.write_text("twelve bytes")
    visit(page, live.at())
    page.locator(".main [data-files]").set_input_files([picture, notes])
    pending = page.get_by_role("list", name="Files to send")
    expect(pending.get_by_role("listitem")).to_have_count(2)
    composer(page).fill("look at this")
    composer(page).press("Enter")
    sent = message(page, "look at this")
    image = sent.get_by_role("img", name="dot.png")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1
    expect(sent.get_by_role("link", name=re.compile("12 bytes"))).to_be_visible()
    expect(pending).to_be_hidden()
    assert page.evaluate("window.hacked") is None


def test_a_link_to_a_message_points_at_it(live: LivePage, page: Page) -> None:
    first = live.person_says("U0BOB", "long ago")
    for number in range(40):
        live.person_says("U0BOB", f"line {number}")
    visit(page, f"{live.at()}&at={first}")
    expect(message(page, "long ago")).to_be_in_viewport()
    expect(message(page, "long ago")).to_be_focused()


def test_on_a_phone_a_tap_on_a_message_shows_what_can_be_done(live: LivePage, browser: Browser) -> None:
    live.person_says("U0ADA", "tap me")
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    errors = watch_errors(page)
    visit(page, live.at())
    message(page, "tap me").get_by_text("tap me").tap()
    message(page, "tap me").get_by_role("button", name="More actions").tap()
    box = page.get_by_role("menu", name="Message actions").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.get_by_role("menuitem", name="Pin to channel").tap()
    expect(message(page, "tap me")).to_contain_text("Pinned by you")
    page.get_by_role("link", name="Find messages").tap()
    page.get_by_role("main").get_by_role("searchbox").fill("tap")
    page.get_by_role("button", name="Find", exact=True).tap()
    expect(page.get_by_role("region", name="Search results")).to_contain_text("1 result")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert errors == []


@pytest.mark.parametrize("show", ["search&q=needle", "channels", "home&channel=app", "about&channel=app"])
def test_everything_that_can_be_used_has_a_name(live: LivePage, page: Page, show: str) -> None:
    live.person_says("U0BOB", "a needle for @ada", channel="C0OPS")
    visit(page, f"{live.url}/?user=U0ADA&show={show}")
    page.get_by_role("button", name="Notifications").click()
    for found in page.locator(":is(a, button, input, select, textarea):visible").all():
        expect(found).to_have_accessible_name(re.compile(r"\S"))
