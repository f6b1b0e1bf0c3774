"""mrkdwn, plain_text, dates and emoji as HTML."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.render.markdown import markdown
from sandbox.render.mrkdwn import mrkdwn, plain
from tests.sandbox.rendering import CONTEXT, Elements

BERLIN_NOON = 1795345200  # 2026-11-22 12:00 in Berlin


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("*bold* and _italic_ and ~gone~", "<strong>bold</strong> and <em>italic</em> and <s>gone</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 and snake_case_name", "2*3*4 and snake_case_name"),
        ("`a *b* c`", "<code>a *b* c</code>"),
        ("one\ntwo", "one<br>two"),
        ("&gt; quoted\n&gt; more\nplain", "<blockquote>quoted<br>more</blockquote>plain"),
        ("> typed by a person", "<blockquote>typed by a person</blockquote>"),
        ("a ```x\n  y``` b", "a <pre><code>x\n  y</code></pre> b"),
        ("Tom &amp; Jerry &lt;3", "Tom &amp; Jerry &lt;3"),
        ("* not bold *", "* not bold *"),
        ("", ""),
    ],
)
def test_styles_are_drawn_as_slack_draws_them(written: str, drawn: str) -> None:
    assert mrkdwn(written, CONTEXT) == drawn


def test_a_link_opens_safely_in_a_new_tab() -> None:
    drawn = mrkdwn("<https://example.com/a_b?x=1&amp;y=2|the page>", CONTEXT)
    assert 'href="https://example.com/a_b?x=1&amp;y=2"' in drawn
    assert 'target="_blank"' in drawn
    assert 'rel="noopener noreferrer"' in drawn
    assert ">the page</a>" in drawn


def test_a_bare_address_becomes_a_link_without_the_full_stop_after_it() -> None:
    assert ">https://example.com/x</a>." in mrkdwn("See https://example.com/x.", CONTEXT)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/x"]
)
def test_an_address_that_could_do_harm_is_no_link(url: str) -> None:
    assert Elements(mrkdwn(f"<{url}|click>", CONTEXT)).tags == ["span"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("<@U0BOB>", "@Bob"),
        ("<@U0NOBODY|zoe>", "@zoe"),
        ("<#C0OPS>", "#ops"),
        ("<#C0SECRET|secret>", "#secret"),
        ("<!subteam^S0ONCALL>", "@oncall"),
        ("<!here>", "@here"),
        ("<!channel|channel>", "@channel"),
    ],
)
def test_mentions_show_names(written: str, words: str) -> None:
    drawn = Elements(mrkdwn(written, CONTEXT))
    assert drawn.text == words
    assert any("mention" in value for _, name, value in drawn.attributes if name == "class")


def test_a_mention_of_the_viewer_stands_out() -> None:
    assert "mention-me" in mrkdwn("<@U0ADA>", CONTEXT)
    assert "mention-me" not in mrkdwn("<@U0BOB>", CONTEXT)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("{date_num}", "2026-11-22"),
        ("{date_slash}", "11/22/2026"),
        ("{date}", "November 22nd, 2026"),
        ("{date_short}", "Nov 22, 2026"),
        ("{date_long}", "Sunday, November 22nd, 2026"),
        ("{date_short_pretty} at {time}", "Today at 12:00 PM"),
        ("due {date_pretty}", "due today"),
        ("{time_secs}", "12:00:00 PM"),
        ("{ago}", "4 hours ago"),
        ("{unheard_of}", "{unheard_of}"),
    ],
)
def test_dates_are_told_in_the_zone_of_the_viewer(form: str, words: str) -> None:
    assert Elements(mrkdwn(f"<!date^{BERLIN_NOON}^{form}|never>", CONTEXT)).text == words


def test_a_date_that_is_none_shows_its_fallback() -> None:
    for broken in ("<!date^soon^{date}|later>", "<!date^99999999999999^{date}|later>", "<!date^|later>"):
        assert Elements(mrkdwn(broken, CONTEXT)).text == "later"


def test_known_emoji_are_drawn_with_their_name_and_others_stay_words() -> None:
    drawn = mrkdwn(":rocket: :no_such_emoji_here:", CONTEXT)
    assert 'role="img" aria-label="rocket" title=":rocket:">🚀</span>' in drawn
    assert ":no_such_emoji_here:" in drawn


def test_plain_text_interprets_nothing_but_emoji() -> None:
    assert (
        Elements(plain("*a* <https://x.example|b> &lt;c&gt; :x:")).text == "*a* <https://x.example|b> <c> ❌"
    )


def test_inside_code_only_the_words_of_links_are_shown() -> None:
    assert mrkdwn("`<https://example.com> <@U0BOB>`", CONTEXT) == "<code>https://example.com @Bob</code>"


@given(st.text(alphabet=st.sampled_from(list("*_~`<>|&;:!@#^\n ahttps://x{}")), max_size=80))
def test_no_text_makes_an_unknown_element_or_handler(text: str) -> None:
    allowed = {"strong", "em", "s", "code", "pre", "br", "blockquote", "a", "span", "time"}
    drawn = Elements(mrkdwn(text, CONTEXT))
    assert set(drawn.tags) <= allowed
    assert not [name for _, name, _ in drawn.attributes if name.startswith("on")]


@pytest.mark.parametrize("piece", ["*", "_a", "<", "`", "```", "~ ~", ":a", "<!", "*a ", "http://", "> "])
def test_long_hostile_text_is_drawn_quickly(piece: str) -> None:
    text = piece * (12_000 // len(piece))
    begun = time.perf_counter()
    mrkdwn(text, CONTEXT)
    markdown(text)
    assert time.perf_counter() - begun < 2


def test_markdown_draws_headings_lists_tables_and_code() -> None:
    drawn = markdown(
        "# Title\n\n- one\n- **two**\n\n1. first\n\n> said\n\n```\nx < y\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert "<h3>Title</h3>" in drawn
    assert '<li class="indent-0"><strong>two</strong></li>' in drawn
    assert "<blockquote><p>said</p></blockquote>" in drawn
    assert "<pre><code>x &lt; y</code></pre>" in drawn
    assert "<thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody>" in drawn
