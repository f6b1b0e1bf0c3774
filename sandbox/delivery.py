"""Signed requests to the app, with Slack's three seconds to answer and Slack's names for failures."""

import asyncio
import json
import logging
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier

from sandbox.clock import Clock
from sandbox.config import SandboxConfig
from sandbox.types import Json

log = logging.getLogger(__name__)

DeliveryMode: TypeAlias = Literal["once", "twice", "twice_at_once", "bad_signature", "old_timestamp"]
DELIVERY_MODES: tuple[str, ...] = get_args(DeliveryMode)
MOST_KEPT = 2_000


@dataclass(frozen=True)
class Reply:
    """What came back. `problem` is Slack's code for a failure, None when the app answered 2xx in time."""

    problem: str | None
    status: int | None = None
    body: str = ""
    content_type: str = ""

    def parsed(self) -> Json | None:
        """The body as a JSON object; {} when it is empty, None when it is something else."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class Delivery:
    """Sends requests to the app's request URL and keeps a log of them.

    Rows of the log: {number, kind, at, headers, body, payload, status, seconds, problem, answer, repeats}.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._verifier = SignatureVerifier(config.signing_secret)
        # The machine's proxy settings are not for a request to a neighbour process.
        self._client = httpx.AsyncClient(trust_env=False, timeout=config.ack_seconds + 1)
        self._rows: deque[Json] = deque(maxlen=MOST_KEPT)
        self._count = 0
        self.mode: DeliveryMode = "once"

    async def close(self) -> None:
        await self._client.aclose()

    def rows(self) -> list[Json]:
        return list(self._rows)

    def reset(self) -> None:
        self._rows.clear()
        self.mode = "once"

    async def send_payload(self, payload: Json) -> Reply:
        """An interaction: a form with one field `payload`, named after the payload's type."""
        return await self._send(str(payload["type"]), {"payload": json.dumps(payload)}, payload)

    async def send_command(self, fields: dict[str, str]) -> Reply:
        """A slash command: a flat form."""
        return await self._send("command", fields, fields)

    async def _send(self, kind: str, fields: dict[str, str], payload: Json) -> Reply:
        body = urlencode(fields).encode()
        headers = self._signed_headers(body)
        if self.mode == "twice_at_once":
            first, *others = await asyncio.gather(self._post(body, headers), self._post(body, headers))
        else:
            first, others = await self._post(body, headers), []
            if self.mode == "twice":
                others = [await self._post(body, headers)]
        self._record(kind, body, headers, payload, first, others)
        return first[0]

    def _signed_headers(self, body: bytes) -> dict[str, str]:
        now = int(self._clock.now())
        timestamp = str(now - 3600 if self.mode == "old_timestamp" else now)
        signature = self._verifier.generate_signature(timestamp=timestamp, body=body) or ""
        if self.mode == "bad_signature":
            signature = "v0=" + "0" * 64
        return {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json,*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature,
        }

    async def _post(self, body: bytes, headers: dict[str, str]) -> tuple[Reply, float]:
        """One request, and how many seconds it took."""
        if self._config.app_url is None:
            return Reply("app_missing_action_url"), 0.0
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(self._config.ack_seconds):
                response = await self._client.post(self._config.app_url, content=body, headers=headers)
        except TimeoutError:
            reply = Reply("operation_timeout")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("app_unreachable error=%s", type(error).__name__)
            reply = Reply("dispatch_failed")
        else:
            content_type = response.headers.get("content-type", "")
            reply = Reply(_problem(response.status_code), response.status_code, response.text, content_type)
        return reply, loop.time() - started

    def _record(
        self,
        kind: str,
        body: bytes,
        headers: dict[str, str],
        payload: Json,
        first: tuple[Reply, float],
        others: list[tuple[Reply, float]],
    ) -> None:
        self._count += 1
        reply, seconds = first
        self._rows.append(
            {
                "number": self._count,
                "kind": kind,
                "at": self._clock.now(),
                "headers": headers,
                "body": body.decode(),
                "payload": payload,
                "status": reply.status,
                "seconds": round(seconds, 4),
                "problem": reply.problem,
                "answer": reply.body,
                "repeats": [{"status": r.status, "problem": r.problem, "answer": r.body} for r, _ in others],
            }
        )


def _problem(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if status >= 500:
        return "http_service_error"
    return "http_client_error" if status >= 400 else "dispatch_failed"
