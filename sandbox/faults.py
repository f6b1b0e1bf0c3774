"""Faults that a test orders: the next calls of a method go wrong in a chosen way."""

from dataclasses import dataclass

from sandbox.errors import ControlError

ANY_METHOD = "*"
MODES = ("error", "http", "ratelimited", "lost_reply", "slow")


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


def parse_fault(method: str, mode: str, times: int) -> Fault:
    """Read 'error:internal_error', 'http:500', 'ratelimited:30', 'lost_reply' or 'slow:2.5'."""
    kind, _, value = mode.partition(":")
    is_number = value.replace(".", "", 1).isdigit()
    is_right = (
        (kind == "error" and value != "")
        or (kind == "lost_reply" and value == "")
        or (kind == "slow" and is_number)
        or (kind in ("http", "ratelimited") and value.isdigit())
    )
    if not is_right or (kind == "http" and not 400 <= int(value) <= 599):
        known = "error:<code>, http:<4xx or 5xx>, ratelimited:<seconds>, lost_reply or slow:<seconds>"
        raise ControlError("bad_mode", f"{mode!r} is no fault; use {known}.")
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

    def take(self, method: str) -> Fault | None:
        """The fault for this call, if one is due; it has then happened once more."""
        for fault in self._waiting:
            if fault.method in (method, ANY_METHOD):
                fault.times -= 1
                self._waiting = [waiting for waiting in self._waiting if waiting.times > 0]
                return fault
        return None
