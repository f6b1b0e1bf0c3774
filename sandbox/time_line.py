"""Requests to the app and calls of the app as one time line, newest first, for the developer panel."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sandbox.errors import ControlError
from sandbox.types import Json
from sandbox.violations import Severity, Violation, call_violations, delivery_violations

Direction: TypeAlias = Literal["request", "call"]
DIRECTIONS = ("request", "call")
MOST_SHOWN = 100
RANKS = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
_LONGEST_HEADLINE = 120


@dataclass(frozen=True)
class Filter:
    """Which entries: of one direction, of one kind (a method, or a request's kind), with something wrong, with
    these words anywhere in them."""

    direction: str = ""
    kind: str = ""
    failed: bool = False
    text: str = ""
    limit: int = MOST_SHOWN


def read_filter(query: Mapping[str, str]) -> Filter:
    """From the query of an address; raises ControlError."""
    direction, failed, limit = query.get("direction", ""), query.get("failed", ""), query.get("limit", "")
    if direction and direction not in DIRECTIONS:
        raise ControlError("bad_argument", "direction must be request or call.")
    if failed not in ("", "0", "1", "true", "false"):
        raise ControlError("bad_argument", "failed must be true or false.")
    if limit and not (limit.isdecimal() and 1 <= int(limit) <= 1000):
        raise ControlError("bad_argument", "limit must be a whole number from 1 to 1000.")
    return Filter(
        direction,
        query.get("kind", "").strip(),
        failed in ("1", "true"),
        query.get("text", "").strip().casefold(),
        int(limit or MOST_SHOWN),
    )


class TimeLine:
    """Both logs as they are now. `ack_seconds` is the time an app has to acknowledge a request."""

    def __init__(self, calls: list[Json], deliveries: list[Json], ack_seconds: float) -> None:
        self._rows: list[tuple[Direction, Json]] = [("call", row) for row in calls]
        self._rows += [("request", row) for row in deliveries]
        self._rows.sort(key=lambda pair: (pair[1]["at"], pair[1]["number"]), reverse=True)
        self._causes = dict(_keys_of_requests(deliveries))
        self._ack_seconds = ack_seconds

    def entries(self, wanted: Filter) -> list[Json]:
        """Newest first: {id, direction, number, kind, headline, at, seconds, status, state, violations, cause}."""
        found: list[Json] = []
        for direction, row in self._rows:
            if len(found) == wanted.limit:
                break
            if _may_match(direction, row, wanted):
                entry = self._entry(direction, row)
                if not wanted.failed or entry["state"] != "ok":
                    found.append(entry)
        return found

    def detail(self, entry_id: str) -> Json:
        """One entry with everything that was sent and answered; raises ControlError."""
        for direction, row in self._rows:
            if f"{direction}-{row['number']}" == entry_id:
                return self._entry(direction, row) | _parts(direction, row)
        raise ControlError("entry_not_found", f"There is no entry {entry_id!r}, or it was cleared.", 404)

    def violations(self, least: str = Severity.WARNING) -> list[Json]:
        """Everything of at least this severity, newest first, each with the `entry` it is about."""
        worth = RANKS[RANKS.index(Severity(least)) :]
        return [
            violation.told()
            | {"entry": f"{direction}-{row['number']}", "kind": _kind(direction, row), "at": row["at"]}
            for direction, row in self._rows
            for violation in self._violations(direction, row)
            if violation.severity in worth
        ]

    def kinds(self) -> list[str]:
        """Every method and kind of request that occurs."""
        return sorted({_kind(direction, row) for direction, row in self._rows})

    def _entry(self, direction: Direction, row: Json) -> Json:
        violations = self._violations(direction, row)
        cause = self._cause(row) if direction == "call" else None
        return {
            "id": f"{direction}-{row['number']}",
            "direction": direction,
            "number": row["number"],
            "kind": _kind(direction, row),
            "headline": _headline(direction, row)[:_LONGEST_HEADLINE],
            "at": row["at"],
            "seconds": row["seconds"],
            "status": row["status"],
            "state": _state(violations),
            "violations": [violation.told() for violation in violations],
            "cause": f"request-{cause['number']}" if cause is not None else None,
        }

    def _violations(self, direction: Direction, row: Json) -> list[Violation]:
        """The worst first."""
        if direction == "request":
            found = delivery_violations(row, self._ack_seconds)
        else:
            found = call_violations(row, self._cause(row))
        return sorted(found, key=lambda violation: RANKS.index(violation.severity), reverse=True)

    def _cause(self, row: Json) -> Json | None:
        """The request whose trigger or response URL the call uses."""
        key = row.get("response_url") or row["arguments"].get("trigger_id")
        return self._causes.get(key) if isinstance(key, str) else None


def _keys_of_requests(deliveries: list[Json]) -> Iterator[tuple[str, Json]]:
    for row in deliveries:
        payload = row["payload"]
        more = payload.get("response_urls") or []
        addresses = [entry.get("response_url") for entry in more]
        for key in (payload.get("trigger_id"), payload.get("response_url"), *addresses):
            if isinstance(key, str):
                yield key, row


def _may_match(direction: Direction, row: Json, wanted: Filter) -> bool:
    if wanted.direction and direction != wanted.direction:
        return False
    if wanted.kind and _kind(direction, row) != wanted.kind:
        return False
    return not wanted.text or wanted.text in json.dumps(row, ensure_ascii=False, default=str).casefold()


def _kind(direction: Direction, row: Json) -> str:
    """A method's name, or the kind of a request; an event is called by its own type."""
    if direction == "call":
        return str(row["method"])
    event = row["payload"].get("event")
    return str(event.get("type")) if isinstance(event, dict) else str(row["kind"])


def _state(violations: list[Violation]) -> str:
    severities = {violation.severity for violation in violations}
    if Severity.ERROR in severities:
        return "failed"
    return "warned" if Severity.WARNING in severities else "ok"


def _headline(direction: Direction, row: Json) -> str:
    """A few words that tell one entry from the next."""
    payload = row["payload"] if direction == "request" else row["arguments"]
    event, view = payload.get("event"), payload.get("view")
    callback = view.get("callback_id") if isinstance(view, dict) else None
    if isinstance(event, dict):
        return " · ".join(str(event[key]) for key in ("channel", "user", "text") if event.get(key))
    if payload.get("command"):
        return f"{payload['command']} {payload.get('text', '')}".strip()
    actions = payload.get("actions")
    if isinstance(actions, list) and actions:
        return ", ".join(str(action.get("action_id")) for action in actions)
    names = ("callback_id", "action_id", "channel", "user", "text", "value")
    known = [callback, *(payload.get(name) for name in names)]
    return " · ".join(words for words in known if isinstance(words, str) and words)


_OF_A_CALL = ("http_method", "headers", "answer_headers", "answer", "is_lost", "response_url", "uses")
_OF_A_REQUEST = ("url", "transport", "headers", "body", "payload", "problem", "answer", "repeats")


def _parts(direction: Direction, row: Json) -> Json:
    """Everything that was sent and answered; a call's arguments are its payload."""
    if direction == "call":
        return {"payload": row["arguments"], **{key: row.get(key) for key in _OF_A_CALL}}
    return {key: row.get(key) for key in _OF_A_REQUEST}
