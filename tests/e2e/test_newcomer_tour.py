"""README's tour, in a real browser, as three people; it also takes README's screenshots.

HANDRAIL_SCREENSHOTS=docs/images keeps the pictures; without it they go to the test's own folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import watch_errors
from tests.support.stack import Stack

WORKFLOWS = Path(__file__).parents[2] / "workflows"
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def newcomers_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("home"), WORKFLOWS)
    yield stack
    assert stack.stop() == 0, "".join(stack.output[-40:])


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    folder = Path(os.environ.get("HANDRAIL_SCREENSHOTS", tmp_path))

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take


def test_a_newcomer_takes_the_tour(
    newcomers_stack: Stack, browser: Browser, picture: Callable[[Page, str], None]
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    errors = watch_errors(page)

    # Start a run
    page.goto(newcomers_stack.slack_url)
    expect(page.locator("#app[data-live]")).to_be_attached()
    say(page, "/workflow run")
    dialog = page.get_by_role("dialog", name="Run Workflow")
    choose(dialog, "Say hello")
    dialog.get_by_label("Whom to greet").fill("Grace")
    picture(page, "form")
    dialog.get_by_role("button", name="Start Execution").click()

    # Follow it
    expect(dialog).to_contain_text("Running")
    expect(dialog).to_contain_text("Waiting for Approval")
    dismiss(dialog)
    root = message(page, "Say hello #1")
    expect(root.first).to_contain_text("Waiting for Approval")
    root.first.get_by_role("link", name="replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    expect(thread).to_contain_text("Shall we wave goodbye?")

    # Decide: not Ada herself, but Bob, with a comment
    thread.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("someone else must").first).to_be_visible()
    become(page, "Bob")
    thread.get_by_role("textbox", name="Comment").fill("Wave from me too")
    thread.get_by_role("button", name="Approve").click()
    expect(thread).to_contain_text("Approved")
    expect(thread).to_contain_text("Wave from me too")
    expect(root.first).to_contain_text("Completed")
    expect(thread.get_by_text("Completed").first).to_be_visible()

    # Cancel one, and run it again
    become(page, "Ada")
    say(page, "/workflow run deploy")
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Waiting for Approval")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog", name="Cancel").last.get_by_role("button").last.click()
    expect(dialog).to_contain_text("Cancelled")
    dialog.get_by_role("button", name="Run Again").click()
    dialog.get_by_role("button", name="Start Execution").click()
    expect(dialog).to_contain_text("Waiting for Approval")
    picture(page, "dialog")
    dismiss(dialog)
    become(page, "Bob")
    second = message(page, "Deploy to staging #3").first
    second.get_by_role("link", name="replies").click()
    expect(thread).to_contain_text("Ship v1.2.3 to staging?")
    expect(thread).to_contain_text("Ask for approval: Waiting")
    picture_of_size(page, 1280, 1120, lambda: picture(page, "sandbox-thread"))
    picture_of_size(page, 390, 844, lambda: picture(page, "phone"), color_scheme="dark")
    thread.get_by_role("button", name="Approve").click()
    expect(second).to_contain_text("Completed")

    # Look back
    become(page, "Ada")
    say(page, "/workflow runs")
    listed = message(page, "newest first").last
    expect(listed).to_contain_text("#3")
    listed.get_by_role("button", name="View details of #1").click()
    details = page.get_by_role("dialog", name="Run #1")
    expect(details).to_contain_text("Start")
    menu = details.get_by_role("combobox").first
    menu.select_option(menu.locator("option", has_text="1. Greet").get_attribute("value"))
    expect(details).to_contain_text("stdout")
    picture(page, "details")
    details.get_by_role("button", name="Open the page").click()
    link = page.get_by_role("dialog").last.get_by_role("link", name="Open the page")
    address = link.get_attribute("href")
    assert address is not None

    # The page
    page.goto(address)
    page.get_by_role("button", name="Continue as").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Say hello")
    picture(page, "run-page")
    assert errors == []
    context.close()


def picture_of_size(
    page: Page,
    width: int,
    height: int,
    take: Callable[[], None],
    color_scheme: Literal["dark", "light"] = "light",
) -> None:
    page.emulate_media(color_scheme=color_scheme)
    page.set_viewport_size({"width": width, "height": height})
    take()
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


def say(page: Page, text: str) -> None:
    composer = page.get_by_role("textbox", name="Message #general")
    composer.fill(text)
    composer.press("Enter")


def choose(dialog: Locator, option: str) -> None:
    dialog.get_by_role("combobox").select_option(label=option)


def dismiss(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Dismiss").click()
    expect(dialog).to_be_hidden()


def become(page: Page, name: str) -> None:
    people = page.get_by_role("navigation", name="You are")
    people.get_by_role("link", name=name).click()
    expect(people.get_by_role("link", name=name)).to_have_attribute("aria-current", "true")
    expect(page.locator("#app[data-live]")).to_be_attached()


def message(page: Page, words: str) -> Locator:
    return page.get_by_role("list", name="Messages").get_by_role("article").filter(has_text=words)
