"""What programs write for terminals becomes plain text, however it is cut into pieces."""

from __future__ import annotations

import pytest

from engine.terminal_text import LONGEST_LINE, TerminalText

CASES = [
    ("plain lines", b"one\ntwo\n", "one\ntwo\n"),
    ("tabs", b"a\tb\n", "a\tb\n"),
    ("an unfinished line", b"one\ntwo", "one\ntwo"),
    ("Windows line ends", b"one\r\ntwo\r\n", "one\ntwo\n"),
    ("colours", b"\x1b[1;31mred\x1b[0m\n", "red\n"),
    ("clear screen", b"\x1b[2J\x1b[Hdone\n", "done\n"),
    ("a title", b"\x1b]0;title\x07text\n", "text\n"),
    ("a link (OSC 8)", b"\x1b]8;;https://evil\x1b\\click\x1b]8;;\x1b\\\n", "click\n"),
    ("the clipboard (OSC 52)", b"\x1b]52;c;ZXZpbA==\x07x\n", "x\n"),
    ("a device string", b"\x1bPq#0\x1b\\x\n", "x\n"),
    ("an unfinished sequence at the end", b"x\x1b[3", "x"),
    ("NUL and bells", b"a\x00b\x07c\x08d\n", "abcd\n"),
    ("8-bit controls", "a\x9bb\x85c\n".encode(), "abc\n"),
    ("UTF-8", "grüße 🎉\n".encode(), "grüße 🎉\n"),
    ("broken UTF-8", b"a\xff\xfeb\n", "a��b\n"),
    ("half a character at the end", "é".encode()[:1], "�"),
    ("half a surrogate pair", b"\xed\xa0\x80\n", "���\n"),
    ("text that is reversed", "a\u202eb\u2066c\n".encode(), "a\\u202eb\\u2066c\n"),
    ("a progress bar", b"10%\r50%\r100%\n", "100%\n"),
    ("a progress bar that ends with a return", b"10%\r100%\r\nnext\n", "100%\nnext\n"),
    ("a progress bar without an end", b"10%\r50%\r", "50%"),
    ("a progress bar with leading returns", b"\r10%\r20%\nx\n", "20%\nx\n"),
    ("a line that is cleared and redrawn", b"\x1b[2K\r1/2\x1b[2K\r2/2\n", "2/2\n"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("written", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_only_text_is_left(written: bytes, expected: str, size: int) -> None:
    text = TerminalText()
    pieces = [text.feed(written[start : start + size]) for start in range(0, len(written), size)]
    assert "".join(pieces) + text.flush() == expected


def test_an_unfinished_line_is_given_out_when_it_is_asked_for() -> None:
    text = TerminalText()
    assert text.feed(b"Password: ") == ""
    assert text.settle() == "Password: "
    assert text.feed(b"ok\n") == "ok\n"


def test_a_line_being_redrawn_waits_for_its_last_state() -> None:
    text = TerminalText()
    assert text.feed(b"10%\r20%") == ""
    assert text.settle() == ""
    assert text.feed(b"\r30%\n") == "30%\n"


def test_a_line_that_is_out_is_not_joined_with_its_redrawing() -> None:
    text = TerminalText()
    text.feed(b"10%")
    assert text.settle() == "10%"
    assert text.feed(b"\r20%\r30%\n") == "\n30%\n"


def test_an_endless_line_is_given_out_in_parts() -> None:
    text = TerminalText()
    given = 0
    for _ in range(100):
        given += len(text.feed(b"x" * 10_000))
    assert given > 1_000_000 - 2 * LONGEST_LINE
    assert given + len(text.flush()) == 1_000_000


def test_an_endless_progress_bar_is_not_collected() -> None:
    text = TerminalText()
    given = "".join(text.feed(b"%06d\r" % number) for number in range(100_000))
    assert given == ""
    assert text.flush() == "099999"


def test_an_endless_sequence_does_not_swallow_what_follows() -> None:
    text = TerminalText()
    text.feed(b"\x1b]0;" + b"x" * 10_000)
    assert "visible" in text.feed(b"\nvisible\n")
