"""Each sort of request goes to the address that the manifest names for it, and addresses prove themselves."""

import asyncio
from collections.abc import Iterator

import pytest

from sandbox.clock import SystemClock
from sandbox.config import SandboxConfig
from sandbox.context import build_sandbox
from sandbox.manifest import Manifest, SlashCommand
from tests.sandbox.fake_app import SECRET, FakeApp
from tests.sandbox.installed import Installed, installed
from tests.sandbox.test_with_bolt import bolt_application
from tests.sandbox.views import actions, button
from tests.support.sandbox_client import ADA, GENERAL
from tests.support.served import served

MENU = {"type": "external_select", "action_id": "city", "min_query_length": 0}


def manifest_at(app_url: str) -> Manifest:
    """One address for each sort of request, and one command without any."""
    return Manifest(
        "Test App",
        commands=(
            SlashCommand("/first", url=f"{app_url}/first"),
            SlashCommand("/second", url=f"{app_url}/second"),
            SlashCommand("/lost"),
        ),
        bot_scopes=("channels:history", "chat:write", "commands"),
        bot_events=("message.channels",),
        events_url=f"{app_url}/events",
        actions_url=f"{app_url}/actions",
        options_url=f"{app_url}/options",
    )


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    with installed(manifest_at) as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def paths(stage: Installed) -> set[tuple[str, str]]:
    """(kind, path) of what the app got."""
    return {(request.kind, request.path) for request in stage.app.requests}


def test_every_sort_of_request_has_its_own_address(stage: Installed) -> None:
    blocks = [actions("row", button("go"), MENU)]
    stage.app.answer_json("block_suggestion", {"options": []})
    stage.slack.chat_postMessage(channel=GENERAL, text="Go?", blocks=blocks)
    message = stage.sandbox.wait_for_message("Go?")
    stage.sandbox.click(ADA, "go", message)
    stage.sandbox.options(ADA, "city", message, "new")
    stage.wait_until_quiet()
    assert paths(stage) == {
        ("event_callback", "/events"),
        ("block_actions", "/actions"),
        ("block_suggestion", "/options"),
    }


def test_each_command_has_an_address_of_its_own(stage: Installed) -> None:
    for command in ("/first", "/second"):
        stage.sandbox.command(ADA, f"{command} x")
    assert paths(stage) == {("command", "/first"), ("command", "/second")}


def test_a_command_without_an_address_says_so(stage: Installed) -> None:
    refused = stage.sandbox.command(ADA, "/lost", check=False)
    assert refused["error"] == "app_missing_action_url"
    assert stage.sandbox.deliveries()[-1]["url"] is None


def test_the_configured_address_stands_before_all_of_the_manifest() -> None:
    app = FakeApp()
    with (
        served(lambda base_url: app.application()) as app_url,
        installed(manifest_at, app_url=f"{app_url}/everything") as stage,
    ):
        stage.sandbox.command(ADA, "/lost x")
        stage.sandbox.post(ADA, "hello")
        stage.wait_until_quiet()
        assert {request.path for request in app.requests} == {"/everything"}
        assert {request.kind for request in app.requests} == {"command", "event_callback"}
        assert stage.app.requests == []


def test_an_app_that_named_no_address_for_events_is_sent_none() -> None:
    def manifest(app_url: str) -> Manifest:
        return Manifest("Test App", bot_scopes=("channels:history",), bot_events=("message.channels",))

    with installed(manifest) as stage:
        stage.sandbox.post(ADA, "hello")
        stage.wait_until_quiet()
        assert stage.sandbox.deliveries() == []


def asked(url: str, question: str) -> str | None:
    """What the sandbox says of an address after having asked it to prove itself."""

    async def ask() -> str | None:
        parts = build_sandbox(
            SandboxConfig(None, "xoxb-1", SECRET, "http://127.0.0.1:1", ack_seconds=2.0), SystemClock()
        )
        checks = {"verify": parts.delivery.verify_url, "ssl": parts.delivery.check_ssl}
        try:
            return await checks[question](url)
        finally:
            await parts.delivery.close()

    return asyncio.run(ask())


@pytest.fixture
def fake() -> Iterator[tuple[FakeApp, str]]:
    app = FakeApp()
    with served(lambda base_url: app.application()) as url:
        yield app, url


def test_bolt_proves_its_address_and_takes_the_probe() -> None:
    with served(lambda base_url: bolt_application("http://127.0.0.1:1/api/")) as url:
        assert asked(f"{url}/slack/events", "verify") is None
        assert asked(f"{url}/slack/events", "ssl") is None


def test_an_address_that_does_not_echo_the_challenge_is_refused(fake: tuple[FakeApp, str]) -> None:
    app, url = fake
    app.answer("url_verification", "something else")
    assert "challenge" in str(asked(url, "verify"))
    (request,) = app.requests
    assert set(request.payload) == {"token", "challenge", "type"}
    assert request.is_signed()


def test_an_address_that_fails_is_refused_with_what_it_answered(fake: tuple[FakeApp, str]) -> None:
    app, url = fake
    app.answer("url_verification", status=503)
    assert "503" in str(asked(url, "verify"))
    app.answer("url_verification", delay=2.5)
    assert "three seconds" in str(asked(url, "verify"))
    assert "reached" in str(asked("http://127.0.0.1:1/", "verify"))


def test_the_probe_of_a_command_is_a_form_with_ssl_check(fake: tuple[FakeApp, str]) -> None:
    app, url = fake
    assert asked(f"{url}/first", "ssl") is None
    (request,) = app.requests
    assert (request.payload["ssl_check"], set(request.payload)) == ("1", {"ssl_check", "token"})
    app.answer("/first", status=404)
    assert "404" in str(asked(f"{url}/first", "ssl"))
