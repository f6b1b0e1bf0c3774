"""Clicks and choices: what block_actions holds for each element, and what people see when it fails."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.conftest import TOO_LATE
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, modal, option, plain, section, select_input, text_input
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, SandboxClient

ENVELOPE = {
    "type",
    "team",
    "user",
    "api_app_id",
    "token",
    "is_enterprise_install",
    "enterprise",
    "trigger_id",
}


def posted(sandbox: SandboxClient, slack: WebClient, *blocks: dict[str, Any]) -> dict[str, Any]:
    slack.chat_postMessage(channel=GENERAL, text="x", blocks=list(blocks))
    return sandbox.messages(GENERAL)[-1]


def opened(sandbox: SandboxClient, app: FakeApp, slack: WebClient, *blocks: dict[str, Any]) -> dict[str, Any]:
    sandbox.command(ADA, "/workflow run")
    slack.views_open(trigger_id=app.last("command")["trigger_id"], view=modal(*blocks))
    return sandbox.views(ADA)[-1]


def test_a_click_in_a_message_has_exactly_slacks_fields(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    message = posted(sandbox, slack, actions("row", button("go", value="7", style="primary")))
    sandbox.click(BOB, "go", message)
    told = app.last("block_actions")
    assert set(told) == ENVELOPE | {"container", "channel", "message", "response_url", "state", "actions"}
    assert told["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": GENERAL,
        "is_ephemeral": False,
    }
    assert told["user"] == {"id": BOB, "username": "bob", "name": "bob", "team_id": "T0001"}
    assert told["channel"] == {"id": GENERAL, "name": "general"}
    assert told["message"]["blocks"] == message["blocks"]
    (action,) = told["actions"]
    assert action.pop("action_ts")
    assert action == {
        "type": "button",
        "action_id": "go",
        "block_id": "row",
        "value": "7",
        "style": "primary",
        "text": {"type": "plain_text", "text": "Go", "emoji": True},
    }


def test_a_click_in_a_modal_has_exactly_slacks_fields(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, actions("row", button("go")), text_input("name"))
    sandbox.click(ADA, "go", view, state={"name": "Ada"})
    told = app.last("block_actions")
    assert set(told) == ENVELOPE | {"container", "view", "actions"}
    assert told["container"] == {"type": "view", "view_id": view["id"]}
    assert told["view"]["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "Ada"}}
    }
    assert "value" not in told["actions"][0]


def test_a_click_in_a_thread_names_the_thread(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    root = slack.chat_postMessage(channel=GENERAL, text="root")["ts"]
    slack.chat_postMessage(channel=GENERAL, text="x", blocks=[actions("a", button("go"))], thread_ts=root)
    sandbox.click(BOB, "go", sandbox.messages(GENERAL, thread=root)[1])
    assert app.last("block_actions")["container"]["thread_ts"] == root
    assert app.last("block_actions")["message"]["thread_ts"] == root


def test_of_an_ephemeral_message_the_app_gets_only_a_part(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    slack.chat_postEphemeral(channel=GENERAL, user=BOB, text="x", blocks=[actions("a", button("go"))])
    (message,) = sandbox.messages(GENERAL, viewer=BOB)
    sandbox.click(BOB, "go", message)
    told = app.last("block_actions")
    assert told["container"]["is_ephemeral"] is True
    assert "blocks" not in told["message"]
    assert sandbox.click(ADA, "go", message, check=False)["error"] == "message_not_found"


def test_the_state_of_a_messages_inputs_travels_along(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    comment = text_input("comment") | {"optional": True}
    message = posted(
        sandbox, slack, comment, actions("row", button("approve"), {**menu(), "action_id": "env"})
    )
    sandbox.click(BOB, "approve", message, state={"comment": "Looks good", "row": {"env": "b"}})
    values = app.last("block_actions")["state"]["values"]
    assert values["comment"]["value"] == {"type": "plain_text_input", "value": "Looks good"}
    assert values["row"]["env"]["selected_option"]["value"] == "b"
    sandbox.click(BOB, "approve", message)
    values = app.last("block_actions")["state"]["values"]
    assert values["comment"]["value"]["value"] is None
    assert values["row"]["env"]["selected_option"] is None


def menu(kind: str = "static_select", **more: Any) -> dict[str, Any]:
    return {"type": kind, "action_id": "pick", "options": [option("a"), option("b")], **more}


A, B = ({"text": {**plain(v.title()), "emoji": True}, "value": v} for v in "ab")
CHOICES: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    (menu(), "b", {"selected_option": B}),
    (menu(initial_option=option("a")), "b", {"selected_option": B, "initial_option": A}),
    (menu("multi_static_select"), ["a", "b"], {"selected_options": [A, B]}),
    (menu("overflow"), "a", {"selected_option": A}),
    (menu("radio_buttons"), "b", {"selected_option": B}),
    (menu("checkboxes"), ["b"], {"selected_options": [B]}),
    ({"type": "users_select", "action_id": "pick"}, BOB, {"selected_user": BOB}),
    ({"type": "multi_users_select", "action_id": "pick"}, [BOB], {"selected_users": [BOB]}),
    ({"type": "channels_select", "action_id": "pick"}, OPS, {"selected_channel": OPS}),
    ({"type": "conversations_select", "action_id": "pick"}, OPS, {"selected_conversation": OPS}),
    ({"type": "multi_conversations_select", "action_id": "pick"}, [], {"selected_conversations": []}),
    ({"type": "datepicker", "action_id": "pick"}, "2026-01-02", {"selected_date": "2026-01-02"}),
    (
        {"type": "timepicker", "action_id": "pick", "timezone": "Etc/UTC"},
        "10:30",
        {"selected_time": "10:30", "timezone": "Etc/UTC"},
    ),
    ({"type": "datetimepicker", "action_id": "pick"}, 1_700_000_000, {"selected_date_time": 1_700_000_000}),
]


@pytest.mark.parametrize(("element", "value", "told"), CHOICES)
def test_a_choice_is_told_with_the_keys_of_its_element(
    sandbox: SandboxClient,
    app: FakeApp,
    slack: WebClient,
    element: dict[str, Any],
    value: Any,
    told: dict[str, Any],
) -> None:
    sandbox.click(BOB, "pick", posted(sandbox, slack, actions("row", element)), value=value)
    (action,) = app.last("block_actions")["actions"]
    assert action.pop("action_ts")
    assert action == {"type": element["type"], "action_id": "pick", "block_id": "row", **told}
    values = app.last("block_actions")["state"]["values"]
    if element["type"] == "overflow":
        assert values == {}
    else:
        typed = {key: entry for key, entry in told.items() if not key.startswith("initial")}
        assert values == {"row": {"pick": {"type": element["type"], **typed}}}


def test_an_input_tells_before_submit_only_when_it_dispatches(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    loud = select_input("env", "dev", "prod") | {"dispatch_action": True}
    view = opened(sandbox, app, slack, loud, text_input("name"))
    sandbox.click(ADA, "value", view, block_id="env", value="prod")
    assert (
        app.last("block_actions")["view"]["state"]["values"]["env"]["value"]["selected_option"]["value"]
        == "prod"
    )
    refused = sandbox.click(ADA, "value", view, block_id="name", value="x", check=False)
    assert refused["error"] == "no_dispatch"


def test_a_feedback_button_tells_its_value(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    sides = {f"{side}_button": {"text": plain(side), "value": side} for side in ("positive", "negative")}
    feedback = {"type": "feedback_buttons", "action_id": "rate", **sides}
    message = posted(sandbox, slack, {"type": "context_actions", "elements": [feedback]})
    sandbox.click(BOB, "rate", message, value="negative")
    assert app.last("block_actions")["actions"][0]["value"] == "negative"


def test_a_failed_click_in_a_message_is_told_to_that_person(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    message = posted(sandbox, slack, actions("a", button("go")))
    app.answer("block_actions", status=500)
    told = sandbox.click(BOB, "go", message, check=False)
    assert (told["ok"], told["error"]) == (False, "http_service_error")
    assert sandbox.notices(BOB) == [told["message"]]
    assert sandbox.notices(ADA) == []


def test_a_failed_click_in_a_modal_shows_its_banner_until_one_succeeds(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, actions("a", button("go")), text_input("name"))
    app.answer("block_actions", delay=TOO_LATE)
    told = sandbox.click(ADA, "go", view, check=False)
    assert told["error"] == "operation_timeout"
    assert sandbox.banners(ADA) == ["We had some trouble connecting. Try again?"] == [told["message"]]
    app.answer("block_actions")
    sandbox.click(ADA, "go", view)
    assert sandbox.banners(ADA) == []


def test_an_impossible_click_says_what_is_there(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    message = posted(sandbox, slack, actions("a", button("go"), menu()), section("x"))
    for asked, error in (
        ({"action_id": "stop"}, "element_not_found"),
        ({"action_id": "go", "block_id": "b"}, "element_not_found"),
        ({"action_id": "pick", "value": "c"}, "impossible_value"),
        ({"action_id": "pick", "value": {"x": 1}}, "impossible_value"),
        ({"action_id": "go", "state": {"nowhere": "x"}}, "no_such_block"),
    ):
        told = sandbox.click(BOB, on=message, check=False, **asked)
        assert told["error"] == error
    assert "there is: go, pick" in sandbox.click(BOB, "stop", message, check=False)["message"]
    assert app.requests == []


def test_a_guest_cannot_click_what_they_cannot_see(sandbox: SandboxClient, slack: WebClient) -> None:
    slack.chat_postMessage(channel=OPS, text="x", blocks=[actions("a", button("go"))])
    (message,) = sandbox.messages(OPS)
    assert sandbox.click(GUS, "go", message, check=False)["error"] == "channel_not_found"


def test_nobody_clicks_in_a_view_of_somebody_else_or_under_another(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, actions("a", button("go")), text_input("name"))
    assert sandbox.click(BOB, "go", view, check=False)["error"] == "view_not_found"
    sandbox.click(ADA, "go", view)
    slack.views_push(trigger_id=app.last("block_actions")["trigger_id"], view=modal())
    assert sandbox.click(ADA, "go", view, check=False)["error"] == "view_covered"


def given_back(value: str) -> dict[str, Any]:
    """An option as Slack tells of it, however the app wrote it."""
    return option(value) | {"text": option(value)["text"] | {"emoji": True}}


def test_an_external_menu_asks_the_app_and_keeps_the_chosen_option(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    element = {"type": "external_select", "action_id": "pick", "min_query_length": 2}
    message = posted(sandbox, slack, actions("row", element))
    app.answer_json("block_suggestion", {"options": [option("alpha"), option("beta")]})
    assert sandbox.options(BOB, "pick", message, "a") == {"ok": True, "options": []}
    assert app.requests == []
    told = sandbox.options(BOB, "pick", message, "al")
    assert [entry["value"] for entry in told["options"]] == ["alpha", "beta"]
    asked = app.last("block_suggestion")
    assert set(asked) == (ENVELOPE - {"trigger_id"}) | {
        "action_id",
        "block_id",
        "value",
        "container",
        "channel",
        "message",
    }
    assert (asked["value"], asked["action_id"], asked["block_id"]) == ("al", "pick", "row")
    sandbox.click(BOB, "pick", message, value="beta")
    assert app.last("block_actions")["actions"][0]["selected_option"] == given_back("beta")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"options": "x"},
        {"options": [option(str(i)) for i in range(101)]},
        {"options": [{"value": "x"}]},
        ["a"],
    ],
)
def test_options_slack_cannot_use_are_not_shown(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, answer: Any
) -> None:
    message = posted(sandbox, slack, actions("row", {"type": "external_select", "action_id": "pick"}))
    app.answer_json("block_suggestion", answer)
    told = sandbox.options(BOB, "pick", message, "query", check=False)
    assert (told["ok"], told["error"]) == (False, "unusable_reply")


def test_an_external_menu_may_have_groups(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = opened(
        sandbox, app, slack, {**text_input("x"), "element": {"type": "external_select", "action_id": "pick"}}
    )
    group = {"label": plain("Greek"), "options": [option("alpha")]}
    app.answer_json("block_suggestion", {"option_groups": [group]})
    (told,) = sandbox.options(ADA, "pick", view, "alp")["option_groups"]
    assert told == {"label": plain("Greek") | {"emoji": True}, "options": [given_back("alpha")]}
    assert "view" in app.last("block_suggestion")
    sandbox.submit(ADA, view, {"x": "alpha"})
    values = app.last("view_submission")["view"]["state"]["values"]
    assert values["x"]["pick"]["selected_option"] == given_back("alpha")
