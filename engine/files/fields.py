"""Strict reading of YAML nodes: every entry is known, of the right type, and every mistake is a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.core.durations import parse_duration
from engine.core.text import did_you_mean, excerpt, listed
from engine.files.nodes import Items, Mistakes, Node, Place, Scalar, Table


class Fields:
    """The entries of one mapping. Each method returns None (or an empty value) when the entry is absent or
    wrong; what is wrong is added to the mistakes. `where` names the mapping, such as "a step"."""

    def __init__(self, table: Table, mistakes: Mistakes, where: str, known: Sequence[str]) -> None:
        self.table = table
        self.mistakes = mistakes
        self.where = where
        for entry in table.entries.values():
            if entry.key.text not in known:
                self._add_unknown(entry.key, known)

    def _add_unknown(self, key: Scalar, known: Sequence[str]) -> None:
        self.mistakes.add(
            key.place,
            "WF-KEY",
            f"This version of Handrail does not know '{excerpt(key.text)}' in {self.where}."
            f"{did_you_mean(key.text, known)} Known are: {listed(known, most=30)}.",
        )

    def __contains__(self, key: str) -> bool:
        return key in self.table.entries

    def node(self, key: str) -> Node | None:
        entry = self.table.entries.get(key)
        return entry.node if entry else None

    def place(self, key: str) -> Place:
        """Where the entry's value is; the mapping's own place when there is no such entry."""
        node = self.node(key)
        return node.place if node else self.table.place

    def key_place(self, key: str) -> Place:
        entry = self.table.entries.get(key)
        return entry.key.place if entry else self.table.place

    def add(self, key: str, code: str, sentence: str) -> None:
        self.mistakes.add(self.place(key), code, sentence)

    def require(self, key: str, example: str) -> Node | None:
        """The entry, or a mistake that shows how to write it."""
        node = self.node(key)
        if key not in self.table.entries:
            self.mistakes.add(
                self.table.place,
                "WF-REQUIRED",
                f"'{key}' is missing in {self.where}. Write '{key}: {example}'.",
            )
        return node

    # --- typed entries

    def text(self, key: str, *, longest: int = 3000) -> str | None:
        node = self.node(key)
        if node is None:
            return None
        text = as_text(node, self.mistakes, f"'{key}'")
        if text is not None and len(text) > longest:
            self.add(
                key,
                "WF-LIMIT",
                f"'{key}' is too long: {len(text)} characters, at most {longest} are allowed.",
            )
            return None
        return text

    def boolean(self, key: str) -> bool | None:
        value = self._value(key)
        if value is None or isinstance(value, bool):
            return value
        self._add_wrong(key, "true or false. Write true or false, without quotes")
        return None

    def integer(self, key: str, *, least: int, most: int) -> int | None:
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._add_wrong(key, "a whole number. Write decimal digits, without quotes")
            return None
        if not least <= value <= most:
            self.add(key, "WF-LIMIT", f"'{key}' is {value}; it must lie between {least} and {most}.")
            return None
        return value

    def number(self, key: str, *, least: float, most: float) -> float | None:
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._add_wrong(key, "a number. Write a decimal number, without quotes")
            return None
        if not least <= value <= most:
            self.add(key, "WF-LIMIT", f"'{key}' is {value}; it must lie between {least:g} and {most:g}.")
            return None
        return float(value)

    def duration(self, key: str) -> float | None:
        """Seconds, more than none."""
        value = self._value(key)
        if value is None:
            return None
        try:
            seconds = parse_duration(value)
        except ValueError as error:
            self.add(key, "WF-DURATION", f"'{key}': {error}")
            return None
        if seconds == 0:
            self.add(key, "WF-DURATION", f"'{key}' must be longer than 0s.")
            return None
        return seconds

    def choice(self, key: str, options: Sequence[str]) -> str | None:
        text = self.text(key)
        if text is None or text in options:
            return text
        self.add(
            key,
            "WF-CHOICE",
            f"'{excerpt(text)}' is no '{key}'.{did_you_mean(text, options)} Choose from: {listed(options)}.",
        )
        return None

    def scalars(self, key: str) -> list[Scalar]:
        """The entries of a list of plain values; one value alone counts as a list of one."""
        node = self.node(key)
        if isinstance(node, Scalar) and node.value is not None:
            return [node]
        if isinstance(node, Items):
            found = [item for item in node.nodes if isinstance(item, Scalar)]
            if len(found) == len(node.nodes):
                return found
        if node is not None:
            self.add(key, "WF-TYPE", f"'{key}' must be a list of plain values, such as [one, two].")
        return []

    def texts(self, key: str) -> tuple[str, ...]:
        found = [as_text(scalar, self.mistakes, f"An entry of '{key}'") for scalar in self.scalars(key)]
        return tuple(text for text in found if text is not None)

    def text_table(self, key: str, code: str) -> dict[str, Scalar]:
        """A mapping of names to plain values, whatever their type: numbers need no quotes here."""
        found: dict[str, Scalar] = {}
        for name, entry in self.entries(key):
            if isinstance(entry, Scalar):
                found[name.text] = entry
            else:
                self.mistakes.add(
                    entry.place, code, f"'{excerpt(name.text)}' in '{key}' must be text, not {_kind(entry)}."
                )
        return found

    def entries(self, key: str) -> Iterator[tuple[Scalar, Node]]:
        """Keys and values of a mapping; nothing, and a mistake, when the entry is something else."""
        table = self.sub_table(key)
        if table is not None:
            yield from ((entry.key, entry.node) for entry in table.entries.values())

    def sub_table(self, key: str) -> Table | None:
        node = self.node(key)
        if node is None or isinstance(node, Table):
            return node
        self.add(
            key,
            "WF-TYPE",
            f"'{key}' must be a mapping with entries such as 'name: value', not {_kind(node)}.",
        )
        return None

    def _value(self, key: str) -> bool | int | float | str | None:
        node = self.node(key)
        if node is None or (isinstance(node, Scalar) and node.value is not None):
            return node.value if isinstance(node, Scalar) else None
        self.add(
            key,
            "WF-TYPE",
            f"'{key}' must be a plain value, not {_kind(node)}. Write it or leave the key out.",
        )
        return None

    def _add_wrong(self, key: str, wanted: str) -> None:
        node = self.node(key)
        shown = node.text if isinstance(node, Scalar) else ""
        self.add(key, "WF-TYPE", f"'{excerpt(shown)}' in '{key}' is not {wanted}.")


def as_text(node: Node, mistakes: Mistakes, what: str) -> str | None:
    """The text of a node that must be text. Unquoted numbers are mistakes: quotes make them text."""
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    if isinstance(node, Scalar) and node.value is None:
        sentence = f"{what} is empty. Write its text, or leave it out."
    elif isinstance(node, Scalar):
        shown = excerpt(node.text)
        sentence = f"{what} must be text, and {shown} is {_kind(node)}. Quote it: '{shown}'."
    else:
        sentence = f"{what} must be text, not {_kind(node)}."
    mistakes.add(node.place, "WF-TYPE", sentence)
    return None


def _kind(node: Node) -> str:
    match node:
        case Table():
            return "a mapping"
        case Items():
            return "a list"
        case Scalar(value=None):
            return "empty"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=int() | float()):
            return "a number"
        case _:
            return "text"
