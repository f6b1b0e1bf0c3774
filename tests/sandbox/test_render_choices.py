"""What menus of people, channels and conversations offer."""

from dataclasses import replace
from typing import Any

import pytest

from sandbox.render.choices import options
from tests.sandbox.rendering import CONTEXT

KINDS = {"C1": "public_channel", "C2": "private_channel", "D1": "im", "D2": "im", "G1": "mpim"}
NAMES = {"C1": "open", "C2": "closed", "D1": "Bob", "D2": "Pilot", "G1": "Bob, Cyd"}
PLACES = replace(CONTEXT, channels=NAMES, kinds=KINDS, with_bots=frozenset({"D2"}))


def offered(element: dict[str, Any]) -> dict[str, Any]:
    return {option.value: option.text for group in options(element, PLACES) for option in group.options}


@pytest.mark.parametrize("kind", ["channels_select", "multi_channels_select"])
def test_a_menu_of_channels_offers_public_ones(kind: str) -> None:
    assert offered({"type": kind}) == {"C1": "#open"}


def test_a_menu_of_conversations_offers_all_under_their_names() -> None:
    assert offered({"type": "conversations_select"}) == {
        "C1": "#open",
        "C2": "#closed",
        "D1": "Bob",
        "D2": "Pilot",
        "G1": "Bob, Cyd",
    }


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"include": ["public"]}, {"C1"}),
        ({"include": ["private", "mpim"]}, {"C2", "G1"}),
        ({"include": ["im"], "exclude_bot_users": True}, {"D1"}),
        ({"exclude_bot_users": True}, {"C1", "C2", "D1", "G1"}),
    ],
)
def test_its_filter_is_kept(wanted: dict[str, Any], expected: set[str]) -> None:
    assert set(offered({"type": "conversations_select", "filter": wanted})) == expected
