"""Who is it? Guests, external people and group members, looked up at Slack and at most 60 seconds old.

What could not be looked up is unknown, and unknown means no: a person who may be a guest is treated as one, and
groups that are not known are None.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from engine.core.permission import Principal

MAX_AGE_SECONDS = 60.0
LOOK_UP_SECONDS = 1.5
LOOK_UP_ERRORS = (SlackApiError, ClientError, TimeoutError, OSError, KeyError)

logger = logging.getLogger("handrail.identity")


@dataclass(slots=True)
class _Kept:
    value: Any
    at: float


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
        """The name to show for the id of a user; the id itself where it is not known."""
        user = await self._user(subject) if subject.startswith(("U", "W")) else None
        if user is None:
            return subject
        profile = user.get("profile") or {}
        return str(profile.get("display_name") or user.get("real_name") or user.get("name") or subject)

    async def _principal(self, team_id: str, user_id: str, home: str | None) -> Principal:
        user, memberships = await asyncio.gather(self._user(user_id), self._memberships())
        groups = None if memberships is None else memberships.get(user_id, frozenset())
        is_guest = user is None or bool(user.get("is_restricted") or user.get("is_ultra_restricted"))
        is_external = (home or team_id) != team_id or bool(user and user.get("is_stranger"))
        is_machine = bool(user and (user.get("is_bot") or user.get("deleted")))
        return Principal(team_id, user_id, groups, is_guest or is_machine, is_external)

    async def has_bot(self, channel_id: str) -> bool | None:
        """Whether messages can be posted to this channel; None when it could not be looked up."""
        channel = await self._kept(f"channel:{channel_id}", lambda: self._fetch_channel(channel_id))
        if channel is None:
            return None
        if channel.get("is_archived"):
            return False
        return bool(channel.get("is_member")) or not channel.get("is_private")

    async def _user(self, user_id: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._kept(f"user:{user_id}", lambda: self._fetch_user(user_id))
        return found

    async def _memberships(self) -> dict[str, frozenset[str]] | None:
        found: dict[str, frozenset[str]] | None = await self._kept("groups", self._fetch_groups)
        return found

    async def _kept(self, key: str, fetch: Callable[[], Awaitable[Any]]) -> Any:
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._cache.get(key)
            if kept is not None and self.clock() - kept.at < MAX_AGE_SECONDS:
                return kept.value
            try:
                value = await asyncio.wait_for(fetch(), LOOK_UP_SECONDS)
            except LOOK_UP_ERRORS as error:
                logger.warning("look_up_failed key=%s error=%r", key, error)
                return None
            self._cache[key] = _Kept(value, self.clock())
            return value

    async def _fetch_user(self, user_id: str) -> dict[str, Any]:
        answer = await self.client.users_info(user=user_id)
        user: dict[str, Any] = answer["user"]
        return user

    async def _fetch_channel(self, channel_id: str) -> dict[str, Any]:
        answer = await self.client.conversations_info(channel=channel_id)
        channel: dict[str, Any] = answer["channel"]
        return channel

    async def _fetch_groups(self) -> dict[str, frozenset[str]]:
        answer = await self.client.usergroups_list(include_users=True)
        memberships: dict[str, set[str]] = {}
        for group in answer["usergroups"]:
            for user_id in group.get("users", ()):
                memberships.setdefault(user_id, set()).add(group["id"])
        return {user_id: frozenset(groups) for user_id, groups in memberships.items()}
