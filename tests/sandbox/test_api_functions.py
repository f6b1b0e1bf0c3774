"""functions.completeSuccess and completeError, and apps.event.authorizations.list, with Slack's own client."""

import base64
import json
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.manifest import AppFunction, Manifest
from tests.sandbox.calling import Desk
from tests.sandbox.installed import APP_TOKEN, installed
from tests.sandbox.test_api_chat import code_of
from tests.support.sandbox_client import ADA, SandboxClient

GREETING = {"greeting": {"type": "string", "is_required": True}}


def begin(desk: Desk) -> str:
    """A custom step that Ada has started; its id."""
    token = desk.sandbox.access.issue_just_in_time()
    function = AppFunction("greet", "Greet", output_parameters=GREETING)
    return desk.sandbox.functions.start(function, ADA, {}, token).id


def test_a_step_ends_well_once() -> None:
    desk = Desk()
    step = begin(desk)
    desk.call("functions.completeSuccess", function_execution_id=step, outputs='{"greeting": "hello"}')
    execution = desk.sandbox.functions.get(step)
    assert execution is not None
    assert (execution.state, execution.outputs) == ("completed", {"greeting": "hello"})
    again: dict[str, Any] = {"function_execution_id": step, "outputs": {"greeting": "hello"}}
    assert desk.refusal("functions.completeSuccess", **again) == "execution_not_in_running_state"


def test_a_step_ends_with_an_error() -> None:
    desk = Desk()
    step = begin(desk)
    desk.call("functions.completeError", function_execution_id=step, error="No luck")
    execution = desk.sandbox.functions.get(step)
    assert execution is not None
    assert (execution.state, execution.error) == ("error", "No luck")


@pytest.mark.parametrize("outputs", [{}, {"greeting": 7}, '{"greeting": null}'])
def test_outputs_must_fit_the_manifest(outputs: Any) -> None:
    desk = Desk()
    wrong: dict[str, Any] = {"function_execution_id": begin(desk), "outputs": outputs}
    assert desk.refusal("functions.completeSuccess", **wrong) == "parameter_validation_failed"


def test_outputs_must_be_an_object() -> None:
    desk = Desk()
    step = begin(desk)
    for outputs in (None, "", "[]", "{", 7):
        given: dict[str, Any] = {"function_execution_id": step, "outputs": outputs}
        assert desk.refusal("functions.completeSuccess", **given) == "invalid_arguments"


def test_slacks_client_is_told_of_an_unknown_step(sandbox: SandboxClient, slack: WebClient) -> None:
    wrong = {"function_execution_id": "Fx404"}
    assert code_of(slack.functions_completeSuccess, **wrong, outputs={}) == "function_execution_not_found"
    assert code_of(slack.functions_completeError, **wrong, error="x") == "function_execution_not_found"


def test_authorizations_are_for_app_level_tokens(sandbox: SandboxClient, slack: WebClient) -> None:
    list_them = slack.apps_event_authorizations_list
    assert code_of(list_them, event_context="4-x") == "not_allowed_token_type"


def context(**changes: str) -> str:
    """The `event_context` of an event of this app."""
    told = {"et": "app_mention", "tid": "T0001", "aid": "A0APP", "cid": "C0GENERAL"} | changes
    return "4-" + base64.b64encode(json.dumps(told).encode()).decode()


def test_an_events_context_leads_to_the_bots_authorization() -> None:
    desk = Desk()
    told = desk.call("apps.event.authorizations.list", event_context=context())
    (bot,) = told["authorizations"]
    assert (bot["user_id"], bot["team_id"], bot["is_bot"]) == ("U0BOT", "T0001", True)
    assert desk.refusal("apps.event.authorizations.list", event_context=context(aid="A9")) == "auth_mismatch"
    for wrong in ("x", "4-", "4-e30=", "4-%", "5" + context()[1:], context(tid="T9")):
        error = desk.refusal("apps.event.authorizations.list", event_context=wrong)
        assert error == "invalid_event_context", wrong


def test_authorizations_are_read_with_slacks_client() -> None:
    with installed(lambda app_url: Manifest("Test App")) as running:
        listed = running.slack.apps_event_authorizations_list(event_context=context(), token=APP_TOKEN)
        assert len(listed["authorizations"]) == 1
