"""Secrets do not leave a step: their values, and the usual encodings of them, become `***`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

from engine.core.definition import JsonValue

MASKED = "***"

SHORTEST_SECRET = 6
"""Shorter values are not masked: they would also blot out innocent text, and so give themselves away."""

_SECRET_VARIABLES = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "SLACK_CLIENT_SECRET",
    "HANDRAIL_SECRET_KEY",
)
_URL_VARIABLES = ("DATABASE_URL", "REDIS_URL")


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Handrail's own secrets: its tokens and keys, and the passwords within its URLs."""
    values = [environment.get(name, "") for name in _SECRET_VARIABLES]
    for name in _URL_VARIABLES:
        password = _password_of(environment.get(name, ""))
        values += [password, unquote(password)]
    return tuple(dict.fromkeys(value for value in values if value))


def _password_of(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


class Mask:
    """Replaces known secrets in texts and JSON values. Reversed or partly printed secrets are not found."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {variant for secret in secrets for variant in _variants(secret)}
        self._variants = tuple(sorted(found, key=lambda variant: (-len(variant), variant)))
        self._pattern = re.compile("|".join(map(re.escape, self._variants))) if self._variants else None

    def text(self, text: str) -> str:
        return self._pattern.sub(MASKED, text) if self._pattern else text

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with every text in it masked, keys too, and storable as UTF-8."""
        match value:
            case str():
                return self.text(value.encode("utf-8", "replace").decode())
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {str(self.value(key)): self.value(item) for key, item in value.items()}
        return value

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets stand in a text: their beginnings and ends."""
        return (match.span() for match in self._pattern.finditer(text)) if self._pattern else iter(())

    def stream(self) -> StreamMask:
        """A mask for one text that comes in pieces."""
        return StreamMask(self, self._variants)


class StreamMask:
    """Masks a text that comes in pieces, holding back only what may be the beginning of a secret."""

    def __init__(self, mask: Mask, variants: tuple[str, ...]) -> None:
        self._mask = mask
        self._variants = variants
        self._longest = max(map(len, variants), default=0)
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take in a piece, give out what is certain."""
        text = self._held + piece
        cut = len(text) - self._length_to_hold(text)
        given: list[str] = []
        done = 0
        for start, end in self._mask.spans(text):
            if start >= cut:  # it may go on as a longer secret
                break
            given += (text[done:start], MASKED)
            done = end
        cut = max(cut, done)
        self._held = text[cut:]
        return "".join((*given, text[done:cut]))

    def flush(self) -> str:
        """The text has ended: give out what was held back."""
        held, self._held = self._held, ""
        return self._mask.text(held)

    def discard(self) -> None:
        """What follows is left out: forget what may have been the beginning of a secret."""
        self._held = ""

    def _length_to_hold(self, text: str) -> int:
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[-length:]
            if any(variant.startswith(tail) for variant in self._variants if len(variant) > length):
                return length
        return 0


def _variants(secret: str) -> Iterator[str]:
    lines = (line.strip() for line in secret.splitlines())
    for value in dict.fromkeys((secret, *lines)):
        if len(value) >= SHORTEST_SECRET:
            yield value
            yield from (form for form in _encodings(value) if len(form) >= SHORTEST_SECRET)


def _encodings(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogateescape")
    yield quote(data, safe="")
    yield quote(data)
    yield quote_plus(data)
    for is_ascii in (True, False):
        yield json.dumps(value, ensure_ascii=is_ascii)[1:-1]
    yield data.hex()
    yield data.hex().upper()
    for offset in range(3):
        yield from _base64_core(data, offset)


def _base64_core(data: bytes, offset: int) -> tuple[str, str]:
    """The characters that base64 gives for `data` wherever it stands `offset` bytes (modulo 3) into a text,
    without those at either end that depend on its neighbours; in both alphabets."""
    first = (0, 2, 3)[offset]
    whole = (offset + len(data)) * 8 // 6
    padded = bytes(offset) + data
    return (
        base64.b64encode(padded)[first:whole].decode(),
        base64.urlsafe_b64encode(padded)[first:whole].decode(),
    )
