"""What every method works with, and what it must say about itself."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sandbox.api.arguments import Arguments
from sandbox.context import Sandbox
from sandbox.errors import SlackError, missing_scope
from sandbox.people import BOT_USER_ID, Channel
from sandbox.types import Json
from sandbox.workspace import Workspace

T = TypeVar("T")

_SCOPE_OF = {"public_channel": "channels", "private_channel": "groups", "im": "im"}


@dataclass(frozen=True)
class Call:
    """One call of one method by the app, its token already checked."""

    sandbox: Sandbox
    args: Arguments

    @property
    def workspace(self) -> Workspace:
        return self.sandbox.workspace

    def channel(self, name: str = "channel") -> Channel:
        """The channel named by an argument, if the app may know of it."""
        return self.known_channel(self.args.need(name))

    def known_channel(self, channel_id: str) -> Channel:
        channel = self.workspace.channels.get(channel_id)
        if channel is None or (channel.is_private and BOT_USER_ID not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def described_channel(self) -> Channel:
        """The channel whose description the app may read."""
        channel = self.channel()
        self._need_scope(f"{_SCOPE_OF[channel.kind]}:read")
        return channel

    def joined_channel(self) -> Channel:
        """The channel in which the app may read."""
        channel = self.channel()
        if BOT_USER_ID not in channel.members:
            raise SlackError("not_in_channel")
        self._need_scope(f"{_SCOPE_OF[channel.kind]}:history")
        return channel

    def _need_scope(self, needed: str) -> None:
        """One that depends on what the call is about; those of the method itself are checked before."""
        if needed not in self.sandbox.scopes:
            raise missing_scope(needed, self.sandbox.scopes)

    def page(self, rows: Sequence[T], default: int, most: int) -> tuple[list[T], str]:
        """The rows of the asked page and the cursor of the next one ('' when there is none)."""
        size = self.args.limit(default, most)
        start = _position(self.args.text("cursor"))
        following = start + size
        return list(rows[start:following]), _cursor(following) if following < len(rows) else ""


Handler: TypeAlias = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """`scopes`: any one of them suffices. `per_minute` is the method's rate limit."""

    handler: Handler
    per_minute: int
    scopes: tuple[str, ...] = ()
    is_open: bool = False  # needs no token
    is_per_channel: bool = False  # posts: limited for each channel too


def next_cursor(cursor: str) -> Json:
    return {"response_metadata": {"next_cursor": cursor}}


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word != "next":
            raise ValueError(cursor)
        return int(number)
    except (ValueError, binascii.Error) as error:
        raise SlackError("invalid_cursor") from error
