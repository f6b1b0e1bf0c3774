"""`http` steps: one request, bounded in time and size. Sentences about it name its host, never its URL."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from engine.core.definition import HttpAction, JsonValue
from engine.core.events import Failed, Outcome, Stopped, Succeeded
from engine.executors.base import CannotCarryOut, StepContext, compact_json, duration_text
from engine.executors.results import read_json

LARGEST_RESPONSE = 1024 * 1024
LARGEST_REQUEST = 1024 * 1024

SHOWN_HEADERS = ("content-type", "etag", "last-modified", "location", "retry-after", "x-request-id")
"""The headers of a response that become part of the result."""

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BAD_HEADER_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that was checked. Header values are UTF-8."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def host(self) -> str:
        return self.url.host


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    result: JsonValue


class _TooLarge(Exception):
    """The response is larger than what is read of it."""


def execute(context: StepContext) -> Outcome:
    """Send the request. Raises CannotCarryOut, ExpressionProblem."""
    action = context.step.action
    assert isinstance(action, HttpAction)
    call = _resolve(context, action)
    timeout = context.step.timeout_seconds
    try:
        answer = _run(_ask_until_stopped(call, timeout, context.stop))
    except (TimeoutError, httpx.TimeoutException):
        return Failed(f"{call.host} gave no full answer within {duration_text(timeout)}; {_UNKNOWN}")
    except _TooLarge:
        return Failed(f"{call.host} answered with more than 1 MiB; ask it for less")
    except httpx.HTTPError as error:
        return Failed(_sentence(call.host, error))
    if answer is None:
        return Stopped()
    if answer.status not in action.expect:
        return Failed(_unexpected(call.host, answer.status, action.expect), answer.result)
    return Succeeded(answer.result)


# --- the request


def _resolve(context: StepContext, action: HttpAction) -> _Call:
    url = _checked_url(context.text(action.url))
    headers = {name: context.text(template) for name, template in action.headers.items()}
    for name, value in headers.items():
        _check_header(name, value)
    json = context.value(action.json)
    body = context.text(action.body) if action.body is not None else None
    context.record_arguments(_shown(action.method, str(url), headers, json, body))
    defaults = {
        "User-Agent": "handrail",
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "identity",
        # the same for every attempt, so that the other side can tell a repetition
        "Idempotency-Key": f"{context.run_id}/{context.step.id}",
    }
    if json is not None:
        defaults["Content-Type"] = "application/json"
    given = {name.lower() for name in headers}
    headers |= {name: value for name, value in defaults.items() if name.lower() not in given}
    return _Call(action.method.upper(), url, headers, _content(json, body))


def _content(json: JsonValue, body: str | None) -> bytes | None:
    text = compact_json(json) if json is not None else body
    if text is None:
        return None
    content = text.encode("utf-8", "replace")
    if len(content) > LARGEST_REQUEST:
        raise CannotCarryOut("The body of the request is larger than 1 MiB. Send less.")
    return content


def _checked_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        host = url.host
        if url.port is not None and not 0 < url.port < 65536:
            raise ValueError("no such port")
    except (httpx.InvalidURL, ValueError):
        raise CannotCarryOut(
            "The URL of the request is not a valid URL. Check it and what is put into it."
        ) from None
    if url.scheme not in ("http", "https") or not host:
        raise CannotCarryOut("The URL of the request must begin with http:// or https:// and name a host.")
    if url.userinfo:
        raise CannotCarryOut(
            f"The URL for {host} holds a user name or password. Send an Authorization header instead."
        )
    return url


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise CannotCarryOut(f"'{name[:80]}' cannot be the name of a header.")
    if _BAD_HEADER_VALUE.search(value):
        raise CannotCarryOut(
            f"The value of the header {name} holds a line break or another control character."
        )


def _shown(method: str, url: str, headers: Mapping[str, str], json: JsonValue, body: str | None) -> JsonValue:
    """The arguments for people: without what headers say about who we are."""
    shown: dict[str, JsonValue] = {"method": method.upper(), "url": url}
    if headers:
        shown["headers"] = {
            name: "***" if name.lower() in _SECRET_HEADERS else value for name, value in headers.items()
        }
    if json is not None:
        shown["json"] = json
    if body is not None:
        shown["body"] = body
    return shown


# --- the call


def _run(coroutine: Coroutine[object, object, _Answer | None]) -> _Answer | None:
    """Run to the end. Unlike asyncio.run this does not wait for a thread that hangs in looking up a name."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _ask_until_stopped(call: _Call, seconds: float, stop: threading.Event) -> _Answer | None:
    """The answer, or None when the step was stopped before it came. Raises TimeoutError."""
    asking = asyncio.ensure_future(_ask(call, seconds))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    try:
        while not asking.done():
            if stop.is_set():
                return None
            left = deadline - loop.time()
            if left <= 0:
                raise TimeoutError
            await asyncio.wait({asking}, timeout=min(left, _POLL_SECONDS))
        return asking.result()
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def _ask(call: _Call, seconds: float) -> _Answer:
    headers = [(name.encode(), value.encode("utf-8", "replace")) for name, value in call.headers.items()]
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=seconds, verify=_tls()) as client,
        client.stream(call.method, call.url, headers=headers, content=call.body) as response,
    ):
        data = bytearray()
        async for piece in response.aiter_bytes():
            data += piece
            if len(data) > LARGEST_RESPONSE:
                raise _TooLarge
        return _Answer(response.status_code, _result(response, bytes(data)))


@cache
def _tls() -> ssl.SSLContext:
    """Trusts what the system trusts (so also an authority of one's own) and the usual authorities."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def _result(response: httpx.Response, data: bytes) -> JsonValue:
    headers: dict[str, JsonValue] = {
        name: response.headers[name] for name in SHOWN_HEADERS if name in response.headers
    }
    result: dict[str, JsonValue] = {"status": response.status_code, "headers": headers}
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return result | {"json": read_json(data)}
        except ValueError:
            return result | {"text": _decoded(response, data)}
    return result | {"text": _decoded(response, data)}


def _decoded(response: httpx.Response, data: bytes) -> str:
    try:
        return data.decode(response.charset_encoding or "utf-8", "replace")
    except (LookupError, UnicodeError):  # a charset nobody knows, or one that is none
        return data.decode("utf-8", "replace")


# --- sentences

_UNKNOWN = "whether the request took effect is unknown"


def _sentence(host: str, error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectError():
            return f"{host} could not be reached: {_cause(error)}"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return f"{host} broke off before a full answer came; {_UNKNOWN}"
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return f"the request to {host} could not be written; check its headers and its body"
        case httpx.DecodingError():
            return f"{host} sent an answer that cannot be decoded; {_UNKNOWN}"
    return f"the request to {host} failed ({type(error).__name__}); {_UNKNOWN}"


def _cause(error: BaseException) -> str:
    """Why a connection could not be made, from the innermost reason that says so."""
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"its TLS certificate was not accepted ({reason.verify_message})"
        if isinstance(reason, ssl.SSLError):
            return "it does not speak TLS as it should"
        if isinstance(reason, ConnectionRefusedError):
            return "it refuses connections"
        reason = reason.__cause__ or reason.__context__
    return "its name is not known, or nothing answers there"


def _unexpected(host: str, status: int, expect: tuple[int, ...]) -> str:
    expected = ", ".join(map(str, expect))
    hint = " (redirects are not followed)" if 300 <= status < 400 else ""
    return f"{host} answered {status}{hint}, expected {expected}"
