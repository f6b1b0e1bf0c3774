"""Everything a test of pages needs: an engine on a database, runs that are worked on by hand, a server, and
browsers that are signed in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.applications import Starlette

from bot.web.auth import mint_link
from bot.web.pages import page_routes
from engine import attempts, commands
from engine.advance import Engine
from engine.attempts import WorkerName
from engine.commands import Started
from engine.core.definition import JsonValue
from engine.core.events import Outcome, Succeeded
from engine.core.log import LogChunk
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from engine.expressions import Expressions
from engine.patterns import matches
from engine.registry import Registry
from store import links, logs, tasks
from store.database import Database
from store.reading import run_picture
from store.tasks import Claim
from tests.support.served import served

TEAM = "T0001"
ADA, BOB, CYD, GUS = (Principal(TEAM, user) for user in ("U0ADA", "U0BOB", "U0CYD", "U0GUS"))
NAMES = {"U0ADA": "Ada", "U0BOB": "Bob", "U0CYD": "Cyd", "U0GUS": "Gus", "S0OPS": "Operations"}
WORKER = WorkerName("worker-1")
FORM = {"Sec-Fetch-Site": "same-origin"}
"""What a browser adds when it sends a form of our own page."""

DEPLOY = """
name: deploy
title: Deploy a service
parameters:
  service: {type: string, default: api}
steps:
  build: {title: Build the package, run: ./build.sh, idempotent: true}
  ask:
    title: Ask for approval
    needs: [build]
    approval:
      title: 'Ship {{ params.service }}?'
      message: The tests are green.
      approvers: {users: [U0BOB], groups: [S0OPS]}
  ship: {title: Ship it, needs: [ask], run: ./ship.sh}
outputs:
  url: '{{ steps.ship.result.url }}'
"""


@dataclass
class Folks:
    """What Slack would say about people. Tests change it while pages are open."""

    guests: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))

    async def name(self, subject: str) -> str:
        return self.names.get(subject, subject)

    async def principal(self, team_id: str, user_id: str) -> Principal | None:
        if user_id in self.closed:
            return None
        return Principal(team_id, user_id, is_guest=user_id in self.guests)


@dataclass
class News:
    """Hints that tests give to every open stream."""

    queues: list[asyncio.Queue[str]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    async def subscribe(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.queues.append(queue)
        while True:
            yield await queue.get()

    def tell(self, run_id: str) -> None:
        assert self.loop is not None, "a stream is open"
        for queue in self.queues:
            self.loop.call_soon_threadsafe(queue.put_nowait, run_id)


@dataclass
class Desk:
    """The engine, and a hand that does what workers do."""

    engine: Engine
    folder: Path
    folks: Folks = field(default_factory=Folks)
    news: News = field(default_factory=News)
    team_id: str | None = None
    is_closing: bool = False

    def start(self, name: str = "deploy", by: Principal = ADA, **values: JsonValue) -> Started:
        return commands.start_run(self.engine, by, name, values, channel_id=None)

    def claim(self, arguments: JsonValue = None) -> Claim:
        """Claim the next due task, as a worker does."""
        claim = attempts.claim_next(self.engine, WORKER)
        assert claim is not None, "something is due"
        if arguments is not None:
            with self.engine.database.write() as c:
                assert tasks.record_arguments(c, claim.task_id, claim.attempt, arguments)
        return claim

    def write(self, claim: Claim, seq: int = 1, **streams: str) -> None:
        """Let the task write `stdout=` or `stderr=`."""
        chunks = [
            LogChunk(seq + index, "stderr" if stream == "stderr" else "stdout", 1_795_435_200_000, text)
            for index, (stream, text) in enumerate(streams.items())
        ]
        with self.engine.database.write() as c:
            assert logs.append_chunks(c, claim.task_id, claim.attempt, chunks)

    def finish(self, claim: Claim, outcome: Outcome | None = None) -> None:
        attempts.finish_attempt(self.engine, WORKER, claim, outcome or Succeeded(), go_on=False)

    def decide(self, run_id: str, by: Principal = BOB, *, approve: bool = True, comment: str = "") -> None:
        picture = self.picture(run_id)
        commands.decide(self.engine, by, picture.approvals[-1].id, approve=approve, comment=comment)

    def complete(self, result: Mapping[str, JsonValue] | None = None) -> Started:
        """A run of *deploy* from its start to its end."""
        run = self.start()
        build = self.claim({"command": "./build.sh"})
        self.write(build, stdout="compiling\ndone\n", stderr="a warning\n")
        self.finish(build, Succeeded({"sha": "1234"}))
        self.decide(run.run_id, comment="Looks good to me")
        self.finish(self.claim(), Succeeded(dict(result or {"url": "https://api.example"})))
        return run

    def picture(self, run_id: str) -> RunPicture:
        with self.engine.database.read() as c:
            picture = run_picture(c, run_id)
        assert picture is not None
        return picture

    def token(self, run: Started, by: Principal = ADA, *, lifetime_ms: int = 60_000) -> str:
        with self.engine.database.write() as c:
            return links.mint_link(c, by.team_id, by.user_id, run.run_id, lifetime_ms=lifetime_ms)

    def session(self, by: Principal = ADA, *, lifetime_ms: int = 60_000) -> str:
        with self.engine.database.write() as c:
            return links.open_session(c, by.team_id, by.user_id, None, lifetime_ms)

    def link(self, run: Started, base_url: str, by: Principal = ADA) -> str:
        return mint_link(self.engine, by, run.run_id, base_url)

    @contextmanager
    def serving(self, public_url: str | None = None) -> Iterator[str]:
        """The pages on a port of their own; gives the base URL."""

        def make_app(base_url: str) -> Starlette:
            routes = page_routes(
                self.engine,
                people=self.folks,
                public_url=public_url or base_url,
                team_id=lambda: self.team_id,
                hints=self.news,
                is_closing=lambda: self.is_closing,
            )
            return Starlette(routes=routes)

        with served(make_app) as base_url:
            try:
                yield base_url
            finally:
                self.is_closing = True


def make_desk(database: Database, folder: Path) -> Desk:
    folder.mkdir()
    (folder / "deploy.yml").write_text(DEPLOY)
    engine = Engine(database, Registry(folder), Expressions(), matches)
    return Desk(engine, folder)


def browser_of(base_url: str, session: str | None = None) -> httpx.Client:
    """A browser that follows no redirect by itself, signed in with `session`."""
    cookies = {"handrail": session} if session else {}
    # plain HTTP: no certificates to load
    return httpx.Client(base_url=base_url, cookies=cookies, timeout=10.0, verify=False)
