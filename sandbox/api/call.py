"""What every method works with, and what it must say about itself."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sandbox.access import Grant, TokenKind
from sandbox.api.arguments import Arguments
from sandbox.context import Sandbox
from sandbox.errors import SlackError, missing_scope
from sandbox.message_store import Message
from sandbox.people import Channel
from sandbox.types import Json
from sandbox.workspace import Workspace

T = TypeVar("T")

BOT_OR_USER: frozenset[TokenKind] = frozenset({"bot", "user"})
BOT_ONLY: frozenset[TokenKind] = frozenset({"bot"})
USER_ONLY: frozenset[TokenKind] = frozenset({"user"})
APP_LEVEL: frozenset[TokenKind] = frozenset({"app"})
ANY_TOKEN = BOT_OR_USER | APP_LEVEL

_TS = re.compile(r"\d{1,10}\.\d{6}")
_SCOPE_OF = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


@dataclass(frozen=True)
class Call:
    """One call of one method by the app, its token already checked."""

    sandbox: Sandbox
    args: Arguments
    token: str | None = None
    acting: Grant | None = None  # None only where a method needs no token

    @property
    def grant(self) -> Grant:
        """What the token allows, and who acts by it."""
        if self.acting is None:
            raise SlackError("not_authed")
        return self.acting

    @property
    def actor(self) -> str:
        """Who acts by the token: a person, or the app's bot user."""
        return self.grant.user_id

    @property
    def workspace(self) -> Workspace:
        return self.sandbox.workspace

    def channel(self, name: str = "channel") -> Channel:
        """The channel named by an argument, if the app may know of it."""
        return self.known_channel(self.args.need(name))

    def known_channel(self, channel_id: str) -> Channel:
        channel = self.workspace.channels.get(channel_id)
        if channel is None or not self.workspace.may_see(self.actor, channel):
            raise SlackError("channel_not_found")
        return channel

    def described_channel(self) -> Channel:
        """The channel whose description the app may read."""
        channel = self.channel()
        self.need_scope(f"{_SCOPE_OF[channel.kind]}:read")
        return channel

    def joined_channel(self) -> Channel:
        """The channel in which the token's owner may read: people need not be in a public one, bots do."""
        channel = self.channel()
        if self.actor not in channel.members and (self.grant.is_bot or channel.is_private):
            raise SlackError("not_in_channel")
        self.need_scope(f"{_SCOPE_OF[channel.kind]}:history")
        return channel

    def message_at(self, channel: Channel, name: str = "timestamp") -> Message:
        """The message whose ts an argument gives; an ephemeral one is nobody's to name."""
        ts = self.args.need(name)
        if not _TS.fullmatch(ts):
            raise SlackError("bad_timestamp")
        message = self.workspace.history.get(channel.id, ts)
        if message is None or message.is_tombstone:
            raise SlackError("message_not_found")
        return message

    def need_scope(self, *needed: str) -> None:
        """Any one that depends on what the call is about; those of the method itself are checked before."""
        if not self.grant.scopes & set(needed):
            raise missing_scope(needed[0], self.grant.scopes)

    def page(self, rows: Sequence[T], default: int, most: int, cap: int | None = None) -> tuple[list[T], str]:
        """The rows of the asked page and the cursor of the next one ('' when there is none).

        More than `most` cannot be asked for; above `cap` fewer are given than asked for.
        """
        size = min(self.args.limit(default, most), cap or most)
        start = _position(self.args.text("cursor"))
        following = start + size
        return list(rows[start:following]), _cursor(following) if following < len(rows) else ""


Handler: TypeAlias = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """`scopes`: any one of them suffices. `per_minute` is the method's rate limit. `kinds` are the kinds of
    tokens that may call it; a custom step's own token passes for the bot's."""

    handler: Handler
    per_minute: int
    scopes: tuple[str, ...] = ()
    is_open: bool = False  # needs no token
    is_per_channel: bool = False  # posts: limited for each channel too
    kinds: frozenset[TokenKind] = BOT_OR_USER


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
        if not number.isdecimal():
            raise ValueError(cursor)
        return int(number)
    except (ValueError, binascii.Error) as error:
        raise SlackError("invalid_cursor") from error
