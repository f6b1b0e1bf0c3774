"""Every request that was sent to the app, with its answer, for people and tests to read and to send again."""

from collections import deque

from sandbox.changes import Feed
from sandbox.transport import DeliveryMode, Outgoing, Packet, Reply, TransportName
from sandbox.types import Json

MOST_KEPT = 2_000


class DeliveryLog:
    """Rows, oldest first: {number, kind, at, transport, url, headers, body, payload, retry, resent_from,
    mode, status, seconds, problem, is_ordered, answer, repeats}.

    `is_ordered`: the problem is a fault that somebody wanted.
    `retry` is {number, reason} for a repeated event, else None; `resent_from` the number of the row that
    somebody sent again.
    """

    def __init__(self) -> None:
        self._rows: deque[Json] = deque(maxlen=MOST_KEPT)
        self._messages: dict[int, Outgoing] = {}
        self._count = 0
        self.feed: Feed[Json] = Feed()

    def rows(self) -> list[Json]:
        return list(self._rows)

    def message(self, number: int) -> Outgoing | None:
        """What was told in the row with this number, while it is kept."""
        return self._messages.get(number)

    def clear(self) -> None:
        self._rows.clear()
        self._messages.clear()

    def add(
        self,
        message: Outgoing,
        packet: Packet,
        transport: TransportName,
        at: float,
        replies: list[tuple[Reply, float]],
        resent_from: int | None,
        mode: DeliveryMode = "once",
    ) -> Json:
        """Keep what was sent once or more, and how long each answer took; gives the row."""
        self._count += 1
        (first, seconds), *others = replies
        row: Json = {
            "number": self._count,
            "kind": message.kind,
            "at": at,
            "transport": transport,
            "url": packet.url,
            "headers": packet.headers,
            "body": packet.body,
            "payload": message.payload,
            "retry": vars(message.retry) if message.retry is not None else None,
            "resent_from": resent_from,
            "mode": mode,
            "status": first.status,
            "seconds": round(seconds, 4),
            "problem": _problem(message, first),
            "is_ordered": first.is_ordered,
            "answer": first.body,
            "repeats": [
                {"status": reply.status, "problem": _problem(message, reply), "answer": reply.body}
                for reply, _ in others
            ],
        }
        self._rows.append(row)
        self._messages[self._count] = message
        self._messages.pop(self._count - MOST_KEPT, None)
        self.feed.publish(row)
        return row


def _problem(message: Outgoing, reply: Reply) -> str | None:
    """For an event the reason of its repetition, for everything else the code that a person is shown."""
    return reply.retry_reason if message.family == "event" else reply.problem
