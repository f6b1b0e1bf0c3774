"""An app that is not there, or nowhere yet, is told of as Slack tells of it."""

import socket

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.support.sandbox_client import ADA, SandboxClient
from tests.support.served import served


def told_with(app_url: str | None) -> str:
    """The code that a command fails with."""

    def config(base_url: str) -> SandboxConfig:
        return SandboxConfig(
            app_url, bot_token="xoxb-1", signing_secret="secret", public_url=base_url, command="/workflow"
        )

    with served(lambda base_url: create_app(config(base_url))) as url, SandboxClient(url) as sandbox:
        return str(sandbox.command(ADA, "/workflow", check=False)["error"])


def test_without_a_request_url_the_command_has_no_action_url() -> None:
    assert told_with(None) == "app_missing_action_url"


def test_an_app_that_is_down_cannot_be_dispatched_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert told_with(f"http://127.0.0.1:{port}/slack/events") == "dispatch_failed"


def test_a_broken_request_url_cannot_be_dispatched_to() -> None:
    assert told_with("nonsense://") == "dispatch_failed"
