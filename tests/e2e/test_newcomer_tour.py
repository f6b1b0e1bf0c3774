"""README's tour, in a real browser, as three people; it also takes README's screenshots.

HANDRAIL_SCREENSHOTS=docs/images keeps the pictures; without it they go to the test's own folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Tour:
    """A browser on its way through README's tour; `folder` is where its pictures go."""

    page: Page
    folder: Path

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog", name="Run Workflow")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    def message(self, words: str) -> Locator:
        return self.page.get_by_role("list", name="Messages").get_by_role("article").filter(has_text=words)

    def say(self, text: str) -> None:
        composer = self.page.get_by_role("textbox", name="Message #general")
        composer.fill(text)
        composer.press("Enter")

    def become(self, name: str) -> None:
        people = self.page.get_by_role("navigation", name="You are")
        people.get_by_role("link", name=name).click()
        expect(people.get_by_role("link", name=name)).to_have_attribute("aria-current", "true")
        expect(self.page.locator("#app[data-live]")).to_be_attached()

    def dismiss(self) -> None:
        self.dialog.get_by_role("button", name="Dismiss").click()
        expect(self.dialog).to_be_hidden()

    def open_thread(self, root: Locator) -> None:
        root.get_by_role("link", name="replies").click()

    def picture(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png", animations="disabled")


@pytest.fixture
def tour(browser: Browser, newcomers_stack: Stack, tmp_path: Path) -> Iterator[Tour]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    errors = watch_errors(page)
    page.goto(newcomers_stack.slack_url)
    expect(page.locator("#app[data-live]")).to_be_attached()
    yield Tour(page, Path(os.environ.get("HANDRAIL_SCREENSHOTS", tmp_path)))
    context.close()
    assert errors == []


def test_a_newcomer_takes_the_tour(tour: Tour) -> None:
    start_a_run(tour)
    follow_it(tour)
    decide_as_bob(tour)
    cancel_one_and_run_it_again(tour)
    decide_on_the_second(tour)
    look_behind_the_scenes(tour)
    look_back(tour)
    open_the_page(tour)


def start_a_run(tour: Tour) -> None:
    tour.say("/workflow run")
    tour.dialog.get_by_role("combobox").select_option(label="Say hello")
    tour.dialog.get_by_label("Whom to greet").fill("Grace")
    tour.picture("form")
    tour.dialog.get_by_role("button", name="Start Execution").click()


def follow_it(tour: Tour) -> None:
    expect(tour.dialog).to_contain_text("Running")
    expect(tour.dialog).to_contain_text("Waiting for Approval")
    tour.dismiss()
    root = tour.message("Say hello #1").first
    expect(root).to_contain_text("Waiting for Approval")
    tour.open_thread(root)
    expect(tour.thread).to_contain_text("Shall we wave goodbye?")


def decide_as_bob(tour: Tour) -> None:
    tour.thread.get_by_role("button", name="Approve").click()
    expect(tour.page.get_by_text("someone else must").first).to_be_visible()
    tour.become("Bob")
    tour.thread.get_by_role("textbox", name="Comment").fill("Wave from me too")
    tour.thread.get_by_role("button", name="Approve").click()
    expect(tour.thread).to_contain_text("Approved")
    expect(tour.thread).to_contain_text("Wave from me too")
    expect(tour.message("Say hello #1").first).to_contain_text("Completed")


def cancel_one_and_run_it_again(tour: Tour) -> None:
    tour.become("Ada")
    tour.say("/workflow run deploy")
    tour.dialog.get_by_role("button", name="Start Execution").click()
    expect(tour.dialog).to_contain_text("Waiting for Approval")
    tour.dialog.get_by_role("button", name="Cancel").click()
    tour.page.get_by_role("dialog", name="Cancel").last.get_by_role("button", name="Cancel the run").click()
    expect(tour.dialog).to_contain_text("Cancelled")
    tour.dialog.get_by_role("button", name="Run Again").click()
    tour.dialog.get_by_role("button", name="Start Execution").click()
    expect(tour.dialog).to_contain_text("Waiting for Approval")
    tour.picture("dialog")
    tour.dismiss()


def decide_on_the_second(tour: Tour) -> None:
    tour.become("Bob")
    root = tour.message("Deploy to staging #3").first
    tour.open_thread(root)
    expect(tour.thread).to_contain_text("Ship v1.2.3 to staging?")
    expect(tour.thread).to_contain_text("Ask for approval: Waiting")
    picture_of_size(tour, 1280, 1120, "sandbox-thread")
    picture_of_size(tour, 390, 844, "phone", color_scheme="dark")
    tour.thread.get_by_role("button", name="Approve").click()
    expect(root).to_contain_text("Completed")


def look_behind_the_scenes(tour: Tour) -> None:
    panel = tour.page.context.new_page()
    panel.set_viewport_size({"width": 1280, "height": 800})
    panel.goto(tour.page.url.split("?")[0].rstrip("/") + "/developer")
    expect(panel.locator("#panel[data-live]")).to_be_attached()
    expect(panel.get_by_role("list", name="Time line")).to_contain_text("chat.postMessage")
    panel.screenshot(path=tour.folder / "developer.png", animations="disabled")
    panel.close()


def look_back(tour: Tour) -> None:
    tour.become("Ada")
    tour.say("/workflow runs")
    listed = tour.message("newest first").last
    expect(listed).to_contain_text("#3")
    listed.get_by_role("button", name="View details of #1").click()
    details = tour.page.get_by_role("dialog", name="Run #1")
    expect(details).to_contain_text("Start")
    menu = details.get_by_role("combobox").first
    menu.select_option(menu.locator("option", has_text="1. Greet").get_attribute("value"))
    expect(details).to_contain_text("stdout")
    tour.picture("details")
    details.get_by_role("button", name="Open the page").click()


def open_the_page(tour: Tour) -> None:
    link = tour.page.get_by_role("dialog").last.get_by_role("link", name="Open the page")
    address = link.get_attribute("href")
    assert address is not None
    tour.page.goto(address)
    tour.page.get_by_role("button", name="Continue as").click()
    expect(tour.page.get_by_role("heading", level=1)).to_contain_text("Say hello")
    tour.picture("run-page")


def picture_of_size(
    tour: Tour, width: int, height: int, name: str, color_scheme: Literal["dark", "light"] = "light"
) -> None:
    tour.page.emulate_media(color_scheme=color_scheme)
    tour.page.set_viewport_size({"width": width, "height": height})
    tour.picture(name)
    tour.page.emulate_media(color_scheme="light")
    tour.page.set_viewport_size({"width": 1280, "height": 800})
