"""What is ordered to go wrong: calls and requests that fail in a chosen way, and a Slack that is slow."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.errors import ControlError
from sandbox.types import Json

T = TypeVar("T")

ANY_METHOD = "*"
DELIVERY = "delivery"  # any request to the app; "delivery:block_actions" is one kind of them
MODES = ("error", "http", "ratelimited", "lost_reply", "slow")
SLOWEST = 60.0  # seconds; beyond a minute every client has given up

_KNOWN = "error:<code>, http:<4xx or 5xx>, ratelimited:<seconds>, lost_reply or slow:<seconds>"
_METHOD = re.compile(r"\*|[A-Za-z][A-Za-z0-9_.]*(:[a-z_*]+)?")
_SECONDS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_VALUES = {
    "error": re.compile(r"[A-Za-z][A-Za-z0-9_]*"),
    "http": re.compile(r"[45][0-9]{2}"),
    "ratelimited": re.compile(r"[0-9]{1,5}"),
    "lost_reply": re.compile(r""),
    "slow": _SECONDS,
}


@dataclass
class Fault:
    """`mode` is one of MODES; `value` is the error code, HTTP status, or seconds; `times` counts down."""

    method: str
    mode: str
    value: str
    times: int

    @property
    def number(self) -> float:
        return float(self.value)

    def described(self) -> Json:
        mode = f"{self.mode}:{self.value}" if self.value else self.mode
        return {"method": self.method, "mode": mode, "times": self.times}


def parse_fault(method: str, mode: str, times: int) -> Fault:
    """Read 'error:internal_error', 'http:500', 'ratelimited:30', 'lost_reply' or 'slow:2.5'."""
    kind, _, value = mode.partition(":")
    form = _VALUES.get(kind)
    if form is None or form.fullmatch(value) is None:
        raise ControlError("bad_mode", f"{mode!r} is no fault; use {_KNOWN}.")
    if kind == "slow" and float(value) > SLOWEST:
        raise ControlError("bad_mode", f"slow may be {SLOWEST:g} seconds at most.")
    if not _METHOD.fullmatch(method):
        raise ControlError(
            "bad_method",
            f"{method!r} is no method; use one such as chat.postMessage, response_url, '*' for any call, "
            "delivery for any request to the app, or delivery:<kind>.",
        )
    if kind == "ratelimited" and method.partition(":")[0] == DELIVERY:
        raise ControlError("bad_mode", "Slack limits calls, not requests to the app; use http:429 instead.")
    if times < 1:
        raise ControlError("bad_times", "times must be 1 or more.")
    return Fault(method, kind, value, times)


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def clear(self) -> None:
        self._waiting.clear()

    def waiting(self) -> list[Json]:
        return [fault.described() for fault in self._waiting]

    def take(self, method: str) -> Fault | None:
        """The fault for this call, if one is due; it has then happened once more."""
        return self._take({method, ANY_METHOD})

    def take_for_delivery(self, kind: str) -> Fault | None:
        """The same for a request to the app."""
        return self._take({DELIVERY, f"{DELIVERY}:{ANY_METHOD}", f"{DELIVERY}:{kind}"})

    def _take(self, names: set[str]) -> Fault | None:
        for fault in self._waiting:
            if fault.method in names:
                fault.times -= 1
                self._waiting = [waiting for waiting in self._waiting if waiting.times > 0]
                return fault
        return None


@dataclass
class Pace:
    """How slow Slack is on purpose: seconds before each answer to a call, and before each request to the app."""

    answers: float = 0.0
    deliveries: float = 0.0

    def reset(self) -> None:
        self.answers = self.deliveries = 0.0


class Trouble:
    """The road from Slack to the app, with whatever is ordered to happen on it."""

    def __init__(self, faults: Faults, pace: Pace) -> None:
        self._faults = faults
        self._pace = pace

    async def around(
        self, kind: str, send: Callable[[], Awaitable[T]], failed: Callable[[str, int | None], T]
    ) -> T:
        """What `send` gives, later or spoilt as ordered; `failed(code, status)` makes the answer of a failure.

        An 'error' and an 'http' fault keep the request from the app; a 'lost_reply' only the answer from Slack.
        """
        fault = self._faults.take_for_delivery(kind)
        wait = self._pace.deliveries + (fault.number if fault is not None and fault.mode == "slow" else 0.0)
        if wait:
            await asyncio.sleep(wait)
        if fault is not None and fault.mode == "error":
            return failed(fault.value, None)
        if fault is not None and fault.mode == "http":
            code = "http_service_error" if fault.number >= 500 else "http_client_error"
            return failed(code, int(fault.value))
        answer = await send()
        return (
            failed("operation_timeout", None) if fault is not None and fault.mode == "lost_reply" else answer
        )
