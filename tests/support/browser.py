"""Fixtures for tests in a real browser: one Chromium for the whole session, a fresh page for each test."""

import asyncio
from asyncio import AbstractEventLoop, events
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.support.browser_setup import HOW_TO_GET_ONE, find_browser

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def launched_browser() -> Iterator[tuple[Browser, AbstractEventLoop]]:
    """A Chromium or Chrome of this machine, and the event loop that Playwright runs for it."""
    path = find_browser()
    if path is None:
        pytest.fail(HOW_TO_GET_ONE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        loop = asyncio.get_running_loop()
        events._set_running_loop(None)
        yield started, loop
        events._set_running_loop(loop)
        started.close()


@pytest.fixture
def browser(launched_browser: tuple[Browser, AbstractEventLoop]) -> Iterator[Browser]:
    """The browser of the session.

    Playwright leaves its loop marked as running in this thread, which would keep every other test from
    running one: so it is marked only while a browser test lasts.
    """
    started, loop = launched_browser
    events._set_running_loop(loop)
    yield started
    events._set_running_loop(None)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of 1280 x 800. The test fails when the page writes an error to the console."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    errors = watch_errors(opened)
    yield opened
    context.close()
    assert errors == []


def watch_errors(page: Page) -> list[str]:
    """A list that gets every script error and every error line of the page's console from now on.

    Answers such as 422 for a form with mistakes are lines of the network, not of the page, and are left out.
    """
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors
