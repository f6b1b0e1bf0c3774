"""Everything on one machine: which processes, on which ports, with which environment."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from bot.processes import ProcessGroup
from bot.settings import Settings
from engine.core.errors import Problem
from engine.embedded_redis import embedded_redis, wait_until_answering
from engine.secrets import is_secret_variable

START_SECONDS = 30.0
REDIS_SECONDS = 10.0
DEFAULT_ADMIN = "U0ADA"
"""Ada, of the sandbox."""
SLACK_SECRETS = frozenset(
    {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_CLIENT_SECRET"}
)


@dataclass(frozen=True, slots=True)
class Addresses:
    web: str
    slack: str | None = None


def free_port(host: str, wanted: int) -> int:
    """The wanted port, else any free one. Raises Problem when the host is no address of this machine."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Problem(f"Nothing can listen on {host}. Set HOST to an address of this machine, like 127.0.0.1.")


def start_redis(group: ProcessGroup, settings: Settings) -> dict[str, str]:
    """Keep a Redis of our own running, unless REDIS_URL names one; what the other processes need to find it."""
    if given := settings.redis_url.get_secret_value():
        return {"REDIS_URL": given}
    server = embedded_redis(settings.home)
    group.start("redis", server.argv, env=without_secrets(os.environ), is_quiet=True, stops_last=True)
    wait_until_answering(server.url, REDIS_SECONDS)
    return {"REDIS_URL": server.url}


def start_handrail(group: ProcessGroup, environment: Mapping[str, str]) -> None:
    """The web process and one worker. Each reads all it needs from its environment."""
    group.start("web", handrail("web"), env=without_secrets(environment))
    group.start("worker", handrail("worker"), env=without_slack(environment))


def handrail(command: str) -> list[str]:
    """This very installation's command line, whatever the PATH says."""
    return [sys.executable, "-m", "bot.cli", command]


def environment_of(settings: Settings, **more: str) -> dict[str, str]:
    """What a child process is given: our environment, and what was decided here."""
    decided = {
        "HANDRAIL_HOME": str(settings.home),
        "HANDRAIL_WORKFLOWS": str(settings.workflows),
        "HOST": settings.host,
        "PYTHONUNBUFFERED": "1",
    }
    return {**os.environ, **decided, **more}


def without_slack(environment: Mapping[str, str]) -> dict[str, str]:
    """What a worker is given: who does not know Slack's tokens cannot lose them."""
    return {name: value for name, value in environment.items() if name not in SLACK_SECRETS}


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What all others are given: of the secrets of workflows they need nothing."""
    return {name: value for name, value in environment.items() if not is_secret_variable(name)}


def sandbox_credentials(settings: Settings, *, socket_mode: bool = False) -> dict[str, str]:
    """As set, else new ones for this start: they open nothing but this sandbox."""
    app_token = settings.slack_app_token.get_secret_value() or f"xapp-1-sandbox-{secrets.token_hex(12)}"
    return {
        **({"SLACK_APP_TOKEN": app_token} if socket_mode else {}),
        "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value()
        or f"xoxb-sandbox-{secrets.token_hex(12)}",
        "SLACK_SIGNING_SECRET": settings.slack_signing_secret.get_secret_value() or secrets.token_hex(16),
        "HANDRAIL_ADMINS": settings.handrail_admins or DEFAULT_ADMIN,
    }


def wait_until_up(*urls: str) -> None:
    """Return once each address answers with 200. Raises Problem, with the last answer, when the time is up."""
    deadline = time.monotonic() + START_SECONDS
    for url in urls:
        last = "no answer"
        while True:
            try:
                answer = httpx.get(url, timeout=2.0, trust_env=False)
                if answer.status_code == 200:
                    break
                last = answer.text[:500]
            except httpx.HTTPError as error:
                last = str(error)
            if time.monotonic() > deadline:
                raise Problem(
                    f"Handrail did not start within {START_SECONDS:.0f} seconds: {url} said: {last}"
                )
            time.sleep(0.05)
