"""Whatever is sent in whatever argument of whatever method, the app gets Slack's JSON and never a stack trace."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sandbox import pinning
from sandbox.api import endpoint
from sandbox.api.arguments import Arguments
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.context import Sandbox
from sandbox.message_store import Message
from sandbox.messaging import Content, app_payload, person_payload
from sandbox.normalise import complete_view
from sandbox.types import Json
from tests.sandbox.calling import EVERY_SCOPE
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, RELEASES

METHODS = sorted(endpoint.METHODS)
SCOPES = tuple(sorted({*EVERY_SCOPE, "users:read.email", "chat:write.public", "chat:write.customize"}))

BOT = "U0BOT"
MODAL: Json = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Title"},
    "blocks": [{"type": "divider"}],
}

DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP]

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1e308,
    10**40,
    "",
    " ",
    "\0",
    "x" * 50_000,
    "<script>alert(1)</script>",
    "١٢٣",
    "²",
    "9" * 5_000,
    "1e999999999",
    "NaN",
    "-Infinity",
    "[",
    "{}",
    "[]",
    "null",
    '"text"',
    "[" * 2_000,
    '{"type": []}',
    '[{"type": {}}]',
    [],
    [None],
    [[]],
    [{}],
    ["\0"],
    [1, "two", None, {"three": []}],
    {},
    {"": None},
    {"type": "modal", "title": [], "blocks": {"a": None}},
    {"id": {"id": []}},
    DEEP,
]


# They look at nothing, or nothing before the kind of token is right.
WITHOUT_ARGUMENTS = (
    "apps.connections.open",
    "apps.manifest.export",
    "apps.manifest.validate",
    "auth.test",
    "files.upload",
    "openid.connect.userInfo",
    "users.identity",
)


class Recording(dict[str, Any]):
    """Arguments that remember which of them were asked for."""

    def __init__(self, given: Mapping[str, Any], asked: set[str]) -> None:
        super().__init__(given)
        self.asked = asked

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all arguments that methods have looked at."""
    names: set[str] = set()
    monkeypatch.setattr(endpoint, "Arguments", lambda given: Arguments(Recording(given, names)))
    return names


