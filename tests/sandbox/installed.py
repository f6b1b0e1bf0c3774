"""A sandbox with an app of a given manifest installed, and a fake app at its addresses, really served."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx
from slack_sdk import WebClient
from starlette.applications import Starlette

from sandbox.app import create_app
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.context import Sandbox
from sandbox.manifest import Manifest
from sandbox.types import Json
from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import SECRET, FakeApp, Received
from tests.support.served import served

APP_TOKEN = "xapp-1-A0APP-1-sandbox"
PATIENCE = 20.0
T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first thing `look` gives that is not empty or False."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing within {seconds:g} seconds"
        time.sleep(0.01)
    return found


@dataclass(frozen=True)
class Installed:
    """`parts` is the running sandbox itself, in another thread: tests read it, and set plain values in it."""

    sandbox: SandboxClient
    app: FakeApp
    app_url: str
    parts: Sandbox
    slack: WebClient

    def act(self, path: str, body: Json, status: int = 200) -> Json:
        """POST to the control API."""
        answer = httpx.post(f"{self.sandbox.base_url}/control/{path}", json=body, trust_env=False)
        assert answer.status_code == status, answer.text
        told: Json = answer.json()
        return told

    def read(self, path: str) -> Json:
        """GET from the control API."""
        told: Json = httpx.get(f"{self.sandbox.base_url}/control/{path}", trust_env=False).json()
        return told

    def happen(self, event: Json, *, is_heard: bool = True) -> None:
        """Let Slack report something that nobody in the sandbox does; unless the app hears it, that is refused."""
        self.act("events", {"event": event}, 200 if is_heard else 409)

    def heard(self, event_type: str) -> list[Received]:
        """The requests so far that told the app of such an event."""
        return [
            request
            for request in list(self.app.requests)
            if request.payload.get("event", {}).get("type") == event_type
        ]

    def wait_for(self, event_type: str, count: int = 1) -> list[Received]:
        def enough() -> list[Received]:
            found = self.heard(event_type)
            return found if len(found) >= count else []

        return eventually(enough)

    def wait_for_deliveries(self, count: int) -> None:
        """Until so many requests are answered, so that the time until a repetition runs."""
        eventually(lambda: len(self.sandbox.deliveries()) >= count)

    def wait_until_quiet(self) -> None:
        """Until no event is on its way or to be repeated."""
        eventually(lambda: self.parts.events.state()["under_way"] == 0)


@contextmanager
def installed(make_manifest: Callable[[str], Manifest], **config: object) -> Iterator[Installed]:
    """`make_manifest` is told the base URL of the fake app, which takes requests at any path."""
    app = FakeApp()
    made: list[Sandbox] = []
    with served(lambda base_url: app.application()) as app_url:

        def make_sandbox(base_url: str) -> Starlette:
            settings: dict[str, object] = {"ack_seconds": 2.0, "app_url": None, **config}
            application = create_app(
                SandboxConfig(
                    bot_token=TOKEN,
                    app_token=APP_TOKEN,
                    signing_secret=SECRET,
                    public_url=base_url,
                    manifest=make_manifest(app_url),
                    **settings,  # type: ignore[arg-type]  # the names and types are the caller's
                )
            )
            made.append(application.state.sandbox)
            return application

        with served(make_sandbox) as base_url, SandboxClient(base_url) as client:
            slack = WebClient(TOKEN, base_url=f"{base_url}/api/", retry_handlers=[])
            yield Installed(client, app, app_url, made[0], slack)
