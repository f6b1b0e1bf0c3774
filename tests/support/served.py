"""Serves an ASGI application on a free port of this machine, in a thread, for as long as a `with` block."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

START_SECONDS = 10.0


def reserved() -> socket.socket:
    """A free port, held: for two applications that must know each other's address before either runs."""
    return socket.create_server(("127.0.0.1", 0))


def address_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def served(make_app: Callable[[str], ASGIApp], listener: socket.socket | None = None) -> Iterator[str]:
    """Gives the base URL; `make_app` is told it too, so that an application can know its own address."""
    with listener or reserved() as listener:
        base_url = address_of(listener)
        config = uvicorn.Config(
            make_app(base_url),
            ws="websockets-sansio",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield base_url
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server stopped while starting"
        assert time.monotonic() < deadline, f"the server did not start within {START_SECONDS:g} seconds"
        time.sleep(0.005)
