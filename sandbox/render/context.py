"""What the renderers need to know besides the Slack JSON: who looks, when, where, and what ids are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from hashlib import blake2s
from typing import Literal
from urllib.parse import urlencode
from zlib import adler32
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.types import Json

TINTS = 8


@dataclass(frozen=True)
class Surface:
    """The message or view that holds an element: where its clicks go and what was already chosen in it."""

    kind: Literal["message", "view"] = "message"
    id: str = ""
    values: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """`region` (channel, thread or dialog) keeps DOM ids apart when one message is shown twice."""

    viewer: str
    zone: tzinfo
    now: datetime
    people: Mapping[str, str]
    channels: Mapping[str, str]
    groups: Mapping[str, str]
    channel: str
    region: str = "channel"
    thread: str | None = None
    surface: Surface = field(default_factory=Surface)
    kinds: Mapping[str, str] = field(default_factory=dict)  # of `channels`: im, mpim, private_channel ...
    with_bots: frozenset[str] = frozenset()  # the direct messages among `channels` that are with the app

    def on(self, surface: Surface, region: str) -> "Context":
        return replace(self, surface=surface, region=region)

    def url(self, *, channel: str | None = None, thread: str | None = None) -> str:
        """The page's address for a channel, with a thread open beside it."""
        return page_url(self.viewer, channel or self.channel, thread)

    def show(self, show: str, channel: str | None = None, **query: str) -> str:
        """The page's address for something else than messages: the app's Home, a search, all channels."""
        return page_url(self.viewer, channel or self.channel, show=show, **query)

    def label(self, channel: str) -> str:
        """What a conversation is called: with a number sign if it is a channel."""
        name = self.channels.get(channel, channel)
        return name if self.kinds.get(channel) in ("im", "mpim") else f"#{name}"

    def dom_id(self, *parts: str) -> str:
        """An id that is safe in every attribute, whatever the app put into its block ids."""
        raw = "\0".join((self.region, self.surface.kind, self.surface.id, *parts))
        return "x" + blake2s(raw.encode("utf-8", "replace"), digest_size=8).hexdigest()


def page_url(user: str, channel: str, thread: str | None = None, **more: str) -> str:
    query = {"user": user, "channel": channel} | ({"thread": thread} if thread else {}) | more
    return "/?" + urlencode(query)


def zone_named(name: str) -> tzinfo:
    """The zone, or UTC where the machine has no such zone in its database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def tint(identity: str) -> int:
    """A stable number below TINTS for the colour of an avatar."""
    return adler32(identity.encode("utf-8", "replace")) % TINTS
