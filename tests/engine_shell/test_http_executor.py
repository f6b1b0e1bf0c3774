"""`http` steps: the request that is sent, what becomes of the answer, and what people are told about it."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest
import respx

from engine.core.definition import HttpAction, JsonValue
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors.dispatch import execute
from tests.engine_shell.http_server import Asked, answering, reach_of, serving, start_of_answer
from tests.engine_shell.steps import Kept, set_later, step_context

URL = "https://deploy.internal/ship?token=abc"
REACH = reach_of({"deploy.internal": "127.0.0.1"})


def ask(action: HttpAction, kept: Kept | None = None, **options: object) -> Outcome:
    return execute(step_context(action, kept or Kept(), **{"reach": REACH, **options}))  # type: ignore[arg-type]


def get(url: str = URL, **fields: object) -> HttpAction:
    return HttpAction("GET", url, **fields)  # type: ignore[arg-type]


def asked_by(action_at: Callable[[str], HttpAction], **options: object) -> Asked:
    """What a server is asked by an action that is made for its URL."""
    with serving(answering(200)) as server:
        assert isinstance(ask(action_at(server.url), None, **options), Succeeded)
    return server.asked[0]


# --- the request


def test_values_are_put_into_url_headers_and_json() -> None:
    asked = asked_by(
        lambda url: HttpAction(
            "post",
            url + "{{ params.service }}/v1",
            {"X-Version": "{{ params.version }}", "X-Count": "{{ params.count }}"},
            {"version": "{{ params.version }}", "count": "{{ params.count }}", "list": ["ü"]},
        ),
        params={"service": "api", "version": "1.2", "count": 3},
    )
    assert (asked.method, asked.path) == ("POST", "/api/v1")
    assert json.loads(asked.body) == {"version": "1.2", "count": 3, "list": ["ü"]}
    assert asked.headers["content-type"] == "application/json"
    assert (asked.headers["x-version"], asked.headers["x-count"]) == ("1.2", "3")


def test_a_body_is_sent_as_it_is() -> None:
    asked = asked_by(
        lambda url: HttpAction("PUT", url, {"Content-Type": "text/plain"}, body="a={{ params.a }} ü"),
        params={"a": 1},
    )
    assert asked.body == "a=1 ü".encode()
    assert asked.headers["content-type"] == "text/plain"


def test_a_form_is_sent_as_browsers_do() -> None:
    kept = Kept()
    with serving(answering(200)) as server:
        action = HttpAction(
            "POST", server.url, form={"who": "{{ params.who }}", "n": "{{ params.n }}", "e": ""}
        )
        ask(action, kept, params={"who": "Ada & Bob=ü", "n": 3})
    asked = server.asked[0]
    assert asked.body == b"who=Ada+%26+Bob%3D%C3%BC&n=3&e="
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert isinstance(kept.arguments[0], dict)
    assert kept.arguments[0]["form"] == {"who": "Ada & Bob=ü", "n": "3", "e": ""}


def test_every_attempt_of_a_step_carries_the_same_key_and_every_item_another() -> None:
    key = "0123456789abcdef0123456789abcdef/build"
    assert asked_by(get).headers["idempotency-key"] == key
    assert asked_by(get, item=(7, "eu")).headers["idempotency-key"] == f"{key}/7"


def test_headers_of_the_step_go_before_ours() -> None:
    asked = asked_by(
        lambda url: get(url, headers={"idempotency-key": "mine", "USER-AGENT": "ada", "X-Text": "grüße"})
    )
    assert asked.headers.get_all("idempotency-key") == ["mine"]
    assert asked.headers.get_all("user-agent") == ["ada"]
    assert asked.headers["x-text"].encode("latin-1").decode() == "grüße"


def test_the_host_is_asked_by_its_name() -> None:
    with serving(answering(200)) as server:
        ask(get(server.url_of("deploy.internal")))
    assert server.asked[0].headers["host"] == f"deploy.internal:{server.port}"


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


def test_the_arguments_are_recorded_without_secrets() -> None:
    kept = Kept()
    headers = {"Authorization": "Bearer abcdef", "X-Plain": "secret-value"}
    with serving(answering(200)) as server:
        ask(HttpAction("post", server.url, headers, {"a": 1}), kept, secrets=["secret-value"])
    assert kept.arguments == [
        {
            "method": "POST",
            "url": server.url,
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
def test_the_result_holds_json_or_text(content: bytes, media_type: str, result: dict[str, JsonValue]) -> None:
    with serving(answering(200, content, Content_Type=media_type)) as server:
        outcome = ask(get(server.url))
    assert outcome == Succeeded({"status": 200, "headers": {"content-type": media_type}, **result})


def test_the_result_holds_a_few_headers() -> None:
    answer = answering(201, Location="/1", ETag='"x"', Set_Cookie="session=1", X_Powered_By="x")
    with serving(answer) as server:
        outcome = ask(get(server.url))
    assert outcome == Succeeded({"status": 201, "headers": {"location": "/1", "etag": '"x"'}, "text": ""})


def test_secrets_are_masked_in_the_result() -> None:
    with serving(answering(200, b'{"echo": "secret-value"}', Content_Type="application/json")) as server:
        outcome = ask(get(server.url), secrets=["secret-value"])
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
def test_a_status_that_is_not_expected_fails_the_step(status: int, sentence: str) -> None:
    with serving(answering(status, b"why", Location="http://127.0.0.1/")) as server:
        outcome = ask(get(server.url_of("deploy.internal") + "?token=abc", expect=(200, 202)))
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.status) == (sentence, status)
    assert isinstance(outcome.result, dict)
    assert outcome.result["text"] == "why"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (httpx.LocalProtocolError("x"), "the request to deploy.internal could not be written"),
        (httpx.ProxyError("x"), "the request to deploy.internal failed (ProxyError)"),
        (httpx.WriteTimeout("x"), "deploy.internal gave no full answer within 1m"),
    ],
)
def test_failures_that_no_server_brings_about_are_told_too(
    error: httpx.HTTPError, sentence: str, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get("https://127.0.0.1/ship?token=abc").mock(side_effect=error)
    outcome = ask(get())
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(sentence)
    assert "token" not in outcome.error


def test_a_name_that_is_not_known_is_told() -> None:
    assert ask(get("https://other.internal/?token=abc")) == Failed(
        "other.internal could not be reached: its name is not known"
    )


# --- answers that are packed


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("identity", b"grouse"),
        ("gzip", gzip.compress(b"grouse", mtime=0)),
        ("X-GZIP", gzip.compress(b"grouse", mtime=0)),
        ("deflate", zlib.compress(b"grouse")),
        ("gzip", b""),
    ],
)
def test_what_was_packed_is_unpacked(encoding: str, content: bytes) -> None:
    with serving(answering(200, content, Content_Encoding=encoding)) as server:
        outcome = ask(get(server.url))
    assert outcome == Succeeded({"status": 200, "headers": {}, "text": "grouse" if content else ""})


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("br", b"grouse"),
        ("gzip", b"grouse"),
        ("gzip", gzip.compress(b"grouse", mtime=0)[:-3]),
        ("gzip", gzip.compress(b"grouse", mtime=0) * 2),
        ("gzip, gzip", gzip.compress(gzip.compress(b"grouse", mtime=0), mtime=0)),
    ],
)
def test_what_cannot_be_unpacked_fails_the_step(encoding: str, content: bytes) -> None:
    with serving(answering(200, content, Content_Encoding=encoding)) as server:
        outcome = ask(get(server.url))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("127.0.0.1 sent an answer that cannot be decoded")


def test_an_answer_that_grows_when_it_is_unpacked_stays_small_here() -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    bomb = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(300)) + packer.flush()
    with serving(answering(200, bomb, Content_Encoding="gzip")) as server:
        tracemalloc.start()
        outcome = ask(get(server.url))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert outcome == Failed("127.0.0.1 answered with more than 1 MiB; ask it for less", status=200)
    assert peak < 8 * 1024 * 1024


def test_headers_without_end_are_cut_off() -> None:
    with serving(lambda handler: start_of_answer(handler, X_Large="x" * 1_000_000)) as server:
        outcome = ask(get(server.url))
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("127.0.0.1 broke off before a full answer came")


# --- a real server


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
    assert outcome == Failed("127.0.0.1 answered with more than 1 MiB; ask it for less", status=200)


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
