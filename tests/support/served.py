"""Serves an application that has to know its own address, on a free port of this machine."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from sandbox.serving import serving


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
        with serving(make_app(base_url), listener):
            yield base_url
