"""Who is it? Guests, external people and group members, looked up at Slack and at most 60 seconds old.

What could not be looked up is unknown, and unknown means no: a person who may be a guest is treated as one, and
groups that are not known are None.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_client import error_code
from engine.core.permission import Principal

MAX_AGE_SECONDS = 60.0
FAILED_SECONDS = 3.0
"""So long nothing is asked again that Slack has just not answered."""
LOOK_UP_SECONDS = 1.0
"""Slack gives us three seconds, and a command may need two look-ups one after the other."""
LOOK_UP_ERRORS = (SlackApiError, ClientError, TimeoutError, OSError, KeyError)

logger = logging.getLogger("handrail.identity")


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer of Slack's, or None where there was none."""

    value: Any
    until: float


@dataclass(frozen=True, slots=True)
class _Groups:
    """The user groups of the workspace: those of each user, and each one's handle, as people write it."""

    of_user: Mapping[str, frozenset[str]]
    handles: Mapping[str, str]


@dataclass(slots=True)
class Identity:
    """Look-ups with a memory. One instance a process; its cache is never older than MAX_AGE_SECONDS."""

    client: AsyncWebClient
    clock: Callable[[], float] = time.monotonic
    _cache: dict[str, _Kept] = field(default_factory=dict)
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def principal_of(self, body: dict[str, Any]) -> Principal:
        """The person behind a request that the gate has let through."""
        if "user_id" in body:
            return await self._principal(body["team_id"], body["user_id"], None)
        return await self._principal(body["team"]["id"], body["user"]["id"], body["user"].get("team_id"))

    async def principal(self, team_id: str, user_id: str) -> Principal | None:
        """The person as they are now; None when the account is closed."""
        user = await self._user(user_id)
        if user is not None and user.get("deleted"):
            return None
        return await self._principal(team_id, user_id, None)

    async def name(self, subject: str) -> str:
        """The name to show for the id of a user or group; the id itself where it is not known."""
        if subject.startswith("S"):
            groups = await self._groups()
            return groups.handles.get(subject, subject) if groups else subject
        user = await self._user(subject)
        if user is None:
            return subject
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or user.get("real_name") or user.get("name") or subject)

    async def has_bot(self, channel_id: str) -> bool | None:
        """Whether messages can be posted to this channel; None when it could not be looked up."""
        channel = await self._kept(f"channel:{channel_id}", lambda: self._fetch_channel(channel_id))
        if channel is None:
            return None
        if channel.get("is_archived") or channel.get("is_missing"):
            return False
        return bool(channel.get("is_member")) or not channel.get("is_private")

    async def is_active_member(self, user_id: str) -> bool | None:
        """Whether this is a person of the workspace, with an open account; None when it could not be looked up."""
        user = await self._user(user_id)
        if user is None:
            return None
        return not (user.get("deleted") or user.get("is_missing") or user.get("is_stranger"))

    async def groups(self) -> Mapping[str, str] | None:
        """The handles of the workspace's user groups by their ids; None when they could not be looked up."""
        known = await self._groups()
        return None if known is None else known.handles

    async def zone(self, user_id: str) -> tzinfo:
        """The time zone of a person, as an offset of now; UTC where it is not known."""
        offset = (await self._user(user_id) or {}).get("tz_offset")
        if not isinstance(offset, int) or abs(offset) >= 86_400:
            return UTC
        return timezone(timedelta(seconds=offset))

    def is_unknown(self, user_id: str) -> bool:
        """Slack did not say just now who this is."""
        kept = self._cache.get(f"user:{user_id}")
        return kept is not None and kept.value is None

    async def _principal(self, team_id: str, user_id: str, home: str | None) -> Principal:
        user, known = await asyncio.gather(self._user(user_id), self._groups())
        groups = None if known is None else known.of_user.get(user_id, frozenset())
        is_guest = user is None or any(
            user.get(mark)
            for mark in ("is_restricted", "is_ultra_restricted", "is_bot", "deleted", "is_missing")
        )
        is_external = (home or team_id) != team_id or bool(user and user.get("is_stranger"))
        return Principal(team_id, user_id, groups, is_guest, is_external)

    async def _user(self, user_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._kept(f"user:{user_id}", lambda: self._fetch_user(user_id))
        return found

    async def _groups(self) -> _Groups | None:
        found: _Groups | None = await self._kept("groups", self._fetch_groups)
        return found

    async def _kept(self, key: str, fetch: Callable[[], Awaitable[Any]]) -> Any:
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._cache.get(key)
            if kept is None or self.clock() >= kept.until:
                kept = self._cache[key] = await self._ask(key, fetch)
            return kept.value

    async def _ask(self, key: str, fetch: Callable[[], Awaitable[Any]]) -> _Kept:
        try:
            value = await asyncio.wait_for(fetch(), LOOK_UP_SECONDS)
        except LOOK_UP_ERRORS as error:
            logger.warning("look_up_failed key=%s error=%r", key, error)
            return _Kept(None, self.clock() + FAILED_SECONDS)
        return _Kept(value, self.clock() + MAX_AGE_SECONDS)

    async def _fetch_user(self, user_id: str) -> dict[str, Any]:
        answer = await _or_missing(self.client.users_info(user=user_id), "user_not_found", "user_not_visible")
        user: dict[str, Any] = answer["user"] if answer else {"is_missing": True}
        return user

    async def _fetch_channel(self, channel_id: str) -> dict[str, Any]:
        answer = await _or_missing(self.client.conversations_info(channel=channel_id), "channel_not_found")
        channel: dict[str, Any] = answer["channel"] if answer else {"is_missing": True}
        return channel

    async def _fetch_groups(self) -> _Groups:
        answer = await self.client.usergroups_list(include_users=True)
        memberships: dict[str, set[str]] = {}
        for group in answer["usergroups"]:
            for user_id in group.get("users", ()):
                memberships.setdefault(user_id, set()).add(group["id"])
        return _Groups(
            {user_id: frozenset(groups) for user_id, groups in memberships.items()},
            {group["id"]: f"@{group['handle']}" for group in answer["usergroups"] if group.get("handle")},
        )


async def _or_missing(call: Awaitable[Any], *codes: str) -> Any:
    """The answer, or None when Slack says that there is no such thing."""
    try:
        return await call
    except SlackApiError as error:
        if error_code(error) in codes:
            return None
        raise
