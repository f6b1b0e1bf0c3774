"""The text behind `/workflow`, read the way people type it: quotes of every kind, key=value, Slack's escapes."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core.errors import Problem

VERBS = ("run", "list", "runs", "show", "cancel", "retry", "help")
FLAGS = {"run": "dry-run", "cancel": "force"}
"""The one option that a verb may be given, after two dashes."""
MAX_TEXT = 4000
MAX_VALUE = 3000

_QUOTES = {'"': '"', "'": "'", "“": "”", "”": "”", "„": "“", "«": "»", "‘": "’", "’": "’"}
_DASHES = ("--", "—", "–")
_MADE_A_LINK = re.compile(r"<(?:https?://|mailto:)([^|>\s]+)\|\1>")
"""Slack makes links of what looks like one: `example.com` arrives as `<http://example.com|example.com>`."""
_RUN_NUMBER = re.compile(r"#?([1-9][0-9]{0,8})")
_STATUS_FILTER = re.compile(r"status[:=](.+)", re.IGNORECASE)
_REHEARSALS_FILTER = re.compile(r"rehearsals?[:=](yes|no)", re.IGNORECASE)


class Misspelled(Problem):
    """The command cannot be understood; the sentence says what to type instead."""

    code = "CMD-ARGS"


@dataclass(frozen=True, slots=True)
class Words:
    """A command taken apart: its verb, plain words in order, key=value pairs, and whether its option is given."""

    verb: str
    plain: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)
    has_flag: bool = False


@dataclass(frozen=True, slots=True)
class Filters:
    """What `/workflow runs` is to list."""

    workflow: str | None = None
    status: str | None = None
    rehearsals: bool = False


def parse_command(text: str) -> Words:
    """Take the text of a command apart. Raises Misspelled."""
    if len(text) > MAX_TEXT:
        raise Misspelled(f"That is longer than {MAX_TEXT} characters. Give long values in the form instead.")
    _refuse_controls(text)
    parts = _split(_unescape(_MADE_A_LINK.sub(r"\1", text)))
    if not parts:
        return Words("help")
    verb = parts[0].lower()
    if verb not in VERBS:
        raise Misspelled(_unknown_verb(parts[0]))
    plain: list[str] = []
    pairs: dict[str, str] = {}
    given = [part for part in parts[1:] if not _is_flag(verb, part)]
    for part in given:
        name, equals, value = part.partition("=")
        if equals and not (verb == "runs" and _is_filter(part)):
            _add_pair(pairs, name, value)
        else:
            plain.append(part)
    return Words(verb, tuple(plain), pairs, len(given) < len(parts) - 1)


def _is_flag(verb: str, part: str) -> bool:
    """Phones make one long dash of two."""
    dashes = next((each for each in _DASHES if part.startswith(each)), None)
    return dashes is not None and part.removeprefix(dashes).lower() == FLAGS.get(verb)


def _is_filter(part: str) -> bool:
    return bool(_STATUS_FILTER.fullmatch(part) or _REHEARSALS_FILTER.fullmatch(part))


def run_number(words: Words) -> int:
    """The one run number that `show`, `cancel` and `retry` need. Raises Misspelled."""
    if len(words.plain) != 1 or words.pairs:
        raise Misspelled(f"Which run? Type its number, like `/workflow {words.verb} 42`.")
    match = _RUN_NUMBER.fullmatch(words.plain[0])
    if match is None:
        raise Misspelled(f"A run is named by its number, like `/workflow {words.verb} 42`.")
    return int(match.group(1))


def split_filters(words: Words) -> Filters:
    """The filters of `runs [name] [status:...] [rehearsals:yes]`. Raises Misspelled."""
    names: list[str] = []
    status, rehearsals = None, False
    for word in words.plain:
        if match := _STATUS_FILTER.fullmatch(word):
            status = match.group(1).strip().lower().replace(" ", "_")
        elif match := _REHEARSALS_FILTER.fullmatch(word):
            rehearsals = match.group(1).lower() == "yes"
        else:
            names.append(word)
    if len(names) > 1 or words.pairs:
        raise Misspelled(
            "Type `/workflow runs`, `/workflow runs deploy`, `/workflow runs status:failed` or "
            "`/workflow runs rehearsals:yes`."
        )
    return Filters(names[0] if names else None, status, rehearsals)


def nearest(word: str, known: tuple[str, ...]) -> str:
    """A sentence such as "Did you mean `deploy`? ", or nothing."""
    close = difflib.get_close_matches(word.lower(), known, n=1)
    return f"Did you mean `{close[0]}`? " if close else ""


def _add_pair(pairs: dict[str, str], name: str, value: str) -> None:
    if name.startswith(_DASHES):
        bare = name.lstrip("-—–")
        raise Misspelled(f"Parameters are given as `{bare or 'name'}=value`, without dashes.")
    if not name:
        raise Misspelled("A parameter's name is missing before `=`. Write `name=value`.")
    if name in pairs:
        raise Misspelled(f"`{name[:40]}` is given twice. Give it once.")
    if len(value) > MAX_VALUE:
        raise Misspelled(f"The value of `{name[:40]}` is longer than {MAX_VALUE} characters.")
    pairs[name] = value


def _unknown_verb(word: str) -> str:
    known = ", ".join(f"`{verb}`" for verb in VERBS)
    return f"`{word[:40]}` is no command. {nearest(word, VERBS)}There are {known}."


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _refuse_controls(text: str) -> None:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n":
            raise Misspelled("The text holds a control character. Please type it without.")


def _split(text: str) -> list[str]:
    """Split at spaces outside of quotes. A quote counts at the start of a word or right after `=`."""
    parts: list[str] = []
    current: list[str] = []
    closing: str | None = None
    is_open = False
    for character in text:
        if closing is not None:
            if character == closing:
                closing = None
            else:
                current.append(character)
        elif character in _QUOTES and (not current or current[-1] == "="):
            closing, is_open = _QUOTES[character], True
        elif character.isspace():
            if current or is_open:
                parts.append("".join(current))
            current, is_open = [], False
        else:
            current.append(character)
    if closing is not None:
        raise Misspelled(f"A quote is open: its closing {closing} is missing.")
    if current or is_open:
        parts.append("".join(current))
    return parts
