"""What somebody types becomes a rich_text block that shows the same as its text."""

import time
from typing import Any

import pytest

from sandbox.typed_blocks import typed_parts
from sandbox.typed_text import escape_typed
from sandbox.validation.blocks import check_blocks
from sandbox.workspace import Workspace

Json = dict[str, Any]


def typed(text: str) -> Json:
    return typed_parts(escape_typed(Workspace(), text))


def pieces(text: str) -> list[Json]:
    """The elements of the one section that a text makes."""
    (section,) = typed(text)["blocks"][0]["elements"]
    assert section["type"] == "rich_text_section"
    elements: list[Json] = section["elements"]
    return elements


def plain(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello <b> & co", [plain("hello <b> & co")]),
        ("@bob look", [{"type": "user", "user_id": "U0BOB"}, plain(" look")]),
        ("in #ops.", [plain("in "), {"type": "channel", "channel_id": "C0OPS"}, plain(".")]),
        ("@oncall", [{"type": "usergroup", "usergroup_id": "S0ONCALL"}]),
        ("@here", [{"type": "broadcast", "range": "here"}]),
        ("@nobody", [plain("@nobody")]),
        ("https://a.example/?a=1&b=2", [{"type": "link", "url": "https://a.example/?a=1&b=2"}]),
        ("done :tada:", [plain("done "), {"type": "emoji", "name": "tada", "unicode": "1f389"}]),
        (":no-such-emoji:", [plain(":no-such-emoji:")]),
        ("at 10:30:15", [plain("at 10:30:15")]),
        ("a *b* c", [plain("a "), plain("b", bold=True), plain(" c")]),
        ("*_both_*", [plain("both", bold=True, italic=True)]),
        ("~gone~", [plain("gone", strike=True)]),
        ("`x *y*`", [plain("x *y*", code=True)]),
        ("2 * 3 * 4 and snake_case_name", [plain("2 * 3 * 4 and snake_case_name")]),
        ("*@bob*", [{"type": "user", "user_id": "U0BOB", "style": {"bold": True}}]),
        ("one\ntwo", [plain("one\ntwo")]),
    ],
)
def test_the_pieces_of_a_line(text: str, expected: list[Json]) -> None:
    assert pieces(text) == expected


def test_quotes_and_code_are_containers_of_their_own() -> None:
    block = typed("before\n> said\n> so\nafter\n```\nx = *1*\n```")["blocks"][0]
    assert block["elements"] == [
        {"type": "rich_text_section", "elements": [plain("before")]},
        {"type": "rich_text_quote", "elements": [plain("said\nso")]},
        {"type": "rich_text_section", "elements": [plain("after")]},
        {"type": "rich_text_preformatted", "elements": [plain("x = *1*")]},
    ]


def test_the_text_mentions_people_by_id_alone() -> None:
    assert typed("@bob <now> in #ops")["text"] == "<@U0BOB> &lt;now&gt; in <#C0OPS|ops>"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>",
        "<@U0BOB|<b>>",
        "*" * 3000,
        "_*" * 2000,
        "`" * 999,
        "<" * 500,
        ">" * 500,
        ":" * 3000,
        "&lt;!here&gt;",
    ],
)
def test_anything_typed_makes_a_valid_block_and_pings_nobody(hostile: str) -> None:
    parts = typed(hostile)
    assert "<!here>" not in parts["text"]
    assert [p for p in check_blocks(parts["blocks"], "message") if "elements" not in str(p)] == []


def test_a_long_text_full_of_marks_is_read_in_no_time() -> None:
    started = time.monotonic()
    typed("*a _b ~c " * 4_000)
    assert time.monotonic() - started < 5
