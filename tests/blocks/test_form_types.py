"""Times, people, addresses, files and JSON in a form; and fields that come and go with the answers."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from blocks.fields import field, initial
from blocks.forms import NEWLY_ASKED, asked_names, changed_form, read_form, start_form
from blocks.ids import ActionId, owner_name, param_name
from blocks.types import Block, View
from blocks.values import LIMIT, FormDraft, decode
from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.json_text import NotJson
from sandbox.validation.views import check_view as slack_problems
from tests.support.block_limits import check_view
from tests.support.pictures import a_parameter, a_workflow

DRAFT = FormDraft("deploy", "d" * 64, "C0OPS", 1_795_435_200)
GROUPS = {"S0ONCALL": "@oncall", "S0DBA": "@dba"}
A_FILE: dict[str, JsonValue] = {"id": "F0NOTES", "name": "notes.txt", "size": 12, "mimetype": "text/plain"}


def block_of(kind: str, value: JsonValue = None, groups: dict[str, str] = GROUPS, **changes: Any) -> Block:
    """The field, as a form of its own that Slack would take."""
    parameter = a_parameter("field", ParameterType(kind), **changes)
    view = start_form(a_workflow(parameter), {"field": value}, {}, DRAFT, groups=groups)
    check_view(view)
    assert [str(problem) for problem in slack_problems(view, "modal")] == []
    (block,) = [block for block in view["blocks"] if block["type"] == "input"]
    return dict(block)


def element(kind: str, value: JsonValue = None, **changes: Any) -> dict[str, Any]:
    drawn: dict[str, Any] = block_of(kind, value, **changes)["element"]
    return drawn


@pytest.mark.parametrize(
    ("kind", "changes", "value", "expected"),
    [
        ("time", {}, "07:30", {"type": "timepicker", "initial_time": "07:30"}),
        ("datetime", {}, "2026-01-31T07:30:00Z", {"type": "datetimepicker", "initial_date_time": 1769844600}),
        ("duration", {}, "1h30m", {"type": "plain_text_input", "initial_value": "1h30m"}),
        (
            "users",
            {},
            ["U0ADA", "U0BOB"],
            {"type": "multi_users_select", "initial_users": ["U0ADA", "U0BOB"]},
        ),
        ("users", {"max_length": 3}, [], {"max_selected_items": 3}),
        (
            "channels",
            {},
            ["C0OPS"],
            {"type": "multi_conversations_select", "initial_conversations": ["C0OPS"]},
        ),
        ("email", {}, "ada@example.com", {"type": "email_text_input", "initial_value": "ada@example.com"}),
        ("url", {}, "https://a.example", {"type": "url_text_input", "initial_value": "https://a.example"}),
        ("file", {}, None, {"type": "file_input", "max_files": 1}),
        (
            "json",
            {},
            {"a": 1},
            {"type": "plain_text_input", "multiline": True, "initial_value": '{\n  "a": 1\n}'},
        ),
        ("json", {}, "text", {"initial_value": '"text"'}),
        ("json", {}, "", {"initial_value": '""'}),
        ("json", {}, NotJson("{a"), {"initial_value": "{a"}),
        ("json", {}, list(range(700)), {"initial_value": str(list(range(700))).replace(" ", "")}),
        ("group", {"groups": {}}, "S0ONCALL", {"type": "plain_text_input", "initial_value": "S0ONCALL"}),
    ],
)
def test_each_type_has_slacks_own_element_with_its_first_value(
    kind: str, changes: dict[str, Any], value: JsonValue, expected: dict[str, Any]
) -> None:
    assert expected.items() <= element(kind, value, **changes).items()


def test_a_group_is_chosen_by_its_handle_where_the_groups_are_known() -> None:
    drawn = element("group", "S0ONCALL")
    assert [option["text"]["text"] for option in drawn["options"]] == ["@dba", "@oncall"]
    assert drawn["initial_option"]["value"] == "S0ONCALL"
    assert "such as S0ONCALL" in block_of("group", groups={})["hint"]["text"]
    assert "hint" not in block_of("group")


def test_texts_with_a_form_of_their_own_say_it_unless_the_author_does() -> None:
    assert block_of("duration")["hint"]["text"] == "Such as 90s, 10m, 4h or 1h30m."
    assert block_of("duration", hint="How long", maximum="1h")["hint"]["text"] == "How long At most 1h."
    assert block_of("json")["hint"]["text"].startswith("JSON, such as")
    assert block_of("time", minimum="07:00", maximum="17:00")["hint"]["text"] == "From 07:00 to 17:00."


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("time", "25:00"),
        ("time", 7),
        ("datetime", "1999-12-31T00:00:00Z"),
        ("datetime", "soon"),
        ("duration", "1h\n"),
        ("users", "U0ADA"),
        ("users", ["ada"]),
        ("channels", ["U0ADA"]),
        ("group", "S0GONE"),
        ("email", "x" * 3001),
        ("url", "a\nb"),
        ("file", A_FILE),
        ("json", "x" * 3000),
        ("json", "\ud800"),
    ],
)
def test_a_value_that_the_field_cannot_hold_is_said_above_it(kind: str, value: JsonValue) -> None:
    parameter = a_parameter("field", ParameterType(kind))
    assert initial(parameter, value, GROUPS) is None
    view = start_form(a_workflow(parameter), {"field": value}, {}, DRAFT, groups=GROUPS)
    (alert,) = [block for block in view["blocks"] if block["type"] == "alert"]
    assert alert["text"]["text"] == "Field: The value given cannot be shown in this field; enter it here."
    assert owner_name(alert["block_id"]) == "field"


@pytest.mark.parametrize(
    ("kind", "entry", "value"),
    [
        ("time", {"selected_time": "07:30"}, "07:30"),
        ("time", {"selected_time": None}, None),
        ("datetime", {"selected_date_time": 1769844600}, "2026-01-31T07:30:00Z"),
        ("datetime", {"selected_date_time": None}, None),
        ("datetime", {"selected_date_time": True}, None),
        ("datetime", {"selected_date_time": 10**20}, str(10**20)),
        ("duration", {"value": " 1h30m "}, "1h30m"),
        ("duration", {"value": " "}, None),
        ("users", {"selected_users": ["U0ADA", "U0BOB"]}, ["U0ADA", "U0BOB"]),
        ("users", {"selected_users": []}, []),
        ("users", {"selected_users": [3, None]}, []),
        ("channels", {"selected_conversations": ["C0OPS"]}, ["C0OPS"]),
        ("group", {"selected_option": {"value": "S0ONCALL"}}, "S0ONCALL"),
        ("group", {"value": " S0ONCALL "}, "S0ONCALL"),
        ("group", {"selected_option": None}, None),
        ("email", {"value": "ada@example.com "}, "ada@example.com"),
        ("url", {"value": "https://a.example"}, "https://a.example"),
        ("json", {"value": '{"a": [1]}'}, {"a": [1]}),
        ("json", {"value": "{a"}, "{a"),
        ("json", {"value": ""}, None),
        ("file", {"files": [A_FILE | {"mode": "hosted", "user": "U0ADA"}]}, A_FILE),
        ("file", {"files": [A_FILE | {"name": "a\u202eb\n"}]}, A_FILE | {"name": "a[U+202E]b"}),
        ("file", {"files": []}, None),
        ("file", {"files": [7]}, None),
        (
            "file",
            {"files": [{"id": "F1"}]},
            {"id": "F1", "name": "", "size": None, "mimetype": ""},
        ),
    ],
)
def test_what_was_filled_in_is_read_with_its_type(kind: str, entry: dict[str, Any], value: JsonValue) -> None:
    parameter = a_parameter("field", ParameterType(kind))
    state = {field("d", parameter, None)["block_id"]: {ActionId.PARAMETER.value: entry}}
    assert read_form(a_workflow(parameter), state) == ({} if value is None else {"field": value})


# --- fields that come and go

CANARY = a_parameter("canary", ParameterType.INTEGER, default=5)
REASON = a_parameter("reason", required=True, show_if="params.canary > 10")
NOTE = a_parameter("note")
DEPLOY = a_workflow(CANARY, REASON, NOTE)


def names(view: View) -> list[str | None]:
    return [param_name(block["block_id"]) for block in view["blocks"] if block["type"] == "input"]


def told(view: View) -> dict[str, Any]:
    """The view as Slack tells of it later: completed, with ids everywhere."""
    filled = copy.deepcopy(view)
    for number, block in enumerate(filled["blocks"]):
        block.setdefault("block_id", f"b{number}")
    return filled


def test_a_field_that_decides_tells_of_each_change_and_no_other_does() -> None:
    view = start_form(DEPLOY, {}, {}, DRAFT)
    deciding, other = (
        block for block in view["blocks"] if param_name(block.get("block_id", "")) in ("canary", "note")
    )
    assert deciding["dispatch_action"] is True
    assert deciding["element"]["dispatch_action_config"] == {"trigger_actions_on": ["on_character_entered"]}
    assert "dispatch_action" not in other
    menu = a_workflow(
        a_parameter("env", ParameterType.CHOICE, options=("a",)), a_parameter("x", show_if="params.env")
    )
    (first, _) = (block for block in start_form(menu, {}, {}, DRAFT)["blocks"] if block["type"] == "input")
    assert first["dispatch_action"] is True
    assert "dispatch_action_config" not in first["element"]


def test_what_is_hidden_has_no_field_and_no_mistake() -> None:
    view = start_form(DEPLOY, {}, {"reason": "A value is required."}, DRAFT, hidden={"reason"})
    assert names(view) == ["canary", "note"]
    assert not [block for block in view["blocks"] if block["type"] == "alert"]


def test_a_new_field_comes_in_its_place_and_the_others_stay_as_they_are() -> None:
    before = told(start_form(DEPLOY, {}, {"note": "Too long."}, DRAFT, ask_channel=True, hidden={"reason"}))
    after = changed_form(DEPLOY, before, {"canary": 20}, DRAFT, hidden=())
    check_view(after)
    assert names(after) == [None, "canary", "reason", "note"]
    assert [block for block in after["blocks"] if param_name(block["block_id"]) != "reason"] == before[
        "blocks"
    ]
    assert asked_names(after) == {"canary", "reason", "note"}


def test_a_field_goes_together_with_what_stands_above_it() -> None:
    before = told(start_form(DEPLOY, {"canary": 20}, {"reason": "Too long."}, DRAFT))
    assert [block["type"] for block in before["blocks"]].count("alert") == 1
    after = changed_form(DEPLOY, before, {"canary": 5}, DRAFT, hidden={"reason"})
    assert names(after) == ["canary", "note"]
    assert "alert" not in [block["type"] for block in after["blocks"]]


def test_a_form_that_was_submitted_says_what_is_new() -> None:
    before = told(start_form(DEPLOY, {}, {}, DRAFT, hidden={"reason"}))
    after = changed_form(DEPLOY, before, {"canary": 20}, DRAFT, hidden=(), is_submitted=True)
    alerts = [block["text"]["text"] for block in after["blocks"] if block["type"] == "alert"]
    assert alerts == [f"Reason: {NEWLY_ASKED}"]


def test_a_value_that_is_not_asked_any_more_is_kept_and_comes_back() -> None:
    full = told(start_form(DEPLOY, {"canary": 20, "reason": "because"}, {}, DRAFT))
    values: dict[str, JsonValue] = {"canary": 5, "reason": "typed", "note": None}
    less = changed_form(DEPLOY, full, values, DRAFT, hidden={"reason"})
    draft = decode(FormDraft, less["private_metadata"])
    assert draft is not None
    assert draft.kept == {"reason": "typed"}
    again = changed_form(DEPLOY, told(less), {**draft.kept, "canary": 20}, draft, hidden=())
    (block,) = [block for block in again["blocks"] if param_name(block["block_id"]) == "reason"]
    assert block["element"]["initial_value"] == "typed"
    restored = decode(FormDraft, again["private_metadata"])
    assert restored is not None
    assert restored.kept == {}


def test_what_is_kept_never_makes_a_form_unreadable() -> None:
    many = [a_parameter(f"p{n}", show_if="params.canary > 10") for n in range(30)]
    workflow = a_workflow(CANARY, *many)
    values: dict[str, JsonValue] = {each.name: "x" * 100 * n for n, each in enumerate(many)}
    values["p3"] = NotJson("{")
    view = start_form(workflow, values, {}, DRAFT, hidden=[each.name for each in many])
    check_view(view)
    assert len(view["private_metadata"]) <= LIMIT
    draft = decode(FormDraft, view["private_metadata"])
    assert draft is not None
    assert draft.kept["p1"] == "x" * 100
    assert "p3" not in draft.kept


def test_a_field_shown_again_has_the_same_id_so_that_slack_knows_it() -> None:
    def reason_of(view: View) -> str:
        return next(
            str(b["block_id"]) for b in view["blocks"] if param_name(b.get("block_id", "")) == "reason"
        )

    first = start_form(DEPLOY, {"canary": 20}, {}, DRAFT)
    hidden = told(start_form(DEPLOY, {}, {}, DRAFT, hidden={"reason"}))
    assert reason_of(changed_form(DEPLOY, hidden, {}, DRAFT, hidden=())) == reason_of(first)


def test_a_file_never_tells_of_changes() -> None:
    """Slack refuses that."""
    parameter: Parameter = a_parameter("notes", ParameterType.FILE)
    assert "dispatch_action" not in field("d", parameter, None, decides=True)
