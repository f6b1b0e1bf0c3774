"""What browser tests of the page share: the running sandbox, and how things are found by role and name."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.sandbox.live_page import LivePage, serving

HOSTILE = (
    "\"'></textarea></title></script><script>window.hacked=1</script>"
    "<img src=x onerror='window.hacked=1'><svg onload='window.hacked=1'><a href='javascript:window.hacked=1'>"
)


@pytest.fixture(scope="module")
def server() -> Iterator[LivePage]:
    with serving() as started:
        yield started


@pytest.fixture
def live(server: LivePage) -> LivePage:
    """The sandbox on its first day, with an app that accepts everything."""
    server.do(server.sandbox.reset)
    server.app.received.clear()
    server.app.events.clear()
    server.app.answer = lambda payload: {}
    server.app.status = 200
    return server


def visit(page: Page, url: str) -> None:
    """Open the page and wait until it is alive."""
    page.goto(url)
    expect(page.locator("#app[data-live]")).to_be_attached()


def message(page: Page, words: str) -> Locator:
    return page.get_by_role("list", name="Messages").get_by_role("article").filter(has_text=words)


def composer(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message #general")


def thread(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Thread")


def heard(live: LivePage, page: Page, count: int = 1) -> list[dict[str, Any]]:
    """The requests the app got, once there are that many."""
    for _ in range(200):
        if len(live.app.received) >= count:
            break
        page.wait_for_timeout(25)
    assert len(live.app.received) == count
    return live.app.received


def received(live: LivePage, page: Page, count: int = 1) -> list[dict[str, Any]]:
    """The actions the app was told of, once there are that many."""
    heard(live, page, count)
    return live.app.actions()


def settle(page: Page) -> None:
    """Wait until the page has drawn what it knows."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
