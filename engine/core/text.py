"""Text from outside: characters that hide or fake what is shown, safe excerpts, and the nearest name."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from itertools import islice

from engine.core.definition import JsonValue

EXCERPT_LENGTH = 80
MOST_COMPARED = 200

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_BIDI = "\u202a-\u202e\u2066-\u2069"
_SURROGATES = "\ud800-\udfff"
_FORBIDDEN_IN_TEXT = re.compile(f"[{_CONTROLS}{_BIDI}{_SURROGATES}]")
_FORBIDDEN_IN_LINE = re.compile(f"[{_CONTROLS}\t\n\r{_BIDI}{_SURROGATES}]")


def find_forbidden(text: str, *, allow_lines: bool) -> tuple[int, str] | None:
    """Where the first character is that no text may hold, and a description of it; None when all is well.
    Line ends and tabs are allowed on request."""
    pattern = _FORBIDDEN_IN_TEXT if allow_lines else _FORBIDDEN_IN_LINE
    match = pattern.search(text)
    return (match.start(), _describe(match[0])) if match else None


def _describe(character: str) -> str:
    code = ord(character)
    if character in "\n\r":
        return "a line break"
    if 0xD800 <= code <= 0xDFFF:
        return f"half of a character (U+{code:04X})"
    kind = "a control character" if code < 0x2000 else "a character that reverses the text after it"
    return f"{kind} (U+{code:04X})"


def excerpt(value: object) -> str:
    """The beginning of a value on one line, for a sentence about it."""
    text = value if isinstance(value, str) else str(value)
    shown = _FORBIDDEN_IN_LINE.sub("\ufffd", text[: EXCERPT_LENGTH + 1])
    return shown if len(shown) <= EXCERPT_LENGTH else shown[: EXCERPT_LENGTH - 1] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, if any is like it."""
    lowered = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word[:EXCERPT_LENGTH].lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " Did you mean 'steps'?" with its leading space, or nothing. Among very many names none is looked for:
    comparing takes its time, and whoever wrote them may be hostile."""
    found = nearest(word, few) if len(few := [*islice(known, MOST_COMPARED + 1)]) <= MOST_COMPARED else None
    return f" Did you mean '{found}'?" if found else ""


def listed(names: Iterable[str], *, most: int = 12) -> str:
    """Names for a sentence, a few of them when they are many."""
    all_names = list(names)
    shown = ", ".join(excerpt(name) for name in all_names[:most])
    return shown if len(all_names) <= most else f"{shown} and {len(all_names) - most} more"


def humanize(name: str) -> str:
    """A name as a title: "build_image" as "Build image"."""
    words = re.sub("[-_]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def as_plain_text(value: JsonValue) -> str:
    """A JSON value as people and programs read it: text as it is, nothing for null, JSON for the rest."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
