"""Shortcuts and the app's Home as the app hears of them: exactly the fields that Slack sends."""

from collections.abc import Iterator

import pytest

from sandbox.client import ADA, BOB, GENERAL
from sandbox.manifest import Manifest, Shortcut
from tests.sandbox.installed import Installed, installed

SHORTCUTS = (Shortcut("Deploy", "global", "deploy"), Shortcut("Report", "message", "report"))
COMMON = {
    "type",
    "token",
    "action_ts",
    "team",
    "user",
    "callback_id",
    "trigger_id",
    "is_enterprise_install",
    "enterprise",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        url = f"{app_url}/slack/events"
        return Manifest(
            "Test App",
            bot_name="Test App",
            shortcuts=SHORTCUTS,
            home_tab=True,
            bot_scopes=("chat:write", "commands"),
            bot_events=("app_home_opened",),
            events_url=url,
            actions_url=url,
        )

    with installed(manifest, app_name="Test App") as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def test_a_global_shortcut_says_who_and_not_where(stage: Installed) -> None:
    stage.sandbox.shortcut(ADA, "deploy")
    told = stage.app.last("shortcut")
    assert set(told) == COMMON
    assert told["user"] == {"id": ADA, "username": "ada", "team_id": "T0001"}
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": [{"type": "divider"}]}
    assert stage.slack.views_open(trigger_id=told["trigger_id"], view=view)["ok"]


def test_a_shortcut_of_a_message_brings_it_and_an_address_to_answer(stage: Installed) -> None:
    posted = stage.sandbox.post(BOB, "look")
    stage.sandbox.shortcut(ADA, "report", posted)
    told = stage.app.last("message_action")
    assert set(told) == COMMON | {"channel", "message", "message_ts", "response_url"}
    assert told["user"] == {"id": ADA, "name": "ada"}
    assert told["channel"] == {"id": GENERAL, "name": "general"}
    assert (told["message_ts"], told["message"]["text"]) == (posted["ts"], "look")
    answer = stage.sandbox._http.post(told["response_url"], json={"text": "noted"})
    assert answer.status_code == 200
    assert stage.sandbox.messages(viewer=ADA)[-1]["text"] == "noted"


def test_a_shortcut_that_is_not_there_is_refused(stage: Installed) -> None:
    posted = stage.sandbox.post(BOB, "look")
    assert stage.sandbox.shortcut(ADA, "report", check=False)["error"] == "shortcut_not_found"
    assert stage.sandbox.shortcut(ADA, "deploy", posted, check=False)["error"] == "shortcut_not_found"
    assert stage.app.requests == []


def test_an_app_that_fails_is_told_of_where_it_was_asked(stage: Installed) -> None:
    posted = stage.sandbox.post(BOB, "look")
    stage.app.answer("message_action", status=500)
    answer = stage.sandbox.shortcut(ADA, "report", posted, check=False)
    assert answer["error"] == "http_service_error"
    assert stage.sandbox.notices(ADA) == [answer["message"]]


def test_the_app_hears_each_time_its_home_is_opened(stage: Installed) -> None:
    stage.sandbox.open_home(ADA)
    first = stage.wait_for("app_home_opened")[0].payload["event"]
    assert {key: first[key] for key in ("user", "channel", "tab")} == {
        "user": ADA,
        "channel": "D0ADA",
        "tab": "home",
    }
    assert "view" not in first
    stage.slack.views_publish(user_id=ADA, view={"type": "home", "blocks": [{"type": "divider"}]})
    stage.sandbox.open_home(ADA)
    assert stage.wait_for("app_home_opened", 2)[1].payload["event"]["view"]["type"] == "home"
