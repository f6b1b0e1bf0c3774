"""The control API tells what it consists of, and answers whatever is asked of it with a sentence."""

import httpx
import pytest

from sandbox.control_fields import DESCRIPTIONS
from tests.support.sandbox_client import SandboxClient


def ask(sandbox: SandboxClient, verb: str, path: str, **more: object) -> httpx.Response:
    with httpx.Client(base_url=sandbox.base_url, trust_env=False) as client:
        return client.request(verb, path, **more)  # type: ignore[arg-type]  # what httpx takes


def test_every_address_says_what_it_is_for(sandbox: SandboxClient) -> None:
    silent = [f"{row['method']} {row['path']}" for row in sandbox.addresses() if not row["about"]]
    assert silent == []


def test_nothing_is_described_that_is_not_there(sandbox: SandboxClient) -> None:
    told = {f"{row['method']} {row['path'].removeprefix('/control/')}" for row in sandbox.addresses()}
    assert set(DESCRIPTIONS) - told == set()


def test_each_field_says_its_type_and_whether_it_is_needed(sandbox: SandboxClient) -> None:
    faults = next(row for row in sandbox.addresses() if row["path"] == "/control/faults")
    fields = {field["name"]: field for field in faults["fields"]}
    assert fields["times"]["type"] == "number"
    command = next(row for row in sandbox.addresses() if row["path"] == "/control/command")
    assert {field["name"] for field in command["fields"] if field["needed"]} == {"user", "channel", "text"}


def test_an_unknown_address_is_refused_with_a_sentence(sandbox: SandboxClient) -> None:
    for verb in ("GET", "POST", "PUT", "DELETE"):
        refused = ask(sandbox, verb, "/control/comand", json={})
        assert refused.status_code == 404
        assert refused.json() == {
            "ok": False,
            "error": "unknown_path",
            "message": "There is no /control/comand; GET /control/ lists what there is.",
        }


def test_the_wrong_verb_is_refused_with_the_right_one(sandbox: SandboxClient) -> None:
    refused = ask(sandbox, "GET", "/control/command")
    assert (refused.status_code, refused.json()["message"]) == (405, "/control/command takes POST, not GET.")
    refused = ask(sandbox, "DELETE", "/control/state")
    assert refused.json()["message"] == "/control/state takes GET and POST, not DELETE."


@pytest.mark.parametrize(
    "path", [path.removeprefix("POST ") for path in DESCRIPTIONS if path.startswith("POST")]
)
@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"text"', "{}", '{"user": 5, "number": "x", "mode": []}']
)
def test_a_malformed_body_gets_a_sentence_everywhere(sandbox: SandboxClient, path: str, body: str) -> None:
    answer = ask(
        sandbox, "POST", f"/control/{path}", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code < 500
    told = answer.json()
    assert told["ok"] or told["message"].endswith((".", "!"))


@pytest.mark.parametrize(
    "query", ["", "user=%00", "limit=x", "failed=perhaps", "severity=bad", "timeout=soon"]
)
@pytest.mark.parametrize(
    "path", [path.removeprefix("GET ") for path in DESCRIPTIONS if path.startswith("GET")]
)
def test_a_malformed_question_gets_a_sentence_everywhere(
    sandbox: SandboxClient, path: str, query: str
) -> None:
    answer = ask(sandbox, "GET", f"/control/{path}?{query}")
    assert answer.status_code < 500
    told = answer.json()
    assert told["ok"] or told["message"].endswith(".")
