"""Slack's mrkdwn and plain_text as HTML. Text is escaped last, so nothing in it can become an element."""

import re

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.dates import expand, full_time, moment
from sandbox.render.emoji import emoji
from sandbox.render.html import EMPTY, Content, join, lines, link, safe_url, tag
from sandbox.types import Json

_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_QUOTED = re.compile(r"^(?:&gt;|>) ?(.*)$")
_INLINE = re.compile(
    r"""
      `(?P<code>[^`\n]+)`
    | <(?P<angle>[^<>\n]+)>
    | (?<![\w*])\*(?=\S)(?P<bold>[^*\n]+)(?<=\S)\*(?![\w*])
    | (?<![\w_])_(?=\S)(?P<italic>[^_\n]+)(?<=\S)_(?![\w_])
    | (?<![\w~])~(?=\S)(?P<strike>[^~\n]+)(?<=\S)~(?![\w~])
    | :(?P<emoji>[a-z0-9_+\-]{1,60}(?:::skin-tone-[2-6])?):
    | (?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?'")\]*_~])
    """,
    re.VERBOSE,
)
_EMOJI = re.compile(r":([a-z0-9_+\-]{1,60}(?:::skin-tone-[2-6])?):")
_STYLES = {"bold": "strong", "italic": "em", "strike": "s"}


def text_object(value: Json | str | None, context: Context) -> Markup:
    """A Slack text object (or a bare string, which is plain text)."""
    if value is None:
        return EMPTY
    if isinstance(value, str):
        return plain(value)
    text = value.get("text")
    if not isinstance(text, str):
        return EMPTY
    return mrkdwn(text, context) if value.get("type") == "mrkdwn" else plain(text)


def plain(text: str) -> Markup:
    """plain_text: emoji shortcodes are drawn, line breaks kept, nothing else is interpreted."""
    text = unescape(text)
    parts: list[Content] = []
    end = 0
    for match in _EMOJI.finditer(text):
        parts += [lines(text[end : match.start()]), emoji(match[1])]
        end = match.end()
    return join([*parts, lines(text[end:])])


def words(value: Json | str | None) -> str:
    """The plain words of a text object, for attributes and native options."""
    text = value if isinstance(value, str) else str((value or {}).get("text") or "")
    return unescape(text)


def mrkdwn(text: str, context: Context) -> Markup:
    """Slack's markup: code fences, quotes, inline styles, links, mentions, dates and emoji."""
    parts: list[Content] = []
    end = 0
    for fence in _FENCE.finditer(text):
        parts.append(_paragraphs(text[end : fence.start()].removesuffix("\n"), context))
        parts.append(tag("pre", tag("code", _plain_code(fence[1], context))))
        end = fence.end()
    parts.append(_paragraphs(text[end:].removeprefix("\n") if end else text, context))
    return join(parts)


def unescape(text: str) -> str:
    """Undo the three entities Slack uses in its text."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _paragraphs(text: str, context: Context) -> Markup:
    """Lines, with runs of quoted ones set off."""
    parts: list[Content] = []
    quote: list[Markup] = []
    rest: list[Markup] = []

    def settle() -> None:
        if rest:
            parts.append(Markup("<br>").join(rest))
            rest.clear()
        if quote:
            parts.append(tag("blockquote", Markup("<br>").join(quote)))
            quote.clear()

    if not text:
        return EMPTY
    for line in text.split("\n"):
        quoted = _QUOTED.match(line)
        if bool(quoted) != bool(quote):
            settle()
        if quoted:
            quote.append(_inline(quoted[1], context))
        else:
            rest.append(_inline(line, context))
    settle()
    return join(parts)


def _inline(text: str, context: Context) -> Markup:
    parts: list[Content] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += [unescape(text[end : match.start()]), _token(match, context)]
        end = match.end()
    return join([*parts, unescape(text[end:])])


def _token(match: re.Match[str], context: Context) -> Markup:
    kind = match.lastgroup or ""
    inner = match[kind]
    if kind in _STYLES:
        return tag(_STYLES[kind], _inline(inner, context))
    if kind == "code":
        return tag("code", _plain_code(inner, context))
    if kind == "emoji":
        return emoji(inner)
    if kind == "url":
        return link(unescape(inner), unescape(inner))
    return angle(inner, context)


def _plain_code(text: str, context: Context) -> Markup:
    """Inside code only `<...>` is interpreted, and of that only its words are shown."""
    return join(
        angle_words(part[1:-1], context) if part[:1] == "<" and part[-1:] == ">" else unescape(part)
        for part in re.split(r"(<[^<>\n]+>)", text)
    )


def angle_words(inner: str, context: Context) -> str:
    return (
        angle(inner, context).striptags()
        if inner[:1] in "@#!"
        else unescape(inner.partition("|")[2] or inner)
    )


def angle(inner: str, context: Context) -> Markup:
    """What stands between `<` and `>`: a mention, a date or a link."""
    if inner.startswith("!date^"):
        return _date(inner, context)
    target, _, label = inner.partition("|")
    if inner.startswith("@"):
        return user_mention(target[1:], context, label)
    if inner.startswith("#"):
        return channel_mention(target[1:], context, label)
    if inner.startswith("!subteam^"):
        return group_mention(target.removeprefix("!subteam^"), context, label)
    if inner.startswith("!"):
        return broadcast(target[1:])
    if safe_url(unescape(target)) is None:
        return tag("span", "<", unescape(inner), ">")
    return link(unescape(target), plain(label) if label else unescape(target).removeprefix("mailto:"))


def user_mention(user: str, context: Context, label: str = "") -> Markup:
    name = context.people.get(user) or unescape(label).lstrip("@") or user
    mine = " mention-me" if user == context.viewer else ""
    return tag("span", "@", name, class_="mention" + mine, data_user=user)


def channel_mention(channel: str, context: Context, label: str = "") -> Markup:
    known = context.channels.get(channel)
    name = known or unescape(label).lstrip("#") or channel
    if known is None:
        return tag("span", "#", name, class_="mention")
    return tag("a", "#", name, class_="mention", href=context.url(channel=channel), data_navigate=True)


def group_mention(group: str, context: Context, label: str = "") -> Markup:
    name = context.groups.get(group) or unescape(label).lstrip("@") or group
    return tag("span", "@", name, class_="mention")


def broadcast(name: str) -> Markup:
    return tag("span", "@", name.partition("^")[0], class_="mention mention-me")


def date_leaf(epoch: float, form: str, fallback: str, url: object, context: Context) -> Markup:
    """A date in the viewer's zone, with the full time on hover."""
    try:
        at = moment(epoch, context)
        shown = expand(form, epoch, context)
    except (OverflowError, ValueError, OSError):
        return tag("span", fallback)
    ago = str(int(epoch)) if form == "{ago}" else None
    label = tag("time", shown, datetime=at.isoformat(), title=full_time(at), data_ago=ago)
    return link(url, label) if url else label


def _date(inner: str, context: Context) -> Markup:
    spec, _, fallback = inner.partition("|")
    pieces = [unescape(piece) for piece in spec.split("^")]
    try:
        epoch = float(pieces[1])
    except (IndexError, ValueError):
        return tag("span", unescape(fallback))
    form = pieces[2] if len(pieces) > 2 else ""
    return date_leaf(epoch, form, unescape(fallback), pieces[3] if len(pieces) > 3 else None, context)
