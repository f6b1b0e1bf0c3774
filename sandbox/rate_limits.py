"""Slack's rate limits as token buckets: per method, and for posting also per channel."""

import math
from dataclasses import dataclass

from sandbox.clock import Clock
from sandbox.config import LimitMode

TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100  # calls a minute
SPECIAL = 300  # "several hundred a minute"
POSTS_PER_CHANNEL = 60  # a minute, which is Slack's one a second

# How many calls may come at once: a minute's worth of a tier, a few posts to one channel.
_BURST_OF_POSTS = 5


@dataclass
class _Bucket:
    left: float
    at: float


class RateLimiter:
    """Counts calls. `real` tolerates bursts as Slack does, `strict` hardly any, `off` everything."""

    def __init__(self, clock: Clock, mode: LimitMode) -> None:
        self._clock = clock
        self.mode = mode
        self._buckets: dict[str, _Bucket] = {}

    def take(self, method: str, per_minute: int, channel: str | None = None) -> int | None:
        """Count one call: None when it may pass, else the whole seconds to wait (Retry-After)."""
        if self.mode == "off":
            return None
        wanted = [(method, per_minute, per_minute)]
        if channel is not None:
            wanted.append((f"{method} {channel}", POSTS_PER_CHANNEL, _BURST_OF_POSTS))
        buckets = [(self._refill(name, rate, burst), rate) for name, rate, burst in wanted]
        wait = max((1 - bucket.left) * 60 / rate for bucket, rate in buckets)
        if wait > 0:
            return math.ceil(wait)
        for bucket, _ in buckets:
            bucket.left -= 1
        return None

    def reset(self) -> None:
        self._buckets.clear()

    def _refill(self, name: str, rate: int, burst: int) -> _Bucket:
        now = self._clock.now()
        capacity = max(1, burst // 10) if self.mode == "strict" else burst
        bucket = self._buckets.setdefault(name, _Bucket(capacity, now))
        bucket.left = min(capacity, bucket.left + (now - bucket.at) * rate / 60)
        bucket.at = now
        return bucket
