"""`state.values` of every kind of input, empty and filled, with the keys and the nulls that Slack gives."""

from typing import Any

import pytest

from sandbox.client_checks import field_errors
from sandbox.elements import STATEFUL_TYPES
from sandbox.errors import ControlError
from sandbox.state_values import collect_state, initial_value, is_list_type, typed_value, value_key
from tests.sandbox.valid_samples import MODAL, OPTIONS, option, rich
from tests.sandbox.views import plain

Json = dict[str, Any]

A, B = option("a"), option("b")
CHOICE = {"options": [A, B]}
FILE = {"name": "report.csv", "size": 12}

# element type -> fields, what somebody enters, the key, what it then holds, what it holds empty
TABLE: dict[str, tuple[Json, Any, str, Any, Any]] = {
    "plain_text_input": ({}, "hello", "value", "hello", None),
    "email_text_input": ({}, "ada@example.com", "value", "ada@example.com", None),
    "url_text_input": ({}, "https://example.com", "value", "https://example.com", None),
    "number_input": ({"is_decimal_allowed": True}, 5, "value", "5", None),
    "static_select": (CHOICE, "a", "selected_option", A, None),
    "external_select": ({"initial_option": A}, "a", "selected_option", A, None),
    "radio_buttons": (CHOICE, "b", "selected_option", B, None),
    "multi_static_select": (CHOICE, ["a", "b"], "selected_options", [A, B], []),
    "multi_external_select": ({"initial_options": [A]}, ["a"], "selected_options", [A], []),
    "checkboxes": (CHOICE, ["b"], "selected_options", [B], []),
    "users_select": ({}, "U0ADA", "selected_user", "U0ADA", None),
    "channels_select": ({}, "C0OPS", "selected_channel", "C0OPS", None),
    "conversations_select": ({}, "C0OPS", "selected_conversation", "C0OPS", None),
    "multi_users_select": ({}, ["U0ADA"], "selected_users", ["U0ADA"], []),
    "multi_channels_select": ({}, ["C0OPS"], "selected_channels", ["C0OPS"], []),
    "multi_conversations_select": ({}, ["C0OPS"], "selected_conversations", ["C0OPS"], []),
    "datepicker": ({}, "2026-11-22", "selected_date", "2026-11-22", None),
    "timepicker": ({}, "10:30", "selected_time", "10:30", None),
    "datetimepicker": ({}, 1795356000, "selected_date_time", 1795356000, None),
    "rich_text_input": ({}, rich(), "rich_text_value", rich(), None),
}
KINDS = sorted(TABLE)


