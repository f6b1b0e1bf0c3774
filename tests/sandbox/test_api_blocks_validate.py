"""blocks.validate: without a token, one of three arguments, and errors that a program can read."""

import json
from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.test_api_chat import code_of, error_of
from tests.sandbox.views import modal, plain, section, text_input
from tests.support.sandbox_client import SandboxClient


@pytest.fixture
def anyone(sandbox: SandboxClient) -> WebClient:
    """A client without a token."""
    return WebClient(base_url=sandbox.base_url + "/api/", retry_handlers=[])


def test_what_is_right_passes_without_a_token(anyone: WebClient) -> None:
    assert anyone.blocks_validate(blocks=[section("hi")]).data == {"ok": True}
    assert anyone.blocks_validate(message={"text": "hi"})["ok"]
    assert anyone.blocks_validate(message={"blocks": [section("no fallback text")]})["ok"]
    assert anyone.blocks_validate(view=modal())["ok"]
    assert anyone.blocks_validate(view={"type": "home", "blocks": [section("hi")]})["ok"]


def test_the_error_of_slacks_own_example(anyone: WebClient) -> None:
    wrong = [{"type": "section", "text": {"type": "invalid", "text": "x"}}]
    refusal = error_of(anyone.blocks_validate, blocks=wrong)
    assert refusal["error"] == "invalid_blocks"
    (error,) = refusal["errors"]
    assert (error["code"], error["pointer"]) == ("failed_constraint", "/0/text/type")
    assert error["message"] == "unsupported type: invalid"
    assert error["constraint"]["type"] == "enum"
    assert set(error["constraint"]["expected"]) == {"plain_text", "mrkdwn"}
    pointed = "[ERROR] unsupported type: invalid [json-pointer:/0/text/type]"
    assert refusal["response_metadata"]["messages"] == [pointed]


@pytest.mark.parametrize(
    ("given", "error", "code", "pointer"),
    [
        ({"blocks": [{"type": "header"}]}, "invalid_blocks", "missing_field", "/0"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks", "failed_constraint", "/0/text/text"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks", "invalid_type", ""),
        ({"view": modal(submit=None)}, "invalid_view", "failed_constraint", "/blocks/0/input"),
        ({"view": modal(title=plain("x" * 25))}, "invalid_view", "failed_constraint", "/title/text"),
        ({"view": {"type": "tab"}}, "invalid_view", "failed_constraint", "/type"),
        ({"view": []}, "invalid_view", "invalid_type", ""),
        (
            {"message": {"blocks": [{"type": "alert"}]}},
            "invalid_message",
            "failed_constraint",
            "/blocks/0/type",
        ),
        ({"message": {}}, "invalid_message", "missing_field", ""),
        ({"message": {"text": 7}}, "invalid_message", "invalid_type", "/text"),
        ({"message": {"text": "x", "attachments": [1]}}, "invalid_message", "invalid_type", "/attachments/0"),
        (
            {"message": {"text": "x", "attachments": [{"blocks": [{"type": "x"}]}]}},
            "invalid_message",
            "failed_constraint",
            "/attachments/0/blocks/0/type",
        ),
    ],
)
def test_mistakes_are_told_with_code_and_pointer(
    anyone: WebClient, given: dict[str, Any], error: str, code: str, pointer: str
) -> None:
    as_text = {key: json.dumps(value) for key, value in given.items()}
    refusal = error_of(anyone.blocks_validate, **as_text)
    assert refusal["error"] == error
    assert (refusal["errors"][0]["code"], refusal["errors"][0]["pointer"]) == (code, pointer)


def test_every_mistake_is_told_at_once(anyone: WebClient) -> None:
    blocks = [{"type": "header"}, section(""), text_input("a"), {"type": "nothing"}]
    assert len(error_of(anyone.blocks_validate, blocks=blocks)["errors"]) >= 3


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"blocks": "[]", "view": "{}"},
        {"blocks": "[", "message": ""},
        {"blocks": "[NaN]"},
        {"blocks": json.dumps([section("x")] * 3000)},
        {"message": "[" * 5000},
    ],
)
def test_exactly_one_json_argument_of_a_hundred_thousand_characters(
    anyone: WebClient, given: dict[str, str]
) -> None:
    assert code_of(anyone.blocks_validate, **given) == "invalid_arguments"
