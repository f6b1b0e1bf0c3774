"""Whatever an app writes into any text or address, what is drawn holds no element and no link that could run it."""

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.render.blocks import render_blocks, supported
from sandbox.render.markdown import markdown
from sandbox.render.mrkdwn import mrkdwn
from sandbox.render.views import modal
from sandbox.validation.blocks import block_types
from tests.sandbox.hostile import ADDRESSES, HOSTILE, infected
from tests.sandbox.rendering import CONTEXT, Elements
from tests.sandbox.test_validation_samples import JSON
from tests.sandbox.valid_samples import HOME, MESSAGE, MODAL, MODAL_VIEW

Json = dict[str, Any]

ALL: dict[str, Json] = {**HOME, **MODAL, **MESSAGE}
FORBIDDEN = {"script", "iframe", "object", "embed", "style", "base", "meta", "video", "audio"}
UPLOADED = re.compile(r"/files-pri/T0001-F[A-Z0-9]+/picture\?viewer=U0ADA")
LONG = "A<" * 50_000
SECONDS = 20.0


def check_harmless(html: str) -> None:
    drawn = Elements(html)
    assert FORBIDDEN & set(drawn.tags) == set()
    for tag, name, value in drawn.attributes:
        if (tag, name) == ("img", "src"):
            assert UPLOADED.fullmatch(value), value
            continue
        assert not name.startswith("on"), (tag, name)
        assert name not in ("style", "srcdoc", "src", "formaction", "action", "background", "xlink:href"), (
            tag,
            name,
        )
        if name == "href":
            assert value.startswith(("https://", "http://", "mailto:", "/?")), value


def test_every_block_that_can_be_sent_is_drawn() -> None:
    sent = block_types("message") | block_types("modal") | block_types("home")
    assert sent <= set(supported())


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_sample_is_drawn_whole(name: str) -> None:
    html = render_blocks([ALL[name]], CONTEXT)
    assert "unsupported" not in html
    check_harmless(html)


@pytest.mark.parametrize("kind", sorted(HOSTILE))
@pytest.mark.parametrize("address", ADDRESSES)
def test_hostile_words_and_addresses_stay_words(kind: str, address: str) -> None:
    for name, block in ALL.items():
        html = render_blocks([infected(block, HOSTILE[kind], address)], CONTEXT)
        assert html, name
        check_harmless(html)


@pytest.mark.parametrize("name", [*sorted(MESSAGE.keys() - HOME.keys()), "section button", "alert"])
def test_a_hundred_kilobytes_are_drawn_too(name: str) -> None:
    check_harmless(render_blocks([infected(ALL[name], LONG, ADDRESSES[0])], CONTEXT))


def test_a_modal_of_hostile_words_is_harmless() -> None:
    for words in HOSTILE.values():
        view = infected(MODAL_VIEW, words, ADDRESSES[0]) | {
            "id": "V1",
            "state": {"values": {}},
            "type": "modal",
        }
        check_harmless(modal(view, 0, [words], CONTEXT))


@settings(max_examples=50, deadline=None)
@given(blocks=JSON)
def test_any_json_is_drawn_without_breaking(blocks: Any) -> None:
    check_harmless(render_blocks(blocks, CONTEXT))


@settings(max_examples=50, deadline=None)
@given(name=st.sampled_from(sorted(ALL)), words=st.text(max_size=200), address=st.text(max_size=60))
def test_any_words_are_drawn_without_breaking(name: str, words: str, address: str) -> None:
    check_harmless(render_blocks([infected(ALL[name], words, address)], CONTEXT))


TIRING = (
    "*",
    "_",
    "~",
    "`",
    "<",
    "[",
    "](",
    "<!date^",
    "*a ",
    "_a ",
    ":a",
    "http://:",
    "> ",
    "|",
    "# ",
    "- ",
    "```",
    "&lt;",
    "a_",
)


@pytest.mark.parametrize("part", TIRING)
def test_no_text_takes_long_to_draw(part: str) -> None:
    started = time.monotonic()
    mrkdwn((part * 20_000)[:20_000], CONTEXT)
    markdown((part * 12_000)[:12_000])
    assert time.monotonic() - started < SECONDS


def test_a_button_for_others_is_not_shown() -> None:
    def buttons(viewer: str) -> int:
        block = {
            "type": "actions",
            "elements": [MESSAGE["actions button"]["elements"][0] | {"visible_to_user_ids": [viewer]}],
        }
        return Elements(render_blocks([block], CONTEXT)).tags.count("a")

    assert (buttons("U0ADA"), buttons("U0BOB")) == (1, 0)


def test_a_chart_shows_its_figures_as_a_table_with_shares() -> None:
    text = Elements(render_blocks([MESSAGE["chart pie"], MESSAGE["chart bar"]], CONTEXT)).text
    for words in ("Runs as pie", "Done367%", "Open1.533%", "Build (Runs)", "Mon33", "Tue-1.5-1.5"):
        assert words in text


def test_a_data_table_names_its_rows_and_columns() -> None:
    drawn = Elements(render_blocks([MESSAGE["data_table"]], CONTEXT))
    scopes = [value for tag, name, value in drawn.attributes if name == "scope"]
    assert scopes == ["col", "col", "row"]
    assert "caption" in drawn.tags


def test_a_container_is_folded_as_the_app_asks() -> None:
    folded = Elements(render_blocks([MESSAGE["container"]], CONTEXT))
    assert ("details", "open", "") not in folded.attributes
    shown = Elements(render_blocks([MESSAGE["container"] | {"default_collapsed": False}], CONTEXT))
    assert ("details", "open", "") in shown.attributes


def test_a_workflow_button_cannot_be_pressed() -> None:
    drawn = Elements(render_blocks([MESSAGE["actions workflow_button"]], CONTEXT))
    assert ("button", "disabled", "") in drawn.attributes
    assert drawn.text == "Start"
