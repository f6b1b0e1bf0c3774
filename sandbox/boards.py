"""What hangs above the messages of each channel: pinned messages and bookmarks; and how far the app has read."""

from dataclasses import dataclass, field

from sandbox.types import Json


@dataclass(frozen=True)
class Pin:
    """A pinned message; `created` is seconds since 1970."""

    ts: str
    created: int
    created_by: str


@dataclass
class Boards:
    """By channel id: pins by the message's ts, bookmarks (Slack's own JSON) by their id, both oldest first.

    `marks` is where the token's owner put their read cursor: {user: {channel: ts}}.
    """

    pins: dict[str, dict[str, Pin]] = field(default_factory=dict)
    bookmarks: dict[str, dict[str, Json]] = field(default_factory=dict)
    marks: dict[str, dict[str, str]] = field(default_factory=dict)

    def pins_of(self, channel: str) -> dict[str, Pin]:
        return self.pins.setdefault(channel, {})

    def bookmarks_of(self, channel: str) -> dict[str, Json]:
        return self.bookmarks.setdefault(channel, {})

    def clear(self) -> None:
        self.pins.clear()
        self.bookmarks.clear()
        self.marks.clear()

    def dump(self) -> Json:
        pins = {channel: [vars(pin) for pin in kept.values()] for channel, kept in self.pins.items()}
        bookmarks = {channel: dict(kept) for channel, kept in self.bookmarks.items()}
        return {
            "pins": pins,
            "bookmarks": bookmarks,
            "marks": {u: dict(kept) for u, kept in self.marks.items()},
        }

    def load(self, data: Json) -> None:
        """Take over what `dump` gave; raises KeyError, TypeError or ValueError when it is something else."""
        for channel, rows in dict(data["pins"]).items():
            self.pins[channel] = {row["ts"]: Pin(**row) for row in rows}
        self.bookmarks = {channel: dict(kept) for channel, kept in dict(data["bookmarks"]).items()}
        self.marks = {user: dict(kept) for user, kept in dict(data["marks"]).items()}
