"""Slack's rate limits, kept by design: a token bucket for each method, and for each channel that is posted to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from store.surfaces import Surface, Way


@dataclass(slots=True)
class Bucket:
    """At most `burst` at once, refilled with `per_second`. Times are seconds of any one clock."""

    burst: float
    per_second: float
    _tokens: float = field(init=False)
    _at: float = field(default=0.0, init=False)
    _blocked_until: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def wait(self, now: float, reserve: float = 0.0) -> float:
        """Seconds until one token is free beyond the `reserve` that is kept for what matters more."""
        self._refill(now)
        missing = 1.0 + reserve - self._tokens
        return max(self._blocked_until - now, missing / self.per_second, 0.0)

    def take(self, now: float) -> None:
        """Use one token; the caller has waited for it."""
        self._refill(now)
        self._tokens -= 1.0

    def give_back(self) -> None:
        """The token that was taken was not needed."""
        self._tokens = min(self.burst, self._tokens + 1.0)

    def block(self, until: float) -> None:
        """Slack said `Retry-After`: nothing before then, and no burst right after it."""
        self._blocked_until = max(self._blocked_until, until)
        self._tokens = min(self._tokens, 1.0)

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_second)
            self._at = now


@dataclass(frozen=True, slots=True)
class Lane:
    """The buckets of which one call needs a token each; the first is that of its method. `reserve` is what calls
    that matter less leave in it."""

    buckets: tuple[Bucket, ...]
    reserve: float
    clock: Callable[[], float]

    def is_free(self, *, is_urgent: bool) -> bool:
        now = self.clock()
        reserve = 0.0 if is_urgent else self.reserve
        return all(bucket.wait(now, reserve) <= 0 for bucket in self.buckets)

    def take(self) -> None:
        for bucket in self.buckets:
            bucket.take(self.clock())

    def give_back(self) -> None:
        for bucket in self.buckets:
            bucket.give_back()

    def block(self, seconds: float) -> None:
        """Slack asks to leave the method alone for so long."""
        self.buckets[0].block(self.clock() + seconds)


@dataclass(slots=True)
class Buckets:
    """The limits of one workspace, of which Slack lets through in a minute at least: chat.update 50,
    views.update 100, conversations.history 50, chat.postMessage several hundred and one a second in a channel.
    In no minute is that exceeded: a burst and a minute's refill together stay within it."""

    clock: Callable[[], float] = time.monotonic
    update: Bucket = field(default_factory=lambda: Bucket(burst=10, per_second=40 / 60))
    view: Bucket = field(default_factory=lambda: Bucket(burst=10, per_second=90 / 60))
    look: Bucket = field(default_factory=lambda: Bucket(burst=10, per_second=40 / 60))
    posts: Bucket = field(default_factory=lambda: Bucket(burst=20, per_second=3))
    _channels: dict[str, Bucket] = field(default_factory=dict)

    def lane(self, surface: Surface) -> Lane:
        """What drawing this surface needs. A message that may stand in Slack already is looked for first."""
        match surface.way:
            case Way.VIEW:
                return Lane((self.view,), 3.0, self.clock)
            case Way.UPDATE:
                return Lane((self.update,), 4.0, self.clock)
            case Way.POST:
                channel = self._channels.setdefault(surface.channel_id or "", Bucket(burst=3, per_second=0.9))
                looks = () if surface.doubt_at is None else (self.look,)
                return Lane((self.posts, channel, *looks), 1.0, self.clock)

    def look_lane(self) -> Lane:
        """What looking for a copy of a message needs."""
        return Lane((self.look,), 0.0, self.clock)

    def use_view(self) -> None:
        """A modal is changed in answer to a click, which waits for nothing but is counted."""
        self.view.take(self.clock())
