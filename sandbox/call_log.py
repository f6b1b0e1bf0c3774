"""Every Web API call the app made, for tests to read and to wait for."""

from collections import deque

from sandbox.changes import Feed
from sandbox.types import Json

MOST_KEPT = 5_000


class CallLog:
    """Rows {number, method, arguments, at, status, answer, is_lost}, oldest first; tokens are left out."""

    def __init__(self) -> None:
        self._rows: deque[Json] = deque(maxlen=MOST_KEPT)
        self._count = 0
        self.feed: Feed[Json] = Feed()

    def add(self, row: Json) -> None:
        self._count += 1
        numbered = {"number": self._count, **row}
        self._rows.append(numbered)
        self.feed.publish(numbered)

    def rows(self) -> list[Json]:
        return list(self._rows)

    def clear(self) -> None:
        self._rows.clear()
