"""`handrail sandbox` for any app: started as a process, on a free port, from any folder."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient

from tests.e2e.test_command_line import WORKFLOWS
from tests.sandbox.fake_app import FakeApp
from tests.support.sandbox_client import ADA, GENERAL, SandboxClient
from tests.support.served import served
from tests.support.stack import Stack, wait_until

MANIFEST = """
display_information: {name: The Weather}
features:
  bot_user: {display_name: weather}
  slash_commands: [{command: /weather, description: Tell, usage_hint: "[city]"}]
oauth_config:
  redirect_urls: ["http://localhost:3000/back"]
  scopes: {bot: [commands, "chat:write"]}
settings: {socket_mode_enabled: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that has nothing to do with this repository."""
    (tmp_path / "manifest.yml").write_text(MANIFEST)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    ours = ("SLACK_", "HANDRAIL_", "SANDBOX_", "PORT", "HOST")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    root = str(Path(__file__).parents[2])
    return {**kept, "HANDRAIL_HOME": str(folder / "home"), "PYTHONPATH": root}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "bot.cli", "sandbox", *words]


class Running:
    """What a started sandbox has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(lambda: "SLACK_APP_TOKEN" in self.output, 30, lambda: self.output)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def exports(self) -> dict[str, str]:
        return dict(re.findall(r"export (\w+)=(\S+)", self.output))

    @property
    def base(self) -> str:
        return self.exports["SLACK_API_URL"].removesuffix("/api/")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self._reader.join(5)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(iter(output.readline, ""))


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Running]:
    process = subprocess.Popen(
        command("--manifest", "manifest.yml", "--port", "0", *words),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Running(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)


def refused(folder: Path, *words: str) -> str:
    """What it says when it does not start, to the error stream, with exit code 2."""
    ran = subprocess.run(
        command(*words),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, ""), ran
    assert "Traceback" not in ran.stderr
    return ran.stderr


def test_an_app_of_ones_own_is_served_with_what_it_needs_to_start(folder: Path) -> None:
    with running(folder) as sandbox:
        assert "The Weather is installed; it is heard over Socket Mode" in sandbox.output
        assert set(sandbox.exports) == {
            *("SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"),
            *("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"),
        }
        assert httpx.get(sandbox.base + "/", trust_env=False).status_code == 200
        client = WebClient(sandbox.exports["SLACK_BOT_TOKEN"], base_url=sandbox.exports["SLACK_API_URL"])
        who = client.auth_test()
        assert (who["user"], who.headers["x-oauth-scopes"]) == ("weather", "chat:write,commands")
        opened = client.apps_connections_open(app_token=sandbox.exports["SLACK_APP_TOKEN"])
        assert str(opened["url"]).startswith("ws://")
        assert sandbox.stop() == 0


def test_its_tokens_and_messages_are_there_again_and_only_its_owner_can_read_them(folder: Path) -> None:
    with running(folder) as first:
        with SandboxClient(first.base) as slack:
            slack.post(ADA, "Still here?")
        assert first.stop() == 0
    with running(folder) as second:
        secrets = {name: value for name, value in second.exports.items() if name != "SLACK_API_URL"}
        assert secrets == {name: value for name, value in first.exports.items() if name != "SLACK_API_URL"}
        with SandboxClient(second.base) as slack:
            assert [message["text"] for message in slack.messages(GENERAL)] == ["Still here?"]
    kept = folder / "home" / "sandbox-credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_what_is_not_to_be_kept_is_new_each_time(folder: Path) -> None:
    with running(folder, "--no-keep") as first, running(folder, "--no-keep") as second:
        assert first.exports["SLACK_BOT_TOKEN"] != second.exports["SLACK_BOT_TOKEN"]
    assert not list((folder / "home").glob("sandbox-*"))


def test_one_address_takes_all_requests_of_the_app(folder: Path) -> None:
    fake = FakeApp()
    fake.answer("command", "Rain, as ever.")
    with served(lambda url: fake.application()) as app_url:
        address = f"{app_url}/slack/events"
        with (
            running(folder, "--app", address, "--limits", "strict") as sandbox,
            SandboxClient(sandbox.base) as slack,
        ):
            assert f"requests go to {address}." in sandbox.output
            slack.command(ADA, "/weather Oslo")
            assert fake.last("command")["text"] == "Oslo"
            slack.wait_for_message("Rain, as ever.", viewer=ADA)


def test_mistakes_in_a_manifest_are_told_line_by_line_and_nothing_starts(folder: Path) -> None:
    (folder / "wrong.yml").write_text(MANIFEST.replace("/weather", "weather") + "surprise: 1\n")
    assert refused(folder, "--manifest", "wrong.yml").splitlines() == [
        "wrong.yml: /features/slash_commands/0/command: must start with a slash, be all lower-case, "
        "and have no spaces",
        "wrong.yml: /surprise: invalid additional property: surprise",
        "2 mistakes in the manifest; nothing was started.",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--manifest", "nowhere.yml"), "nowhere.yml cannot be read: No such file or directory."),
        (("--manifest", "home"), "home cannot be read:"),
        (("--app", "http://localhost:3000/"), "--app needs the app's manifest"),
        (("--manifest", "manifest.yml", "--app", "localhost:3000"), "write the whole address"),
        (("--manifest", "manifest.yml", "--socket-mode"), "--socket-mode is for Handrail"),
        (("--manifest", "manifest.yml", "--limits", "loose"), "--limits"),
    ],
)
def test_a_wrong_start_is_told_in_a_sentence(folder: Path, words: tuple[str, ...], sentence: str) -> None:
    (folder / "home").mkdir()
    assert sentence in refused(folder, *words)


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "blocked").write_text("a file is in the way")
    ran = subprocess.run(
        command("--manifest", "manifest.yml", "--port", "0"),
        cwd=folder,
        env=environment(folder) | {"HANDRAIL_HOME": str(folder / "blocked" / "home")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.endswith("Set HANDRAIL_HOME to a folder of yours, or keep nothing with --no-keep.\n")
    assert "Traceback" not in ran.stderr


def test_two_sandboxes_do_not_write_over_each_others_history(folder: Path) -> None:
    with running(folder):
        ran = subprocess.run(
            command("--manifest", "manifest.yml", "--port", "0"),
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "Another sandbox keeps its workspace in" in ran.stderr
        with running(folder, "--no-keep") as beside:
            assert "is installed" in beside.output


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with running(folder) as sandbox:
        port = sandbox.base.rpartition(":")[2]
        ran = subprocess.run(
            command("--manifest", "manifest.yml", "--port", port),
            cwd=folder,
            env=environment(folder),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (ran.returncode, f"The port {port} of 127.0.0.1 is taken." in ran.stderr) == (1, True), ran


class OverSocketMode(Stack):
    words = ("sandbox", "--socket-mode", "--no-keep")


def test_handrail_itself_works_over_socket_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    stack = OverSocketMode(home, WORKFLOWS)
    try:
        stack.slack.command(ADA, "/workflow help")
        stack.slack.wait_for_message("/workflow run", viewer=ADA)
        commands = [row for row in stack.slack.deliveries() if row["kind"] == "command"]
        assert [row["transport"] for row in commands] == ["socket_mode"]
    finally:
        stack.stop()
        stack.slack.shut()
