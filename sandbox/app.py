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
from sandbox.developer_page import developer_routes
from sandbox.files_http import file_routes
from sandbox.oauth_pages import oauth_routes
from sandbox.page import page_routes
from sandbox.response_urls import response_url_routes
from sandbox.sharing import refresh_addresses
from sandbox.socket_mode import socket_mode_routes
from sandbox.ticker import keep_time

# Answering to other names would let a foreign site point its own name at this machine.
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]


def create_app(config: SandboxConfig, clock: Clock | None = None) -> Starlette:
    """The application; its parts are at `app.state.sandbox`."""
    sandbox = build_sandbox(config, clock or SystemClock())
    app = Starlette(
        routes=[
            *api_routes(sandbox),
            *response_url_routes(sandbox),
            *file_routes(sandbox),
            *control_routes(sandbox),
            *socket_mode_routes(sandbox.socket_mode, lambda: sandbox.manifest.socket_mode),
            *oauth_routes(sandbox),
            *developer_routes(sandbox),
            *page_routes(sandbox),
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
    if sandbox.store is not None:
        sandbox.store.load()
        sandbox.files.sweep()
        refresh_addresses(sandbox)
        keeper = asyncio.create_task(sandbox.store.keep())
    ticker = asyncio.create_task(keep_time(sandbox))
    try:
        yield
    finally:
        ticker.cancel()
        with suppress(asyncio.CancelledError):
            await ticker
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        await sandbox.events.close()
        await sandbox.delivery.close()


async def _internal_error(request: Request, error: Exception) -> Response:
    """The caller gets Slack's own word for it; the trace goes to the server's log only."""
    return JsonResponse({"ok": False, "error": "internal_error"}, 500)
