"""Handrail in processes of its own, on a database of its own, for one measurement; all of it ends with it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from benchmarks.plain import Plain, create_table
from benchmarks.slack_requests import ADA, TEAM
from benchmarks.workflow_files import write_workflows
from bot.bootstrap import WORKER_LOCK_SECONDS, build_engine, migrate
from bot.one_machine import environment_of, free_port, handrail, start_redis, wait_until_up
from bot.processes import ProcessGroup
from bot.settings import Settings
from engine.advance import Engine
from engine.broker import make_broker, publish_hints, ring
from engine.core.permission import Principal
from engine.hints import HintSender

THREADS = 8
SECRET = "a signing secret for benchmarks"
HOST = "127.0.0.1"
PRINCIPAL = Principal(TEAM, ADA, frozenset(), is_guest=False, is_external=False)
START_SECONDS = 30.0
_ROOT = Path(__file__).parents[1]
_PLAIN_TIMEOUT_MS = "20"
"""Dramatiq's default of a second makes ten steps on an idle system last five times as long."""


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of database; `new_url` gives an empty one."""

    name: str
    new_url: Callable[[], str]


class House:
    """A migrated database, a Redis and the workflows. What else runs, is started for a `with` block."""

    def __init__(self, place: Place, folder: Path, started: Path, settings: Settings, env: Mapping[str, str]):
        self.place = place
        self.started = started
        self.url = settings.database
        self.redis_url = env["REDIS_URL"]
        self.environment = dict(env)
        self._folder = folder
        self._settings = settings

    @cached_property
    def engine(self) -> Engine:
        """The engine in this process: what is started by it needs no Slack."""
        broker = make_broker(self.redis_url)
        return build_engine(
            self._settings,
            WORKER_LOCK_SECONDS,
            lambda: ring(broker),
            HintSender(partial(publish_hints, broker)),
        )

    def scalar(self, sql: str) -> Any:
        with self.engine.database.read() as c:
            return c.exec_driver_sql(sql).scalar()

    @contextmanager
    def workers(self, count: int = 1) -> Iterator[None]:
        """So many worker processes, of THREADS threads each."""
        commands = {f"worker-{number}": handrail("worker") for number in range(count)}
        with self._running(commands, "worker_started", count):
            yield

    @contextmanager
    def plain(self, count: int = 1) -> Iterator[Plain]:
        """The plain actors, with so many processes of THREADS threads working for them."""
        create_table(self.url)
        options = ["--processes", str(count), "--threads", str(THREADS), "--path", str(_ROOT)]
        command = [sys.executable, "-m", "dramatiq", "benchmarks.plain:set_up", *options]
        with (
            self._running({"plain": command}, "Worker process is ready", count),
            closing(Plain(self.redis_url, self.url)) as plain,
        ):
            yield plain

    @contextmanager
    def web(self) -> Iterator[int]:
        """A local Slack and the web process, which answers at the port."""
        port, slack_port = free_port(HOST, 0), free_port(HOST, 0)
        address, slack = f"http://{HOST}:{port}", f"http://{HOST}:{slack_port}"
        more = {
            "PORT": str(port),
            "SANDBOX_PORT": str(slack_port),
            "SANDBOX_KEEPS": "no",
            "SLACK_API_URL": f"{slack}/api/",
            "HANDRAIL_PUBLIC_URL": address,
            "HANDRAIL_LOG": "error",
        }
        with self._running({"slack": handrail("slack-sandbox")}, more=more):
            wait_until_up(f"{slack}/")
            with self._running({"web": handrail("web")}, more=more):
                wait_until_up(f"{address}/readyz")
                yield port

    @contextmanager
    def bare_web(self) -> Iterator[int]:
        """The yardstick of answers, at the port."""
        port = free_port(HOST, 0)
        with self._running({"bare": [sys.executable, "-m", "benchmarks.bare", str(port)]}):
            wait_until_up(f"http://{HOST}:{port}/healthz")
            yield port

    @contextmanager
    def _running(
        self,
        commands: Mapping[str, Sequence[str]],
        ready: str = "",
        count: int = 0,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[None]:
        """Run these until the block ends; it begins when `ready` was written `count` times."""
        lines: list[str] = []
        with ProcessGroup(lines.append) as group:
            for name, argv in commands.items():
                group.start(name, argv, env={**self.environment, **more})
            deadline = time.monotonic() + START_SECONDS
            while sum(ready in line for line in lines) < count:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{', '.join(commands)} did not start:\n{''.join(lines[-40:])}")
                time.sleep(0.01)
            yield


@contextmanager
def house(place: Place) -> Iterator[House]:
    """A new house on an empty database. Nothing of it is left behind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handrail-bench-")))
        started = folder / "started"
        os.mkfifo(started)
        write_workflows(folder / "workflows", started)
        settings = Settings(
            handrail_home=folder / "home",
            handrail_workflows=folder / "workflows",
            database_url=SecretStr(place.new_url()),
            redis_url=SecretStr(""),
            handrail_worker_threads=THREADS,
            handrail_admins="",
            host=HOST,
        )
        migrate(settings)
        group = stack.enter_context(ProcessGroup(lambda line: None))
        environment = _environment(settings) | start_redis(group, settings)
        built = House(place, folder, started, settings, environment)
        yield built
        built.engine.database.dispose()


def _environment(settings: Settings) -> dict[str, str]:
    """Nothing of the caller's own Handrail or Slack reaches what is measured."""
    own = environment_of(
        settings,
        DATABASE_URL=settings.database,
        HANDRAIL_WORKER_THREADS=str(settings.handrail_worker_threads),
        HANDRAIL_LOG="info",
        SLACK_BOT_TOKEN="xoxb-benchmarks",
        SLACK_SIGNING_SECRET=SECRET,
        PYTHONPATH=str(_ROOT),
        dramatiq_worker_timeout=_PLAIN_TIMEOUT_MS,
    )
    decided = set(own) - set(os.environ) | {name for name in own if own[name] != os.environ.get(name)}
    return {
        name: value
        for name, value in own.items()
        if name in decided or not name.startswith(("SLACK_", "HANDRAIL_", "SANDBOX_"))
    }
