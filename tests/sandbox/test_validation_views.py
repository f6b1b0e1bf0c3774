"""Views: which fields they need, how long these may be, and that what Slack adds is added."""

from typing import Any

import pytest

from sandbox.normalise import complete_blocks, complete_view
from sandbox.validation.schema import Problem
from sandbox.validation.views import check_view
from tests.sandbox.views import actions, button, modal, plain, section, text_input

HOME = {"type": "home", "blocks": [section("Hello")]}

REFUSED: list[tuple[Any, str, str]] = [
    ([], "must provide an object", "/view"),
    ({}, "missing required field: type", "/view"),
    (HOME, "must be a valid enum value", "/view/type"),
    (modal(title=plain("t" * 25)), "must be less than 25 characters", "/view/title/text"),
    (modal(submit=plain("t" * 25)), "must be less than 25 characters", "/view/submit/text"),
    (modal(title="A form"), "must provide an object", "/view/title"),
    (modal(callback_id="c" * 256), "must be less than 256 characters", "/view/callback_id"),
    (modal(external_id="c" * 256), "must be less than 256 characters", "/view/external_id"),
    (modal(private_metadata="p" * 3001), "must be less than 3001 characters", "/view/private_metadata"),
    (modal(notify_on_close="yes"), "must be a boolean", "/view/notify_on_close"),
    (modal(colour="red"), "invalid additional property: colour", "/view"),
    (modal(blocks=[]), "must provide at least 1 items", "/view/blocks"),
    (modal(section("")), "must be more than 0 characters", "/view/blocks/0/text/text"),
    (
        modal(section("x"), text_input("a"), submit=None),
        "must define `submit` to use an `input` block in modals",
        "/view/blocks/1/input",
    ),
]


@pytest.mark.parametrize(("view", "sentence", "pointer"), REFUSED)
def test_a_wrong_modal_is_refused_at_its_place(view: Any, sentence: str, pointer: str) -> None:
    assert Problem(sentence, pointer) in check_view(view, "modal")


def test_a_right_modal_is_accepted() -> None:
    assert check_view(modal(private_metadata="p" * 3000, title=plain("t" * 24)), "modal") == []


def test_a_modal_without_inputs_needs_no_submit() -> None:
    assert check_view(modal(section("x"), submit=None), "modal") == []


def test_a_home_tab_takes_no_title() -> None:
    assert check_view(HOME, "home") == []
    problems = check_view(HOME | {"title": plain("x")}, "home")
    assert [str(problem) for problem in problems] == [
        "invalid additional property: title [json-pointer:/view]"
    ]


def test_missing_ids_are_filled_in_and_given_ones_stay() -> None:
    unnamed = {"type": "button", "text": plain("x")}
    first, second = complete_blocks([actions("mine", button("kept"), unnamed), section("x")])
    assert first["block_id"] == "mine"
    assert first["elements"][0]["action_id"] == "kept"
    assert first["elements"][1]["action_id"]
    assert second["block_id"]


def test_texts_get_emoji_and_verbatim_as_slack_adds_them() -> None:
    view = complete_view(modal(section("*x*")))
    assert view["title"] == {"type": "plain_text", "text": "A form", "emoji": True}
    assert view["blocks"][0]["text"] == {"type": "mrkdwn", "text": "*x*", "verbatim": False}


def test_what_the_app_gave_is_copied_not_changed() -> None:
    given = modal(section("x"))
    complete_view(given)
    assert given == modal(section("x"))
