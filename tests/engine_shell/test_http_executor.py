"""`http` steps: the request that is sent, what becomes of the answer, and what people are told about it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import respx

from engine.core.definition import HttpAction, JsonValue
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors.dispatch import execute
from tests.engine_shell.steps import Kept, set_later, step_context

URL = "https://deploy.internal/ship?token=abc"


def ask(action: HttpAction, kept: Kept | None = None, **options: object) -> Outcome:
    return execute(step_context(action, kept or Kept(), **options))  # type: ignore[arg-type]


def get(url: str = URL, **fields: object) -> HttpAction:
    return HttpAction("GET", url, **fields)  # type: ignore[arg-type]


# --- the request


def test_values_are_put_into_url_headers_and_json(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post("https://deploy.internal/api/v1").respond(202, json={"ok": True})
    action = HttpAction(
        "post",
        "https://deploy.internal/{{ params.service }}/v1",
        {"X-Version": "{{ params.version }}", "X-Count": "{{ params.count }}"},
        {"version": "{{ params.version }}", "count": "{{ params.count }}", "list": ["ü"]},
    )
    outcome = ask(action, params={"service": "api", "version": "1.2", "count": 3})
    assert isinstance(outcome, Succeeded)
    request = route.calls.last.request
    assert json.loads(request.content) == {"version": "1.2", "count": 3, "list": ["ü"]}
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["x-version"], request.headers["x-count"]) == ("1.2", "3")


def test_a_body_is_sent_as_it_is(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.put(URL).respond(204)
    ask(HttpAction("PUT", URL, {"Content-Type": "text/plain"}, body="a={{ params.a }} ü"), params={"a": 1})
    assert route.calls.last.request.content == "a=1 ü".encode()
    assert route.calls.last.request.headers["content-type"] == "text/plain"


def test_every_attempt_of_a_step_carries_the_same_key(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(200)
    ask(get())
    assert route.calls.last.request.headers["idempotency-key"] == "0123456789abcdef0123456789abcdef/build"


def test_headers_of_the_step_go_before_ours(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(200)
    ask(get(headers={"idempotency-key": "mine", "USER-AGENT": "ada", "X-Text": "grüße"}))
    headers = route.calls.last.request.headers
    assert headers.get_list("idempotency-key") == ["mine"]
    assert headers.get_list("user-agent") == ["ada"]
    assert dict(headers.raw)[b"X-Text"] == "grüße".encode()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://deploy.internal/",
        "file:///etc/passwd",
        "//deploy.internal/",
        "deploy.internal",
        "http://",
        "https:///path",
        "https://deploy.internal:port/",
        "https://deploy.internal/\nHost: evil",
        "https://deploy.internal/\0",
        "javascript:alert(1)",
        "https://ada@deploy.internal/",
        "https://ada:secret@deploy.internal/",
        "https://[::1/",
        "",
    ],
)
def test_urls_that_are_not_plain_web_addresses_are_refused(url: str) -> None:
    with respx.mock(assert_all_called=False) as mock:
        outcome = ask(get(url))
    assert isinstance(outcome, Errored)
    assert "secret" not in outcome.error
    assert not mock.calls


@pytest.mark.parametrize(
    "headers",
    [{"X": "a\nb"}, {"X": "a\r\nEvil: 1"}, {"X": "a\0"}, {"X Y": "a"}, {"X:": "a"}, {"": "a"}, {"X\n": "a"}],
)
def test_headers_cannot_be_broken_out_of(headers: dict[str, str]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        outcome = ask(get(headers=headers))
    assert isinstance(outcome, Errored)
    assert "header" in outcome.error
    assert not mock.calls


def test_a_body_that_is_too_large_is_not_sent() -> None:
    outcome = ask(HttpAction("POST", URL, body="x" * 1_048_577))
    assert outcome == Errored("The body of the request is larger than 1 MiB. Send less.")


def test_an_expression_that_cannot_be_computed_is_an_error() -> None:
    assert ask(get("https://x/{{ params.missing }}")) == Errored("There is no params.missing.")


def test_the_arguments_are_recorded_without_secrets(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(URL).respond(200)
    kept = Kept()
    headers = {"Authorization": "Bearer abcdef", "X-Plain": "secret-value"}
    ask(HttpAction("post", URL, headers, {"a": 1}), kept, secrets=["secret-value"])
    assert kept.arguments == [
        {
            "method": "POST",
            "url": URL,
            "headers": {"Authorization": "***", "X-Plain": "***"},
            "json": {"a": 1},
        }
    ]


# --- the answer


@pytest.mark.parametrize(
    ("content", "media_type", "result"),
    [
        (b'{"a": [1]}', "application/json", {"json": {"a": [1]}}),
        (b"[1]", "application/problem+json; charset=utf-8", {"json": [1]}),
        (b"{broken", "application/json", {"text": "{broken"}),
        (b"NaN", "application/json", {"text": "NaN"}),
        ("grüße".encode(), "text/plain", {"text": "grüße"}),
        ("grüße".encode("latin-1"), "text/plain; charset=latin-1", {"text": "grüße"}),
        (b"a\xff", "text/plain; charset=nonsense", {"text": "a\ufffd"}),
        (b"[1]", "text/html", {"text": "[1]"}),
        (b"", "text/plain", {"text": ""}),
    ],
)
def test_the_result_holds_json_or_text(
    content: bytes, media_type: str, result: dict[str, JsonValue], respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).respond(200, content=content, headers={"Content-Type": media_type})
    assert ask(get()) == Succeeded({"status": 200, "headers": {"content-type": media_type}, **result})


def test_the_result_holds_a_few_headers(respx_mock: respx.MockRouter) -> None:
    headers = {"Location": "/1", "ETag": '"x"', "Set-Cookie": "session=1", "Server": "x"}
    respx_mock.get(URL).respond(201, headers=headers)
    outcome = ask(get())
    assert outcome == Succeeded({"status": 201, "headers": {"location": "/1", "etag": '"x"'}, "text": ""})


def test_secrets_are_masked_in_the_result(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).respond(200, json={"echo": "secret-value"})
    outcome = ask(get(), secrets=["secret-value"])
    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.result, dict)
    assert outcome.result["json"] == {"echo": "***"}


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (500, "deploy.internal answered 500, expected 200, 202"),
        (404, "deploy.internal answered 404, expected 200, 202"),
        (201, "deploy.internal answered 201, expected 200, 202"),
        (302, "deploy.internal answered 302 (redirects are not followed), expected 200, 202"),
    ],
)
def test_a_status_that_is_not_expected_fails_the_step(
    status: int, sentence: str, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).respond(status, text="why", headers={"Location": "http://127.0.0.1/"})
    outcome = ask(get(expect=(200, 202)))
    assert isinstance(outcome, Failed)
    assert outcome.error == sentence
    assert isinstance(outcome.result, dict)
    assert outcome.result["text"] == "why"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (httpx.ConnectError("x"), "deploy.internal could not be reached: its name is not known, or nothing"),
        (httpx.ReadError("x"), "deploy.internal broke off before a full answer came; whether"),
        (httpx.RemoteProtocolError("x"), "deploy.internal broke off before a full answer came; whether"),
        (httpx.LocalProtocolError("x"), "the request to deploy.internal could not be written"),
        (httpx.DecodingError("x"), "deploy.internal sent an answer that cannot be decoded"),
        (httpx.ProxyError("x"), "the request to deploy.internal failed (ProxyError)"),
        (httpx.ReadTimeout("x"), "deploy.internal gave no full answer within 1m"),
    ],
)
def test_sentences_about_failures_name_the_host_only(
    error: httpx.HTTPError, sentence: str, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).mock(side_effect=error)
    outcome = ask(get())
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(sentence)
    assert "token" not in outcome.error


# --- a real server


@dataclass
class Server:
    """Answers with `answer`, in a thread a request; remembers the paths it was asked for."""

    answer: Callable[[BaseHTTPRequestHandler], None]
    paths: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[Server]:
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.paths.append(self.path)
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Tests write nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.port = listener.server_address[1]
    thread = threading.Thread(target=listener.serve_forever)
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


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_real_server_is_asked_without_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_of_answer(handler, Content_Type="application/json")
        handler.wfile.write(b'{"path": "ok"}')

    with serving(answer) as server:
        outcome = ask(get(server.url))
    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.result, dict)
    assert outcome.result["json"] == {"path": "ok"}


def test_a_redirect_is_not_followed() -> None:
    with serving(lambda handler: start_of_answer(handler, 302, Location="/other")) as server:
        outcome = ask(get(server.url))
        assert server.paths == ["/"]
    assert isinstance(outcome, Failed)


def test_an_endless_answer_is_cut_off() -> None:
    ended = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_of_answer(handler)
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except ConnectionError:
            ended.set()

    with serving(answer) as server:
        outcome = ask(get(server.url))
        assert ended.wait(5)
    assert outcome == Failed("127.0.0.1 answered with more than 1 MiB; ask it for less")


def test_an_answer_that_drips_is_cut_off_at_the_time_limit() -> None:
    ended = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_of_answer(handler)
        try:
            while True:
                handler.wfile.write(b"x")
                time.sleep(0.05)
        except ConnectionError:
            ended.set()

    with serving(answer) as server:
        started = time.monotonic()
        outcome = ask(get(server.url), timeout_seconds=0.5)
        assert time.monotonic() - started < 1.5
        assert ended.wait(5)
    assert isinstance(outcome, Failed)
    assert outcome.error == (
        "127.0.0.1 gave no full answer within 0.5s; whether the request took effect is unknown"
    )


def test_a_stop_ends_the_request() -> None:
    closed = threading.Event()
    stop = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if is_closed(handler.connection):
            closed.set()

    with serving(answer) as server, set_later(stop, lambda: server.paths):
        started = time.monotonic()
        assert ask(get(server.url), stop=stop) == Stopped()
        assert time.monotonic() - started < 2
        assert closed.wait(5)


def test_a_refused_connection_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    assert ask(get(f"http://127.0.0.1:{port}/")) == Failed(
        "127.0.0.1 could not be reached: it refuses connections"
    )


def test_a_server_that_speaks_no_tls_is_told() -> None:
    with serving(start_of_answer) as server:
        outcome = ask(get(f"https://127.0.0.1:{server.port}/"))
    assert outcome == Failed("127.0.0.1 could not be reached: it does not speak TLS as it should")


def test_a_connection_that_breaks_off_is_told() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_of_answer(handler, Content_Length="1000")
        handler.wfile.write(b"only this")

    with serving(answer) as server:
        outcome = ask(get(server.url))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("127.0.0.1 broke off before a full answer came")


def test_an_unknown_certificate_is_not_accepted() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).with_name("self_signed.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        outcome = ask(get(f"https://127.0.0.1:{listener.getsockname()[1]}/"))
        thread.join()
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("127.0.0.1 could not be reached: its TLS certificate was not accepted")
