"""Puts the sandbox together: Web API, response URLs, control API and page in one Starlette application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response

from sandbox.api.endpoint import JsonResponse, api_routes
from sandbox.clock import Clock, SystemClock
from sandbox.config import SandboxConfig
from sandbox.context import Sandbox, build_sandbox
from sandbox.control import control_routes
from sandbox.page import page_routes
from sandbox.response_urls import response_url_routes
from sandbox.store_file import StoreFile

# Answering to other names would let a foreign site point its own name at this machine.
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def create_app(config: SandboxConfig, clock: Clock | None = None) -> Starlette:
    """The application; its parts are at `app.state.sandbox`."""
    sandbox = build_sandbox(config, clock or SystemClock())
    app = Starlette(
        routes=[
            *api_routes(sandbox),
            *response_url_routes(sandbox),
            *control_routes(sandbox),
            *page_routes(sandbox.workspace),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS, www_redirect=False)],
        exception_handlers={Exception: _internal_error},
        lifespan=lambda app: _running(sandbox),
    )
    app.state.sandbox = sandbox
    return app


@asynccontextmanager
async def _running(sandbox: Sandbox) -> AsyncIterator[None]:
    """Bring the history back, keep it while the sandbox runs, and close what is open."""
    keeper: asyncio.Task[None] | None = None
    if sandbox.config.state_file is not None:
        store = StoreFile(sandbox.config.state_file, sandbox.workspace)
        store.load()
        keeper = asyncio.create_task(store.keep())
    try:
        yield
    finally:
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        await sandbox.delivery.close()


async def _internal_error(request: Request, error: Exception) -> Response:
    """The caller gets Slack's own word for it; the trace goes to the server's log only."""
    return JsonResponse({"ok": False, "error": "internal_error"}, 500)
