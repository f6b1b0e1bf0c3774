"""Calls methods in this process, as the bot or as a person, and hears what the Events API would tell."""

from collections.abc import Collection
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.access import Grant
from sandbox.api.arguments import Arguments
from sandbox.api.call import Call
from sandbox.api.endpoint import METHODS
from sandbox.changes import Happening
from sandbox.config import SandboxConfig
from sandbox.context import build_sandbox
from sandbox.errors import SlackError
from sandbox.message_store import Message
from sandbox.messaging import person_payload
from sandbox.people import BOT_USER_ID
from sandbox.types import Json

EVERY_SCOPE = frozenset(scope for method in METHODS.values() for scope in method.scopes)


class StoppedClock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


class Desk:
    """A sandbox without a server. `call` gives the answer or raises SlackError; `events` is what happened."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        config = SandboxConfig(
            app_url=None, bot_token="xoxb-1", signing_secret="s", public_url="http://localhost"
        )
        self.sandbox = build_sandbox(config, self.clock)
        self.workspace = self.sandbox.workspace
        self.events: list[Happening] = []
        self.workspace.listen(self.events.append)

    def call(
        self, method: str, who: str = BOT_USER_ID, scopes: Collection[str] = EVERY_SCOPE, **arguments: Any
    ) -> Json:
        grant = Grant("bot" if who == BOT_USER_ID else "user", who, frozenset(scopes))
        return METHODS[method].handler(Call(self.sandbox, Arguments(arguments), "xoxb-1", grant))

    def refusal(self, method: str, who: str = BOT_USER_ID, **arguments: Any) -> str:
        with pytest.raises(SlackError) as caught:
            self.call(method, who, **arguments)
        return caught.value.error

    def post(self, user: str, text: str, channel: str = "C0GENERAL") -> str:
        """A message somebody typed; its ts."""
        message = Message(person_payload(self.workspace, user, text))
        self.workspace.history.add(channel, message)
        return message.ts

    def heard(self, kind: str) -> list[Json]:
        """The events of one type."""
        return [happening.event for happening in self.events if happening.event["type"] == kind]


def code_of(call: Any, **arguments: Any) -> str:
    """The error code that Slack's client raises for a call."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])
