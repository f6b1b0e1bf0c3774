"""Handrail whole: `handrail sandbox` in processes of its own, on free ports, with a home of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.databases import PostgresServer
from tests.support.sandbox_client import GENERAL, SandboxClient

START_SECONDS = 60.0
STOP_SECONDS = 30.0
Found = TypeVar("Found")


class Stack:
    """One running Handrail. `slack` drives its local Slack; `output` is all that it has printed."""

    words: tuple[str, ...] = ("sandbox",)

    def __init__(self, home: Path, workflows: Path, database_url: str = "", **environment: str) -> None:
        self.home = home
        self.web_port, slack_port = _free_port(), _free_port()
        self.web_url = f"http://127.0.0.1:{self.web_port}"
        self.slack_url = f"http://127.0.0.1:{slack_port}"
        self.output: list[str] = []
        self.database_url = database_url or f"sqlite:///{home / 'handrail.db'}"
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SLACK_", "HANDRAIL_"))
            },
            "HANDRAIL_HOME": str(home),
            "HANDRAIL_WORKFLOWS": str(workflows),
            "HANDRAIL_LOG": "info",
            "DATABASE_URL": database_url,
            "HOST": "127.0.0.1",
            "PORT": str(self.web_port),
            "SANDBOX_PORT": str(slack_port),
            "SANDBOX_TLS_PORT": "0",
            **environment,
        }
        self.slack = SandboxClient(self.slack_url)
        self.start()

    def start(self) -> None:
        """Start everything; again, after a stop, with all that it knew."""
        self._first_line = len(self.output)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", *self.words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: self._is_up(), START_SECONDS, lambda: "".join(self.output[-60:]))

    def stop(self) -> int:
        """Press Ctrl-C; the exit code. Everything has ended afterwards."""
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(STOP_SECONDS)
        self._reader.join(STOP_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def said(self, pattern: str) -> list[str]:
        """What of its output so far fits a regular expression: its group, in the order of the lines."""
        return re.findall(pattern, "".join(self.output))

    def wait_until_said(self, pattern: str, times: int = 1, seconds: float = 60.0) -> None:
        wait_until(lambda: len(self.said(pattern)) >= times, seconds, lambda: "".join(self.output[-60:]))

    def worker_pids(self) -> list[int]:
        """The processes of the workers that have started, in their order."""
        return [int(pid) for pid in self.said(r"worker \| .* worker_started name=\S*?-(\d+)-\w+ ")]

    def web_pids(self) -> list[int]:
        """The same of web processes."""
        return [int(pid) for pid in self.said(r"web +\| .* Started server process \[(\d+)\]")]

    def start_run(self, user: str, name: str, channel: str = GENERAL, **values: Any) -> dict[str, Any]:
        """Run a workflow by its form; the root message of the run."""
        before = {message["ts"] for message in self.slack.messages(channel)}
        self.slack.command(user, f"/workflow run {name}", channel)
        form = self.slack.wait_for_view(user, callback_id="start_form")
        answer = self.slack.submit(user, form, fill(form, values))
        assert answer["ok"], answer
        return wait_until(
            lambda: next(
                (m for m in self.slack.messages(channel) if m["ts"] not in before and is_root(m)), None
            )
        )

    def root(self, root: dict[str, Any]) -> dict[str, Any]:
        """The root message as it is now."""
        return next(m for m in self.slack.messages(root["channel"]) if m["ts"] == root["ts"])

    def wait_for_status(self, root: dict[str, Any], status: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the run's root message says this status."""
        return wait_until(
            lambda: (now := self.root(root)) and (now if f"is {status}" in now["text"] else None),
            seconds,
            lambda: f"{self.root(root)['text']}\n{''.join(self.output[-40:])}",
        )

    def replies(self, root: dict[str, Any]) -> list[dict[str, Any]]:
        """What stands in a message's thread, below it."""
        return self.slack.messages(root["channel"], thread=root["ts"])[1:]

    def wait_in_thread(self, root: dict[str, Any], text: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait for a message in the run's thread whose text has these words."""
        return wait_until(
            lambda: next((reply for reply in self.replies(root) if text in reply["text"]), None),
            seconds,
            lambda: str([reply["text"] for reply in self.replies(root)]),
        )

    def _is_up(self) -> bool:
        assert self._process.poll() is None, "".join(self.output)
        return any(line.startswith("Open http") for line in self.output[self._first_line :])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)


@contextmanager
def running_stack(
    request: pytest.FixtureRequest, home: Path, workflows: Path, **environment: str
) -> Iterator[Stack]:
    """A stack on the database that the fixture's parameter names: "sqlite" or "postgres"."""
    url = ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create()
    stack = Stack(home, workflows, url, **environment)
    stack.slack.limits("off")  # tests of limits turn them on
    yield stack
    code = stack.stop()
    stack.slack.shut()
    assert code == 0, "".join(stack.output[-40:])


def is_root(message: dict[str, Any]) -> bool:
    return "It was started by" in message["text"] and message.get("thread_ts") in (None, message["ts"])


def fill(form: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Values by block id, given by parameter name."""
    blocks = {block["block_id"].split(":")[1]: block["block_id"] for block in inputs(form)}
    return {blocks[name]: value for name, value in values.items()}


def inputs(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in form["blocks"] if block["type"] == "input"]


def wait_until(
    look: Callable[[], Found | None], seconds: float = 20.0, last: Callable[[], str] = lambda: ""
) -> Found:
    """Look until there is something; an AssertionError with the last state when the time is up."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s. {last()}"
        time.sleep(0.05)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
