"""The control API trusts this machine's own pages and tools, and nobody else; nonsense gets a sentence."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.sandbox_client import ADA, GENERAL, SandboxClient

POST = {"user": ADA, "channel": GENERAL, "text": "hi"}


@pytest.fixture
def http(sandbox: SandboxClient, sandbox_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox_url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("path", ["/", "/control/messages?channel=C0GENERAL", "/api/api.test"])
def test_another_host_name_is_refused(http: httpx.Client, path: str, host: str) -> None:
    assert http.get(path, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:3001", "127.0.0.1:3001", "[::1]:3001"])
def test_this_machines_names_are_accepted(http: httpx.Client, host: str) -> None:
    assert http.get("/api/api.test", headers={"Host": host}).json()["ok"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://["},
    ],
)
def test_a_page_of_another_site_cannot_act(
    http: httpx.Client, sandbox: SandboxClient, headers: dict[str, str]
) -> None:
    answer = http.post("/control/post", json=POST, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (403, "cross_site")
    assert sandbox.messages(GENERAL) == []


def test_the_sandboxes_own_page_can_act(http: httpx.Client, sandbox_url: str) -> None:
    headers = {"Origin": sandbox_url, "Sec-Fetch-Site": "same-origin"}
    assert http.post("/control/post", json=POST, headers=headers).json()["ok"]


def test_a_plain_form_is_not_taken(http: httpx.Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = http.post("/control/reset", content="{}", headers={"Content-Type": kind})
        assert answer.status_code == 415


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"3", b'{"a": NaN}', b'{"text": "\\ud800"}', b"\xff", b"[" * 100_000]
)
def test_a_malformed_body_is_refused(http: httpx.Client, body: bytes) -> None:
    answer = http.post("/control/post", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("command", {}),
        ("command", {"user": 5, "channel": GENERAL, "text": "x"}),
        ("post", {"user": ADA, "channel": GENERAL}),
        ("click", {"user": ADA, "action_id": "x"}),
        ("click", {"user": ADA, "action_id": "x", "channel": GENERAL, "ts": "1.1"}),
        ("click", {"user": ADA, "action_id": "x", "view_id": "V1", "state": []}),
        ("submit", {"user": ADA, "view_id": "V404", "values": {}}),
        ("submit", {"user": ADA, "view_id": "V404", "values": "x"}),
        ("close", {"user": ADA, "view_id": "V404", "clear": "yes"}),
        ("options", {"user": ADA, "action_id": "x", "value": "x"}),
        ("faults", {"method": "x"}),
        ("faults", {"method": "x", "mode": "explode"}),
        ("faults", {"method": "x", "mode": "http:200"}),
        ("faults", {"method": "x", "mode": "slow:soon"}),
        ("faults", {"method": "x", "mode": "error:"}),
        ("faults", {"method": "x", "mode": "lost_reply", "times": 0}),
        ("faults", {"method": "x", "mode": "lost_reply", "times": "1"}),
        ("delivery", {"mode": "thrice"}),
        ("limits", {"mode": "loose"}),
        ("scopes", {"scopes": "chat:write"}),
        ("channels", {"channel": "C404"}),
        ("channels", {"channel": GENERAL, "archived": "yes"}),
        ("messages/delete", {"channel": GENERAL, "ts": "1.1"}),
    ],
)
def test_nonsense_is_answered_with_a_code_and_a_sentence(
    http: httpx.Client, path: str, body: dict[str, object]
) -> None:
    answer = http.post(f"/control/{path}", json=body)
    assert answer.status_code in (400, 404)
    told = answer.json()
    assert told["ok"] is False
    assert told["error"]
    assert told["message"].endswith(".")


@pytest.mark.parametrize(
    "path",
    [
        "messages?channel=C404",
        "messages",
        "views?user=U404",
        "wait",
        "wait?kind=miracle",
        "wait?kind=view",
        "wait?kind=message&timeout=soon",
        "wait?kind=call&after=x",
    ],
)
def test_a_nonsense_question_is_answered_with_a_sentence(http: httpx.Client, path: str) -> None:
    answer = http.get(f"/control/{path}")
    assert answer.status_code in (400, 404)
    assert answer.json()["message"].endswith(".")
