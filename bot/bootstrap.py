"""The composition root: settings in, running processes out. Imports stand inside functions, so that a worker never
loads Bolt and only the command line knows the sandbox."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, MutableMapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from bot.hardening import forbid_dumps

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette

    from bot.settings import Settings
    from engine.advance import Engine
    from engine.broker import BellBroker
    from engine.look_ups import Tools
    from engine.loops.base import Duty
    from engine.worker import Worker
    from sandbox.config import SandboxConfig

logger = logging.getLogger("handrail")

WEB_LOCK_SECONDS = 2.0
"""Slack waits three seconds: the web process gives up on a busy database before that, and says so."""
WORKER_LOCK_SECONDS = 10.0
DRAIN_SECONDS = 8.0


def configure_logging(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.handrail_log.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # Bolt logs bodies and signatures of requests at info level; HTTP clients log every call.
    for noisy in ("alembic", "slack_bolt", "slack_sdk", "httpx", "dramatiq", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Bolt warns that it leaves the token in the environment alone, which is what we want.
    logging.getLogger("handrail.bolt").setLevel(logging.ERROR)


def build_engine(
    settings: Settings,
    lock_seconds: float,
    ring: Callable[[], object] = lambda: None,
    hint: Callable[[str], object] = lambda run_id: None,
    more_admins: frozenset[str] = frozenset(),
) -> Engine:
    """The engine over the settings' database and workflows. Raises SchemaBehind when `migrate` has to run first."""
    from engine.advance import Engine
    from engine.expressions import Expressions
    from engine.patterns import matches
    from engine.registry import Registry
    from store.database import Database
    from store.migrate import require_current

    database = Database(settings.database, lock_timeout_seconds=lock_seconds)
    require_current(database)
    registry = Registry(settings.workflows)
    return Engine(database, registry, Expressions(), matches, settings.admins | more_admins, ring, hint)


def migrate(settings: Settings) -> None:
    from store.migrate import upgrade

    upgrade(settings.database)


# --- the web process


def build_web(settings: Settings, is_closing: Callable[[], bool] = lambda: False) -> Starlette:
    """The web application: Slack's requests, pages, health, projector. Raises SchemaBehind."""
    from bot.gate import Gate
    from bot.hints import Hints
    from bot.web.app import SlackEndpoint, create_app
    from bot.web.health import Part, health_routes
    from bot.web_process import WebProcess
    from engine.broker import make_broker, publish_hints, ring
    from engine.hints import HintSender

    broker = make_broker(settings.redis)
    engine = build_engine(
        settings, WEB_LOCK_SECONDS, lambda: ring(broker), HintSender(partial(publish_hints, broker))
    )
    web = WebProcess(settings, engine, Hints())
    web.is_closing = is_closing
    secret = settings.slack_signing_secret.get_secret_value()
    endpoint = SlackEndpoint(Gate(secret), lambda: web.team_id) if secret else None
    parts = {**web.parts(), "redis": Part(lambda: redis_problem(broker), required=False)}
    return create_app(endpoint, web.running, web.page_routes(), health_routes(parts), settings.hosts)


def keep_from_bolt(environment: MutableMapping[str, str]) -> None:
    """With these in its environment Bolt switches to OAuth, and keeps tokens in files of its own."""
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        environment.pop(name, None)


def redis_problem(broker: BellBroker) -> str | None:
    """Without Redis work starts a few seconds later, and nothing else happens."""
    if broker.attempt(broker.client.ping):
        return None
    return "Redis does not answer: work starts a few seconds later until it does. Look at REDIS_URL."


