"""Text for Slack: nothing of others becomes markup, nothing hides, nothing is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks import text
from tests.support.pictures import NOON


def test_the_three_characters_of_markup_are_escaped_and_no_others() -> None:
    assert text.escape("<!channel> & *a* `b`") == "&lt;!channel&gt; &amp; *a* `b`"


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("\x1b[2J", "[U+001B][2J"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("\ud800", "[U+D800]"),
        ("\U000e0041", "[U+E0041]"),
        ("a\U00013430b", "a[U+13430]b"),
        ("\U0001d173\U0001bca0", "[U+1D173][U+1BCA0]"),
        ("\u0600\u0661\u0662", "\u0600\u0661\u0662"),
        ("naïve ✓ 漢字 🚀️", "naïve ✓ 漢字 🚀️"),
    ],
)
def test_what_hides_is_made_visible(hidden: str, shown: str) -> None:
    assert text.visible(hidden) == shown


def test_cutting_keeps_both_ends_and_says_how_much_is_left_out() -> None:
    cut = text.cut_middle("a" * 5000 + "z" * 5000, 100)
    assert len(cut) <= 100
    assert cut.startswith("aaa")
    assert cut.endswith("zzz")
    left = len(cut) - len(" … 9,937 characters left out … ")
    assert f" {10_000 - left:,} characters left out " in cut


@given(st.text(), st.integers(0, 200))
def test_a_cut_text_is_never_longer_than_asked(content: str, limit: int) -> None:
    assert len(text.cut_middle(content, limit)) <= limit or content == ""


@given(st.text(alphabet="&<>`ab\n"), st.integers(1, 60))
def test_what_is_dressed_keeps_its_limit(content: str, limit: int) -> None:
    assert len(text.safe(content, limit)) <= limit
    assert len(text.code(content, limit + 10)) <= limit + 10


def test_code_cannot_be_left_and_shows_its_white_space() -> None:
    assert text.code("a`b\nc") == "`aˋb↵c`"
    assert text.code(" a ") == "`␠a␠`"
    assert text.code("<!here>") == "`&lt;!here&gt;`"
    assert text.code("") == text.EMPTY


def test_a_mention_is_made_of_ids_only() -> None:
    assert text.mention("U0ADA") == "<@U0ADA>"
    assert text.mention("terminal") == "`terminal`"
    assert text.mention("U1> <!channel") == "`U1&gt; &lt;!channel`"
    assert text.usergroup("S0OPS") == "<!subteam^S0OPS>"
    assert text.channel("C0OPS") == "<#C0OPS>"


def test_many_people_are_counted() -> None:
    shown = text.mentions([f"U{number}" for number in range(30)] + ["S1"])
    assert shown.count("<@U") == 20
    assert shown.endswith(" and 11 more")


def test_a_sentence_names_people_where_it_says_so_and_only_there() -> None:
    shown = text.sentence("Ask {people}, not <@U9>.", ["U0BOB", "S0OPS"])
    assert shown == "Ask <@U0BOB>, <!subteam^S0OPS>, not &lt;@U9&gt;."


def test_a_time_is_shown_in_the_readers_zone_with_utc_as_fallback() -> None:
    assert text.when(NOON) == "<!date^1795435200^{date_short_pretty} at {time}|2026-11-23 12:00 UTC>"


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (-5, "under 1 s"),
        (999, "under 1 s"),
        (12_000, "12 s"),
        (72_000, "1 m 12 s"),
        (3_600_000, "1 h"),
        (3_601_000, "1 h"),
        (7_500_000, "2 h 5 m"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(ms: int, shown: str) -> None:
    assert text.duration(ms) == shown


def test_the_bar_is_always_equally_wide_and_full_only_at_the_end() -> None:
    bars = [text.progress_bar(percent) for percent in range(-5, 110)]
    assert len({len(bar) for bar in bars if "%" in bar}) == 1
    assert text.progress_bar(99).count("█") == 19
    assert text.progress_bar(100).count("░") == 0


def test_output_is_framed_so_that_nothing_ends_the_frame() -> None:
    block = text.preformatted("```\n<!channel> *x*")
    (frame,) = block["elements"]
    assert frame == {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": "```\n<!channel> *x*"}],
    }


@given(st.text(alphabet="ab\n", max_size=300), st.integers(1, 20))
def test_chunks_lose_nothing_but_the_line_ends_they_are_split_at(content: str, limit: int) -> None:
    pieces = text.chunks(content, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert "".join(pieces).replace("\n", "") == content.replace("\n", "")


def test_lines_that_do_not_fit_are_counted() -> None:
    shown = text.lines_within(["x" * 10] * 10, 60, "steps")
    assert len(shown) <= 60
    assert shown.endswith("… and 7 more steps")
