"""Where the sandbox reads the time, so that people and tests can move half an hour in no time."""

import asyncio
import time
from typing import Protocol

LONGEST_NAP = 0.1  # seconds after which a waiting task looks at the clock again, for it may have been moved


class Clock(Protocol):
    """Gives the time in seconds since 1970."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()


class MovableClock:
    """Another clock, plus the seconds that somebody has skipped."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skipped = 0.0

    def now(self) -> float:
        return self._clock.now() + self.skipped

    def skip(self, seconds: float) -> None:
        self.skipped += seconds


async def sleep_until(clock: Clock, at: float) -> None:
    """Wait until `clock` shows `at`, however it gets there."""
    while (left := at - clock.now()) > 0:
        await asyncio.sleep(min(left, LONGEST_NAP))
