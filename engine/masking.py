"""Secrets do not leave a step: their values, and the usual encodings of them, become `***`."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

from engine.core.definition import JsonValue

MASKED = "***"
ELLIPSIS = "…"

SHORTEST_SECRET = 6
"""Shorter values are not masked: they would also blot out innocent text, and so give themselves away."""

SHORTEST_DECLARED = 4
"""The same for secrets that a workflow declares. Steps do not begin with shorter ones."""

_BASE64_WIDTHS = (64, 76)
"""Where common tools break lines of base64."""
_HEAD = 8

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

    def __init__(self, secrets: Iterable[str] = (), declared: Iterable[str] = ()) -> None:
        """`declared` are secrets of workflows, masked from fewer characters on."""
        self._secrets = tuple(secrets)
        self._declared = tuple(declared)
        found = {variant for secret in self._secrets for variant in _variants(secret, SHORTEST_SECRET)}
        found |= {variant for secret in self._declared for variant in _variants(secret, SHORTEST_DECLARED)}
        self._variants = tuple(sorted(found, key=lambda variant: (-len(variant), variant)))

    def with_values(self, values: Iterable[str]) -> Mask:
        """A mask for these secrets of a workflow too."""
        return Mask(self._secrets, (*self._declared, *values))

    def text(self, text: str) -> str:
        given: list[str] = []
        done = 0
        for start, end in self.spans(text):
            given += (text[done:start], MASKED)
            done = end
        return "".join((*given, text[done:])) if given else text

    def sentence(self, text: str) -> str:
        """The same for a sentence that quotes things cut short with an ellipsis: of a secret that was cut so,
        nothing is left either."""
        *cut, last = self.text(text).split(ELLIPSIS)
        return ELLIPSIS.join((*(self._cut_short(part) for part in cut), last))

    def _cut_short(self, text: str) -> str:
        stream = self.stream()
        given = stream.feed(text)
        begun = stream.held
        return given + (MASKED if len(begun) >= SHORTEST_DECLARED else begun)

    def value(self, value: JsonValue) -> JsonValue:
        """A JSON value with every text in it masked, keys too, and storable as UTF-8. A number that is a secret, or
        holds one, becomes a text."""
        match value:
            case str():
                return self.text(value.encode("utf-8", "replace").decode())
            case bool():
                return value
            case int() | float():
                return MASKED if self.spans(json.dumps(value)) else value
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {str(self.value(key)): self.value(item) for key, item in value.items()}
        return value

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand in a text: their beginnings and ends, in order. Those that overlap are one."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted(span for variant in self._variants for span in _places(variant, text)):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def stream(self) -> StreamMask:
        """A mask for one text that comes in pieces."""
        return StreamMask(self, self._variants)


class StreamMask:
    """Masks a text that comes in pieces. `held` is back what may be the beginning of a secret, and nothing else."""

    def __init__(self, mask: Mask, variants: tuple[str, ...]) -> None:
        self._mask = mask
        self._long = tuple(variant for variant in variants if len(variant) > _HEAD)
        self._beginnings = frozenset(
            variant[:length] for variant in variants for length in range(1, min(_HEAD + 1, len(variant)))
        )
        self.held = ""

    def feed(self, piece: str) -> str:
        """Take in a piece, give out what is certain."""
        text = self.held + piece
        cut = len(text) - self._length_to_hold(text)
        given: list[str] = []
        done = 0
        for start, end in self._mask.spans(text):
            if start >= cut:  # it may go on as a longer secret
                break
            given += (text[done:start], MASKED)
            done = end
        cut = max(cut, done)
        self.held = text[cut:]
        return "".join((*given, text[done:cut]))

    def flush(self) -> str:
        """The text has ended: give out what was held back."""
        held, self.held = self.held, ""
        return self._mask.text(held)

    def discard(self) -> None:
        """What follows is left out: forget what may have been the beginning of a secret."""
        self.held = ""

    def _length_to_hold(self, text: str) -> int:
        lengths = range(min(_HEAD, len(text)), 0, -1)
        short = next((length for length in lengths if text[-length:] in self._beginnings), 0)
        if len(text) <= _HEAD:
            return short
        return max(short, max((_begun(variant, text) for variant in self._long), default=0))


def _begun(variant: str, text: str) -> int:
    """How much of the text's end is the beginning of a variant, when it is more than its head."""
    at = max(0, len(text) - len(variant) + 1)
    while (at := text.find(variant[:_HEAD], at)) >= 0:
        if variant.startswith(text[at:]):
            return len(text) - at
        at += 1
    return 0


def _places(variant: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(variant)
    while at >= 0:
        yield at, at + len(variant)
        at = text.find(variant, at + 1)


def _variants(secret: str, shortest: int) -> Iterator[str]:
    """The secret itself, its lines, and both as the usual encodings show them."""
    if len(secret) >= shortest:
        yield secret
        yield from (form for form in _encodings(secret) if len(form) >= shortest)
    for line in (line.strip() for line in secret.splitlines()):
        if len(line) >= SHORTEST_SECRET and line != secret:
            yield line
            yield from (form for form in _encodings(line) if len(form) >= SHORTEST_SECRET)


def _encodings(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogateescape")
    for escaped in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield escaped
        yield _with_small_hex(escaped)
    for is_ascii in (True, False):
        escaped = json.dumps(value, ensure_ascii=is_ascii)[1:-1]
        yield from (escaped, escaped.replace("/", "\\/"), _safe_in_html(escaped))
    for with_quotes in (True, False):
        yield html.escape(value, quote=with_quotes)
    yield html.escape(value).replace("&#x27;", "&#39;")
    yield html.escape(value).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    yield data.hex()
    yield data.hex().upper()
    for offset in range(3):
        yield from _base64_core(data, offset)
    yield from _broken_base64(data)


def _safe_in_html(escaped: str) -> str:
    """JSON as some write it, so that it may stand within HTML."""
    for character in "&<>":
        escaped = escaped.replace(character, f"\\u{ord(character):04x}")
    return escaped


def _with_small_hex(escaped: str) -> str:
    """%2F as %2f, which is as usual."""
    first, *rest = escaped.split("%")
    return "%".join((first, *(part[:2].lower() + part[2:] for part in rest)))


def _broken_base64(data: bytes) -> Iterator[str]:
    """The lines that tools break the base64 of `data` into."""
    whole = base64.b64encode(data).decode()
    for width in _BASE64_WIDTHS:
        if len(whole) > width:
            lines = (whole[at : at + width] for at in range(0, len(whole), width))
            yield from (line for line in lines if len(line) >= SHORTEST_SECRET)


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
