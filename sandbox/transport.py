"""What goes to the app and what comes back, whichever way it travels."""

import json
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, get_args

from sandbox.types import Json

DeliveryMode: TypeAlias = Literal["once", "twice", "twice_at_once", "bad_signature", "old_timestamp"]
DELIVERY_MODES: tuple[str, ...] = get_args(DeliveryMode)

Family: TypeAlias = Literal["command", "interaction", "options", "event", "check"]
TransportName: TypeAlias = Literal["http", "socket_mode"]

RETRY_REASONS = frozenset(
    {"http_timeout", "too_many_redirects", "connection_failed", "ssl_error", "http_error", "unknown_error"}
)
# Slack's reason for a repeated event, by its code for what a person sees (docs.slack.dev/apis/events-api).
_REASONS = {
    "operation_timeout": "http_timeout",
    "dispatch_failed": "connection_failed",
    "app_missing_action_url": "connection_failed",
    "http_client_error": "http_error",
    "http_service_error": "http_error",
}
_FAMILIES: dict[str, Family] = {
    "command": "command",
    "block_suggestion": "options",
    "event_callback": "event",
    "app_rate_limited": "event",
    "url_verification": "check",
    "ssl_check": "check",
}


@dataclass(frozen=True)
class Retry:
    """The how-manieth repetition of an event this is, from 1, and why it is needed."""

    number: int
    reason: str


@dataclass(frozen=True)
class Outgoing:
    """One thing to tell the app. `kind` is 'command', 'ssl_check', or the `type` in the payload; `url` is
    given only where another address than the app's own is meant."""

    kind: str
    payload: Json
    retry: Retry | None = None
    url: str | None = None

    @property
    def family(self) -> Family:
        return _FAMILIES.get(self.kind, "interaction")


@dataclass(frozen=True)
class Packet:
    """One thing to tell the app, as it travels. `key` is what an answer on a WebSocket refers to."""

    body: str
    headers: dict[str, str] = field(default_factory=dict)
    url: str | None = None
    key: str = ""
    most_redirects: int = 0


@dataclass(frozen=True)
class Reply:
    """What came back. `problem` is Slack's code for a failure, None when the app answered 2xx in time.

    `reason` names a failure more exactly, for the repetition of an event. `is_ordered`: a developer wanted the
    failure, and the app is not to blame.
    """

    problem: str | None
    status: int | None = None
    body: str = ""
    content_type: str = ""
    reason: str | None = None
    forbids_retry: bool = False
    is_ordered: bool = False

    @property
    def retry_reason(self) -> str | None:
        if self.problem is None:
            return None
        if self.reason is None and self.problem in RETRY_REASONS:
            return self.problem
        return self.reason or _REASONS.get(self.problem, "unknown_error")

    def parsed(self) -> Json | None:
        """The body as a JSON object; {} when it is empty, None when it is something else."""
        if not self.body.strip():
            return {}
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


class Transport(Protocol):
    """A way to the app."""

    @property
    def name(self) -> TransportName: ...

    def pack(self, message: Outgoing, url: str | None, mode: DeliveryMode) -> Packet: ...

    async def send(self, packet: Packet) -> Reply: ...
