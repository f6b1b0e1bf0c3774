"""Signed HTTP requests to the app, with Slack's three seconds to answer and Slack's names for failures."""

import asyncio
import json
import logging
import ssl
from urllib.parse import urlencode, urljoin

import httpx
from slack_sdk.signature import SignatureVerifier

from sandbox.clock import SystemClock
from sandbox.config import SandboxConfig
from sandbox.transport import DeliveryMode, Outgoing, Packet, Reply, TransportName

log = logging.getLogger(__name__)

MOST_REDIRECTS = 2  # of an event; docs.slack.dev/apis/events-api
LONGEST_ANSWER = 2_000_000  # bytes; more than any answer that Slack can use
_REDIRECTS = (301, 302, 303, 307, 308)


class HttpTransport:
    """The app's request URLs. The time in signatures is this machine's, for the app compares it with its own."""

    name: TransportName = "http"

    def __init__(self, config: SandboxConfig) -> None:
        self._ack_seconds = config.ack_seconds
        self._clock = SystemClock()
        self._verifier = SignatureVerifier(config.signing_secret)
        # The machine's proxy settings are not for a request to a neighbour process.
        self._client = httpx.AsyncClient(trust_env=False, timeout=config.ack_seconds + 1)

    async def close(self) -> None:
        await self._client.aclose()

    def pack(self, message: Outgoing, url: str | None, mode: DeliveryMode) -> Packet:
        is_json = message.family == "event" or message.kind == "url_verification"
        body = json.dumps(message.payload) if is_json else urlencode(_form(message))
        headers = {
            "Content-Type": "application/json" if is_json else "application/x-www-form-urlencoded",
            "Accept": "*/*" if is_json else "application/json,*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **self._signature(body, mode),
        }
        if message.retry is not None:
            headers["X-Slack-Retry-Num"] = str(message.retry.number)
            headers["X-Slack-Retry-Reason"] = message.retry.reason
        return Packet(body, headers, url, most_redirects=MOST_REDIRECTS if message.family == "event" else 0)

    async def send(self, packet: Packet) -> Reply:
        if packet.url is None:
            return Reply("app_missing_action_url")
        try:
            async with asyncio.timeout(self._ack_seconds):
                return await self._post(packet, packet.url)
        except TimeoutError:
            return Reply("operation_timeout")
        except (httpx.HTTPError, httpx.InvalidURL, _AnswerTooLong) as error:
            log.warning("app_unreachable error=%s", type(error).__name__)
            return Reply("dispatch_failed", reason=_reason(error))

    def _signature(self, body: str, mode: DeliveryMode) -> dict[str, str]:
        now = int(self._clock.now())
        timestamp = str(now - 3600 if mode == "old_timestamp" else now)
        signature = self._verifier.generate_signature(timestamp=timestamp, body=body) or ""
        if mode == "bad_signature":
            signature = "v0=" + "0" * 64
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}

    async def _post(self, packet: Packet, url: str) -> Reply:
        """The answer of the address at the end of the redirections."""
        for redirects in range(packet.most_redirects + 1):
            reply, location = await self._ask(url, packet)
            if location is None or packet.most_redirects == 0:
                return reply
            if redirects < packet.most_redirects:
                url = _joined(url, location)
        return Reply("dispatch_failed", reply.status, reason="too_many_redirects")

    async def _ask(self, url: str, packet: Packet) -> tuple[Reply, str | None]:
        """One request's answer, and where it sends the asker, if it does."""
        body = bytearray()
        async with self._client.stream("POST", url, content=packet.body, headers=packet.headers) as response:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LONGEST_ANSWER:
                    raise _AnswerTooLong
        location = response.headers.get("location") if response.status_code in _REDIRECTS else None
        reply = Reply(
            _problem(response.status_code),
            response.status_code,
            _text(bytes(body), response.encoding),
            response.headers.get("content-type", ""),
            reason=None if response.is_success else "http_error",
            forbids_retry=response.headers.get("x-slack-no-retry") == "1",
        )
        return reply, location


class _AnswerTooLong(Exception):
    """The app never stops answering."""


def _joined(url: str, location: str) -> str:
    """Where a redirection leads."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise httpx.InvalidURL(f"no address: {location!r}") from error


def _text(body: bytes, encoding: str | None) -> str:
    """The answer's words, whatever charset the app claims; 'base64' is one that Python knows, and no charset."""
    try:
        return body.decode(encoding or "utf-8", "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")


def _form(message: Outgoing) -> dict[str, str]:
    if message.family == "command" or message.kind == "ssl_check":
        return message.payload
    return {"payload": json.dumps(message.payload)}


def _problem(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if status >= 500:
        return "http_service_error"
    return "http_client_error" if status >= 400 else "dispatch_failed"


def _reason(error: Exception) -> str:
    """Slack's reason for a connection that failed."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "ssl_error"
        cause = cause.__cause__ or cause.__context__
    return (
        "connection_failed" if isinstance(error, httpx.TransportError | httpx.InvalidURL) else "unknown_error"
    )
