"""A sandbox and a fake app, really served, once for all tests of this folder and reset for each."""

import time
from collections.abc import Iterator

import pytest
from slack_sdk import WebClient

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.fake_app import SECRET, FakeApp
from tests.support.sandbox_client import SandboxClient
from tests.support.served import served

TOKEN = "xoxb-sandbox-token"
ACK_SECONDS = 2.0  # less than Slack's three, to keep the tests of late answers short
TOO_LATE = ACK_SECONDS + 0.5


class MovableClock:
    """The real time, plus what a test has skipped."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> float:
        return time.time() + self._skipped

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


@pytest.fixture(scope="session")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="session")
def served_app() -> Iterator[tuple[FakeApp, str]]:
    fake = FakeApp()
    with served(lambda base_url: fake.application()) as app_url:
        yield fake, app_url + "/slack/events"


@pytest.fixture(scope="session")
def sandbox_url(served_app: tuple[FakeApp, str], clock: MovableClock) -> Iterator[str]:
    def config(base_url: str) -> SandboxConfig:
        return SandboxConfig(
            app_url=served_app[1],
            bot_token=TOKEN,
            signing_secret=SECRET,
            public_url=base_url,
            app_name="Test App",
            command="/workflow",
            ack_seconds=ACK_SECONDS,
        )

    with served(lambda base_url: create_app(config(base_url), clock)) as base_url:
        yield base_url


@pytest.fixture(scope="session")
def shared_client(sandbox_url: str) -> Iterator[SandboxClient]:
    with SandboxClient(sandbox_url) as client:
        yield client


@pytest.fixture
def sandbox(shared_client: SandboxClient) -> SandboxClient:
    """The workspace, as it is at its first start."""
    shared_client.reset()
    return shared_client


@pytest.fixture
def app(served_app: tuple[FakeApp, str]) -> FakeApp:
    """The app, having heard nothing yet."""
    served_app[0].reset()
    return served_app[0]


@pytest.fixture
def slack(sandbox: SandboxClient, sandbox_url: str) -> WebClient:
    """Slack's own client, pointed at the sandbox; it repeats nothing by itself."""
    return WebClient(TOKEN, base_url=sandbox_url + "/api/", retry_handlers=[])
