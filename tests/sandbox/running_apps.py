"""Runs the scripts in `apps/` as their authors would, each in a process of its own, against a sandbox with the
manifest beside it installed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sandbox.access import new_app_token, new_bot_token
from sandbox.app import create_app
from sandbox.client import SandboxClient
from sandbox.config import SandboxConfig
from sandbox.manifest_file import read_manifest
from sandbox.serving import free_listener, serving
from tests.sandbox.fake_app import SECRET

APPS = Path(__file__).parent / "apps"
PATIENCE = 20.0
T = TypeVar("T")

# How an app is written, and how Slack reaches it.
WAYS = [(style, transport) for style in ("sync", "async") for transport in ("http", "socket_mode")]
WAY_NAMES = [f"{style}-{transport}" for style, transport in WAYS]


def eventually(look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first thing `look` gives that is not empty or False."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing within {seconds:g} seconds"
        time.sleep(0.02)
    return found


@dataclass
class AppProcess:
    """One script at work. `environment` is all it is told."""

    script: Path
    folder: Path
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def _log(self) -> Path:
        return self.folder / "app.log"

    def start(self) -> None:
        bare = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(self.script)],
                cwd=self.folder,
                env={**bare, **self.environment, "PYTHONUNBUFFERED": "1", "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        def look() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, f"{self.script.name} ended:\n{self.log}"
            return is_ready()

        eventually(look)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class RunningApp:
    """A sandbox, the app that is installed in it, and the address of its own server ('' with Socket Mode)."""

    sandbox: SandboxClient
    process: AppProcess
    address: str

    def start(self) -> None:
        """Begin to work, the first time or again."""
        self.process.start()
        self.process.wait_until(lambda: _is_there(self.sandbox, self.address))

    def check(self) -> None:
        """The app met no error, and Slack nothing to complain about."""
        assert "Traceback" not in self.process.log, self.process.log
        assert self.sandbox.violations("error") == []

    def ephemeral(self, contains: str, viewer: str, channel: str) -> dict[str, Any]:
        """What only one person is shown."""
        return self.sandbox.wait_for_message(contains, channel=channel, viewer=viewer)


@contextmanager
def running_app(name: str, style: str, transport: str, folder: Path) -> Iterator[RunningApp]:
    """`name` is that of a file in `apps/`, without its ending."""
    script = APPS / (f"{name}.py" if style == "sync" else f"{name}_async.py")
    address = free_address() if transport == "http" else ""
    manifest = (APPS / f"{name}.yml").read_text(encoding="utf-8")
    manifest = manifest.replace("REDIRECT_URL", f"{address}/slack/oauth_redirect")
    listener, base_url = free_listener()
    config = SandboxConfig(
        app_url=None,
        bot_token=new_bot_token(),
        app_token=new_app_token(),
        signing_secret=SECRET,
        public_url=base_url,
        limits="real",
        manifest=read_manifest(manifest, f"{address}/slack/events" if address else None),
    )
    process = AppProcess(script, folder, _environment(config, address))
    with listener, serving(create_app(config), listener), SandboxClient(base_url) as sandbox:
        running = RunningApp(sandbox, process, address)
        try:
            running.start()
            if address:
                _check_addresses(sandbox, address)
            yield running
        finally:
            process.stop()


def free_address() -> str:
    """A port that was free a moment ago: an app binds its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _environment(config: SandboxConfig, address: str) -> dict[str, str]:
    told = {
        "SLACK_API_URL": config.public_url + "/api/",
        "SLACK_SIGNING_SECRET": config.signing_secret,
    }
    if config.manifest is not None and config.manifest.redirect_urls:
        told["SLACK_CLIENT_ID"] = config.client_id
        told["SLACK_CLIENT_SECRET"] = config.client_secret
        told["SLACK_AUTHORIZATION_URL"] = config.public_url + "/oauth/v2/authorize"
    else:
        told["SLACK_BOT_TOKEN"] = config.bot_token
    return told | ({"PORT": address.rpartition(":")[2]} if address else {"SLACK_APP_TOKEN": config.app_token})


def _check_addresses(sandbox: SandboxClient, address: str) -> None:
    """Let Slack ask the app's addresses to prove themselves, as it does when they are entered."""
    checks = sandbox.install(app_url=f"{address}/slack/events")["checks"]
    assert [check for check in checks if not check["ok"]] == []


def _is_there(sandbox: SandboxClient, address: str) -> bool:
    if not address:
        return bool(sandbox.socket_mode()["connections"])
    host, _, port = address.removeprefix("http://").partition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False
