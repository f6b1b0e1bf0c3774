"""Real HTTP servers on loopback addresses, whose answers a test decides."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from engine.addresses import AllowList, Reach

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Server:
    """Answers with `answer`, in a thread a request; remembers what it was asked."""

    answer: Answer
    address: str
    port: int = 0
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    @property
    def url(self) -> str:
        return self.url_of(self.address)

    def url_of(self, host: str) -> str:
        return f"{self.scheme}://{host}:{self.port}/"


@contextmanager
def serving(
    answer: Answer, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[Server]:
    server = Server(answer, address, scheme="https" if tls else "http")

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            """A request with any method is remembered, and then answered."""
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            server.asked.append(Asked(self.command, self.path, self.headers, body))
            server.answer(self)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Tests write nothing."""

    class Listener(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Clients of these tests break off as they like."""

    listener = Listener((address, port), Handler)
    if tls is not None:
        listener.socket = tls.wrap_socket(
            listener.socket, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
    server.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def start_of_answer(handler: BaseHTTPRequestHandler, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def answering(status: int = 200, content: bytes = b"", **headers: str) -> Answer:
    """One answer to everything."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_of_answer(handler, status, **headers)
        handler.wfile.write(content)

    return answer


def reach_of(addresses: Mapping[str, str], allow: AllowList | None = None) -> Reach:
    """A network in which these names, and no others, have an address. Addresses stand for themselves."""

    def look_up(host: str, port: int) -> list[str]:
        if host in addresses:
            return addresses[host].split()
        if host[0].isdigit() or ":" in host:
            return [host]
        raise OSError(f"no such name: {host}")

    return Reach(allow or AllowList(), look_up)
