"""How a Web API call travels: every form of arguments, tokens, scopes, warnings, malformed ones."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.api import endpoint
from sandbox.api.call import Call, Method
from sandbox.rate_limits import TIER_3
from sandbox.types import Json
from tests.sandbox.conftest import TOKEN
from tests.support.sandbox_client import SandboxClient

BEARER = {"Authorization": f"Bearer {TOKEN}"}
JSON_TYPE = {"Content-Type": "application/json; charset=utf-8"}


@pytest.fixture
def http(sandbox: SandboxClient, sandbox_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox_url + "/api/", trust_env=False) as client:
        yield client


def test_arguments_come_as_query(http: httpx.Client) -> None:
    assert http.get("users.info", params={"token": TOKEN, "user": "U0ADA"}).json()["user"]["name"] == "ada"


def test_arguments_come_as_query_of_a_post(http: httpx.Client) -> None:
    answer = http.post("users.info", params={"user": "U0ADA"}, headers=BEARER | JSON_TYPE)
    assert answer.json()["user"]["name"] == "ada"


def test_arguments_come_as_form(http: httpx.Client) -> None:
    answer = http.post(
        "chat.postMessage", data={"token": TOKEN, "channel": "C0OPS", "text": "hi", "blocks": "[]"}
    )
    assert answer.json()["message"]["text"] == "hi"


def test_arguments_come_as_multipart(http: httpx.Client) -> None:
    fields = {"token": (None, TOKEN), "channel": (None, "C0OPS"), "text": (None, "grüß")}
    answer = http.post("chat.postMessage", files=fields)
    assert answer.json()["message"]["text"] == "grüß"


def test_arguments_come_as_json(http: httpx.Client) -> None:
    answer = http.post("chat.postMessage", json={"channel": "C0OPS", "text": "hi"}, headers=BEARER)
    assert answer.json()["message"]["text"] == "hi"


def test_blocks_may_be_json_in_a_string(http: httpx.Client) -> None:
    blocks = json.dumps([{"type": "divider"}])
    answer = http.post(
        "chat.postMessage", json={"channel": "C0OPS", "text": "hi", "blocks": blocks}, headers=BEARER
    )
    assert answer.json()["message"]["blocks"][0]["type"] == "divider"


def test_unknown_arguments_are_ignored(http: httpx.Client) -> None:
    assert http.get("auth.test", params={"team_id": "T0001", "nonsense": "1"}, headers=BEARER).json()["ok"]


def test_an_unknown_method_is_named(http: httpx.Client) -> None:
    answer = http.post("chat.shout", headers=BEARER).json()
    assert answer == {"ok": False, "error": "unknown_method", "req_method": "chat.shout"}


def test_a_call_without_token_is_not_authed(http: httpx.Client) -> None:
    assert http.post("auth.test").json()["error"] == "not_authed"


def test_a_wrong_token_is_invalid(http: httpx.Client) -> None:
    for token in ("xoxb-other", "Bärtoken"):
        headers = [(b"Authorization", f"Bearer {token}".encode())]
        assert http.post("auth.test", headers=headers).json()["error"] == "invalid_auth"


def test_a_token_inside_json_does_not_count(http: httpx.Client) -> None:
    assert http.post("auth.test", json={"token": TOKEN}).json()["error"] == "not_authed"


def test_json_without_charset_is_warned_of(http: httpx.Client) -> None:
    answer = http.post("auth.test", json={}, headers=BEARER).json()
    assert answer["ok"]
    assert answer["warning"] == "missing_charset"
    assert answer["response_metadata"]["warnings"] == ["missing_charset"]


def test_a_form_with_charset_is_warned_of(http: httpx.Client) -> None:
    headers = BEARER | {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = http.post("auth.test", content="a=b", headers=headers).json()
    assert answer["warning"] == "superfluous_charset"


def test_right_headers_bring_no_warning(http: httpx.Client) -> None:
    assert "warning" not in http.post("auth.test", content="{}", headers=BEARER | JSON_TYPE).json()


MALFORMED: list[tuple[dict[str, str], bytes, str]] = [
    (JSON_TYPE, b"{", "invalid_json"),
    (JSON_TYPE, b'{"a": NaN}', "invalid_json"),
    (JSON_TYPE, b'{"text": "\\ud800"}', "invalid_json"),
    (JSON_TYPE, b'{"a": "\xff"}', "invalid_json"),
    (JSON_TYPE, b"[" * 100_000, "invalid_json"),
    (JSON_TYPE, b'{"n": 1' + b"0" * 5000 + b"}", "invalid_json"),
    (JSON_TYPE, b"[1]", "json_not_object"),
    (JSON_TYPE, b'"text"', "json_not_object"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, b"text=\xff%ff", "invalid_form_data"),
    ({"Content-Type": "multipart/form-data; boundary=x"}, b"nothing of the sort", "invalid_form_data"),
    ({"Content-Type": "multipart/form-data"}, b"--x\r\n\r\n--x--", "invalid_form_data"),
    ({"Content-Type": "text/xml"}, b"<a/>", "invalid_post_type"),
    ({}, b"text", "missing_post_type"),
]


@pytest.mark.parametrize(("headers", "body", "error"), MALFORMED)
def test_a_malformed_call_gets_slacks_own_error(
    http: httpx.Client, headers: dict[str, str], body: bytes, error: str
) -> None:
    answer = http.post("chat.postMessage", content=body, headers=BEARER | headers)
    assert answer.status_code == 200
    assert answer.json()["error"] == error


@pytest.mark.parametrize(
    "arguments",
    [
        {"channel": 7, "text": "x"},
        {"channel": ["C0OPS"], "text": "x"},
        {"channel": None, "text": "x"},
        {"channel": {"id": "C0OPS"}, "text": "x"},
        {"channel": "C0OPS", "text": {"a": 1}},
        {"channel": "C0OPS", "text": "x", "blocks": 5},
        {"channel": "C0OPS", "text": "x", "blocks": "{{"},
        {"channel": "C0OPS", "text": "x", "blocks": "[" * 100_000},
        {"channel": "C0OPS", "text": "x", "blocks": [{"type": "section", "text": [[[]]]}]},
        {"channel": "C0OPS", "text": "x", "attachments": "x"},
        {"channel": "C0OPS", "text": "x", "attachments": [{"blocks": "x"}]},
        {"channel": "C0OPS", "text": "x", "metadata": []},
        {"channel": "C0OPS", "text": "x", "thread_ts": [1]},
        {"channel": "C0OPS", "text": "x", "thread_ts": 1.5},
        {"channel": "C0OPS", "markdown_text": 5},
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_not_fatal(
    http: httpx.Client, arguments: dict[str, Any]
) -> None:
    answer = http.post("chat.postMessage", json=arguments, headers=BEARER)
    assert answer.status_code == 200
    assert answer.json()["ok"] is False
    assert answer.json()["error"] != "internal_error"


def test_a_missing_argument_is_named(http: httpx.Client) -> None:
    answer = http.post("chat.postMessage", json={"text": "x"}, headers=BEARER | JSON_TYPE).json()
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


def test_a_missing_scope_says_what_is_needed_and_provided(http: httpx.Client, sandbox: SandboxClient) -> None:
    sandbox.scopes(["commands", "chat:write"])
    answer = http.get("users.info", params={"user": "U0ADA"}, headers=BEARER)
    assert answer.json() == {
        "ok": False,
        "error": "missing_scope",
        "needed": "users:read",
        "provided": "chat:write,commands",
    }
    assert answer.headers["X-OAuth-Scopes"] == "chat:write,commands"
    assert answer.headers["X-Accepted-OAuth-Scopes"] == "users:read"


def test_socket_mode_is_refused_honestly(http: httpx.Client) -> None:
    assert http.post("apps.connections.open", headers=BEARER).json()["error"] == "not_allowed_token_type"


def test_api_test_needs_no_token_and_echoes(http: httpx.Client) -> None:
    assert http.post("api.test", data={"foo": "bar"}).json() == {"ok": True, "args": {"foo": "bar"}}
    assert http.post("api.test", data={"error": "my_error"}).json()["error"] == "my_error"


def test_calls_are_logged_without_the_token(http: httpx.Client, sandbox: SandboxClient) -> None:
    http.get("users.info", params={"user": "U0ADA", "token": TOKEN})
    (call,) = sandbox.calls("users.info")
    assert call["arguments"] == {"user": "U0ADA"}
    assert call["answer"]["ok"] is True
    assert TOKEN not in json.dumps(sandbox.calls())


def test_a_method_that_breaks_is_told_as_slacks_own_error_and_stands_in_the_log(
    http: httpx.Client,
    sandbox: SandboxClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(call: Call) -> Json:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setitem(endpoint.METHODS, "team.info", Method(break_down, TIER_3))
    answer = http.get("team.info", headers=BEARER)
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": "internal_error"})
    assert sandbox.calls("team.info")[-1]["answer"]["error"] == "internal_error"
    assert "method_broke method=team.info" in caplog.text
