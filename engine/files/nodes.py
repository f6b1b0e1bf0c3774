"""YAML text to nodes that know their place: a small, safe part of YAML 1.2, and bounded whatever comes in.

Read from the parser's events, so that a limit stops the reading at once. Only `true`, `false`, `null`,
decimal integers and floats are typed; `no`, `012`, `1:30` and `2026-01-01` are text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from engine.core.errors import InvalidWorkflow, Mistake
from engine.core.text import excerpt, find_forbidden

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 10_000
MAX_MISTAKES = 100

_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_BEGINS_NUMBER = frozenset("+-.0123456789")
_WHOLE = "(?:0|[1-9][0-9]*)"
_EXPONENT = "[eE][-+]?[0-9]+"
_FLOAT = re.compile(rf"[-+]?(?:{_WHOLE}?\.[0-9]+(?:{_EXPONENT})?|{_WHOLE}{_EXPONENT})", re.ASCII)


class Place(NamedTuple):
    """Counted from 1, as editors do. Like the two others, a tuple, which is made quickly: a folder of files has
    tens of thousands of each."""

    line: int
    column: int


class Scalar(NamedTuple):
    place: Place
    text: str
    value: bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class Items:
    place: Place
    nodes: list[Node] = field(default_factory=list)


class Entry(NamedTuple):
    key: Scalar
    node: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping, in the file's order."""

    place: Place
    entries: dict[str, Entry] = field(default_factory=dict)


Node = Scalar | Items | Table


@dataclass(slots=True)
class Mistakes:
    """The mistakes found in one file so far. `add` raises InvalidWorkflow when there are too many to be read."""

    file: str
    found: list[Mistake] = field(default_factory=list)

    def add(self, place: Place, code: str, sentence: str) -> None:
        self.found.append(Mistake(self.file, place.line, place.column, code, sentence))
        if len(self.found) >= MAX_MISTAKES:
            sentence = (
                f"Stopped after {MAX_MISTAKES} mistakes. Correct these and look again; there may be more."
            )
            raise InvalidWorkflow(
                (*self._in_order(), Mistake(self.file, place.line, place.column, "YAML-MISTAKES", sentence))
            )

    def raise_if_any(self) -> None:
        if self.found:
            raise InvalidWorkflow(self._in_order())

    def _in_order(self) -> tuple[Mistake, ...]:
        return tuple(sorted(set(self.found), key=lambda found: (found.line, found.column)))


START = Place(1, 1)


def read_nodes(text: str, mistakes: Mistakes) -> Node | None:
    """The one document of a text. None when it cannot be read, which `mistakes` then explains."""
    if _has_forbidden_text(text, mistakes):
        return None
    try:
        return _Builder(mistakes).build(text.removeprefix("\ufeff"))
    except _Unreadable as error:
        mistakes.add(error.place, error.code, error.sentence)
    except yaml.YAMLError as error:
        _add_syntax_mistake(error, text, mistakes)
    return None


