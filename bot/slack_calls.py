"""The projector's calls to Slack, and what each of Slack's errors means for a surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import ClientConnectorError, ClientError
from slack_sdk.errors import SlackApiError

from bot.drawing import Drawing
from bot.slack_client import SlackClient, error_code, is_ratelimited, retry_after, status_code
from store.surfaces import Surface, SurfaceKind

METADATA_TYPE = "handrail_surface"
LOOK_BACK_SECONDS = 60
"""How far Slack's clock may be behind ours when a lost message is looked for."""

BROADCAST = (SurfaceKind.APPROVAL, SurfaceKind.INPUT, SurfaceKind.FAILURE)
"""Replies that are shown in the channel too: they want somebody's attention."""

_UNSURE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_NOT_THERE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
_NO_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "message_not_found"})
_NOT_ACCEPTED = frozenset(
    {
        "block_mismatch",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)


class SurfaceTrouble(Exception):
    """A call did not do what was wanted. `reason` is for the log and the run's page."""

    is_settled = True
    """Slack has surely not done it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unclear(SurfaceTrouble):
    """There was no answer, or a failure on Slack's side: it may be done, and is tried again."""

    is_settled = False


class Unreached(SurfaceTrouble):
    """Slack could not be reached: it is tried again."""


class RateLimited(SurfaceTrouble):
    """Slack asks to wait so many seconds."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class NotThere(SurfaceTrouble):
    """The message was deleted or cannot be edited any more: a new one takes its place."""


class NoThread(SurfaceTrouble):
    """The root message, under which this one was to stand, was deleted."""


class Undeliverable(SurfaceTrouble):
    """The channel takes no messages now: archived, left, made private."""


class Gone(SurfaceTrouble):
    """This surface is never drawn again: a closed modal, or something Slack does not accept."""


class Unusable(SurfaceTrouble):
    """The token does not work: nothing can be shown in this workspace."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands. Slack may name another channel than it was asked for: a direct message's own."""

    channel_id: str
    ts: str


@dataclass(frozen=True, slots=True)
class SlackCalls:
    """Each raises SurfaceTrouble. Repeating a post is decided by the caller, who looks for its first copy."""

    client: SlackClient

    async def post(self, surface: Surface, drawing: Drawing) -> Posted:
        in_thread = surface.thread_ts is not None
        answer = await self._call(
            "chat_postMessage",
            channel=surface.channel_id,
            thread_ts=surface.thread_ts,
            reply_broadcast=(surface.kind in BROADCAST and in_thread) or None,
            metadata={
                "event_type": METADATA_TYPE,
                "event_payload": {"run": surface.run_id, "surface": surface.id, "nonce": surface.nonce},
            },
            unfurl_links=False,
            unfurl_media=False,
            **drawing.content,
        )
        return Posted(str(answer["channel"]), str(answer["ts"]))

    async def update_message(self, surface: Surface, drawing: Drawing) -> None:
        await self._call("chat_update", channel=surface.channel_id, ts=surface.ts, **drawing.content)

    async def update_view(self, surface: Surface, drawing: Drawing) -> None:
        await self._call("views_update", view_id=surface.view_id, view=drawing.content)

    async def delete(self, surface: Surface, ts: str) -> None:
        await self._call("chat_delete", channel=surface.channel_id, ts=ts)

    async def copies(self, surface: Surface) -> list[Posted]:
        """The copies of this message that stand in Slack, newest first."""
        oldest = str(surface.created_at // 1000 - LOOK_BACK_SECONDS)
        options: dict[str, Any] = {"oldest": oldest, "include_all_metadata": True, "limit": 200}
        if surface.thread_ts is None:
            answer = await self._call("conversations_history", channel=surface.channel_id, **options)
        else:
            answer = await self._call(
                "conversations_replies", channel=surface.channel_id, ts=surface.thread_ts, **options
            )
        found = [str(message["ts"]) for message in answer["messages"] if _nonce(message) == surface.nonce]
        return [Posted(str(surface.channel_id), ts) for ts in sorted(found, reverse=True)]

    async def _call(self, method: str, **arguments: Any) -> Any:
        try:
            return await getattr(self.client, method)(**arguments)
        except SlackApiError as error:
            if self.client.problem is not None:
                raise Unusable(self.client.problem) from error
            raise _meaning(method, error) from error
        except ClientConnectorError as error:
            raise Unreached(f"Slack cannot be reached: {type(error).__name__}") from error
        except (ClientError, TimeoutError, OSError) as error:
            raise Unclear(f"no answer from Slack: {type(error).__name__}") from error


_NOT_SAID = {
    "channel_not_found": "Slack knows no such channel or person, or Handrail is not in that private channel. "
    "Invite it there with /invite, and look at the name.",
    "not_in_channel": "Handrail is not in that channel. Invite it there with /invite.",
    "is_archived": "The channel is archived.",
    "user_not_found": "Slack knows no such person.",
    "cannot_dm_bot": "That is a bot, and bots take no direct messages.",
    "messages_tab_disabled": "That person takes no direct messages from Handrail.",
    "missing_scope": "Handrail was installed without a permission that this needs. Install it again.",
}


def not_said(target: str, reason: str) -> str:
    """A sentence for a message that Slack refuses for good."""
    why = _NOT_SAID.get(reason)
    if why is None and reason.startswith("restricted_action"):
        why = "The settings of that channel do not let Handrail post there."
    return f"The message to {target} was not sent. {why or f'Slack says: {reason}.'}"


def _nonce(message: dict[str, Any]) -> object:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return payload.get("nonce")


def _meaning(method: str, error: SlackApiError) -> SurfaceTrouble:
    code = error_code(error)
    if is_ratelimited(error):
        return RateLimited("Slack asks to slow down", retry_after(error))
    if status_code(error) >= 500 or code in _UNSURE or not code:
        return Unclear(f"Slack answered {code or status_code(error)}")
    if code in _NOT_ACCEPTED:
        return Gone(f"Slack does not accept it: {code}")
    if method == "views_update":
        return Gone("the modal was closed" if code == "not_found" else f"Slack does not show it: {code}")
    if method == "chat_postMessage" and code in _NO_THREAD:
        return NoThread(code)
    if method == "chat_update" and code in _NOT_THERE:
        return NotThere(code)
    return Undeliverable(code)
