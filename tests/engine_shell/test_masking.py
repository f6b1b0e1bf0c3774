"""Secrets leave a step neither plainly nor in the usual encodings, also when they come in pieces."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import time
from urllib.parse import quote, quote_plus

import markupsafe
import pytest

from engine.core.definition import JsonValue
from engine.masking import MASKED, Mask, secrets_of

TOKEN = 'xoxb-12/34+56=ab?c"d&e<f'  # with characters that every encoding changes


def test_secrets_are_read_from_tokens_keys_and_passwords_within_urls() -> None:
    found = secrets_of(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "signing",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_CLIENT_SECRET": "client",
            "HANDRAIL_SECRET_KEY": "key",
            "DATABASE_URL": "postgresql://ada:p%40ss@db/handrail",
            "REDIS_URL": "redis://:hunter22@cache",
            "PATH": "/bin",
        }
    )
    assert set(found) == {"xoxb-1", "signing", "xapp-1", "client", "key", "p%40ss", "p@ss", "hunter22"}


def test_nothing_is_secret_in_an_environment_without_tokens() -> None:
    assert secrets_of({"DATABASE_URL": "sqlite:///x.db", "REDIS_URL": "redis://[broken"}) == ()


@pytest.mark.parametrize(
    "shown",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote_plus(TOKEN),
        re.sub("%..", lambda found: found[0].lower(), quote(TOKEN, safe="")),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN)[1:-1].replace("/", r"\/"),
        json.dumps(TOKEN)[1:-1].replace("&", r"\u0026").replace("<", r"\u003c"),
        html.escape(TOKEN),
        html.escape(TOKEN, quote=False),
        str(markupsafe.escape(TOKEN)),
        TOKEN.encode().hex(),
        TOKEN.encode().hex().upper(),
    ],
)
def test_every_encoding_is_masked(shown: str) -> None:
    text = f"before {shown} after"
    assert Mask([TOKEN]).text(text) == f"before {MASKED} after"
    for size in (1, 7):
        stream = Mask([TOKEN]).stream()
        pieces = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
        assert "".join(pieces) + stream.flush() == f"before {MASKED} after"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("after", ["", "z", "zz", "zzz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_masked_wherever_the_secret_stands(before: str, after: str, encode: object) -> None:
    assert callable(encode)
    encoded = encode(f"{before}{TOKEN}{after}".encode()).decode()
    masked = Mask([TOKEN]).text(encoded)
    assert MASKED in masked
    # what is left at either end tells nothing: at most the characters shared with the neighbours
    left = masked.replace(MASKED, "").rstrip("=")
    assert len(left) <= (len(before) + len(after)) * 4 // 3 + 4


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_secret_split_over_pieces_is_masked(size: int) -> None:
    text = f"one {TOKEN} two {TOKEN}{TOKEN} xoxb-12 three"
    stream = Mask([TOKEN]).stream()
    pieces = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
    expected = f"one {MASKED} two {MASKED}{MASKED} xoxb-12 three"
    assert "".join(pieces) + stream.flush() == expected


def test_only_what_may_begin_a_secret_is_held_back() -> None:
    stream = Mask(["secret-value"]).stream()
    assert stream.feed("nothing here") == "nothing here"
    assert stream.feed(" and sec") == " and "
    assert stream.feed("tion") == "section"


@pytest.mark.parametrize("size", [1, 4, 6, 7, 100])
def test_a_secret_that_begins_another_one_leaves_no_end_behind(size: int) -> None:
    stream = Mask(["secret", "secret-and-more"]).stream()
    text = "a secret-and-more b secret c"
    pieces = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert "".join(pieces) + stream.flush() == "a *** b *** c"


def test_each_line_of_a_secret_with_lines_is_masked() -> None:
    secret = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n"
    assert Mask([secret]).text("line: MIIEvQIBADANBg") == f"line: {MASKED}"


def test_short_values_are_not_masked() -> None:
    assert Mask(["abc", ""]).text("abcabc") == "abcabc"


def test_json_values_are_masked_in_all_depths_and_in_keys() -> None:
    value: JsonValue = {"a": ["x secret-value y", 1, None, True, {"secret-value": 2.5}]}
    assert Mask(["secret-value"]).value(value) == {"a": ["x *** y", 1, None, True, {"***": 2.5}]}


def test_half_characters_become_storable() -> None:
    masked = Mask().value("a\ud800b")
    assert masked == "a?b"


def test_declared_secrets_are_masked_from_four_characters_on() -> None:
    own = Mask(["secret-value", "12345"])
    mask = own.with_values(["4711"]).with_values(["abc", "wxyz"])
    assert mask.text("secret-value 4711 wxyz abc 12345") == "*** *** *** abc 12345"
    assert own.text("4711") == "4711"
    assert mask.text(base64.b64encode(b"4711").decode()) == "***Q=="


def test_secrets_that_overlap_leave_nothing_between() -> None:
    mask = Mask(["abcdef-123456", "123456-uvwxyz"])
    assert mask.text("x abcdef-123456-uvwxyz y") == "x *** y"


def test_what_was_cut_short_in_a_sentence_is_masked_too() -> None:
    mask = Mask(["secret-value"])
    assert mask.sentence("got 'secret-va…', not 'secret-value' or 'se…'") == "got '***…', not '***' or 'se…'"
    assert mask.sentence("nothing…") == "nothing…"
    assert Mask(["dots…within"]).sentence("a dots…within b") == "a *** b"


@pytest.mark.parametrize("size", [1, 5, 8, 9, 30, 64])
def test_long_secrets_split_over_pieces_are_masked(size: int) -> None:
    secret = "".join(f"{number:03x}" for number in range(400))
    text = f"one {secret} two {secret[:700]} three {secret}{secret}"
    stream = Mask([secret]).stream()
    pieces = [stream.feed(text[start : start + size]) for start in range(0, len(text), size)]
    assert "".join(pieces) + stream.flush() == f"one *** two {secret[:700]} three ******"


def test_a_large_key_of_many_lines_does_not_slow_the_output_down() -> None:
    key = "\n".join(hashlib.sha256(b"%d" % number).hexdigest() for number in range(1000))
    text = "deploying the service api to host-5 ... ok\n" * 1500
    started = time.process_time()
    stream = Mask([key]).stream()
    for start in range(0, len(text), 6500):
        stream.feed(text[start : start + 6500])
    assert time.process_time() - started < 5
