"""A sandbox that really listens, with an app behind it that answers as a test tells it to."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import create_app
from sandbox.config import DEFAULT_SCOPES, SandboxConfig
from sandbox.context import Sandbox
from sandbox.manifest import Manifest, SlashCommand
from sandbox.normalise import complete_view
from sandbox.workspace import Workspace
from tests.support.served import served

T = TypeVar("T")
TOKEN = "xoxb-test-token"
SECRET = "test-signing-secret"


@dataclass
class App:
    """The app that the sandbox talks to: keeps what it was sent, and answers with `answer(payload)`."""

    received: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Any] = lambda payload: {}
    status: int = 200

    events: list[dict[str, Any]] = field(default_factory=list)

    async def endpoint(self, request: Request) -> Response:
        if request.headers["content-type"].startswith("application/json"):
            self.events.append((await request.json())["event"])
            return Response()
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        payload = json.loads(form["payload"]) if "payload" in form else form
        self.received.append(payload)
        answer = self.answer(payload)
        if self.status != 200 or not answer:
            return Response(status_code=self.status)
        return JSONResponse(answer)

    def actions(self) -> list[dict[str, Any]]:
        """Every action somebody took, in order."""
        return [action for payload in self.received for action in payload.get("actions", [])]


@dataclass
class LivePage:
    """`url` is the page's address; `app` the app behind the sandbox."""

    url: str
    app: App
    sandbox: Sandbox
    loop: asyncio.AbstractEventLoop

    @property
    def workspace(self) -> Workspace:
        return self.sandbox.workspace

    def at(self, user: str = "U0ADA", channel: str = "C0GENERAL", thread: str | None = None) -> str:
        query = f"/?user={user}&channel={channel}"
        return self.url + query + (f"&thread={thread}" if thread else "")

    def do(self, action: Callable[[], T]) -> T:
        """Run something in the sandbox's own thread."""

        async def run() -> T:
            return action()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """A Web API call of the app, which must succeed."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(trust_env=False) as client:
            answer = client.post(f"{self.url}/api/{method}", json=arguments, headers=headers).json()
        assert answer["ok"], answer
        found: dict[str, Any] = answer
        return found

    def say(self, text: str, channel: str = "C0GENERAL", **more: Any) -> str:
        """A message of the app; gives its ts."""
        return str(self.call("chat.postMessage", channel=channel, text=text, **more)["ts"])

    def person_says(
        self, user: str, text: str, thread_ts: str | None = None, channel: str = "C0GENERAL"
    ) -> str:
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        with httpx.Client(trust_env=False) as client:
            return str(client.post(f"{self.url}/control/post", json=body).json()["ts"])

    def open_view(self, view: dict[str, Any], user: str = "U0ADA") -> str:
        """Show a modal to somebody; gives its id."""
        return str(self.do(lambda: self.workspace.views.open(user, complete_view(view)))["id"])

    def push_view(self, view: dict[str, Any], user: str = "U0ADA") -> str:
        return str(self.do(lambda: self.workspace.views.push(user, complete_view(view)))["id"])

    def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        def update() -> None:
            shown = self.workspace.views.find(view_id)
            assert shown is not None
            self.workspace.views.update(shown, complete_view(view))

        self.do(update)


COMMAND = SlashCommand(
    "/workflow",
    "Run a workflow, or look back",
    "run [name] [key=value ...] | list | runs | show 42 | cancel 42 | help",
    should_escape=True,
)
MANIFEST = Manifest("Pilot", bot_name="Pilot", commands=(COMMAND,), bot_scopes=DEFAULT_SCOPES)


@contextmanager
def serving() -> Iterator[LivePage]:
    """A sandbox and its app on free ports of this machine; both are gone at the end."""
    app, loops = App(), list[asyncio.AbstractEventLoop]()
    routes = [Route("/", app.endpoint, methods=["POST"])]
    sandboxes: list[Sandbox] = []

    def sandbox(url: str) -> ASGIApp:
        config = SandboxConfig(app_url, TOKEN, SECRET, public_url=url, limits="off", manifest=MANIFEST)
        inner = create_app(config)
        sandboxes.append(inner.state.sandbox)

        async def noting_the_loop(scope: Scope, receive: Receive, send: Send) -> None:
            loops.append(asyncio.get_running_loop())
            await inner(scope, receive, send)

        return noting_the_loop

    with served(lambda url: Starlette(routes=routes)) as app_url, served(sandbox) as url:
        yield LivePage(url, app, sandboxes[0], loops[0])