def run_web(settings: Settings) -> None:
    """Serve until told to stop. Socket Mode is used when an app token is set."""
    import uvicorn

    forbid_dumps()
    require_slack(settings)
    keep_from_bolt(os.environ)
    web = build_web(settings, lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(
            web,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    server.run()
    if not server.started:
        sys.exit(1)


# --- the worker process


def run_worker(settings: Settings) -> None:
    """Claim and carry out until told to stop; then take nothing new, and wait a little for what runs."""
    import dramatiq

    from engine.broker import make_broker, publish_hints, ring
    from engine.hints import HintSender
    from engine.loops.base import Loop
    from engine.loops.look_ups import LookUps

    forbid_dumps()

    def on_ring() -> None:
        worker.nudge()
        look_ups.nudge()

    broker = make_broker(settings.redis, on_ring=on_ring)
    engine = build_engine(
        settings, WORKER_LOCK_SECONDS, lambda: ring(broker), HintSender(partial(publish_hints, broker))
    )
    worker = build_worker(settings, engine)
    look_ups = LookUps(engine, tools_of(worker))
    listener = dramatiq.Worker(broker, worker_threads=1)
    loops = [Loop(duty) for duty in (*worker_duties(worker, settings.keep_runs_ms), look_ups)]
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    for loop in loops:
        loop.start()
    listener.start()
    logger.info("worker_started name=%s slots=%s", worker.name.id, worker.slots)
    told.wait()
    logger.info("worker_stopping name=%s running=%s", worker.name.id, worker.running)
    if not worker.drain(DRAIN_SECONDS):
        logger.warning("worker_left_steps running=%s", worker.running)
    listener.stop(timeout=2000)
    for loop in loops:
        loop.stop()


def worker_duties(worker: Worker, keep_runs_ms: int | None = None) -> list[Duty]:
    """All that a worker process does beside its tasks; each is safe in any number of processes. Runs are kept for
    `keep_runs_ms` after their end, None for ever."""
    from engine.loops.followers import Followers
    from engine.loops.permissions import WatchPermissions
    from engine.loops.pruner import Pruner
    from engine.loops.reconciler import Reconciler
    from engine.loops.timers import Timers
    from engine.loops.worker_duties import Look, Renew

    engine = worker.engine
    watches = (
        [WatchPermissions(engine)] if worker.run_id is None else []
    )  # a terminal's own are nobody else's
    return [
        Renew(worker),
        Look(worker),
        Timers(engine),
        Followers(engine),
        Reconciler(engine),
        Pruner(engine, keep_runs_ms),
        *watches,
    ]


def build_worker(settings: Settings, engine: Engine, run_id: str | None = None) -> Worker:
    """A worker whose steps see nothing of Handrail's own secrets. With `run_id` it works for that run only."""
    from engine.addresses import Reach, read_allow_list
    from engine.masking import Mask, secrets_of
    from engine.secrets import Secrets
    from engine.worker import Worker

    return Worker(
        engine,
        mask=Mask(secrets_of(os.environ)),
        environment=step_environment(),
        secrets=Secrets(os.environ, settings.secrets_folder),
        reach=Reach(read_allow_list(settings.handrail_http_allow)),
        slots=settings.handrail_worker_threads,
        lease_ms=settings.handrail_lease_seconds * 1000,
        run_id=run_id,
    )


def tools_of(worker: Worker) -> Tools:
    """What finds out computed options, with what the worker's steps have."""
    from engine.look_ups import Tools

    return Tools(worker.engine.evaluate, worker.mask, worker.environment, worker.secrets, worker.reach)


def step_environment() -> dict[str, str]:
    """The worker's own environment, with our Python first on the PATH: `python3` in a step is the one we run on."""
    from pathlib import Path

    own = str(Path(sys.executable).parent)
    return dict(os.environ) | {"PATH": os.pathsep.join([own, os.environ.get("PATH", os.defpath)])}


# --- everything on one machine


def run_up(settings: Settings) -> None:
    """Migrate, then keep Redis, the web process and a worker running until Ctrl-C."""
    from bot.one_machine import environment_of, start_handrail, start_redis, wait_until_up
    from bot.processes import ProcessGroup

    forbid_dumps()
    require_slack(settings)
    migrate(settings)
    address = f"http://{settings.host}:{settings.port}"
    with ProcessGroup() as group:
        environment = environment_of(settings, PORT=str(settings.port), **start_redis(group, settings))
        start_handrail(group, environment)
        wait_until_up(f"{address}/healthz")
        say(f"Handrail is up at {address}. Ctrl-C ends it; /readyz there says how each part does.")
        group.wait()


def run_sandbox(settings: Settings, *, keep_messages: bool, socket_mode: bool = False) -> None:
    """The same beside a local Slack, whose page's address is printed."""
    from bot.one_machine import (
        environment_of,
        free_port,
        handrail,
        sandbox_credentials,
        start_handrail,
        start_redis,
        wait_until_up,
        without_secrets,
    )
    from bot.processes import ProcessGroup

    forbid_dumps()
    migrate(settings)
    port, slack_port = (
        free_port(settings.host, settings.port),
        free_port(settings.host, settings.sandbox_port),
    )
    address, slack = f"http://{settings.host}:{port}", f"http://{settings.host}:{slack_port}"
    with ProcessGroup() as group:
        environment = environment_of(
            settings,
            PORT=str(port),
            SANDBOX_PORT=str(slack_port),
            SANDBOX_KEEPS="yes" if keep_messages else "no",
            SANDBOX_LIMITS=settings.sandbox_limits,
            HANDRAIL_LOG=os.environ.get("HANDRAIL_LOG", "warning"),
            SLACK_API_URL=f"{slack}/api/",
            HANDRAIL_PUBLIC_URL=settings.handrail_public_url or address,
            **sandbox_credentials(settings, socket_mode=socket_mode),
            **start_redis(group, settings),
        )
        keep_from_bolt(environment)
        if not socket_mode:
            environment.pop("SLACK_APP_TOKEN", None)
        group.start("slack", handrail("slack-sandbox"), env=without_secrets(environment))
        wait_until_up(f"{slack}/")
        start_handrail(group, environment)
        wait_until_up(f"{address}/readyz")
        say(f"Open {slack}/ in your browser and type /workflow run. Ctrl-C ends everything.")
        group.wait()


def run_slack_sandbox(settings: Settings) -> None:
    """The local Slack alone, sending requests to the web process of this environment."""
    import uvicorn

    from sandbox.app import create_app

    forbid_dumps()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(slack_sandbox_config(settings)),
            host=settings.host,
            port=settings.sandbox_port,
            ws="websockets-sansio",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
    asyncio.run(_serve_beside_tls_host(server, settings.host, settings.sandbox_tls_port))


def slack_sandbox_config(settings: Settings) -> SandboxConfig:
    """Handrail's own app in the local Slack: over Socket Mode when there is a token for it, else over HTTP."""
    from pathlib import Path

    from sandbox.access import new_app_token
    from sandbox.config import SandboxConfig
    from sandbox.manifest_file import read_manifest

    web = f"http://{settings.host}:{settings.port}/slack/events"
    app_token = settings.slack_app_token.get_secret_value()
    keeps = os.environ.get("SANDBOX_KEEPS") != "no"
    return SandboxConfig(
        app_url=None if app_token else web,
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        public_url=f"http://{settings.host}:{settings.sandbox_port}",
        state_file=settings.home / "sandbox.json" if keeps else None,
        limits=settings.sandbox_limits,
        app_token=app_token or new_app_token(),
        manifest=read_manifest(Path(__file__).with_name("manifest.yml").read_text(encoding="utf-8")),
    )


async def _serve_beside_tls_host(server: uvicorn.Server, host: str, port: int) -> None:
    """The example `certificate` has a host to look at; a second sandbox leaves it to the first."""
    from sandbox import tls_host

    async with AsyncExitStack() as stack:
        try:
            port = await stack.enter_async_context(tls_host.serve(host, port))
            logger.info("tls_host_serves port=%s", port)
        except OSError as error:
            logger.warning("tls_host_not_served port=%s error=%s", port, error)
        await server.serve()


def require_slack(settings: Settings) -> None:
    """Say what is missing before anything starts."""
    from engine.core.errors import Problem

    is_reachable = (
        settings.slack_signing_secret.get_secret_value() or settings.slack_app_token.get_secret_value()
    )
    missing = [
        name
        for name, is_there in (
            ("SLACK_BOT_TOKEN", settings.slack_bot_token.get_secret_value()),
            ("SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN for Socket Mode)", is_reachable),
        )
        if not is_there
    ]
    if missing:
        raise Problem(
            f"{' and '.join(missing)} must be set to reach your workspace; docs/slack.md says where to find them. "
            "To try Handrail without Slack: make sandbox."
        )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
