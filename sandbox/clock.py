"""Where the sandbox reads the time, so that tests can move half an hour in no time."""

import time
from typing import Protocol


class Clock(Protocol):
    """Gives the time in seconds since 1970."""

    def now(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.time()
