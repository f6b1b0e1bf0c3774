"""The picker, the form of a workflow, and reading back what was filled in."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.forms import field_errors, loading, picker, read_channel, read_form, start_form
from blocks.ids import ActionId, CallbackId, param_name
from blocks.types import Block, View, WorkflowCard
from blocks.values import FormDraft, PickerDraft, decode
from engine.core.definition import JsonValue, Parameter, ParameterType
from tests.support.block_limits import all_text, check_view
from tests.support.pictures import a_parameter, a_workflow

DRAFT = FormDraft("deploy", "d" * 64, "C0OPS", 1_795_000_000)


def form(*parameters: Parameter, values: Any = None, mistakes: Any = None) -> View:
    view = start_form(a_workflow(*parameters), values or {}, mistakes or {}, DRAFT)
    check_view(view)
    return view


def fields(view: View) -> dict[str, Block]:
    return {
        name: block
        for block in view["blocks"]
        if block["type"] == "input" and (name := param_name(block["block_id"]))
    }


def element(kind: ParameterType, value: JsonValue = None, **changes: Any) -> Block:
    drawn = fields(form(a_parameter("field", kind, **changes), values={"field": value}))["field"]["element"]
    assert isinstance(drawn, dict)
    return drawn


def test_the_picker_offers_each_workflow_by_title_and_carries_its_name() -> None:
    view = picker([WorkflowCard("deploy", "Deploy a service", "Build, ship.")], "C0OPS")
    check_view(view)
    assert view["title"]["text"] == "Run Workflow"
    assert view["callback_id"] == CallbackId.PICKER
    select = view["blocks"][0]["accessory"]
    assert select["action_id"] == ActionId.RUN_PICK
    (option,) = select["options"]
    assert (option["text"]["text"], option["value"]) == ("Deploy a service", "deploy")
    assert decode(PickerDraft, view["private_metadata"]) == PickerDraft("C0OPS")


def test_the_picker_of_very_many_workflows_has_groups() -> None:
    view = picker([WorkflowCard(f"w{number}", f"W {number}") for number in range(250)], None)
    check_view(view)
    groups = view["blocks"][0]["accessory"]["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]


def test_the_picker_of_no_workflows_says_what_to_do() -> None:
    view = picker([], "C0OPS")
    check_view(view)
    assert "An admin can give you the permission." in all_text(view["blocks"])


def test_the_form_has_its_words_and_its_draft() -> None:
    view = form(a_parameter("service", required=True, hint="like api"), a_parameter("note"))
    assert [view[key]["text"] for key in ("title", "submit", "close")] == [
        "Run Workflow",
        "Start Execution",
        "Close",
    ]
    assert decode(FormDraft, view["private_metadata"]) == DRAFT
    drawn = fields(view)
    assert [(block["label"]["text"], block["optional"]) for block in drawn.values()] == [
        ("Service", False),
        ("Note", True),
    ]
    assert drawn["service"]["hint"]["text"] == "like api"


@pytest.mark.parametrize(
    ("kind", "changes", "value", "expected"),
    [
        (
            "string",
            {"max_length": 9},
            "v1",
            {"type": "plain_text_input", "initial_value": "v1", "max_length": 9},
        ),
        ("text", {"min_length": 2}, "a\nb", {"multiline": True, "initial_value": "a\nb", "min_length": 2}),
        ("integer", {"minimum": 1, "maximum": 9}, 5, {"is_decimal_allowed": False, "initial_value": "5"}),
        ("integer", {"minimum": 1, "maximum": 9}, "5", {"min_value": "1", "max_value": "9"}),
        ("number", {"minimum": 0.0000001}, 0.5, {"min_value": "0.0000001", "initial_value": "0.5"}),
        ("date", {}, "2026-01-31", {"type": "datepicker", "initial_date": "2026-01-31"}),
        ("user", {}, "U0ADA", {"type": "users_select", "initial_user": "U0ADA"}),
        ("channel", {}, "C0OPS", {"type": "conversations_select", "initial_conversation": "C0OPS"}),
    ],
)
def test_each_type_has_slacks_own_element_with_its_first_value(
    kind: str, changes: dict[str, Any], value: JsonValue, expected: dict[str, Any]
) -> None:
    drawn = element(ParameterType(kind), value, **changes)
    assert expected.items() <= drawn.items()


def test_choices_are_menus_with_the_chosen_marked() -> None:
    one = element(ParameterType.CHOICE, "web", options=("api", "web"))
    assert one["type"] == "static_select"
    assert one["initial_option"]["value"] == "web"
    few = element(ParameterType.MULTI_CHOICE, ["web"], options=("api", "web"))
    assert few["type"] == "checkboxes"
    assert [each["value"] for each in few["initial_options"]] == ["web"]
    many = element(ParameterType.MULTI_CHOICE, options=tuple(map(str, range(150))), max_length=3)
    assert many["type"] == "multi_static_select"
    assert many["max_selected_items"] == 3
    assert len(many["option_groups"]) == 2


def test_a_boolean_is_one_box_that_need_not_be_ticked() -> None:
    block = fields(form(a_parameter("dry", ParameterType.BOOLEAN, required=True), values={"dry": True}))[
        "dry"
    ]
    assert block["optional"] is True
    assert [each["text"]["text"] for each in block["element"]["initial_options"]] == ["Yes"]
    assert "initial_options" not in element(ParameterType.BOOLEAN, False)


def test_a_default_is_shown_unless_a_value_is_given() -> None:
    parameter = a_parameter("canary", ParameterType.INTEGER, default=10)
    assert fields(form(parameter))["canary"]["element"]["initial_value"] == "10"
    assert fields(form(parameter, values={"canary": 20}))["canary"]["element"]["initial_value"] == "20"


@pytest.mark.parametrize(
    ("kind", "value", "changes"),
    [
        ("string", "x" * 3001, {}),
        ("string", "ab", {"max_length": 1}),
        ("string", "a\nb", {}),
        ("text", "\ud800", {}),
        ("integer", 99, {"maximum": 9}),
        ("integer", 1.5, {}),
        ("integer", "many", {}),
        ("integer", True, {}),
        ("number", float("inf"), {}),
        ("boolean", "maybe", {}),
        ("choice", "db", {"options": ("api",)}),
        ("multi_choice", ["db"], {"options": ("api",)}),
        ("date", "2026-13-01", {}),
        ("date", "tomorrow", {}),
        ("user", "Ada", {}),
        ("channel", ["C1"], {}),
    ],
)
def test_a_value_that_the_field_cannot_hold_is_said_above_it(
    kind: str, value: JsonValue, changes: dict[str, Any]
) -> None:
    view = form(a_parameter("field", ParameterType(kind), **changes), values={"field": value})
    alerts = [block["text"]["text"] for block in view["blocks"] if block["type"] == "alert"]
    assert alerts == ["Field: The value given cannot be shown in this field; enter it here."]
    assert not [key for key in fields(view)["field"]["element"] if key.startswith("initial")]


def test_mistakes_stand_right_above_their_fields_and_others_at_the_top() -> None:
    mistakes = {"canary": "It must be at most 100.", "envv": "There is no such parameter."}
    view = form(a_parameter("service"), a_parameter("canary"), mistakes=mistakes)
    kinds = [block["type"] for block in view["blocks"]]
    assert kinds == ["header", "section", "alert", "input", "alert", "input", "actions"]
    texts = [block["text"]["text"] for block in view["blocks"] if block["type"] == "alert"]
    assert texts == ["envv: There is no such parameter.", "Canary: It must be at most 100."]


def test_a_changed_first_value_or_workflow_makes_a_new_field() -> None:
    parameter = a_parameter("service")
    first = fields(form(parameter, values={"service": "api"}))["service"]["block_id"]
    other = fields(form(parameter, values={"service": "web"}))["service"]["block_id"]
    newer = start_form(a_workflow(parameter, digest="e" * 64), {"service": "api"}, {}, DRAFT)
    assert len({first, other, fields(newer)["service"]["block_id"]}) == 3
    assert first == fields(form(parameter, values={"service": "api"}))["service"]["block_id"]


def test_a_form_asks_for_a_channel_only_when_told_to() -> None:
    view = start_form(a_workflow(), {}, {}, DRAFT, ask_channel=True)
    check_view(view)
    (block,) = [block for block in view["blocks"] if block["type"] == "input"]
    state = {block["block_id"]: {block["element"]["action_id"]: {"selected_conversation": "C0OPS"}}}
    assert read_channel(state) == "C0OPS"
    assert read_channel({}) is None
    assert not [block for block in form()["blocks"] if block["type"] == "input"]


def test_a_workflow_with_too_many_parameters_says_how_to_give_the_rest() -> None:
    view = form(
        *(a_parameter(f"p{number}") for number in range(200)), mistakes={f"p{n}": "no" for n in range(200)}
    )
    assert "in the command as `name=value`" in all_text(view["blocks"])


def state_of(view: View, **entries: dict[str, Any]) -> dict[str, Any]:
    """The state Slack would send, with these entries for these parameters."""
    return {
        block["block_id"]: {ActionId.PARAMETER.value: entries[name]}
        for name, block in fields(view).items()
        if name in entries
    }


@pytest.mark.parametrize(
    ("kind", "entry", "value"),
    [
        ("string", {"value": "v1"}, "v1"),
        ("string", {"value": None}, None),
        ("text", {"value": "a\nb"}, "a\nb"),
        ("integer", {"value": "-12"}, -12),
        ("integer", {"value": "1.5"}, "1.5"),
        ("integer", {"value": "1 000"}, "1 000"),
        ("number", {"value": "2.5"}, 2.5),
        ("number", {"value": "2,5"}, "2,5"),
        ("number", {"value": None}, None),
        ("boolean", {"selected_options": [{"value": "yes"}]}, True),
        ("boolean", {"selected_options": []}, False),
        ("choice", {"selected_option": {"value": "web"}}, "web"),
        ("choice", {"selected_option": {"value": "forged"}}, "forged"),
        ("choice", {"selected_option": None}, None),
        ("multi_choice", {"selected_options": [{"value": "api"}, {"value": "web"}]}, ["api", "web"]),
        ("multi_choice", {"selected_options": []}, []),
        ("date", {"selected_date": "2026-01-31"}, "2026-01-31"),
        ("user", {"selected_user": "U0ADA"}, "U0ADA"),
        ("channel", {"selected_conversation": "C0OPS"}, "C0OPS"),
        ("channel", {"selected_conversation": None}, None),
        ("string", {"rich_text_value": {}}, None),
    ],
)
def test_what_was_filled_in_is_read_with_its_type(kind: str, entry: dict[str, Any], value: JsonValue) -> None:
    parameter = a_parameter("field", ParameterType(kind), options=("api", "web"))
    workflow = a_workflow(parameter)
    read = read_form(workflow, state_of(form(parameter), field=entry))
    assert read == ({} if value is None else {"field": value})


def test_an_option_too_long_for_slack_comes_back_whole() -> None:
    parameter = a_parameter("field", ParameterType.CHOICE, options=("short", "x" * 300, ""))
    view = form(parameter)
    long = fields(view)["field"]["element"]["options"][1]
    assert len(long["value"]) <= 150
    read = read_form(a_workflow(parameter), state_of(view, field={"selected_option": long}))
    assert read == {"field": "x" * 300}


@pytest.mark.parametrize(
    "state", [{}, {"x": {}}, {"param:a:00000000": None}, {"param:a:00000000": {"parameter": 3}}]
)
def test_strange_states_are_read_as_nothing(state: dict[str, Any]) -> None:
    assert read_form(a_workflow(a_parameter("a"), a_parameter("b")), state) == {}


def test_mistakes_found_at_the_submit_stand_at_their_fields() -> None:
    view = form(a_parameter("a"), a_parameter("b"))
    state = state_of(view, a={"value": "1"}, b={"value": "2"})
    first, second = state
    errors = field_errors(state, {"b": "Too long.", "zzz": "There is no such parameter."})
    assert errors == {second: "Too long.", first: "zzz: There is no such parameter."}
    assert field_errors({}, {"b": "Too long."}) == {}


def test_a_modal_can_wait_for_its_content() -> None:
    view = loading("Run Workflow")
    check_view(view)
    assert view["callback_id"] == CallbackId.LOADING
