"""Slack's rate limits, kept by design: a token bucket for each method, and for each channel that is posted to."""

from __future__ import annotations

from dataclasses import dataclass, field


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

    def block(self, until: float) -> None:
        """Slack said `Retry-After`: nothing before then, and no burst right after it."""
        self._blocked_until = max(self._blocked_until, until)
        self._tokens = min(self._tokens, 1.0)

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.per_second)
            self._at = now


@dataclass(slots=True)
class Buckets:
    """The limits of one workspace, a little below Slack's: chat.update is 50 a minute for the whole workspace,
    chat.postMessage about one a second a channel, views.update 100 a minute."""

    update: Bucket = field(default_factory=lambda: Bucket(burst=10, per_second=45 / 60))
    view: Bucket = field(default_factory=lambda: Bucket(burst=10, per_second=90 / 60))
    _posts: dict[str, Bucket] = field(default_factory=dict)

    def post(self, channel_id: str) -> Bucket:
        return self._posts.setdefault(channel_id, Bucket(burst=3, per_second=0.9))
