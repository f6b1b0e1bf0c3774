"""Finds messages, channels and people for somebody, among what that person may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.message_store import Message
from sandbox.people import Channel, Person
from sandbox.types import Json
from sandbox.workspace import Workspace

MOST_FOUND = 50
_TOLD = ("text", "title", "pretext", "fallback", "alt_text", "description", "name", "label")


@dataclass(frozen=True)
class Found:
    """Messages come with their channel, newest first; `count` tells how many there are beyond MOST_FOUND."""

    messages: tuple[tuple[Channel, Message], ...]
    count: int
    channels: tuple[Channel, ...]
    people: tuple[Person, ...]


@dataclass(frozen=True)
class Query:
    """The words to find, and Slack's two commonest modifiers."""

    words: tuple[str, ...]
    sender: str | None = None
    place: str | None = None


def read_query(typed: str, user: str) -> Query:
    """`deploy from:@bob in:#ops`: words, and names without their signs; `from:me` is the person who asks."""
    words: list[str] = []
    modifiers = {"from": "", "in": ""}
    for word in typed.casefold().split():
        name, _, rest = word.partition(":")
        if name in modifiers and rest:
            modifiers[name] = rest.lstrip("@#")
        else:
            words.append(word)
    sender = user.casefold() if modifiers["from"] == "me" else modifiers["from"]
    return Query(tuple(words), sender or None, modifiers["in"] or None)


def search(workspace: Workspace, user: str, typed: str) -> Found:
    """Everything that has all of the typed words; nothing for no words at all."""
    query = read_query(typed, user)
    if not (query.words or query.sender or query.place):
        return Found((), 0, (), ())
    seen = workspace.channels_of(user)
    messages = [
        (c, m) for c in seen for m in workspace.history.everything(c.id) if _fits(c, m, query, workspace)
    ]
    messages.sort(key=lambda pair: float(pair[1].ts), reverse=True)
    named = bool(query.words) and not (query.sender or query.place)
    return Found(
        tuple(messages[:MOST_FOUND]),
        len(messages),
        tuple(
            c for c in seen if named and c.kind not in ("im", "mpim") and _has(f"{c.name} {c.topic}", query)
        ),
        tuple(
            p for p in workspace.people.values() if named and _has(f"{p.name} {p.real_name} {p.title}", query)
        ),
    )


def _has(text: str, query: Query) -> bool:
    lowered = text.casefold()
    return all(word.lstrip("@#") in lowered for word in query.words)


def _fits(channel: Channel, message: Message, query: Query, workspace: Workspace) -> bool:
    if message.is_tombstone or (query.place is not None and channel.name.casefold() != query.place):
        return False
    if query.sender is not None:
        author = workspace.member(str(message.payload.get("user")))
        known = (author.id, author.name, author.real_name) if author else ()
        if query.sender not in {name.casefold() for name in known}:
            return False
    spoken = "\n".join(texts_of(message.payload)).casefold()
    return all(word in spoken for word in query.words)


def texts_of(payload: Json) -> Iterator[str]:
    """Every text of a message that a person can read: its own, and those of blocks, attachments and files."""
    yield str(payload.get("text") or "")
    for part in ("blocks", "attachments", "files"):
        yield from _texts(payload.get(part))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, dict):
        for key, entry in value.items():
            if isinstance(entry, str):
                if key in _TOLD:
                    yield entry
            else:
                yield from _texts(entry)
