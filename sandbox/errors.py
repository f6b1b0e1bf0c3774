"""Refusals of the sandbox: Slack's error codes for the app, plain sentences for the control API."""

from collections.abc import Iterable
from typing import Any


class SlackError(Exception):
    """A Web API call is refused with `error`; `extra` joins the JSON answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


def missing_scope(needed: str, granted: Iterable[str]) -> SlackError:
    """The token lacks a scope."""
    return SlackError("missing_scope", needed=needed, provided=",".join(sorted(granted)))


class ControlError(Exception):
    """What a person (or a test) tried is impossible; `error` is a code, `message` says why."""

    def __init__(self, error: str, message: str, status: int = 400, **extra: Any) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.status = status
        self.extra = extra
