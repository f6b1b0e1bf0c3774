"""Slack's Web API as one process may use it: no call leaves before the time for which Slack asked to wait, and none
with a token that Slack has refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

logger = logging.getLogger("handrail.slack_client")

CALL_SECONDS = 5
DEFAULT_RETRY_AFTER = 30.0
ASK_AGAIN_SECONDS = 300.0

_REFUSED = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
_OTHER_TOKENS = frozenset({"apps.connections.open"})
"""Methods that are called with a token that is not the bot's."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """In place of Slack's answer: what Slack has answered before still holds, so the call did not leave."""

    data: Mapping[str, Any]
    status_code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class SlackClient(AsyncWebClient):
    """`problem` says, for a person, why no call can succeed at the moment; None when all is well."""

    def __init__(self, token: str, base_url: str, clock: Callable[[], float] = time.monotonic) -> None:
        # No retry handlers: a repeated post is a second message.
        super().__init__(token, base_url=base_url, timeout=CALL_SECONDS, retry_handlers=[])
        self.problem: str | None = None
        self._refusal = ""
        self._clock = clock
        self._closed_until: dict[str, float] = {}
        self._ask_again_at = 0.0

    async def api_call(self, api_method: str, **options: Any) -> AsyncSlackResponse:
        """As the SDK's. Raises SlackApiError with a NotSent where there was no point in asking."""
        if self.problem is not None and api_method != "auth.test":
            raise _not_sent(self.problem, NotSent({"ok": False, "error": self._refusal}))
        wait = self._closed_until.get(api_method, 0.0) - self._clock()
        if wait > 0:
            data = {"ok": False, "error": "ratelimited"}
            answer = NotSent(data, 429, {"Retry-After": str(int(wait) + 1)})
            raise _not_sent(f"Slack asked to leave {api_method} alone for {wait:.0f} s more.", answer)
        try:
            return await super().api_call(api_method, **options)
        except SlackApiError as error:
            self._learn(api_method, error)
            raise

    async def ask_again(self) -> None:
        """After a while, find out whether Slack takes the token after all. Raises nothing of Slack's."""
        now = self._clock()
        if now < self._ask_again_at:
            return
        self._ask_again_at = now + ASK_AGAIN_SECONDS
        try:
            await self.auth_test()
        except Exception as error:  # whatever it is, the problem goes on
            logger.warning("token_still_refused error=%r", error)
        else:
            self.problem = None

    def _learn(self, method: str, error: SlackApiError) -> None:
        if is_ratelimited(error):
            self._closed_until[method] = self._clock() + retry_after(error)
        elif error_code(error) in _REFUSED and method not in _OTHER_TOKENS:
            self._refusal = error_code(error)
            self._ask_again_at = self._clock() + ASK_AGAIN_SECONDS
            self.problem = (
                f"Slack refuses the bot's token ({self._refusal}), so nothing can be shown in Slack. "
                "Install the app in the workspace again, set SLACK_BOT_TOKEN, and restart."
            )
            logger.error("token_refused method=%s error=%s", method, self._refusal)


def _not_sent(message: str, answer: NotSent) -> SlackApiError:
    return SlackApiError(message, answer)  # type: ignore[no-untyped-call]


def error_code(error: SlackApiError) -> str:
    """Slack's word for what is wrong; empty when the answer was none of Slack's JSON."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, Mapping) else ""


def status_code(error: SlackApiError) -> int:
    """The answer's HTTP status: the SDK hands over its own answer, or aiohttp's when there was no JSON in it."""
    response = error.response
    return int(getattr(response, "status_code", getattr(response, "status", 200)))


def is_ratelimited(error: SlackApiError) -> bool:
    return status_code(error) == 429 or error_code(error) in ("ratelimited", "rate_limited")


def retry_after(error: SlackApiError) -> float:
    """The seconds that Slack asks to wait."""
    text = str((getattr(error.response, "headers", None) or {}).get("Retry-After", ""))
    return float(text) if text.isdigit() else DEFAULT_RETRY_AFTER
