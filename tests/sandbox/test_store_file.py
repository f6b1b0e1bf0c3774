"""The state file: a second start finds the history; what a reload would lose is not kept."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from slack_sdk import WebClient

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from tests.sandbox.views import section
from tests.support.sandbox_client import ADA, GENERAL, OPS, SandboxClient
from tests.support.served import served


@contextmanager
def started(path: Path) -> Iterator[tuple[SandboxClient, WebClient]]:
    def config(base_url: str) -> SandboxConfig:
        return SandboxConfig(
            app_url=None, bot_token="xoxb-1", signing_secret="secret", public_url=base_url, state_file=path
        )

    with served(lambda base_url: create_app(config(base_url))) as url, SandboxClient(url) as sandbox:
        yield sandbox, WebClient("xoxb-1", base_url=url + "/api/")


def test_a_second_start_finds_messages_threads_channels_and_home(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "sandbox.json"
    with started(path) as (sandbox, slack):
        note = {"event_type": "run", "event_payload": {"run": 1}}
        root = slack.chat_postMessage(channel=GENERAL, text="root “ü”", metadata=note)["ts"]
        slack.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root, reply_broadcast=True)
        slack.chat_postEphemeral(channel=GENERAL, user=ADA, text="gone tomorrow")
        direct = slack.chat_postMessage(channel=ADA, text="psst")["channel"]
        slack.views_publish(user_id=ADA, view={"type": "home", "blocks": [section("Home")]})
        sandbox.channel(OPS, archived=True, bot_is_member=False)
        before, home = sandbox.messages(GENERAL), sandbox.home(ADA)
    with started(path) as (sandbox, slack):
        assert sandbox.messages(GENERAL) == before
        assert sandbox.messages(GENERAL, viewer=ADA) == before
        assert [m["text"] for m in sandbox.messages(GENERAL, thread=root)] == ["root “ü”", "reply"]
        assert [m["text"] for m in sandbox.messages(direct)] == ["psst"]
        assert sandbox.home(ADA) == home
        assert sandbox.channel(OPS)["archived"] is True
        assert sandbox.channel(OPS)["bot_is_member"] is False
        assert slack.chat_postMessage(channel=GENERAL, text="next")["ts"] > before[-1]["ts"]


def test_changes_are_written_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    with started(path) as (sandbox, slack):
        slack.chat_postMessage(channel=GENERAL, text="written soon")
        _wait_for_text(path, "written soon")
        sandbox.reset()
        _wait_for_text(path, '"messages": {}')


def _wait_for_text(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while not (path.exists() and text in path.read_text()):
        assert time.monotonic() < deadline, f"{text!r} never came into the file"
        time.sleep(0.02)


@pytest.mark.parametrize("content", ["", "[]", '{"channels": [{"id": "C1"}]}', "[" * 100_000])
def test_an_unreadable_file_is_put_aside_and_a_new_one_begun(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sandbox.json"
    path.write_text(content)
    with started(path) as (sandbox, slack):
        slack.chat_postMessage(channel=GENERAL, text="new")
    assert path.with_suffix(".unreadable").read_text() == content
    with started(path) as (sandbox, _):
        assert [m["text"] for m in sandbox.messages(GENERAL)] == ["new"]


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    path.with_suffix(".draft").write_text("of a crash")
    path.with_suffix(".draft").chmod(0o644)
    with started(path) as (_, slack):
        slack.chat_postMessage(channel=GENERAL, text="mine")
    assert path.stat().st_mode & 0o777 == 0o600
