"""The web process and a local Slack, both inside the test's own process, without a worker: requests that no honest
Slack would send can be signed and sent, and what came of them be looked at."""

from __future__ import annotations

import copy
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from bot.bootstrap import build_engine, build_web
from bot.gate import sign
from bot.settings import Settings
from engine import commands
from engine.advance import Engine
from engine.commands import Started
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from store import reading
from tests.support.sandbox_client import ADA, GENERAL, Json, SandboxClient
from tests.support.served import address_of, reserved, served
from tests.support.stack import wait_until

TEAM = "T0001"
TOKEN, SECRET = "xoxb-test-token", "8f742231b10e8888abcd99yyyzzz85a5"
FORM = "application/x-www-form-urlencoded"


class WebSide:
    """`slack` drives the local Slack, `engine` does what workers do, `post` sends anything at all."""

    def __init__(self, web_url: str, slack: SandboxClient, engine: Engine, settings: Settings) -> None:
        self.web_url = web_url
        self.slack = slack
        self.engine = engine
        self.settings = settings
        self.workflows = settings.workflows
        self.web = ExitStack()
        """Closing it ends the web process as a signal does."""
        self._http = httpx.Client(timeout=10, trust_env=False, verify=False)

    # What Slack would send, or somebody who has its secret

    def post(self, body: bytes, content_type: str = FORM) -> httpx.Response:
        timestamp = str(int(time.time()))
        headers = {
            "content-type": content_type,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": sign(SECRET, timestamp, body),
        }
        return self._http.post(f"{self.web_url}/slack/events", content=body, headers=headers)

    def send_payload(self, payload: Mapping[str, Any]) -> httpx.Response:
        return self.post(urlencode({"payload": json.dumps(payload)}).encode())

    def send_command(self, text: str, user: str = ADA, **fields: str) -> httpx.Response:
        given = {
            "command": "/workflow",
            "text": text,
            "user_id": user,
            "team_id": TEAM,
            "channel_id": GENERAL,
            "trigger_id": trigger(),
            **fields,
        }
        return self.post(urlencode(given).encode())

    def send_click(self, by: str, action: Mapping[str, Any], **changes: Any) -> httpx.Response:
        """A click on a message in #general, with `changes` of the payload."""
        return self.send_payload(click(by, action) | changes)

    def send_submission(self, by: str, view: Json, values: Json, **changes: Any) -> httpx.Response:
        """The submission of an open view with these values by block and action."""
        sent = copy.deepcopy(view) | {"state": {"values": values}}
        payload = envelope("view_submission", by) | {"view": sent, "response_urls": []}
        return self.send_payload(payload | changes)

    # What came of it

    def told(self, user: str, text: str, channel: str = GENERAL) -> str:
        """Wait for a line with these words that this person alone sees."""
        found: str = wait_until(
            lambda: next(
                (
                    message["text"]
                    for message in self.slack.messages(channel, viewer=user)
                    if message["ephemeral_for"] == user and text in message["text"]
                ),
                None,
            ),
            5,
            lambda: str([message["text"] for message in self.slack.messages(channel, viewer=user)]),
        )
        return found

    def runs(self, team: str = TEAM) -> list[str]:
        """The ids of all runs, newest first."""
        with self.engine.database.read() as c:
            return [run.id for run in reading.list_runs(c, team, limit=1000).runs]

    def start(
        self, name: str, by: str = ADA, *, team: str = TEAM, channel: str | None = None, **values: Any
    ) -> Started:
        """Start a run, by default one that is shown nowhere."""
        return commands.start_run(self.engine, Principal(team, by), name, values, channel_id=channel)

    def picture(self, started: Started) -> RunPicture:
        with self.engine.database.read() as c:
            picture = reading.run_picture(c, started.run_id)
        assert picture is not None
        return picture

    def close(self) -> None:
        self.web.close()
        self._http.close()
        self.engine.database.dispose()


def trigger() -> str:
    return f"{secrets.randbelow(10**13):013d}.{secrets.randbelow(10**12):012d}.{secrets.token_hex(16)}"


def envelope(kind: str, user: str) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": "sandbox"},
        "user": {"id": user, "username": "someone", "name": "someone", "team_id": TEAM},
        "api_app_id": "A0APP",
        "trigger_id": trigger(),
    }


def click(user: str, action: Mapping[str, Any]) -> Json:
    where = {"type": "message", "message_ts": "1.1", "channel_id": GENERAL, "is_ephemeral": False}
    return envelope("block_actions", user) | {
        "container": where,
        "channel": {"id": GENERAL, "name": "general"},
        "actions": [{"type": "button", "block_id": "b", "action_ts": "1.1", **action}],
    }


def said(response: httpx.Response) -> str:
    """The words in our answer to a command or a submission, without their formatting."""
    assert response.status_code == 200, response.text
    return " ".join(_texts(response.json() if response.text else {}))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("text", "errors") or not isinstance(each, str):
                yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def errors(response: httpx.Response) -> dict[str, str]:
    """What our answer to a submission says at the fields, by parameter."""
    answer = response.json()
    assert answer["response_action"] == "errors", answer
    return {block.split(":")[1]: sentence for block, sentence in answer["errors"].items()}


@contextmanager
def web_side(home: Path, workflows: Path, database_file: Path) -> Iterator[WebSide]:
    """`workflows` and `database_file` are copied: a test may change them."""
    shutil.copytree(workflows, home / "workflows")
    shutil.copy(database_file, home / "handrail.db")
    web_socket, slack_socket = reserved(), reserved()
    web_url, slack_url = address_of(web_socket), address_of(slack_socket)
    settings = Settings.model_validate(
        {
            "slack_bot_token": TOKEN,
            "slack_signing_secret": SECRET,
            "slack_api_url": f"{slack_url}/api/",
            "handrail_home": home,
            "handrail_workflows": home / "workflows",
            "handrail_public_url": web_url,
            "handrail_admins": "U0ADMIN",
        }
    )
    config = SandboxConfig(
        f"{web_url}/slack/events", TOKEN, SECRET, slack_url, app_name="Handrail", command="/workflow"
    )
    engine = build_engine(settings, 5.0)
    with served(lambda _: create_app(config), slack_socket), SandboxClient(slack_url) as slack:
        slack.limits("off")
        side = WebSide(web_url, slack, engine, settings)
        side.web.enter_context(served(lambda _: build_web(settings), web_socket))
        try:
            yield side
        finally:
            side.close()


@contextmanager
def second_web(side: WebSide) -> Iterator[str]:
    """Another web process on the same database; its address."""
    with served(lambda _: build_web(side.settings)) as url:
        yield url
