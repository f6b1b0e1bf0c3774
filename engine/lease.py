"""A worker's hold on one attempt, as the attempt's executor sees it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

STOP_AT = 2 / 3
KILL_AT = 0.9


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """What follows from the last renewal, in seconds of the monotonic clock (the same one in all processes
    of a machine): without another renewal a child is asked to end at `stop_at`, and killed at `kill_at`, so
    that it is gone before another worker may begin the next attempt."""

    stop_at: float
    kill_at: float


class Lease:
    """The lease of one attempt. Whoever renews it in the database calls `renewed`; executors follow it."""

    def __init__(self, seconds: float, at: float) -> None:
        """`at` is the monotonic time just before the claim was sent to the database."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._terms = self._terms_from(at)
        self._followers: list[Callable[[LeaseTerms], None]] = []

    @property
    def terms(self) -> LeaseTerms:
        return self._terms

    def renewed(self, at: float) -> None:
        """The database has extended the lease; `at` is the monotonic time just before it was asked to."""
        with self._lock:
            self._terms = self._terms_from(at)
            followers = tuple(self._followers)
        for follower in followers:
            follower(self._terms)

    @contextmanager
    def followed_by(self, follower: Callable[[LeaseTerms], None]) -> Iterator[None]:
        """Tell a follower the terms now and after each renewal. It is called from the renewing thread, so it
        must neither block nor raise."""
        with self._lock:
            self._followers.append(follower)
        follower(self._terms)
        try:
            yield
        finally:
            with self._lock:
                self._followers.remove(follower)

    def _terms_from(self, at: float) -> LeaseTerms:
        return LeaseTerms(at + STOP_AT * self._seconds, at + KILL_AT * self._seconds)