def element(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": "it", **TABLE.get(kind, ({},))[0], **more}


def field(kind: str, **more: Any) -> Json:
    return {"type": "input", "block_id": "field", "label": plain("L"), "element": element(kind, **more)}


def test_the_table_has_every_input_that_keeps_a_value() -> None:
    assert set(TABLE) | {"file_input"} == STATEFUL_TYPES


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_element_holds_its_value_under_slacks_key(kind: str) -> None:
    _, raw, key, filled, _ = TABLE[kind]
    assert value_key(kind) == key
    assert typed_value(element(kind), raw, {}) == {"type": kind, key: filled}


@pytest.mark.parametrize("kind", KINDS)
def test_an_untouched_element_holds_null_or_an_empty_list(kind: str) -> None:
    _, _, key, _, empty = TABLE[kind]
    bare = {"type": kind, "action_id": "it"}
    assert initial_value(bare) == {"type": kind, key: empty}
    assert is_list_type(kind) is (empty == [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nothing", [None, ""])
def test_an_emptied_element_holds_null_or_an_empty_list(kind: str, nothing: Any) -> None:
    _, _, key, _, empty = TABLE[kind]
    assert typed_value(element(kind), nothing, {}) == {"type": kind, key: empty}


@pytest.mark.parametrize("name", [name for name in MODAL if name.startswith("input ")])
def test_an_initial_value_is_held_until_it_is_changed(name: str) -> None:
    block = MODAL[name]
    kind = block["element"]["type"]
    values = collect_state([block], {}, {}, {})[name][kind]
    held = values[value_key(kind)]
    assert values["type"] == kind
    assert held == [] if kind == "file_input" else held


def test_a_file_input_holds_files_or_an_empty_list() -> None:
    upload = {"type": "file_input", "action_id": "it"}
    assert initial_value(upload) == {"type": "file_input", "files": []}
    (held,) = typed_value(upload, [FILE], {})["files"]
    assert (held["name"], held["size"], held["filetype"]) == ("report.csv", 12, "csv")


def test_a_time_picker_tells_its_zone() -> None:
    zoned = element("timepicker", timezone="Europe/Berlin")
    filled = {"type": "timepicker", "selected_time": "10:30", "timezone": "Europe/Berlin"}
    assert typed_value(zoned, "10:30", {}) == filled
    assert initial_value(zoned)["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("static_select", "c"),
        ("checkboxes", ["a", "c"]),
        ("external_select", "unheard"),
        ("datepicker", "2026-02-30"),
        ("datepicker", "22.11.2026"),
        ("timepicker", "24:00"),
        ("timepicker", "9:30"),
        ("datetimepicker", "tomorrow"),
        ("plain_text_input", ["a"]),
        ("users_select", {"id": "U0ADA"}),
        ("multi_users_select", True),
    ],
)
def test_what_nobody_could_enter_is_refused(kind: str, raw: Any) -> None:
    with pytest.raises(ControlError):
        typed_value(element(kind), raw, {})


def test_an_option_the_app_offered_can_be_chosen() -> None:
    offered = {"it": {"z": option("z")}}
    assert typed_value(element("external_select"), "z", offered)["selected_option"] == option("z")


REQUIRED = "Please complete this required field."


@pytest.mark.parametrize("kind", [*KINDS, "file_input"])
def test_a_required_field_must_be_filled_and_an_optional_one_need_not(kind: str) -> None:
    bare = {
        "type": "input",
        "block_id": "field",
        "label": plain("L"),
        "element": {"type": kind, "action_id": "it"},
    }
    empty = collect_state([bare], {}, {}, {})
    assert field_errors([bare], empty) == {"field": REQUIRED}
    assert field_errors([bare | {"optional": True}], empty) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_rightly_filled_field_can_be_submitted(kind: str) -> None:
    block = field(kind)
    values = collect_state([block], {}, {"field": TABLE[kind][1]}, {})
    assert field_errors([block], values) == {}


@pytest.mark.parametrize(
    ("kind", "more", "raw", "sentence"),
    [
        ("plain_text_input", {}, "   ", REQUIRED),
        ("plain_text_input", {"min_length": 3}, "ab", "Must be at least 3 characters."),
        ("plain_text_input", {"max_length": 3}, "abcd", "Must be at most 3 characters."),
        ("plain_text_input", {}, "x" * 3001, "Must be at most 3000 characters."),
        ("number_input", {}, "ten", "Enter a number."),
        ("number_input", {"is_decimal_allowed": False}, "1.5", "Enter a whole number."),
        ("number_input", {"min_value": "2"}, "1", "Must be 2 or more."),
        ("number_input", {"max_value": "2"}, "2.5", "Must be 2 or less."),
        ("email_text_input", {}, "ada", "Enter a valid email address."),
        ("url_text_input", {}, "example", "Enter a valid URL."),
        ("multi_static_select", {"max_selected_items": 1}, ["a", "b"], "Please select no more than 1 items."),
        (
            "multi_users_select",
            {"max_selected_items": 1},
            ["U0", "U1"],
            "Please select no more than 1 items.",
        ),
        ("file_input", {"max_files": 1}, [FILE, FILE], "Please upload no more than 1 file."),
        ("file_input", {"filetypes": ["pdf"]}, [FILE], "Please upload files of these types only: pdf."),
        ("file_input", {}, [{"name": "a.csv", "size": 10_000_001}], "A file is too large."),
    ],
)
def test_a_wrongly_filled_field_is_told_beside_it(kind: str, more: Json, raw: Any, sentence: str) -> None:
    block = field(kind, **more)
    assert field_errors([block], collect_state([block], {}, {"field": raw}, {})) == {"field": sentence}


def test_an_optional_field_that_is_filled_must_be_right_too() -> None:
    block = field("number_input") | {"optional": True}
    assert field_errors([block], collect_state([block], {}, {"field": "x"}, {})) == {
        "field": "Enter a number."
    }


def test_elements_outside_inputs_are_never_required() -> None:
    block = {
        "type": "actions",
        "block_id": "a",
        "elements": [{"type": "static_select", "action_id": "x", "options": OPTIONS}],
    }
    assert field_errors([block], collect_state([block], {}, {}, {})) == {}
