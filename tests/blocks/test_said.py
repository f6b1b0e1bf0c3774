"""What steps say: the author's marks work, and nothing in it mentions, calls or hides anything."""

from __future__ import annotations

import pytest

from blocks.said import said_message
from engine.core.definition import StepKind
from engine.core.state import TaskStatus
from tests.support.block_limits import check_message, markups
from tests.support.pictures import ADA, a_run, a_task


def said(text: str, *, in_thread: bool = True) -> list[str]:
    task = a_task(1, TaskStatus.WAITING, kind=StepKind.MESSAGE, arguments={"text": text})
    message = said_message(a_run(), task, in_thread=in_thread)
    assert 0 < len(message.text) <= 4000
    assert sum(map(len, markups(message.blocks))) < 12_000
    assert all(len(markup) <= 3000 for markup in markups(message.blocks))
    return markups(message.blocks)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*v1* is _out_", "*v1* is _out_"),
        ("<!channel> look", "&lt;!channel&gt; look"),
        ("<@U0BOB> & <#C0OPS>", "&lt;@U0BOB&gt; &amp; &lt;#C0OPS&gt;"),
        ("<https://evil.example|Approve>", "&lt;<https://evil.example>|Approve&gt;"),
        ("see https://a.example/x?a=1&b=2.", "see <https://a.example/x?a=1&amp;b=2>."),
        ("(http://a.example)", "(<http://a.example>)"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("a\u202eb", "a[U+202E]b"),
        ("", "(empty)"),
    ],
)
def test_text_is_escaped_and_addresses_become_links_that_show_themselves(text: str, shown: str) -> None:
    assert said(text) == [shown]


def test_a_message_outside_of_its_thread_says_where_it_comes_from() -> None:
    _, origin = said("Hello", in_thread=False)
    assert origin == f"From Deploy a service #42, started by <@{ADA}>"


@pytest.mark.parametrize("text", ["line\n" * 5000, "<" * 20_000, "&" * 9_000, "word " * 8000])
def test_a_long_text_is_cut_within_slacks_limits(text: str) -> None:
    pieces = said(text)
    assert "characters left out" in "".join(pieces)


def test_slack_is_never_asked_to_find_names_in_it() -> None:
    task = a_task(1, TaskStatus.WAITING, kind=StepKind.MESSAGE, arguments={"text": "@channel #general"})
    message = said_message(a_run(), task, in_thread=True)
    check_message(message)
    assert all(block["text"]["verbatim"] for block in message.blocks)
