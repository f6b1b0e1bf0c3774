"""Blocks, elements and views: everything is drawn, nothing raises, no text becomes an element."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.render.blocks import render_blocks, supported
from sandbox.render.context import Surface
from sandbox.render.views import modal
from tests.sandbox.page_every_block import message_blocks, modal_view, plan_message
from tests.sandbox.page_samples import form_view, plan_block
from tests.sandbox.rendering import CONTEXT, Elements

HOSTILE = (
    "</textarea></title></script>\"'><script>hack()</script><img src=x onerror=hack()><b onclick=hack()>"
)

KEYS = (
    *("type", "text", "elements", "element", "label", "fields", "accessory", "rows", "tasks", "title"),
    *("caption", "actions", "child_blocks", "block_id", "action_id", "level", "options", "value", "url"),
    *("confirm", "style", "initial_option", "placeholder", "status", "details"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
malformed_blocks = st.builds(
    lambda kind, rest: rest | {"type": kind},
    st.sampled_from(sorted(supported())),
    st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6),
)


@given(st.lists(malformed_blocks, max_size=4))
def test_malformed_blocks_never_raise(blocks: list[dict[str, Any]]) -> None:
    render_blocks(blocks, CONTEXT)


@pytest.mark.parametrize(
    "blocks", [None, "text", 3, {}, [None], ["x"], [[]], [{}], [{"type": None}], [{"type": []}]]
)
def test_things_that_are_no_blocks_never_raise(blocks: object) -> None:
    render_blocks(blocks, CONTEXT)


def test_an_unknown_block_is_a_grey_box_and_harms_no_other() -> None:
    drawn = render_blocks([{"type": "hologram"}, {"type": "section"}, {"type": "divider"}], CONTEXT)
    assert "unsupported block: hologram" in drawn
    assert "<hr>" in drawn


def test_every_block_of_a_message_is_supported() -> None:
    assert "unsupported" not in render_blocks([*message_blocks("words"), *plan_message("words")], CONTEXT)
    assert "unsupported" not in modal(modal_view("words") | {"id": "V1"}, 0, [], CONTEXT)


@pytest.mark.parametrize("build", [message_blocks, plan_message, lambda words: modal_view(words)["blocks"]])
def test_hostile_words_in_every_field_stay_words(build: Any) -> None:
    drawn, calm = (Elements(render_blocks(build(words), CONTEXT)) for words in (HOSTILE, "calm"))
    assert "script" not in drawn.tags
    assert not [a for a in drawn.attributes if a[1].startswith("on") or "javascript:" in a[2]]
    assert set(drawn.tags) <= set(calm.tags) | {"span"}
    assert drawn.tags.count("img") == calm.tags.count("img") == 0
    assert "<script>hack()</script>" in drawn.text


def test_hostile_ids_stay_in_their_attributes() -> None:
    block = {
        "type": "input",
        "block_id": HOSTILE,
        "label": "L",
        "element": {"type": "plain_text_input", "action_id": HOSTILE},
    }
    drawn = Elements(render_blocks([block], CONTEXT))
    assert ("div", "data-field", HOSTILE) in drawn.attributes
    assert "script" not in drawn.tags


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/x.png",
        "data:image/png;base64,AA",
        "//evil.example/x.png",
        "/control/reset",
        "x.png",
    ],
)
def test_no_picture_is_fetched_and_its_description_stands_for_it(address: str) -> None:
    picture = {"type": "image", "image_url": address, "alt_text": "A graph"}
    drawn = Elements(render_blocks([picture, {"type": "context", "elements": [picture]}], CONTEXT))
    assert "img" not in drawn.tags
    assert ("span", "aria-label", "A graph") in drawn.attributes
    links = [value for _, name, value in drawn.attributes if name == "href"]
    assert links == ([address] * 2 if address.startswith("https://") else [])


def test_a_task_card_says_its_status_in_words_too() -> None:
    text = Elements(render_blocks([plan_block()], CONTEXT)).text
    for words in ("Complete:Build", "In progress:Test", "Error:Lint", "Pending:Ship", "2 of 5"):
        assert words in text


def test_a_field_is_tied_to_its_label_hint_and_error() -> None:
    version = next(block for block in form_view()["blocks"] if block["block_id"] == "version")
    drawn = Elements(render_blocks([version], CONTEXT))
    ids = {value for _, name, value in drawn.attributes if name == "id"}
    described = next(value for _, name, value in drawn.attributes if name == "aria-describedby")
    labelled = next(value for tag, name, value in drawn.attributes if (tag, name) == ("label", "for"))
    assert set(described.split()) <= ids
    assert len(described.split()) == 2
    assert labelled in ids


def test_one_message_shown_twice_has_no_id_twice() -> None:
    block = form_view()["blocks"][2]
    surface = Surface("message", "1.0")
    regions = [
        Elements(render_blocks([block], CONTEXT.on(surface, region))) for region in ("channel", "thread")
    ]
    ids = [value for drawn in regions for _, name, value in drawn.attributes if name == "id"]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("element", "typed", "expected"),
    [
        ({"type": "plain_text_input", "initial_value": "first"}, {"value": "typed"}, 'value="typed"'),
        ({"type": "plain_text_input", "initial_value": "first"}, None, 'value="first"'),
        (
            {"type": "plain_text_input", "initial_value": "first"},
            {"value": None},
            'value="" class',
        ),
        ({"type": "datepicker", "initial_date": "2026-01-02"}, None, 'value="2026-01-02"'),
        ({"type": "datetimepicker", "initial_date_time": 1795345200}, None, 'value="2026-11-22T12:00"'),
        ({"type": "users_select", "initial_user": "U0BOB"}, None, '<option value="U0BOB" selected>'),
        (
            {"type": "conversations_select", "default_to_current_conversation": True},
            None,
            '"C0GENERAL" selected',
        ),
        ({"type": "multi_users_select", "initial_users": ["U0BOB"]}, None, 'value="U0BOB" checked'),
    ],
)
def test_a_control_shows_what_was_typed_else_its_initial_value(
    element: Any, typed: Any, expected: str
) -> None:
    block = {"type": "input", "block_id": "b", "label": "L", "element": {**element, "action_id": "a"}}
    values = {"b": {"a": typed}} if typed is not None else {}
    drawn = render_blocks([block], CONTEXT.on(Surface("view", "V1", values), "dialog"))
    assert expected in str(drawn).replace(' autocomplete="off"', "")


def test_a_text_that_begins_with_a_line_break_keeps_it() -> None:
    element = {"type": "plain_text_input", "multiline": True, "initial_value": "\nsecond", "action_id": "a"}
    drawn = render_blocks([{"type": "input", "block_id": "b", "label": "L", "element": element}], CONTEXT)
    assert ">\n\nsecond</textarea>" in drawn


def test_a_stacked_view_has_a_way_back_and_a_root_has_none() -> None:
    view = form_view() | {"id": "V1"}
    assert 'aria-label="Back"' in modal(view, 1, [], CONTEXT)
    assert 'aria-label="Back"' not in modal(view, 0, [], CONTEXT)


def test_a_view_without_submit_offers_to_close() -> None:
    view = {"id": "V1", "title": "Details", "blocks": []}
    assert ">Close</button>" in modal(view, 0, [], CONTEXT)
    assert 'type="submit"' not in modal(view, 0, [], CONTEXT)
