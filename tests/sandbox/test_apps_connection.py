"""An ordinary app keeps hearing when Slack sends its connection away, and hears later what it missed while it was
not there."""

from pathlib import Path

import pytest

from tests.sandbox.running_apps import eventually, running_app
from tests.support.sandbox_client import ADA, SandboxClient


def replies(sandbox: SandboxClient, ts: str) -> list[str]:
    """What the app has said to a post so far."""
    return [message["text"] for message in sandbox.messages(thread=ts)[1:]]


def tries_in_vain(sandbox: SandboxClient) -> int:
    return sum(row["problem"] is not None for row in sandbox.deliveries())


def is_answered(sandbox: SandboxClient) -> bool:
    """Whether the app answers what is posted now, or cannot be reached."""
    before = tries_in_vain(sandbox)
    ts = sandbox.post(ADA, "hello")["ts"]
    eventually(lambda: replies(sandbox, ts) or tries_in_vain(sandbox) > before)
    return f"hello there, <@{ADA}>!" in replies(sandbox, ts)


@pytest.mark.parametrize("style", ["sync", "async"])
@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_an_app_that_is_sent_away_connects_anew(style: str, reason: str, tmp_path: Path) -> None:
    with running_app("message_app", style, "socket_mode", tmp_path) as running:
        opened = len(running.sandbox.calls("apps.connections.open"))
        running.sandbox.socket_mode(disconnect=reason)
        eventually(lambda: len(running.sandbox.calls("apps.connections.open")) > opened)
        eventually(lambda: is_answered(running.sandbox))


@pytest.mark.parametrize("transport", ["http", "socket_mode"])
def test_what_an_app_missed_is_told_again_when_it_is_back(transport: str, tmp_path: Path) -> None:
    with running_app("message_app", "sync", transport, tmp_path) as running:
        running.process.stop()
        missed = running.sandbox.post(ADA, "hello")["ts"]
        eventually(lambda: tries_in_vain(running.sandbox) == 2)
        running.start()
        running.sandbox.skip(61)
        assert eventually(lambda: replies(running.sandbox, missed)) == [f"hello there, <@{ADA}>!"]
        last = [row for row in running.sandbox.deliveries() if "event" in row["payload"]]
        assert last[0]["payload"]["event_id"] in {row["payload"]["event_id"] for row in last[1:]}
