"""Custom steps: a person starts one, the app is told with a token for it alone, and says how it ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.clock import MovableClock, SystemClock
from sandbox.errors import ControlError, SlackError
from sandbox.functions import Functions, FunctionState, parameter_problems
from sandbox.manifest import AppFunction, Manifest
from tests.sandbox.installed import Installed, installed
from tests.sandbox.views import actions, button, modal, text_input
from tests.support.sandbox_client import ADA, BOB, GENERAL

GREET = AppFunction(
    "greet",
    "Greet somebody",
    "Says hello",
    input_parameters={
        "user_id": {
            "type": "slack#/types/user_id",
            "title": "User",
            "description": "Whom",
            "is_required": True,
        },
        "times": {"type": "integer"},
    },
    output_parameters={"greeting": {"type": "string", "is_required": True}},
)


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        return Manifest(
            "Test App",
            functions=(GREET,),
            bot_scopes=("chat:write",),
            events_url=f"{app_url}/slack/events",
            actions_url=f"{app_url}/slack/events",
        )

    with installed(manifest) as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    return running


def start(stage: Installed, **inputs: Any) -> dict[str, Any]:
    """Ada starts the step; gives the event that the app got."""
    stage.sandbox.start_function(ADA, "greet", {"user_id": BOB, **inputs})
    event: dict[str, Any] = stage.wait_for("function_executed")[-1].payload["event"]
    return event


def with_token(stage: Installed, token: str) -> WebClient:
    return WebClient(token, base_url=f"{stage.sandbox.base_url}/api/", retry_handlers=[])


def test_the_app_is_told_of_a_step_with_its_definition_inputs_and_token(stage: Installed) -> None:
    event = start(stage, times=2)
    assert set(event) == {
        "type",
        "function",
        "inputs",
        "function_execution_id",
        "workflow_execution_id",
        "bot_access_token",
        "event_ts",
    }
    assert event["inputs"] == {"user_id": BOB, "times": 2}
    assert event["function_execution_id"].startswith("Fx")
    assert event["workflow_execution_id"].startswith("Wx")
    assert event["bot_access_token"].startswith("xwfp-")
    function = event["function"]
    assert set(function) == {
        "id",
        "callback_id",
        "title",
        "description",
        "type",
        "input_parameters",
        "output_parameters",
        "app_id",
        "date_created",
        "date_updated",
        "date_deleted",
    }
    assert (function["callback_id"], function["type"], function["app_id"]) == ("greet", "app", "A0APP")
    assert function["input_parameters"][0] == {
        "type": "slack#/types/user_id",
        "name": "user_id",
        "description": "Whom",
        "title": "User",
        "is_required": True,
    }


def test_a_step_runs_until_the_app_completes_it(stage: Installed) -> None:
    event = start(stage)
    (row,) = stage.sandbox.functions()
    assert (row["id"], row["state"], row["user"]) == (event["function_execution_id"], "running", ADA)
    assert "token" not in row
    stage.parts.functions.complete(row["id"], {"greeting": "hello"})
    (row,) = stage.sandbox.functions()
    assert (row["state"], row["outputs"], row["error"]) == ("completed", {"greeting": "hello"}, None)


def test_its_token_acts_for_the_bot_until_the_step_is_over(stage: Installed) -> None:
    event = start(stage)
    slack = with_token(stage, event["bot_access_token"])
    assert slack.auth_test()["user_id"] == "U0BOT"
    stage.parts.functions.fail(event["function_execution_id"], "no such person")
    assert stage.sandbox.functions()[0]["error"] == "no such person"
    with pytest.raises(SlackApiError, match="token_revoked"):
        slack.auth_test()


def test_a_click_in_a_message_of_a_step_tells_which_step_it_is(stage: Installed) -> None:
    event = start(stage)
    slack = with_token(stage, event["bot_access_token"])
    slack.chat_postMessage(channel=GENERAL, text="Approve?", blocks=[actions("row", button("yes"))])
    stage.slack.chat_postMessage(channel=GENERAL, text="Other", blocks=[actions("row", button("no"))])
    stage.sandbox.click(BOB, "yes", stage.sandbox.wait_for_message("Approve?"))
    told = stage.app.last("block_actions")
    assert told["bot_access_token"] == event["bot_access_token"]
    assert told["function_data"] == {
        "execution_id": event["function_execution_id"],
        "function": {"callback_id": "greet"},
        "inputs": {"user_id": BOB},
    }
    assert told["interactivity"]["interactor"]["id"] == BOB
    assert told["interactivity"]["interactivity_pointer"] == told["trigger_id"]
    stage.sandbox.click(BOB, "no", stage.sandbox.wait_for_message("Other"))
    assert not {"bot_access_token", "function_data", "interactivity"} & set(stage.app.last("block_actions"))


def test_a_view_that_a_step_opened_tells_it_too(stage: Installed) -> None:
    event = start(stage)
    slack = with_token(stage, event["bot_access_token"])
    slack.chat_postMessage(channel=GENERAL, text="Approve?", blocks=[actions("row", button("yes"))])
    stage.sandbox.click(BOB, "yes", stage.sandbox.wait_for_message("Approve?"))
    slack.views_open(trigger_id=stage.app.last("block_actions")["trigger_id"], view=modal(text_input("why")))
    stage.sandbox.submit(BOB, stage.sandbox.wait_for_view(BOB), {"why": "because"})
    told = stage.app.last("view_submission")
    assert told["function_data"]["execution_id"] == event["function_execution_id"]


@pytest.mark.parametrize(
    ("callback_id", "inputs", "status", "error"),
    [
        ("unknown", {}, 404, "function_not_found"),
        ("greet", {}, 400, "parameter_validation_failed"),
        ("greet", {"user_id": BOB, "times": "two"}, 400, "parameter_validation_failed"),
        ("greet", {"user_id": BOB, "colour": "red"}, 400, "parameter_validation_failed"),
    ],
)
def test_what_does_not_fit_the_manifest_is_not_started(
    stage: Installed, callback_id: str, inputs: dict[str, Any], status: int, error: str
) -> None:
    body = {"user": ADA, "callback_id": callback_id, "inputs": inputs}
    assert stage.act("function", body, status)["error"] == error
    assert stage.sandbox.functions() == []


@pytest.fixture
def revoked() -> list[str]:
    return []


@pytest.fixture
def functions(revoked: list[str]) -> Functions:
    return Functions(MovableClock(SystemClock()), revoked.append)


def test_the_errors_are_those_of_slacks_methods(functions: Functions, revoked: list[str]) -> None:
    with pytest.raises(SlackError, match="function_execution_not_found"):
        functions.complete("Fx1", {})
    execution = functions.start(GREET, ADA, {"user_id": BOB}, "xwfp-1")
    with pytest.raises(SlackError, match="parameter_validation_failed") as refusal:
        functions.complete(execution.id, {"greeting": 3})
    assert "greeting" in refusal.value.extra["response_metadata"]["messages"][0]
    assert execution.state is FunctionState.RUNNING
    assert revoked == []
    functions.complete(execution.id, {"greeting": "hello"})
    assert revoked == ["xwfp-1"]
    with pytest.raises(SlackError, match="execution_not_in_running_state"):
        functions.complete(execution.id, {"greeting": "again"})
    with pytest.raises(SlackError, match="execution_not_in_running_state"):
        functions.fail(execution.id, "no")


def test_a_step_without_what_it_needs_is_refused_in_sentences(functions: Functions) -> None:
    with pytest.raises(ControlError, match="missing required parameter: user_id"):
        functions.start(GREET, ADA, {}, "xwfp-1")
    assert functions.rows() == []


@pytest.mark.parametrize(
    ("kind", "value", "is_right"),
    [
        ("string", "a", True),
        ("string", 1, False),
        ("integer", 1, True),
        ("integer", True, False),
        ("number", 1.5, True),
        ("boolean", True, True),
        ("boolean", 1, False),
        ("array", [], True),
        ("object", [], False),
        ("slack#/types/user_id", "U0ADA", True),
        ("string", None, True),
    ],
)
def test_values_are_of_the_type_that_the_manifest_names(kind: str, value: Any, is_right: bool) -> None:
    assert (parameter_problems({"it": {"type": kind}}, {"it": value}) == []) is is_right
