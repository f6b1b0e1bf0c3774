"""Search and notifications, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests.sandbox.browsing import HOSTILE, live, message, server, thread, visit
from tests.sandbox.live_page import LivePage
from tests.sandbox.page_samples import section

__all__ = ["live", "server"]


def find(page: Page, words: str) -> None:
    field = page.get_by_role("search").get_by_role("searchbox")
    field.fill(words)
    field.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")


def test_words_are_found_in_texts_and_in_blocks_and_lead_to_the_message(live: LivePage, page: Page) -> None:
    for number in range(40):
        live.person_says("U0BOB", f"line {number}")
    ts = live.say("the report", blocks=[section("A needle in *blocks*")])
    root = live.person_says("U0CYD", "elsewhere", channel="C0OPS")
    live.person_says("U0BOB", "another needle", thread_ts=root, channel="C0OPS")
    visit(page, live.at())
    find(page, "needle")
    results = page.get_by_role("region", name="Search results")
    expect(results).to_contain_text("2 results")
    results.get_by_role("link", name=re.compile("the report")).click()
    expect(message(page, "A needle")).to_be_focused()
    assert f"at={ts}" in page.url
    find(page, "needle in:#ops from:@bob")
    results.get_by_role("link").click()
    expect(thread(page)).to_contain_text("another needle")


def test_channels_and_people_are_found_too(live: LivePage, page: Page) -> None:
    visit(page, live.at())
    find(page, "rel")
    results = page.get_by_role("region", name="Search results")
    expect(results.get_by_role("link", name="#releases")).to_be_visible()
    results.get_by_role("button", name="Message Bob Brown").click()  # he is the release approver
    expect(page.get_by_role("textbox", name="Message Bob")).to_be_visible()


def test_nobody_finds_what_others_said_among_themselves(live: LivePage, page: Page) -> None:
    channel = live.do(lambda: live.workspace.direct_message("U0BOB", "U0CYD")[0].id)
    live.person_says("U0BOB", "needle between us", channel=channel)
    live.call("chat.postEphemeral", channel="C0GENERAL", user="U0BOB", text="needle for Bob")
    visit(page, live.at("U0ADA"))
    find(page, "needle")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


def test_hostile_words_are_only_words(live: LivePage, page: Page) -> None:
    live.person_says("U0BOB", f"{HOSTILE} @ada")
    visit(page, live.at("U0ADA", "C0OPS"))
    find(page, "<script>window.hacked=1</script>")
    expect(page.get_by_role("region", name="Search results")).to_contain_text("1 result")
    page.get_by_role("button", name="Notifications").click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1


def test_a_mention_a_direct_message_and_a_reply_are_notified_of(live: LivePage, page: Page) -> None:
    root = live.person_says("U0ADA", "my question", channel="C0OPS")
    visit(page, live.at("U0ADA"))
    expect(page).to_have_title("#general · Sandbox")
    live.say("Please approve, <@U0ADA>", channel="C0RELEASES", blocks=[section("Only in blocks")])
    live.say("Your run is done", channel="U0ADA")
    live.person_says("U0BOB", "my answer", thread_ts=root, channel="C0OPS")
    live.person_says("U0BOB", "nobody in particular", channel="C0OPS")
    shown = page.get_by_role("list", name="New notifications").get_by_role("listitem")
    expect(shown).to_have_count(3)
    expect(shown.first).to_contain_text("Please approve, @Ada")
    expect(page).to_have_title("(3) #general · Sandbox")
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_contain_text("3 new")
    bell.click()
    rows = page.get_by_role("dialog", name="Notifications").get_by_role("link")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Thread in #ops")
    expect(rows.nth(1)).to_have_text("PilotYour run is done (new)")
    expect(rows.nth(2)).not_to_contain_text("Only in blocks")
    rows.nth(0).click()
    expect(thread(page)).to_contain_text("my answer")
    expect(bell).to_contain_text("2 new")


def test_what_one_is_looking_at_does_not_pop_up(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA"))
    live.person_says("U0BOB", "hey @ada")
    expect(message(page, "hey @Ada")).to_be_visible()
    expect(page.get_by_role("list", name="New notifications").get_by_role("listitem")).to_have_count(0)
    expect(page).to_have_title("#general · Sandbox")


def test_a_group_and_everybody_are_mentions_too_and_own_words_are_not(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0BOB"))
    live.person_says("U0ADA", "@oncall please", channel="C0OPS")
    live.person_says("U0ADA", "@channel look", channel="C0OPS")
    live.person_says("U0BOB", "@bob to myself", channel="C0OPS")
    expect(page.get_by_role("list", name="New notifications").get_by_role("listitem")).to_have_count(2)


def test_a_dismissed_notification_stays_in_the_list(live: LivePage, page: Page) -> None:
    visit(page, live.at("U0ADA"))
    live.person_says("U0BOB", "@ada hello", channel="C0OPS")
    page.get_by_role("button", name="Dismiss notification").click()
    expect(page.get_by_role("button", name="Dismiss notification")).to_have_count(0)
    expect(page.get_by_role("button", name="Notifications")).to_contain_text("1 new")