class _Unreadable(Exception):
    def __init__(self, place: Place, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.place, self.code, self.sentence = place, code, sentence


def _has_forbidden_text(text: str, mistakes: Mistakes) -> bool:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        mistakes.add(START, "YAML-SIZE", f"The file is larger than {MAX_BYTES // 1024} KiB. Split it up.")
        return True
    found = find_forbidden(text, allow_lines=True)
    if found is None:
        return False
    position, what = found
    mistakes.add(
        place_at(text, position),
        _code_of(what),
        f"The file holds {what}, which hides what it says. Remove it.",
    )
    return True


def _code_of(character: str) -> str:
    return "TEXT-BIDI" if "reverses" in character else "TEXT-CONTROL"


def place_at(text: str, position: int) -> Place:
    """The place of a character, given as an index into the text."""
    line_start = text.rfind("\n", 0, position) + 1
    return Place(text.count("\n", 0, position) + 1, position - line_start + 1)


class _Builder:
    """Puts events together to nodes. `open` holds the containers that are not closed yet, each with the key
    that waits for its value."""

    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.open: list[Items | Table] = []
        self.keys: list[Scalar | None] = []
        self.count = 0
        self.root: Node | None = None

    def build(self, text: str) -> Node:
        for event in _events(text):
            self._take(event)
        if self.root is None or (isinstance(self.root, Scalar) and self.root.value is None):
            raise _Unreadable(START, "YAML-EMPTY", "The file is empty. Begin with 'name:' and 'steps:'.")
        return self.root

    def _take(self, event: yaml.Event) -> None:
        match event:  # the most frequent ones first
            case yaml.ScalarEvent():
                _refuse_properties(event)
                self._place_node(_scalar(event))
            case yaml.MappingStartEvent():
                self._open(event, Table(_place(event)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.open.pop()
                self.keys.pop()
            case yaml.SequenceStartEvent():
                self._open(event, Items(_place(event)))
            case yaml.AliasEvent():
                raise _Unreadable(
                    _place(event), "YAML-ALIAS", "Aliases (*name) are not allowed. Write the value itself."
                )
            case yaml.DocumentStartEvent() if self.root is not None:
                raise _Unreadable(
                    _place(event),
                    "YAML-DOCS",
                    "A second document begins here ('---'). Use one file for each.",
                )

    def _open(self, event: yaml.NodeEvent, container: Items | Table) -> None:
        _refuse_properties(event)
        self._place_node(container)
        self.open.append(container)
        self.keys.append(None)
        if len(self.open) > MAX_DEPTH:
            raise _Unreadable(
                container.place, "YAML-DEPTH", f"Nested too deep: at most {MAX_DEPTH} levels are allowed."
            )

    def _place_node(self, node: Node) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            raise _Unreadable(
                node.place, "YAML-NODES", f"Too many values: at most {MAX_NODES:,} are allowed in a file."
            )
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Items):
            parent.nodes.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = _key(node)
        else:
            self._add_entry(parent, self.keys[-1], node)
            self.keys[-1] = None

    def _add_entry(self, table: Table, key: Scalar, node: Node) -> None:
        earlier = table.entries.get(key.text)
        if earlier is None:
            table.entries[key.text] = Entry(key, node)
            return
        self.mistakes.add(
            key.place,
            "YAML-DUP",
            f"'{excerpt(key.text)}' is there twice: first in line {earlier.key.place.line}. Remove one.",
        )


def _events(text: str) -> Iterator[yaml.Event]:
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=_Loader)
    return events


def _place(event: yaml.Event) -> Place:
    mark = event.start_mark
    return Place(mark.line + 1, mark.column + 1) if mark else START


def _refuse_properties(event: yaml.NodeEvent) -> None:
    tag = getattr(event, "tag", None)
    if event.anchor is None and tag is None:
        return
    if event.anchor is not None:
        raise _Unreadable(
            _place(event),
            "YAML-ALIAS",
            f"Anchors (&{excerpt(event.anchor)}) are not allowed. Repeat the value.",
        )
    raise _Unreadable(
        _place(event),
        "YAML-TAG",
        f"Tags ({excerpt(tag)}) are not allowed. Write a plain value, or quote it.",
    )


def _key(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        return node
    raise _Unreadable(
        node.place,
        "YAML-KEY",
        "A key must be plain text. If this is an expression, put quotes around it: '{{ ... }}'.",
    )


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    text: str = event.value
    # only what is written as an escape was not seen yet
    found = find_forbidden(text, allow_lines=True) if event.style == '"' else None
    if found is not None:
        raise _Unreadable(
            _place(event), _code_of(found[1]), f"This text holds {found[1]}, which is not allowed. Remove it."
        )
    is_plain = event.implicit[0]
    return Scalar(_place(event), text, plain_value(text) if is_plain else text)


def plain_value(text: str) -> bool | int | float | str | None:
    """What an unquoted scalar means."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _BEGINS_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    return text


_HINTS = {
    "found unexpected ':'": "Write a space behind the colon, or quote the value.",
    "mapping values are not allowed": "Quote a value that holds ': ', and indent keys of one mapping alike.",
    "found unexpected end of stream": "A quote or bracket is not closed.",
    "did not find expected key": "Check the indentation here, and quote values that begin with a sign.",
    "did not find expected '-'": "Check the indentation here.",
    "cannot start any token": "Quote a value that begins with this character.",
    "',' or '": "A bracket is not closed, or a comma is missing.",
}


def _add_syntax_mistake(error: yaml.YAMLError, text: str, mistakes: Mistakes) -> None:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "it holds characters that are not allowed")
    if mark is None:
        mistakes.add(START, "YAML-SYNTAX", f"This is not YAML: {excerpt(problem)}.")
        return
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        hint = "Indent with spaces; tabs are not allowed."
    else:
        hint = next((hint for part, hint in _HINTS.items() if part in problem), "")
    mistakes.add(
        Place(mark.line + 1, mark.column + 1),
        "YAML-SYNTAX",
        f"This is not YAML: {excerpt(problem)}. {hint}".strip(),
    )
