"""An app for many workspaces, from its install address to a command that answers by what was installed."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.running_apps import RunningApp, running_app
from tests.support.sandbox_client import ADA, GENERAL


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app("oauth_app", "sync", "http", tmp_path) as running:
        yield running


def install(running: RunningApp, decision: str) -> httpx.Response:
    """Go as a browser from the app's own install address over Slack's page back to the app."""
    with httpx.Client(trust_env=False, timeout=10) as browser:
        welcome = browser.get(running.address + "/slack/install")
        (address,) = re.findall(r'href="(http[^"]+/oauth/v2/authorize[^"]+)"', welcome.text)
        address = html.unescape(address)
        assert address.startswith(running.sandbox.base_url)
        page = browser.get(address)
        assert "Who am I" in page.text
        answered = browser.post(address, data={"user": ADA, "decision": decision})
        assert answered.status_code == 303
        back = answered.headers["location"]
        assert urlsplit(back).path == "/slack/oauth_redirect"
        # Bolt marks its cookie as one for https; a browser sends it to this machine all the same.
        return browser.get(back, headers={"Cookie": welcome.headers["set-cookie"].partition(";")[0]})


def test_an_installation_lets_the_command_act_as_the_bot_and_as_the_person(running: RunningApp) -> None:
    assert install(running, "allow").status_code == 200
    running.sandbox.command(ADA, "/whoami")
    told = running.sandbox.wait_for_message("You are", channel=GENERAL)
    assert told["text"] == "You are Ada Adams, and I am whoami."
    running.check()


def test_who_cancels_installs_nothing(running: RunningApp) -> None:
    answer = install(running, "cancel")
    assert answer.status_code == 200, "Bolt tells people by a page of its own"
    assert "access_denied" in answer.text
    assert running.sandbox.calls("oauth.v2.access") == []
