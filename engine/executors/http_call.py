"""The way of one HTTP request: to a checked address, through its redirects, to a bounded answer.

Sentences about it name a host, never a URL: that may hold what is not for everybody.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import zlib
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import cache

import httpx

from engine.addresses import Reach, Refused, Route
from engine.core.durations import duration_text
from engine.executors.base import CannotCarryOut
from engine.masking import Mask

LARGEST_RESPONSE = 1024 * 1024

_POLL_SECONDS = 0.1
_FIRST_ADDRESSES_SECONDS = 5.0
"""How long a connection may take where a host has further addresses to try."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BODY_HEADERS = frozenset({"content-type", "content-length", "content-encoding"})
_FOR_ANY_HOST = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})
"""All that another host is told when a request is redirected to it."""
_UNKNOWN = "whether the request took effect is unknown"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was checked. Header values are UTF-8."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)


@dataclass(frozen=True, slots=True)
class Answer:
    """`host` is the one that gave it, which redirects may have led to."""

    host: str
    status: int
    headers: httpx.Headers
    content: bytes
    charset: str | None


class CallFailed(Exception):
    """There is no answer that can be used; the text is a sentence for people. `status`: of a useless answer."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


def call_until_stopped(
    call: Call, *, redirects: int, reach: Reach, mask: Mask, seconds: float, stop: threading.Event
) -> Answer | None:
    """The answer, or None when the step was stopped before it came. Raises CallFailed, CannotCarryOut."""
    return _run(_Exchange(call, redirects, reach, mask).until_stopped(seconds, stop))


def _run(coroutine: Coroutine[object, object, Answer | None]) -> Answer | None:
    """Run to the end. Unlike asyncio.run this does not wait for a thread that hangs in looking up a name."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class _Exchange:
    """A request and those it is redirected to. `_call` is the one that is out now."""

    def __init__(self, call: Call, redirects: int, reach: Reach, mask: Mask) -> None:
        self._call = call
        self._redirects = redirects
        self._reach = reach
        self._mask = mask

    async def until_stopped(self, seconds: float, stop: threading.Event) -> Answer | None:
        asking = asyncio.ensure_future(self._follow(seconds))
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
        except (TimeoutError, httpx.TimeoutException):
            raise CallFailed(
                f"{self._call.host} gave no full answer within {duration_text(seconds)}; {_UNKNOWN}"
            ) from None
        except httpx.HTTPError as error:
            raise CallFailed(_sentence(self._call.host, error)) from None
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _follow(self, seconds: float) -> Answer:
        route = await self._route(None)
        for left in range(self._redirects, -1, -1):
            answer = await _ask(self._call, route, seconds)
            location = answer.headers.get("location")
            if not self._redirects or answer.status not in _REDIRECTS or location is None:
                return answer
            if left:
                self._call = _redirected(self._call, answer.status, location, self._mask)
                route = await self._route(route, answer.status)
        times = "once" if self._redirects == 1 else f"{self._redirects} times"
        raise CallFailed(
            f"{answer.host} redirects further, after the request was redirected {times}", answer.status
        )

    async def _route(self, coming_from: Route | None, status: int | None = None) -> Route:
        call = self._call
        name = call.url.raw_host.decode("ascii").rstrip(".")
        looking = asyncio.get_running_loop().run_in_executor(
            None, self._reach.route, name, call.port, coming_from
        )
        try:
            return await looking
        except Refused as refused:
            if coming_from is None:
                raise CannotCarryOut(str(refused)) from None
            raise CallFailed(str(refused), status) from None
        except (OSError, UnicodeError):
            raise CallFailed(f"{call.host} could not be reached: its name is not known") from None


# --- redirects


def _redirected(call: Call, status: int, location: str, mask: Mask) -> Call:
    """The request that a redirect asks for. To another host goes nothing that could be secret."""
    url = _target(call, status, location)
    method, body, headers = call.method, call.body, dict(call.headers)
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
        headers = {name: value for name, value in headers.items() if name.lower() not in _BODY_HEADERS}
    redirected = Call(method, url, headers, body)
    if _is_same_place(call, redirected):
        return redirected
    if body is not None and _is_secret(body.decode("utf-8", "replace"), mask):
        raise CallFailed(
            f"{call.host} redirects to {url.host}, and the body of the request holds a secret, which is not "
            f"sent there. Ask {url.host} directly.",
            status,
        )
    public = {
        name: value
        for name, value in headers.items()
        if name.lower() in _FOR_ANY_HOST and not _is_secret(value, mask)
    }
    return replace(redirected, headers=public)


