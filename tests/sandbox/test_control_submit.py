"""Submitting and closing modals: what is checked before, sent, and done with the answer."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.conftest import TOO_LATE
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.views import actions, button, modal, option, plain, section, select_input, text_input
from tests.support.sandbox_client import ADA, BOB, OPS, SandboxClient

BANNER = "We had some trouble connecting. Try again?"
ENVELOPE = {"type", "team", "user", "api_app_id", "token", "is_enterprise_install", "enterprise"}


def opened(sandbox: SandboxClient, app: FakeApp, slack: WebClient, view: dict[str, Any]) -> dict[str, Any]:
    sandbox.command(ADA, "/workflow run")
    slack.views_open(trigger_id=app.last("command")["trigger_id"], view=view)
    return sandbox.views(ADA)[-1]


def pushed(sandbox: SandboxClient, app: FakeApp, slack: WebClient, view: dict[str, Any]) -> dict[str, Any]:
    sandbox.click(ADA, "go", sandbox.views(ADA)[-1])
    slack.views_push(trigger_id=app.last("block_actions")["trigger_id"], view=view)
    return sandbox.views(ADA)[-1]


def clickable(**more: Any) -> dict[str, Any]:
    return modal(actions("a", button("go")), text_input("name"), **more)


def an_input(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    field = {"action_id": "value", **element}
    return {"type": "input", "block_id": "field", "label": plain("Field"), "element": field, **more}


def test_a_submission_has_exactly_slacks_fields(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, modal(private_metadata="kept"))
    assert sandbox.submit(ADA, view, {"name": "Ada"}) == {"ok": True}
    told = app.last("view_submission")
    assert set(told) == ENVELOPE | {"trigger_id", "view", "response_urls"}
    assert told["view"]["private_metadata"] == "kept"
    assert told["view"]["state"]["values"] == {
        "name": {"value": {"type": "plain_text_input", "value": "Ada"}}
    }
    assert told["response_urls"] == []


def test_an_empty_answer_closes_the_view_and_reveals_the_one_below(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    root = opened(sandbox, app, slack, clickable())
    sandbox.submit(ADA, pushed(sandbox, app, slack, modal()), {"name": "x"})
    assert [view["id"] for view in sandbox.views(ADA)] == [root["id"]]


def test_clear_closes_the_whole_stack(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    opened(sandbox, app, slack, clickable())
    app.answer_json("view_submission", {"response_action": "clear"})
    sandbox.submit(ADA, pushed(sandbox, app, slack, modal()), {"name": "x"})
    assert sandbox.views(ADA) == []


def test_update_replaces_the_view(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = opened(sandbox, app, slack, modal())
    app.answer_json(
        "view_submission", {"response_action": "update", "view": modal(section("Running"), submit=None)}
    )
    assert sandbox.submit(ADA, view, {"name": "x"})["response_action"] == "update"
    (shown,) = sandbox.views(ADA)
    assert (shown["id"], shown["blocks"][0]["text"]["text"]) == (view["id"], "Running")


def test_push_stacks_a_view_up_to_three(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    opened(sandbox, app, slack, modal())
    app.answer_json("view_submission", {"response_action": "push", "view": modal()})
    for _ in range(2):
        sandbox.submit(ADA, sandbox.views(ADA)[-1], {"name": "x"})
    assert len(sandbox.views(ADA)) == 3
    told = sandbox.submit(ADA, sandbox.views(ADA)[-1], {"name": "x"}, check=False)
    assert (told["message"], told["detail"]) == (BANNER, "push_limit_reached")


def test_errors_keep_the_view_and_come_back_by_block(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, modal())
    app.answer_json("view_submission", {"response_action": "errors", "errors": {"name": "Already taken."}})
    told = sandbox.submit(ADA, view, {"name": "x"})
    assert told["errors"] == {"name": "Already taken."}
    assert sandbox.views(ADA)[0]["state"]["values"]["name"]["value"]["value"] == "x"
    assert sandbox.banners(ADA) == []


UNUSABLE: list[Any] = [
    {"response_action": "errors", "errors": {"nowhere": "x"}},
    {"response_action": "errors", "errors": {"a": "on a block that is no input"}},
    {"response_action": "errors", "errors": {"name": ""}},
    {"response_action": "errors"},
    {"response_action": "refresh"},
    {"text": "hello"},
    {"response_action": "update"},
    {"response_action": "update", "view": {"type": "modal"}},
    {"response_action": "push", "view": {"type": "home", "blocks": []}},
    ["errors"],
]


@pytest.mark.parametrize("answer", UNUSABLE)
def test_an_answer_slack_cannot_use_shows_the_banner_and_keeps_the_view(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, answer: Any
) -> None:
    view = opened(sandbox, app, slack, clickable())
    app.answer_json("view_submission", answer)
    told = sandbox.submit(ADA, view, {"name": "x"}, check=False)
    assert (told["ok"], told["error"], told["message"]) == (False, "unusable_reply", BANNER)
    assert told["detail"]
    assert sandbox.banners(ADA) == [BANNER]
    assert [shown["id"] for shown in sandbox.views(ADA)] == [view["id"]]


@pytest.mark.parametrize(
    "failure", [{"status": 500}, {"status": 404}, {"delay": TOO_LATE}, {"body": "thanks"}]
)
def test_a_failed_submission_shows_the_banner(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, failure: dict[str, Any]
) -> None:
    view = opened(sandbox, app, slack, modal())
    app.answer("view_submission", **failure)
    assert sandbox.submit(ADA, view, {"name": "x"}, check=False)["message"] == BANNER
    assert len(sandbox.views(ADA)) == 1
    app.answer("view_submission")
    sandbox.submit(ADA, view)
    assert sandbox.views(ADA) == []


REFUSED_BEFORE: list[tuple[dict[str, Any], Any, str]] = [
    (an_input({"type": "plain_text_input"}), "", "Please complete this required field."),
    (an_input({"type": "plain_text_input"}), "   ", "Please complete this required field."),
    (an_input({"type": "plain_text_input"}), None, "Please complete this required field."),
    (
        an_input({"type": "checkboxes", "options": [option("a")]}),
        False,
        "Please complete this required field.",
    ),
    (an_input({"type": "plain_text_input", "min_length": 3}), "ab", "Must be at least 3 characters."),
    (an_input({"type": "plain_text_input", "max_length": 3}), "abcd", "Must be at most 3 characters."),
    (an_input({"type": "plain_text_input"}), "x" * 3001, "Must be at most 3000 characters."),
    (an_input({"type": "number_input", "is_decimal_allowed": False}), "1.5", "Enter a whole number."),
    (an_input({"type": "number_input", "is_decimal_allowed": True}), "many", "Enter a number."),
    (
        an_input({"type": "number_input", "is_decimal_allowed": False, "min_value": "1"}),
        0,
        "Must be 1 or more.",
    ),
    (
        an_input({"type": "number_input", "is_decimal_allowed": False, "max_value": "9"}),
        10,
        "Must be 9 or less.",
    ),
    (an_input({"type": "email_text_input"}), "ada", "Enter a valid email address."),
    (an_input({"type": "url_text_input"}), "example.com", "Enter a valid URL."),
    (
        an_input({"type": "multi_users_select", "max_selected_items": 1}),
        [ADA, BOB],
        "Please select no more than 1 items.",
    ),
    (an_input({"type": "file_input"}), [], "Please complete this required field."),
    (an_input({"type": "file_input", "max_files": 1}), ["a", "b"], "Please upload no more than 1 file."),
    (
        an_input({"type": "file_input", "filetypes": ["pdf", "txt"]}),
        "picture.png",
        "Please upload files of these types only: pdf, txt.",
    ),
    (an_input({"type": "file_input"}), {"name": "a.iso", "size": 10_000_001}, "A file is too large."),
]


@pytest.mark.parametrize(("block", "value", "sentence"), REFUSED_BEFORE)
def test_the_client_refuses_a_wrong_field_and_the_app_hears_nothing(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, block: dict[str, Any], value: Any, sentence: str
) -> None:
    view = opened(sandbox, app, slack, modal(block))
    assert sandbox.submit(ADA, view, {"field": value})["errors"] == {"field": sentence}
    assert [request.kind for request in app.requests] == ["command"]


TYPED: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    ({"type": "plain_text_input"}, None, {"value": None}),
    ({"type": "number_input", "is_decimal_allowed": True}, 2.5, {"value": "2.5"}),
    ({"type": "email_text_input"}, "ada@example.com", {"value": "ada@example.com"}),
    ({"type": "static_select", "options": [option("a")]}, None, {"selected_option": None}),
    ({"type": "checkboxes", "options": [option("a")]}, None, {"selected_options": []}),
    ({"type": "users_select"}, None, {"selected_user": None}),
    ({"type": "multi_channels_select"}, None, {"selected_channels": []}),
    ({"type": "datepicker"}, None, {"selected_date": None}),
    ({"type": "datepicker", "initial_date": "2026-01-02"}, ..., {"selected_date": "2026-01-02"}),
    ({"type": "datetimepicker"}, "1700000000", {"selected_date_time": 1_700_000_000}),
    ({"type": "timepicker"}, "07:30", {"selected_time": "07:30"}),
    (
        {"type": "timepicker", "timezone": "Europe/Rome"},
        "",
        {"selected_time": None, "timezone": "Europe/Rome"},
    ),
    ({"type": "multi_users_select"}, [ADA, BOB], {"selected_users": [ADA, BOB]}),
    ({"type": "multi_conversations_select"}, [OPS], {"selected_conversations": [OPS]}),
    ({"type": "url_text_input"}, "https://example.com/", {"value": "https://example.com/"}),
    ({"type": "file_input"}, ..., {"files": []}),
    ({"type": "file_input"}, None, {"files": []}),
    ({"type": "rich_text_input"}, None, {"rich_text_value": None}),
]


@pytest.mark.parametrize(("element", "value", "typed"), TYPED)
def test_values_have_the_keys_of_their_element_also_when_empty(
    sandbox: SandboxClient,
    app: FakeApp,
    slack: WebClient,
    element: dict[str, Any],
    value: Any,
    typed: dict[str, Any],
) -> None:
    view = opened(sandbox, app, slack, modal(an_input(element, optional=True)))
    sandbox.submit(ADA, view, {} if value is ... else {"field": value})
    told = app.last("view_submission")["view"]["state"]["values"]["field"]["value"]
    assert told == {"type": element["type"], **typed}


def test_one_checkbox_may_be_ticked_with_true(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = opened(sandbox, app, slack, modal(an_input({"type": "checkboxes", "options": [option("yes")]})))
    sandbox.submit(ADA, view, {"field": True})
    told = app.last("view_submission")["view"]["state"]["values"]["field"]["value"]
    assert [chosen["value"] for chosen in told["selected_options"]] == ["yes"]


def test_a_chosen_file_is_described_as_slack_does_and_keeps_its_id(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, modal(an_input({"type": "file_input"})))
    app.answer_json("view_submission", {"response_action": "errors", "errors": {"field": "Another one."}})
    described = []
    for _ in range(2):
        sandbox.submit(ADA, view, {"field": {"name": "notes.txt", "size": 12}})
        described.append(app.last("view_submission")["view"]["state"]["values"]["field"]["value"]["files"])
    ((first,), (second,)) = described
    assert first["id"] == second["id"]
    assert first["id"].startswith("F0")
    assert (first["name"], first["size"], first["mimetype"]) == ("notes.txt", 12, "text/plain")
    assert (first["filetype"], first["mode"], first["is_public"]) == ("txt", "hosted", False)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "timepicker"}, "25:00"),
        ({"type": "timepicker"}, "7:30"),
        ({"type": "datetimepicker"}, "tomorrow"),
        ({"type": "file_input"}, {"size": 3}),
        ({"type": "file_input"}, {"name": "a", "size": -1}),
        ({"type": "file_input"}, 7),
    ],
)
def test_what_no_picker_offers_is_a_mistake_of_the_test(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient, element: dict[str, Any], value: Any
) -> None:
    view = opened(sandbox, app, slack, modal(an_input(element)))
    with pytest.raises(AssertionError, match="Nobody can"):
        sandbox.submit(ADA, view, {"field": value})


def test_rich_text_is_made_of_plain_words(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = opened(sandbox, app, slack, modal(an_input({"type": "rich_text_input"})))
    sandbox.submit(ADA, view, {"field": "words"})
    told = app.last("view_submission")["view"]["state"]["values"]["field"]["value"]["rich_text_value"]
    assert told["elements"][0]["elements"] == [{"type": "text", "text": "words"}]


def test_a_value_nobody_could_enter_is_a_mistake_of_the_test(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, modal(select_input("env", "dev", "prod")))
    with pytest.raises(AssertionError, match="The choices are 'dev', 'prod'"):
        sandbox.submit(ADA, view, {"env": "moon"})
    with pytest.raises(AssertionError, match="No input in block 'moon'; there is: env"):
        sandbox.submit(ADA, view, {"moon": "dev"})


def test_a_menu_for_answers_brings_response_urls(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    menu = {"type": "conversations_select", "response_url_enabled": True}
    view = opened(sandbox, app, slack, modal(an_input(menu)))
    sandbox.submit(ADA, view, {"field": OPS})
    (entry,) = app.last("view_submission")["response_urls"]
    assert set(entry) == {"block_id", "action_id", "channel_id", "response_url"}
    assert (entry["channel_id"], entry["block_id"]) == (OPS, "field")


def test_a_view_without_submit_or_under_another_is_not_submitted(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    view = opened(sandbox, app, slack, modal(actions("a", button("go")), submit=None))
    assert sandbox.submit(ADA, view, check=False)["error"] == "no_submit"
    pushed(sandbox, app, slack, modal())
    assert sandbox.submit(ADA, view, check=False)["error"] == "view_covered"
    assert sandbox.submit(BOB, view, check=False)["error"] == "view_not_found"


def test_a_disabled_submit_waits_for_a_change(sandbox: SandboxClient, app: FakeApp, slack: WebClient) -> None:
    view = opened(sandbox, app, slack, modal(text_input("name", initial_value="old"), submit_disabled=True))
    assert sandbox.submit(ADA, view, check=False)["error"] == "submit_disabled"
    assert sandbox.submit(ADA, view, {"name": "new"})["ok"]


def test_cancel_closes_the_view_on_top_and_tells_those_who_asked(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    root = opened(sandbox, app, slack, clickable())
    top = pushed(sandbox, app, slack, modal(notify_on_close=True))
    sandbox.close(ADA, top)
    told = app.last("view_closed")
    assert set(told) == ENVELOPE | {"view", "is_cleared"}
    assert (told["view"]["id"], told["is_cleared"]) == (top["id"], False)
    assert [view["id"] for view in sandbox.views(ADA)] == [root["id"]]
    sandbox.close(ADA, root)
    assert len([request for request in app.requests if request.kind == "view_closed"]) == 1


def test_the_x_closes_all_and_tells_of_the_root(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    root = opened(sandbox, app, slack, clickable(notify_on_close=True))
    sandbox.close(ADA, pushed(sandbox, app, slack, modal()), clear=True)
    told = app.last("view_closed")
    assert (told["view"]["id"], told["is_cleared"]) == (root["id"], True)
    assert sandbox.views(ADA) == []


def test_a_view_may_ask_that_cancel_closes_all(
    sandbox: SandboxClient, app: FakeApp, slack: WebClient
) -> None:
    opened(sandbox, app, slack, clickable())
    sandbox.close(ADA, pushed(sandbox, app, slack, modal(clear_on_close=True)))
    assert sandbox.views(ADA) == []