class Target:
    """One method of a sandbox that is as on the first day before every call."""

    def __init__(self, sandbox: Sandbox, client: httpx.AsyncClient, method: str) -> None:
        self._sandbox = sandbox
        self._client = client
        self._method = method

    def sane(self) -> Json:
        """The first day, with a few things in it; and arguments that the method could do something with."""
        self._sandbox.reset()
        workspace, now = self._sandbox.workspace, self._sandbox.clock.now()
        message = Message(person_payload(workspace, BOB, "hello"))
        own = Message(app_payload(workspace, Content(text="mine")))
        for one in (message, own):
            workspace.history.add(GENERAL, one)
        workspace.boards.bookmarks_of(GENERAL)["Bk1"] = {"id": "Bk1"}
        workspace.put_channel(replace(workspace.channels[RELEASES], creator=BOT, is_archived=False))
        workspace.change_channel(OPS, archived=self._method == "conversations.unarchive")
        direct = workspace.direct_message(ADA)[0].id
        texts = {
            "text": "hello",
            "name": "eyes",
            "title": "Title",
            "topic": "x",
            "purpose": "x",
            "value": "x",
        }
        places = {"channel": GENERAL, "channel_id": GENERAL, "user": ADA, "user_id": ADA, "users": ADA}
        times = dict.fromkeys(("ts", "timestamp", "message_ts", "thread_ts"), message.ts)
        others = {
            "usergroup": "S0ONCALL",
            "email": "ada@sandbox.example",
            "type": "link",
            "link": "https://docs.example",
            "bookmark_id": "Bk1",
            "filename": "a.txt",
            "length": 3,
            "files": [{"id": "F1"}],
            "post_at": int(now) + 600,
            "trigger_id": self._sandbox.triggers.issue(ADA),
            "blocks": [{"type": "divider"}],
            "view": MODAL,
            "presence": "away",
            "profile": {"title": "x"},
            "status": "is thinking",
            "prompts": [{"title": "x", "message": "y"}],
            "unfurls": {"https://docs.example": {"text": "x"}},
            "recipient_team_id": "T0001",
            "recipient_user_id": ADA,
            "client_id": self._sandbox.config.client_id,
            "client_secret": self._sandbox.config.client_secret,
        }
        return texts | places | times | others | self._particular(own.ts, direct)

    def _particular(self, own_ts: str, direct: str) -> Json:
        """What this method needs to go through."""
        if self._method in ("chat.update", "chat.delete"):
            return {"ts": own_ts}
        if self._method == "views.publish":
            return {"view": {"type": "home", "blocks": [{"type": "divider"}]}}
        if self._method == "views.update":
            return {"view_id": self._sandbox.workspace.views.open(ADA, complete_view(MODAL))["id"]}
        arguments: dict[str, Json] = {
            "conversations.archive": {"channel": OPS},
            "conversations.unarchive": {"channel": OPS},
            "conversations.rename": {"channel": RELEASES},
            "conversations.leave": {"channel": OPS},
            "conversations.kick": {"channel": OPS, "user": BOB},
            "conversations.invite": {"channel": OPS, "users": GUS},
            "conversations.open": {"channel": None},
            "conversations.close": {"channel": direct},
            "pins.remove": {"timestamp": self._pinned(own_ts)},
        }
        return arguments.get(self._method, {})

    def _pinned(self, ts: str) -> str:
        message = self._sandbox.workspace.history.get(GENERAL, ts)
        assert message is not None
        pinning.pin(self._sandbox.workspace, ADA, GENERAL, message)
        return ts

    async def try_it(self, arguments: Json, odd: str = "") -> None:
        """Send one call as JSON, and look at the answer; `odd` is for the message when it is a wrong one."""
        headers = self._authorised() | {"Content-Type": "application/json; charset=utf-8"}
        body = json.dumps(arguments)
        answer = await self._client.post(f"/api/{self._method}", content=body, headers=headers)
        self._check(answer, odd or body[:300])

    async def try_form(self, arguments: dict[str, str]) -> None:
        """Send one call as a form, and as a query."""
        path, headers = f"/api/{self._method}", self._authorised()
        self._check(await self._client.post(path, data=arguments, headers=headers), str(arguments)[:300])
        short = {name: value[:100] for name, value in arguments.items()}
        self._check(await self._client.get(path, params=short, headers=headers), str(short)[:300])

    def _authorised(self) -> dict[str, str]:
        kinds = endpoint.METHODS[self._method].kinds
        token = self._sandbox.access.app_token if kinds == {"app"} else self._sandbox.access.bot_token
        if kinds == {"user"}:
            token = self._sandbox.access.install_user(ADA, SCOPES, rotating=False).token
        return {"Authorization": f"Bearer {token}"}

    def _check(self, answer: httpx.Response, sent: str) -> None:
        shown = f"{self._method} with {sent} answered {answer.status_code} {answer.text[:400]}"
        assert answer.status_code == 200, shown
        told = answer.json()
        assert isinstance(told["ok"], bool), shown
        is_code = "error" in told and (
            self._method == "api.test" or re.fullmatch(r"[a-z0-9_]+", told["error"]) is not None
        )
        assert told["ok"] or "not_in_channel" in told or is_code, shown
        assert told.get("error") != "internal_error", shown


@asynccontextmanager
async def target(method: str) -> AsyncIterator[Target]:
    config = SandboxConfig(
        app_url=None,
        bot_token="xoxb-hostile",
        signing_secret="secret",
        public_url="http://localhost",
        limits="off",
        scopes=SCOPES,
    )
    app = create_app(config)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Target(app.state.sandbox, client, method)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "api.test"])
def test_every_argument_of_a_method_may_be_odd(method: str, asked: set[str]) -> None:
    async def all_of_them() -> None:
        async with target(method) as tried:
            sane = tried.sane()
            await tried.try_it(sane)
            assert asked or method in WITHOUT_ARGUMENTS
            await tried.try_it({})
            for value in ODD:
                await tried.try_it(dict.fromkeys((*sane, *asked), value))
            for name in sorted(asked):
                for value in ODD:
                    await tried.try_it(tried.sane() | {name: value}, f"{name}={value!r:.200}")

    asyncio.run(all_of_them())


@pytest.mark.parametrize("method", METHODS)
def test_odd_forms_and_queries_are_answered(method: str, asked: set[str]) -> None:
    async def both() -> None:
        async with target(method) as tried:
            names = tried.sane().keys() - {"token", "error"}
            for value in (odd for odd in ODD if isinstance(odd, str)):
                await tried.try_form(dict.fromkeys((*names, *asked), value[:2_000]))

    asyncio.run(both())
