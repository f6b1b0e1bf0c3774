"""The local Slack alone, for any Slack app: `handrail sandbox --manifest FILE`."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.hardening import forbid_dumps
from engine.core.errors import Problem

if TYPE_CHECKING:
    from bot.settings import Settings
    from sandbox.config import SandboxConfig
    from sandbox.manifest import Manifest

CREDENTIALS_FILE = "sandbox-credentials.json"
_ELSEWHERE = "Set HANDRAIL_HOME to a folder of yours, or keep nothing with --no-keep."


class WrongStart(Exception):
    """The command line, or the manifest it names, has mistakes: a line for each."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says. `app_url` takes the place of all addresses in the manifest; without `port` it is
    the settings', or any free one."""

    manifest: Path
    app_url: str | None = None
    port: int | None = None
    keeps: bool = True


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an app proves itself with here. They open nothing but this sandbox."""

    bot_token: str
    app_token: str
    config_token: str
    signing_secret: str
    client_id: str
    client_secret: str


def run_app_sandbox(settings: Settings, wanted: Wanted) -> None:
    """Serve until Ctrl-C. Raises WrongStart, and Problem when the port is taken."""
    import uvicorn

    from bot.bootstrap import say
    from sandbox.app import create_app

    forbid_dumps()
    manifest = read_app(wanted.manifest, wanted.app_url)
    with ExitStack() as held:
        listener = held.enter_context(_listen(settings.host, wanted.port, settings.sandbox_port))
        address = f"http://{settings.host}:{listener.getsockname()[1]}"
        config = sandbox_config(settings, wanted, manifest, address)
        if config.state_file is not None:
            held.enter_context(_alone(config.state_file))
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(config),
                ws="websockets-sansio",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,
            )
        )
        say(greeting(config))
        with suppress(KeyboardInterrupt):  # uvicorn has ended in good order, and passes it on
            server.run(sockets=[listener])


def read_app(path: Path, app_url: str | None) -> Manifest:
    """The app in a manifest file. Raises WrongStart."""
    from sandbox.manifest_file import ManifestError, read_manifest

    if app_url is not None and not _is_address(app_url):
        raise WrongStart(
            f"--app {app_url}: write the whole address, such as http://localhost:3000/slack/events."
        )
    try:
        return read_manifest(path.read_text(encoding="utf-8"), app_url)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise WrongStart(f"{path} cannot be read: {reason}.") from error
    except ManifestError as error:
        told = [f"{path}: {each.pointer or '/'}: {each.text}" for each in error.problems]
        count = "1 mistake" if len(told) == 1 else f"{len(told)} mistakes"
        raise WrongStart(*told, f"{count} in the manifest; nothing was started.") from error


def load_credentials(home: Path) -> Credentials:
    """Those of last time, or new ones; kept in a file that only its owner can read. Raises Problem."""
    path = home / CREDENTIALS_FILE
    if path.exists():
        try:
            return Credentials(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise Problem(f"{path} cannot be read. Remove it, and there will be a new one.") from error
    made = new_credentials()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}. {_ELSEWHERE}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(made), file, indent=2)
    return made


def greeting(config: SandboxConfig) -> str:
    """What is printed at the start: where the page is, and what the app needs to know."""
    manifest = config.first_manifest()
    exports = {
        "SLACK_API_URL": f"{config.public_url}/api/",
        "SLACK_BOT_TOKEN": config.bot_token,
        "SLACK_SIGNING_SECRET": config.signing_secret,
        "SLACK_APP_TOKEN": config.app_token,
    }
    if manifest.redirect_urls:
        exports |= {"SLACK_CLIENT_ID": config.client_id, "SLACK_CLIENT_SECRET": config.client_secret}
    return "\n".join(
        (
            f"Open {config.public_url}/ in your browser. Ctrl-C ends it.",
            f"{manifest.name} is installed; {_way(manifest)}",
            "Start the app with these, and give its client the address of the API (base_url, slackApiUrl):",
            *(f"  export {name}={value}" for name, value in exports.items()),
        )
    )


def _way(manifest: Manifest) -> str:
    if manifest.socket_mode:
        return "it is heard over Socket Mode, once it has connected."
    named = (*(command.url for command in manifest.commands), manifest.events_url, manifest.actions_url)
    urls = list(dict.fromkeys(url for url in named if url is not None))
    return f"requests go to {', '.join(urls)}." if urls else "it takes no requests."


def sandbox_config(settings: Settings, wanted: Wanted, manifest: Manifest, public_url: str) -> SandboxConfig:
    from sandbox.config import SandboxConfig

    name = re.sub(r"[^a-z0-9]+", "-", manifest.name.lower()).strip("-") or "app"
    home = _home(settings) if wanted.keeps else None
    return SandboxConfig(
        app_url=wanted.app_url,
        public_url=public_url,
        state_file=home / f"sandbox-{name}.json" if home is not None else None,
        limits=settings.sandbox_limits,
        manifest=manifest,
        **asdict(load_credentials(home) if home is not None else new_credentials()),
    )


def _home(settings: Settings) -> Path:
    try:
        return settings.home
    except OSError as error:
        sentence = f"The folder {settings.handrail_home} cannot be made: {error.strerror}."
        raise Problem(f"{sentence} {_ELSEWHERE}") from error


def new_credentials() -> Credentials:
    from sandbox.access import new_app_token, new_bot_token, new_client_id, new_config_token

    return Credentials(
        bot_token=new_bot_token(),
        app_token=new_app_token(),
        config_token=new_config_token(),
        signing_secret=secrets.token_hex(16),
        client_id=new_client_id(),
        client_secret=secrets.token_hex(16),
    )


@contextmanager
def _alone(state_file: Path) -> Iterator[None]:
    """Two sandboxes would write over each other's history. Raises Problem."""
    with state_file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Problem(
                f"Another sandbox keeps its workspace in {state_file}. End it, or start this one with --no-keep."
            ) from error
        yield


def _listen(host: str, port: int | None, usual: int) -> socket.socket:
    """Hold the very port that was asked for; without one the usual port, or any. Raises Problem."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (usual, 0) if port is None else (port,):
        try:
            return socket.create_server((host, candidate), family=family)
        except OSError:
            continue
    if port is None:
        raise Problem(
            f"Nothing can listen on {host}. Set HOST to an address of this machine, like 127.0.0.1."
        )
    raise Problem(f"The port {port} of {host} is taken. Choose another --port, or 0 for any.")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
