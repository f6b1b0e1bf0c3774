"""The projector's calls to Slack, and what each of Slack's errors means for a surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.drawing import Drawing
from store.surfaces import Surface, SurfaceKind

METADATA_TYPE = "handrail_surface"
RETRY_SECONDS = 5.0
LOOK_BACK_SECONDS = 60
"""How far Slack's clock may be behind ours when a lost message is looked for."""

BROADCAST = (SurfaceKind.APPROVAL, SurfaceKind.FAILURE)
"""Replies that are shown in the channel too: they want somebody's attention."""

_NOT_THERE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
_UNDELIVERABLE = frozenset(
    {"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "cannot_reply_to_message"}
)
_VIEW_CLOSED = frozenset({"not_found", "view_not_found", "expired_trigger_id"})
_UNUSABLE = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})


class SurfaceTrouble(Exception):
    """A call did not do what was wanted. `reason` is for the log and the run's page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Later(SurfaceTrouble):
    """Slack asks to wait, or could not be reached."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class NotThere(SurfaceTrouble):
    """The message was deleted or cannot be edited any more: a new one takes its place."""


class Undeliverable(SurfaceTrouble):
    """The channel takes no messages now: archived, left, made private."""


class Gone(SurfaceTrouble):
    """This surface is never drawn again: a closed modal, or something Slack does not accept."""


class Unusable(SurfaceTrouble):
    """The token does not work: nothing can be shown in this workspace."""


@dataclass(frozen=True, slots=True)
class SlackCalls:
    """`client` has no retry handlers: repeating a post is decided here, after looking for its first copy."""

    client: AsyncWebClient

    async def post(self, surface: Surface, drawing: Drawing) -> str:
        """Post a message and return its ts. When an earlier try may have arrived, it is looked for first."""
        if surface.tries > 0 and (ts := await self._find(surface)) is not None:
            return ts
        answer = await self._call(
            "chat_postMessage",
            channel=surface.channel_id,
            thread_ts=surface.thread_ts,
            reply_broadcast=(surface.kind in BROADCAST and surface.thread_ts is not None) or None,
            metadata={
                "event_type": METADATA_TYPE,
                "event_payload": {"run": surface.run_id, "surface": surface.id, "nonce": surface.nonce},
            },
            unfurl_links=False,
            unfurl_media=False,
            **drawing.content,
        )
        return str(answer["ts"])

    async def update_message(self, surface: Surface, drawing: Drawing) -> None:
        await self._call("chat_update", channel=surface.channel_id, ts=surface.ts, **drawing.content)

    async def update_view(self, surface: Surface, drawing: Drawing) -> None:
        await self._call("views_update", view_id=surface.view_id, view=drawing.content)

    async def _find(self, surface: Surface) -> str | None:
        """Look once for a copy of this message that arrived although its answer was lost."""
        oldest = str(surface.created_at // 1000 - LOOK_BACK_SECONDS)
        options: dict[str, Any] = {"oldest": oldest, "include_all_metadata": True, "limit": 100}
        if surface.thread_ts is None:
            answer = await self._call("conversations_history", channel=surface.channel_id, **options)
        else:
            answer = await self._call(
                "conversations_replies", channel=surface.channel_id, ts=surface.thread_ts, **options
            )
        for message in answer["messages"]:
            payload = message.get("metadata", {}).get("event_payload", {})
            if payload.get("nonce") == surface.nonce:
                return str(message["ts"])
        return None

    async def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return await getattr(self.client, method)(**arguments)
        except SlackApiError as error:
            raise _meaning(error) from error
        except ClientConnectorError as error:
            raise Later(f"Slack cannot be reached: {type(error).__name__}", RETRY_SECONDS) from error
        except (ClientError, TimeoutError, OSError) as error:
            raise Later(f"no answer from Slack: {type(error).__name__}", RETRY_SECONDS) from error


def _meaning(error: SlackApiError) -> SurfaceTrouble:
    response = error.response
    status = getattr(response, "status_code", 200)
    code = str(response.get("error", "")) if hasattr(response, "get") else ""
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return Later("Slack asks to slow down", _retry_after(response))
    if status >= 500 or code in ("internal_error", "fatal_error", "service_unavailable", "request_timeout"):
        return Later(f"Slack answered {code or status}", RETRY_SECONDS)
    if code in _UNUSABLE:
        return Unusable(f"Slack refuses the bot's token ({code}). Install the app again and restart.")
    if code in _NOT_THERE:
        return NotThere(code)
    if code in _UNDELIVERABLE:
        return Undeliverable(code)
    if code in _VIEW_CLOSED:
        return Gone("the modal was closed")
    return Gone(f"Slack does not accept it: {code}")


def _retry_after(response: Any) -> float:
    text = str(getattr(response, "headers", {}).get("Retry-After", "30"))
    return float(text) if text.isdigit() else 30.0
