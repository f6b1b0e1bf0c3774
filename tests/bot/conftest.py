"""A local Slack without an app, for what the bot calls there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.support.sandbox_client import SandboxClient
from tests.support.served import served

TOKEN = "xoxb-test-token"


@pytest.fixture(scope="session")
def slack_url() -> Iterator[str]:
    with served(lambda url: create_app(SandboxConfig(None, TOKEN, "secret", url, limits="off"))) as url:
        yield url


@pytest.fixture
def slack(slack_url: str) -> Iterator[SandboxClient]:
    """As it is at its first start."""
    with SandboxClient(slack_url) as client:
        client.reset()
        yield client
