"""The gate in front of everything that Slack sends over HTTP.

Only a small, well-formed, fresh and truly signed request gets through, as parsed data. Everything else is answered
here with a 4xx that says little: size, header shape and signature come before any parsing, because parsers are
where strangers do harm.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from bot.slack.parse import BadShape, SlackRequest, parse_form, parse_json

MAX_BODY_BYTES = 1024 * 1024
MAX_AGE_SECONDS = 300
READ_SECONDS = 10.0

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Stopped(Exception):
    """The request does not get through. `reason` is for the sender, who may be anybody."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Checks requests against one signing secret. `now` gives seconds since 1970."""

    signing_secret: str
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        if not self.signing_secret.strip():
            raise ValueError("SLACK_SIGNING_SECRET is empty: anybody could send requests in Slack's name.")

    async def admit(self, request: Request) -> SlackRequest:
        """Return the request as data, or raise Stopped."""
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise Stopped(415, "compressed bodies are not accepted")
        body = await _read(request)
        if _is_ssl_check(request, body):
            raise Stopped(200, "")
        self._verify(request, body)
        return _parse(request.headers.get("content-type", ""), body)

    def _verify(self, request: Request, body: bytes) -> None:
        timestamps = request.headers.getlist("x-slack-request-timestamp")
        signatures = request.headers.getlist("x-slack-signature")
        if len(timestamps) != 1 or len(signatures) != 1:
            raise Stopped(401, "exactly one timestamp and one signature are needed")
        timestamp, signature = timestamps[0], signatures[0]
        if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            raise Stopped(401, "malformed timestamp or signature")
        expected = sign(self.signing_secret, timestamp, body)
        if not hmac.compare_digest(expected, signature):
            raise Stopped(401, "the signature does not match")
        if abs(self.now() - int(timestamp)) > MAX_AGE_SECONDS:
            raise Stopped(401, "the request is stale")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's signature of a body: `v0=` and the hex HMAC-SHA256 of version, timestamp and raw bytes."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit():
        raise Stopped(400, "malformed content length")
    if len(length) > 12 or int(length) > MAX_BODY_BYTES:
        raise Stopped(413, "the body is too large")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise Stopped(413, "the body is too large")
                chunks.append(chunk)
    except TimeoutError:
        raise Stopped(408, "the body took too long") from None
    except ClientDisconnect:
        raise Stopped(400, "the body did not arrive") from None
    return b"".join(chunks)


def _is_ssl_check(request: Request, body: bytes) -> bool:
    """Slack probes a command's address, unsigned, to see its certificate: nothing happens, and 200 is said."""
    return "x-slack-signature" not in request.headers and body.startswith(b"ssl_check=1") and len(body) < 200


def _parse(content_type: str, body: bytes) -> SlackRequest:
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (_FORM, _JSON):
        raise Stopped(415, "only forms and JSON are accepted")
    try:
        text = body.decode("utf-8")
        return parse_form(text) if kind == _FORM else parse_json(text)
    except UnicodeDecodeError:
        raise Stopped(400, "the body is not UTF-8") from None
    except BadShape as error:
        raise Stopped(400, str(error)) from None