def _target(call: Call, status: int, location: str) -> httpx.URL:
    try:
        url = call.url.join(location).copy_with(fragment=None)
        is_usable = url.scheme in ("http", "https") and bool(url.host) and not url.userinfo
        is_usable = is_usable and (url.port is None or 0 < url.port < 65536)
    except (httpx.InvalidURL, ValueError):
        is_usable = False
    if not is_usable:
        raise CallFailed(f"{call.host} redirects to what is not a plain web address", status)
    if call.url.scheme == "https" and url.scheme == "http":
        raise CallFailed(f"{call.host} redirects from https to http, which is not followed", status)
    return url


def _is_same_place(one: Call, other: Call) -> bool:
    """The same server, also when it asks for https in place of http on the usual ports."""
    if one.host != other.host:
        return False
    is_upgrade = (one.url.scheme, one.port, other.url.scheme, other.port) == ("http", 80, "https", 443)
    return is_upgrade or (one.url.scheme, one.port) == (other.url.scheme, other.port)


def _is_secret(text: str, mask: Mask) -> bool:
    return mask.text(text) != text


# --- one request


async def _ask(call: Call, route: Route, seconds: float) -> Answer:
    """Without a client of httpx, which looks into redirects also when it does not follow them."""
    async with httpx.AsyncHTTPTransport(verify=_tls(), trust_env=False) as transport:
        response = await _send(transport, call, route, seconds)
        try:
            content = await _content(call, response)
        finally:
            await response.aclose()
    return Answer(call.host, response.status_code, response.headers, content, response.charset_encoding)


async def _send(
    transport: httpx.AsyncHTTPTransport, call: Call, route: Route, seconds: float
) -> httpx.Response:
    """Connect to the addresses of the route, one after the other, and to nothing else."""
    *first, last = route.addresses
    for address in first:
        try:
            connect = min(seconds, _FIRST_ADDRESSES_SECONDS)
            return await transport.handle_async_request(_request(call, address, seconds, connect))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue  # nothing was sent
    return await transport.handle_async_request(_request(call, last, seconds, seconds))


def _request(call: Call, address: str, seconds: float, connect_seconds: float) -> httpx.Request:
    """The request to an address. Its Host header and TLS keep to the host's name."""
    name = call.url.raw_host.decode("ascii").rstrip(".")
    headers = {name.encode(): value.encode("utf-8", "replace") for name, value in call.headers.items()}
    if "host" not in map(str.lower, call.headers):
        headers[b"Host"] = call.url.netloc
    return httpx.Request(
        call.method,
        call.url.copy_with(host=address),
        headers=headers,
        content=call.body,
        extensions={
            "sni_hostname": name,
            "timeout": httpx.Timeout(seconds, connect=connect_seconds).as_dict(),
        },
    )


@cache
def _tls() -> ssl.SSLContext:
    """Trusts what the system trusts (so also an authority of one's own) and the usual authorities."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


async def _content(call: Call, response: httpx.Response) -> bytes:
    """The body, decoded. It is read no further than is allowed, however small it was packed."""
    unpack = _unpacker(call, response)
    data = bytearray()
    async for piece in response.aiter_raw():
        try:
            data += unpack.decompress(piece, LARGEST_RESPONSE + 1 - len(data)) if unpack else piece
        except zlib.error:
            raise _undecodable(call) from None
        if len(data) > LARGEST_RESPONSE:
            raise CallFailed(
                f"{call.host} answered with more than 1 MiB; ask it for less", response.status_code
            )
    if unpack and data and (not unpack.eof or unpack.unused_data):
        raise _undecodable(call)
    return bytes(data)


def _unpacker(call: Call, response: httpx.Response) -> zlib._Decompress | None:
    match response.headers.get("content-encoding", "").strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32)  # either header
    raise _undecodable(call)


def _undecodable(call: Call) -> CallFailed:
    return CallFailed(f"{call.host} sent an answer that cannot be decoded; {_UNKNOWN}")


# --- sentences


def _sentence(host: str, error: httpx.HTTPError) -> str:
    match error:
        case httpx.ConnectError():
            return f"{host} could not be reached: {_cause(error)}"
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError():
            return f"{host} broke off before a full answer came; {_UNKNOWN}"
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return f"the request to {host} could not be written; check its headers and its body"
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
    return "nothing answers there"
