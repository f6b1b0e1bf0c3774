"""Slack's rate limits as token buckets: per method, and for posting also per channel."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sandbox.clock import Clock
from sandbox.config import LimitMode
from sandbox.types import Json

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100  # calls a minute
SPECIAL = 300  # "several hundred a minute"
HISTORY_METHODS = ("conversations.history", "conversations.replies")
COMMERCIAL_HISTORY = 15  # messages a call
POSTS_PER_CHANNEL = 60  # a minute, which is Slack's one a second

# How many calls may come at once: a minute's worth of a tier, a few posts to one channel.
_BURST_OF_POSTS = 5
_TIERS = {TIER_1: "Tier 1", TIER_2: "Tier 2", TIER_3: "Tier 3", TIER_4: "Tier 4"}

LimitError: TypeAlias = Literal["ratelimited", "rate_limited"]


@dataclass(frozen=True)
class Limited:
    """A refused call: Slack's error code, and the whole seconds to wait (Retry-After).

    `rate_limited` is Slack's word for an app that posts too much in the whole workspace; else `ratelimited`.
    """

    error: LimitError
    seconds: int


@dataclass
class _Bucket:
    method: str
    channel: str | None
    per_minute: int
    burst: int  # what it holds when it is full, in the mode `real`
    left: float
    at: float


class RateLimiter:
    """Counts calls of one app in one workspace. `real` tolerates bursts as Slack does, `strict` hardly any,
    `off` everything.

    `is_commercial`: the app is sold to other workspaces outside Slack's Marketplace, and so may read history
    once a minute only (docs.slack.dev, change of 29 May 2025). An app of one's own workspace is not.
    """

    def __init__(self, clock: Clock, mode: LimitMode) -> None:
        self._clock = clock
        self.mode = mode
        self.is_commercial = False
        self._buckets: dict[tuple[str, str | None], _Bucket] = {}

    def take(self, method: str, per_minute: int, channel: str | None = None) -> int | None:
        """Count one call: None when it may pass, else the whole seconds to wait."""
        limited = self.check(method, per_minute, channel)
        return None if limited is None else limited.seconds

    def check(self, method: str, per_minute: int, channel: str | None = None) -> Limited | None:
        """Count one call: None when it may pass. A refused call costs nothing."""
        if self.mode == "off":
            return None
        if self.is_commercial and method in HISTORY_METHODS:
            per_minute = TIER_1
        buckets = [self._refill(method, None, per_minute, per_minute)]
        if channel is not None:
            buckets.append(self._refill(method, channel, POSTS_PER_CHANNEL, _BURST_OF_POSTS))
        emptiest = max(buckets, key=_seconds_until_one)
        wait = _seconds_until_one(emptiest)
        if wait > 0:
            is_workspace_wide = channel is not None and emptiest.channel is None
            return Limited("rate_limited" if is_workspace_wide else "ratelimited", math.ceil(wait))
        for bucket in buckets:
            bucket.left -= 1
        return None

    @property
    def most_history(self) -> int | None:
        """How many messages one call reads at most; None: as many as it asks for."""
        return COMMERCIAL_HISTORY if self.is_commercial and self.mode != "off" else None

    def budget(self) -> list[Json]:
        """What is left of each limit that was touched, the scarcest first: {method, channel, tier, per_minute,
        burst, left, next_in, full_in}; `next_in` is 0 when a call would pass now. Seconds throughout."""
        if self.mode == "off":
            return []
        rows = [self._row(bucket) for bucket in self._buckets.values()]
        return sorted(rows, key=lambda row: (row["left"] / row["burst"], row["method"], row["channel"] or ""))

    def reset(self) -> None:
        self._buckets.clear()

    def _row(self, bucket: _Bucket) -> Json:
        capacity = self._capacity(bucket.burst)
        left = self._left(bucket, capacity)
        per_second = bucket.per_minute / 60
        return {
            "method": bucket.method,
            "channel": bucket.channel,
            "tier": _TIERS.get(bucket.per_minute, "Special") if bucket.channel is None else "Per channel",
            "per_minute": bucket.per_minute,
            "burst": capacity,
            "left": math.floor(left + 1e-9),
            "next_in": round(max(0.0, 1 - left) / per_second, 1),
            "full_in": round((capacity - left) / per_second, 1),
        }

    def _refill(self, method: str, channel: str | None, rate: int, burst: int) -> _Bucket:
        now, capacity = self._clock.now(), self._capacity(burst)
        fresh = _Bucket(method, channel, rate, burst, capacity, now)
        bucket = self._buckets.setdefault((method, channel), fresh)
        bucket.left, bucket.at = self._left(bucket, capacity), now
        return bucket

    def _left(self, bucket: _Bucket, capacity: int) -> float:
        return min(capacity, bucket.left + (self._clock.now() - bucket.at) * bucket.per_minute / 60)

    def _capacity(self, burst: int) -> int:
        return max(1, burst // 10) if self.mode == "strict" else burst


def _seconds_until_one(bucket: _Bucket) -> float:
    return (1 - bucket.left) * 60 / bucket.per_minute
