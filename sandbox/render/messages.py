"""Messages as Slack lists them: grouped by author, with day dividers, thread footers and private remarks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from markupsafe import Markup

from sandbox.render.blocks import render_blocks
from sandbox.render.context import Context, Surface, tint
from sandbox.render.dates import clock_time, day_name, full_time, moment
from sandbox.render.emoji import emoji
from sandbox.render.files import files
from sandbox.render.html import EMPTY, Content, join, link, tag
from sandbox.render.mrkdwn import mrkdwn, plain
from sandbox.render.reactions import reactions
from sandbox.render.toolbar import toolbar
from sandbox.types import Json

GROUPING_SECONDS = 5 * 60
EXCERPT = 90
SLACKBOT = "USLACKBOT"


class Shown(Protocol):
    """What is needed of `sandbox.workspace.Message`."""

    @property
    def payload(self) -> Json: ...
    @property
    def ephemeral_for(self) -> str | None: ...
    @property
    def broadcast(self) -> bool: ...


@dataclass(frozen=True)
class Line:
    """A message and what its neighbours and its place make of it. `parent` is that of a reply that was sent
    to the channel too; `new_replies` counts what the viewer has yet to read; `is_found` is one to point at."""

    message: Shown
    continued: bool = False
    parent: Json | None = None
    new_replies: int = 0
    is_found: bool = False


@dataclass(frozen=True)
class Said:
    """A message that is in no history, such as what Slackbot tells one person."""

    payload: Json
    ephemeral_for: str | None = None
    broadcast: bool = False


@dataclass(frozen=True)
class Day:
    """Where a new day begins between messages."""

    key: str
    name: str


def lines_of(messages: Sequence[Shown], context: Context) -> Iterator[Line | Day]:
    """The messages with the days between them."""
    before: Shown | None = None
    today = ""
    for message in messages:
        at = moment(message.payload["ts"], context)
        day = f"day-{at:%Y-%m-%d}"
        if day != today:
            yield Day(day, day_name(at, context.now.astimezone(context.zone)))
        yield Line(message, day == today and before is not None and _belongs(message, before))
        before, today = message, day


def _belongs(message: Shown, before: Shown) -> bool:
    """Whether it goes on from the message before, so that its author need not be named again."""
    soon = float(message.payload["ts"]) - float(before.payload["ts"]) < GROUPING_SECONDS
    special = message.broadcast or message.payload.get("subtype") == "tombstone"
    return soon and not special and _grouping(message) == _grouping(before)


def _grouping(message: Shown) -> tuple[object, ...]:
    author_of = tuple(message.payload.get(key) for key in ("user", "bot_id", "username", "subtype"))
    return (*author_of, message.ephemeral_for, message.broadcast)


def author(payload: Json, context: Context) -> str:
    """The name shown above a message."""
    profile = payload.get("bot_profile") or {}
    user = str(payload.get("user") or payload.get("bot_id") or "?")
    if user == SLACKBOT:
        return "Slackbot"
    return str(payload.get("username") or profile.get("name") or context.people.get(user) or user)


def avatar(name: str, identity: str, class_: str = "avatar") -> Markup:
    """Drawn initials: no picture is fetched from anywhere."""
    initial = next((c for c in name if c.isalnum()), "?").upper()
    return tag("span", initial, class_=f"{class_} tint-{tint(identity)}", aria_hidden="true")


def day_divider(day: Day) -> Markup:
    return tag("li", tag("span", day.name, class_="divider-label"), class_="divider day", data_key=day.key)


def replies_divider(count: int) -> Markup:
    return tag(
        "li", tag("span", _replies(count), class_="divider-label"), class_="divider", data_key="replies"
    )


def message_row(line: Line, context: Context) -> Markup:
    """One list item, addressed by its ts."""
    payload, ephemeral = line.message.payload, line.message.ephemeral_for is not None
    if payload.get("subtype") == "tombstone":
        return _tombstone(payload, context)
    ts = str(payload["ts"])
    name, at = author(payload, context), moment(ts, context)
    surface = context.on(Surface("message", ts), context.region)
    pinned = bool(payload.get("pinned_to"))
    mine = payload.get("user") == context.viewer and not payload.get("bot_id")
    flags = {
        "continued": line.continued,
        "ephemeral": ephemeral,
        "broadcast": line.message.broadcast,
        "pinned": pinned,
        "found": line.is_found,
    }
    body = tag(
        "div",
        tag("p", "Only visible to you", class_="only-you") if ephemeral else None,
        _pinned(payload, context) if pinned else None,
        None if line.continued else _head(payload, name, context),
        _replied_to(line.parent, surface),
        _content(payload, surface),
        files(payload, context),
        reactions(payload, context),
        _footer(payload, line, context),
        class_="message-body",
    )
    gutter = _gutter(line, name, payload, context)
    article = tag(
        "article",
        gutter,
        body,
        None if ephemeral else toolbar(payload, context),
        class_="message",
        tabindex="-1",
        aria_label=f"{name}, {clock_time(at)}",
        data_surface="message",
        data_channel=context.channel,
        data_ts=ts,
        data_mine=mine,
        data_pinned=pinned,
    )
    shape = " ".join(["row", *(flag for flag, on in flags.items() if on)])
    return tag("li", article, class_=shape, data_key=ts)


def _gutter(line: Line, name: str, payload: Json, context: Context) -> Markup:
    if not line.continued:
        return tag("div", _face(name, payload), class_="gutter")
    return tag("div", _time(payload, context, "time gutter-time", short=True), class_="gutter")


def _face(name: str, payload: Json) -> Markup:
    """An avatar; an app that may customise itself can have an emoji for one."""
    sign = str((payload.get("icons") or {}).get("emoji") or "").strip(":")
    if sign:
        return tag("span", emoji(sign), class_="avatar avatar-emoji", aria_hidden="true")
    return avatar(name, str(payload.get("user") or name))


def _head(payload: Json, name: str, context: Context) -> Markup:
    badge = tag("span", "APP", class_="badge") if payload.get("bot_id") else None
    return tag(
        "div", tag("strong", name, class_="author"), badge, _time(payload, context, "time"), class_="head"
    )


def _time(payload: Json, context: Context, class_: str, *, short: bool = False) -> Markup:
    at = moment(payload["ts"], context)
    shown = clock_time(at).rsplit(" ", 1)[0] if short else clock_time(at)
    return tag("time", shown, datetime=at.isoformat(), title=full_time(at), class_=class_)


def _content(payload: Json, context: Context) -> Markup:
    blocks, text = payload.get("blocks"), str(payload.get("text") or "")
    edited = tag("span", " (edited)", class_="edited") if payload.get("edited") else None
    drawn = render_blocks(blocks, context) if blocks else EMPTY
    if not blocks and text:
        said = plain(text) if payload.get("mrkdwn") is False else mrkdwn(text, context)
        drawn = tag("div", tag("em", said) if payload.get("subtype") == "me_message" else said, class_="text")
    attachments = [
        _attachment(one, context) for one in payload.get("attachments") or [] if isinstance(one, dict)
    ]
    return tag("div", drawn, attachments, edited, class_="content")


def _attachment(raw: Json, context: Context) -> Markup:
    parts: list[Content] = [render_blocks(raw.get("blocks"), context)]
    if raw.get("pretext"):
        parts.append(tag("div", mrkdwn(str(raw["pretext"]), context), class_="text"))
    if raw.get("title"):
        parts.append(
            tag("p", link(raw.get("title_link"), plain(str(raw["title"]))), class_="attachment-title")
        )
    text = raw.get("text") or ("" if raw.get("blocks") or raw.get("title") else raw.get("fallback"))
    if text:
        parts.append(tag("div", mrkdwn(str(text), context), class_="text"))
    return tag("div", parts, class_="attachment")


def _pinned(payload: Json, context: Context) -> Markup:
    user = str((payload.get("pinned_info") or {}).get("pinned_by") or "")
    by = "you" if user == context.viewer else context.people.get(user, user)
    return tag("p", f"Pinned by {by}" if by else "Pinned", class_="pinned-by")


def _replied_to(parent: Json | None, context: Context) -> Markup:
    if parent is None:
        return EMPTY
    words = mrkdwn(str(parent.get("text") or ""), context).striptags() or "a message"
    excerpt = words if len(words) <= EXCERPT else words[:EXCERPT].rstrip() + "…"
    href = context.url(thread=str(parent["ts"]))
    return tag(
        "p", "replied to a thread: ", tag("a", excerpt, href=href, data_navigate=True), class_="replied"
    )


def _footer(payload: Json, line: Line, context: Context) -> Markup:
    """`3 replies  Last reply 5 minutes ago` in the channel; `Also sent to the channel` in the thread."""
    if context.region == "thread":
        return tag("p", "Also sent to the channel", class_="also-sent") if line.message.broadcast else EMPTY
    count = int(payload.get("reply_count") or 0)
    if count == 0:
        return EMPTY
    users = [str(user) for user in payload.get("reply_users") or []][:4]
    faces = [avatar(context.people.get(user, user), user, "avatar avatar-small") for user in users]
    at = moment(payload.get("latest_reply") or payload["ts"], context)
    # The script writes the words of `data-ago`: they age without any change in the workspace.
    when = tag(
        "time",
        clock_time(at),
        datetime=at.isoformat(),
        title=full_time(at),
        data_ago=str(int(at.timestamp())),
    )
    return tag(
        "a",
        faces,
        tag("span", _replies(count), class_="replies-count"),
        tag("span", f"{line.new_replies} new", class_="new-replies") if line.new_replies else None,
        tag("span", " Last reply ", when, class_="replies-last"),
        class_="replies",
        href=context.url(thread=str(payload["ts"])),
        data_navigate=True,
    )


def _replies(count: int) -> str:
    return "1 reply" if count == 1 else f"{count} replies"


def _tombstone(payload: Json, context: Context) -> Markup:
    gutter = tag("div", tag("span", class_="avatar avatar-gone", aria_hidden="true"), class_="gutter")
    words = tag("p", "This message was deleted.", class_="gone")
    footer = _footer(payload, Line(Said(payload)), context)
    article = tag("article", gutter, tag("div", words, footer, class_="message-body"), class_="message")
    return tag("li", article, class_="row", data_key=str(payload["ts"]))


def empty_channel(channel: str, command: str | None, context: Context) -> Markup:
    """What a channel says before anybody has written in it."""
    kind = "conversation" if context.kinds.get(channel) in ("im", "mpim") else "channel"
    more = "Say hello." if command is None else "Say hello, or try the app:"
    words = [tag("h2", context.label(channel)), tag("p", f"This is the very beginning of the {kind}. {more}")]
    if command is not None:
        typed = "Type ", tag("code", command)
        words.append(tag("button", *typed, class_="btn", type="button", data_fill=f"{command} "))
    return join(words)
