"""Redirects of `http` steps: followed as often as allowed, and told to nobody what is not meant for them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from engine.addresses import AllowList
from engine.core.definition import HttpAction
from engine.core.events import Failed, Outcome, Succeeded
from engine.executors.dispatch import execute
from engine.secrets import Secrets
from tests.engine_shell.certificates import authority_and_host
from tests.engine_shell.http_server import Answer, Server, answering, reach_of, serving, start_of_answer
from tests.engine_shell.steps import Kept, step_context

NAMES = {"one.internal": "127.0.0.1", "two.internal": "127.0.0.2"}
REACH = reach_of(NAMES)
SECRETS = Secrets({"HANDRAIL_SECRET_TOKEN": "s3cret-t0ken"})


def ask(action: HttpAction, **options: object) -> Outcome:
    return execute(step_context(action, Kept(), **{"reach": REACH, **options}))  # type: ignore[arg-type]


def redirecting(status: int, location: str) -> Answer:
    """To `location` from everywhere but there."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if location.endswith(handler.path) and handler.path != "/":
            start_of_answer(handler)
        else:
            start_of_answer(handler, status, Location=location)

    return answer


@contextmanager
def two_servers(status: int, body_at_two: Answer | None = None) -> Iterator[tuple[Server, Server]]:
    """The first, on one.internal, redirects everything to the second, on two.internal."""
    with serving(body_at_two or answering(200), "127.0.0.2") as second:
        target = f"{second.url_of('two.internal')}end"
        with serving(answering(status, Location=target)) as first:
            yield first, second


@pytest.mark.parametrize(
    ("status", "method", "followed_by"),
    [
        (301, "GET", "GET"),
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (301, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "DELETE", "DELETE"),
    ],
)
def test_the_method_changes_as_in_browsers(status: int, method: str, followed_by: str) -> None:
    with serving(redirecting(status, "/end")) as server:
        body = "b" if method in ("POST", "PUT") else None
        outcome = ask(
            HttpAction(method, f"{server.url}start", {"Content-Type": "text/x"}, body=body, redirects=1)
        )
    assert isinstance(outcome, Succeeded)
    last = server.asked[-1]
    assert (server.paths, last.method) == (["/start", "/end"], followed_by)
    keeps_body = body is not None and followed_by == method
    assert last.body == (b"b" if keeps_body else b"")
    assert ("content-type" in last.headers) == (
        keeps_body or (status in (303, 301, 308) and followed_by == method)
    )


def test_as_many_redirects_are_followed_as_are_allowed() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.strip("/") or 0)
        if number == 3:
            start_of_answer(handler)
        else:
            start_of_answer(handler, 302, Location=f"/{number + 1}")

    with serving(answer) as server:
        assert isinstance(ask(HttpAction("GET", server.url, redirects=3)), Succeeded)
        assert server.paths == ["/", "/1", "/2", "/3"]
        outcome = ask(HttpAction("GET", server.url, redirects=2))
    assert outcome == Failed(
        "127.0.0.1 redirects further, after the request was redirected 2 times", status=302
    )


def test_a_thousand_redirects_are_not_followed() -> None:
    with serving(answering(302, Location="/")) as server:
        outcome = ask(HttpAction("GET", server.url, redirects=10))
    assert isinstance(outcome, Failed)
    assert len(server.asked) == 11


def test_a_redirect_that_is_expected_is_not_followed_without_being_asked_to() -> None:
    with serving(answering(302, Location="/x")) as server:
        outcome = ask(HttpAction("GET", server.url, expect=(302,)))
    assert isinstance(outcome, Succeeded)
    assert server.paths == ["/"]


@pytest.mark.parametrize("status", [300, 304, 305])
def test_other_statuses_are_answers(status: int) -> None:
    with serving(answering(status, Location="/x")) as server:
        outcome = ask(HttpAction("GET", server.url, redirects=5))
    assert isinstance(outcome, Failed)
    assert outcome.status == status
    assert outcome.error == f"127.0.0.1 answered {status}, expected 200, 201, 202, 204"


def test_a_redirect_without_a_location_is_an_answer() -> None:
    with serving(answering(302)) as server:
        outcome = ask(HttpAction("GET", server.url, redirects=5))
    assert isinstance(outcome, Failed)
    assert outcome.status == 302


