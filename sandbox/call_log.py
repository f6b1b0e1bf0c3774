"""Every Web API call and every answer at a response URL that the app made, to read and to wait for."""

from collections import deque

from starlette.requests import Request

from sandbox.changes import Feed
from sandbox.types import Json

MOST_KEPT = 5_000
_SECRET_HEADERS = ("authorization", "cookie")
_SHOWN_OF_A_TOKEN = 12  # letters: enough to tell one token from another


class CallLog:
    """Rows {number, method, arguments, at, status, answer, is_lost, is_ordered, seconds, http_method, headers,
    answer_headers}, oldest first; tokens are left out. `is_ordered`: a fault that somebody wanted. An answer
    at a response URL is a row of the method 'response_url', which also says `response_url` and how many `uses` it
    has had.
    """

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


def sent_by(request: Request) -> Json:
    """How a call was sent: {http_method, headers}. Of a secret only the beginning is kept."""
    headers = {
        name: _masked(value) if name in _SECRET_HEADERS else value for name, value in request.headers.items()
    }
    return {"http_method": request.method, "headers": headers}


def _masked(value: str) -> str:
    scheme, space, secret = value.rpartition(" ")
    return f"{scheme}{space}{secret[:_SHOWN_OF_A_TOKEN]}…"
