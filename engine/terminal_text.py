"""What a program wrote for a terminal, as plain text: decoded, without control sequences, in pieces."""

from __future__ import annotations

import codecs
import re

LONGEST_LINE = 64 * 1024
"""A line that grows longer is given out in parts: nothing is ever collected without a bound."""

_LONGEST_SEQUENCE = 4096

_SEQUENCE = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # colours, cursor, clearing
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links, clipboard
    r"|[PX^_][^\x1b]*\x1b\\"  # device strings
    r"|[ -/]*[0-OQ-WYZ\\`a-~]"  # everything short
    r")"
)
_UNFINISHED_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)")
_KEPT_CONTROLS = {ord("\t"), ord("\n"), ord("\r")}
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_CHARACTERS: dict[int, str | None] = {
    **{code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in _KEPT_CONTROLS},
    **{code: f"\\u{code:04x}" for code in _BIDI},  # visible, so that they reverse nothing
}


class TerminalText:
    """Turns one stream of bytes into plain text, piece by piece.

    Lines are given out when they are complete, or when `settle` asks for the unfinished one. Of a line that
    was redrawn with carriage returns, such as a progress bar, the last state is given out.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._carry = ""  # the beginning of a sequence, or a carriage return whose successor is not known
        self._line = ""
        self._is_partly_out = False

    def feed(self, data: bytes) -> str:
        return self._take(self._decoder.decode(data))

    def settle(self) -> str:
        """Give out the unfinished line as far as it is known, unless it is being redrawn."""
        if "\r" in self._line:
            return ""
        return self._give_out_line()

    def flush(self) -> str:
        """The stream has ended: give out everything."""
        last = self._take(self._decoder.decode(b"", final=True))
        self._line = self._settled(self._line)
        self._carry = ""
        return last + self._give_out_line()

    def _take(self, decoded: str) -> str:
        text = self._without_controls(self._carry + decoded)
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        head, newline, rest = text.rpartition("\n")
        complete = "".join(self._complete(line) for line in head.split("\n")) if newline else ""
        self._line += rest
        return complete + self._bound_line()

    def _without_controls(self, text: str) -> str:
        """The text without sequences and controls; an unfinished end is carried over to the next piece."""
        if "\x1b" in text:
            text = _SEQUENCE.sub("", text)
        cut = self._start_of_unfinished(text)
        self._carry = text[cut:]
        return text[:cut].translate(_CHARACTERS)

    def _start_of_unfinished(self, text: str) -> int:
        if text.endswith("\r"):
            return len(text) - 1
        # A device string may end in an escape of its own, so its beginning may be the last but one.
        last = text.rfind("\x1b")
        before = text.rfind("\x1b", 0, last) if last > 0 else -1
        for start in (before, last):
            is_near = start >= 0 and len(text) - start <= _LONGEST_SEQUENCE
            if is_near and _UNFINISHED_SEQUENCE.fullmatch(text, start):
                return start
        return len(text)

    def _complete(self, piece: str) -> str:
        line = self._settled(self._line + piece)
        self._line = ""
        self._is_partly_out = False
        return line + "\n"

    def _settled(self, line: str) -> str:
        """The last state of a line that was redrawn, below what is out already and cannot be taken back."""
        if "\r" not in line:
            return line
        states = [state for state in line.split("\r") if state]
        return ("\n" if self._is_partly_out else "") + (states[-1] if states else "")

    def _bound_line(self) -> str:
        if len(self._line) <= LONGEST_LINE:
            return ""
        if "\r" in self._line:
            self._line = "\r" + self._line.rstrip("\r").rpartition("\r")[2]
        return self._give_out_line() if len(self._line) > LONGEST_LINE else ""

    def _give_out_line(self) -> str:
        line, self._line = self._line, ""
        self._is_partly_out = self._is_partly_out or bool(line)
        return line.lstrip("\r")