def test_another_host_is_not_told_who_we_are() -> None:
    headers = {
        "Authorization": "Bearer abc",
        "Cookie": "session=1",
        "X-Api-Key": "abc",
        "X-Own": "1",
        "Accept": "text/plain",
        "User-Agent": "ada {{ secrets.token }}",
    }
    with two_servers(302) as (first, second):
        action = HttpAction("GET", first.url_of("one.internal"), headers, redirects=1)
        outcome = ask(action, declared=["token"], known_secrets=SECRETS)
    assert isinstance(outcome, Succeeded)
    assert first.asked[0].headers["user-agent"] == "ada s3cret-t0ken"
    told = {name.lower() for name in second.asked[0].headers}
    assert told <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
    assert second.asked[0].headers["host"] == f"two.internal:{second.port}"
    assert "s3cret" not in str(second.asked[0].headers)


def test_the_same_host_on_another_port_is_another_place() -> None:
    with serving(answering(200)) as second, serving(answering(302, Location=second.url)) as first:
        ask(HttpAction("GET", first.url, {"Authorization": "Bearer abc"}, redirects=1))
    assert "authorization" not in second.asked[0].headers


def test_the_same_place_is_told_the_same() -> None:
    with serving(redirecting(307, "/end")) as server:
        ask(HttpAction("GET", server.url, {"Authorization": "Bearer abc", "X-Own": "1"}, redirects=1))
    assert server.asked[1].headers["authorization"] == "Bearer abc"
    assert server.asked[1].headers["x-own"] == "1"


def test_a_body_with_a_secret_goes_to_no_other_host() -> None:
    with two_servers(307) as (first, second):
        url = first.url_of("one.internal")
        action = HttpAction("POST", url, json={"t": "{{ secrets.token }}"}, redirects=1)
        outcome = ask(action, declared=["token"], known_secrets=SECRETS)
        assert second.asked == []
        assert isinstance(ask(HttpAction("POST", url, json={"t": 1}, redirects=1)), Succeeded)
        assert second.asked[0].body == b'{"t":1}'
    assert outcome == Failed(
        "one.internal redirects to two.internal, and the body of the request holds a secret, which is not sent "
        "there. Ask two.internal directly.",
        status=307,
    )


@pytest.mark.parametrize(
    "location",
    ["ftp://two.internal/", "javascript:alert(1)", "http://ada:pw@two.internal/", "http://x:99999/",
     "file:///etc/passwd", "http://[::1/"],
)  # fmt: skip
def test_a_redirect_to_what_is_no_web_address_fails_the_step(location: str) -> None:
    with serving(answering(302, Location=location)) as server:
        outcome = ask(HttpAction("GET", server.url, redirects=1))
    assert outcome == Failed("127.0.0.1 redirects to what is not a plain web address", status=302)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("http://169.254.169.254/latest/", "169.254.169.254 is a link-local address, where clouds keep"),
        ("//169.254.169.254/latest/", "169.254.169.254 is a link-local address"),
        ("http://0.0.0.0/", "0.0.0.0 is no address of a single host"),
        ("http://meta.internal/", "meta.internal leads to 169.254.169.254, a link-local address"),
        ("http://nowhere.internal/", "nowhere.internal could not be reached: its name is not known"),
    ],
)
def test_each_redirect_is_checked_like_the_first_request(location: str, sentence: str) -> None:
    with serving(answering(302, Location=location)) as server:
        reach = reach_of(NAMES | {"meta.internal": "169.254.169.254"})
        outcome = ask(HttpAction("GET", server.url, redirects=1), reach=reach)
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(sentence)


def test_a_host_outside_of_the_allow_list_is_not_redirected_to() -> None:
    with two_servers(302) as (first, second):
        reach = reach_of(NAMES, AllowList(names=("one.internal",)))
        outcome = ask(HttpAction("GET", first.url_of("one.internal"), redirects=1), reach=reach)
        assert second.asked == []
    assert outcome == Failed(
        "two.internal (127.0.0.2) is not among the hosts that steps may ask. Whoever runs the worker can add it "
        "to HANDRAIL_HTTP_ALLOW.",
        status=302,
    )


def test_nothing_is_redirected_from_https_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, host = authority_and_host(tmp_path, "one.internal")
    trust(authority, monkeypatch)
    with ExitStack() as stack:
        plain = stack.enter_context(serving(answering(200)))
        location = plain.url_of("one.internal")
        secure = stack.enter_context(serving(answering(302, Location=location), tls=host))
        outcome = ask(HttpAction("GET", secure.url_of("one.internal"), redirects=1))
    assert outcome == Failed("one.internal redirects from https to http, which is not followed", status=302)
    assert plain.asked == []


def trust(authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let https of steps trust this authority, in place of the system's."""

    def tls() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=authority)

    monkeypatch.setattr("engine.executors.http_call._tls", tls)
