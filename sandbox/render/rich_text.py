"""rich_text blocks: sections, lists, quotes and preformatted text with all their leaves."""

import re
from collections.abc import Iterable

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.emoji import emoji
from sandbox.render.html import EMPTY, Content, join, lines, link, tag
from sandbox.render.mrkdwn import broadcast, channel_mention, date_leaf, group_mention, user_mention
from sandbox.types import Json

_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}")
_TAGS = (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "s"), ("underline", "u"))


def rich_text(block: Json, context: Context) -> Markup:
    """The containers of a rich_text block; consecutive list pieces of deeper indent are nested by class."""
    return tag("div", [_container(part, context) for part in block["elements"]], class_="rich-text")


def _container(part: Json, context: Context) -> Markup:
    kind, elements = part.get("type"), part.get("elements", [])
    if kind == "rich_text_section":
        return tag("p", leaves(elements, context))
    if kind == "rich_text_list":
        return _list(part, context)
    if kind == "rich_text_quote":
        return tag("blockquote", leaves(elements, context))
    if kind == "rich_text_preformatted":
        return tag("pre", tag("code", leaves(elements, context)))
    return EMPTY


def _list(part: Json, context: Context) -> Markup:
    ordered = part.get("style") == "ordered"
    indent = min(max(int(part.get("indent") or 0), 0), 8)
    return tag(
        "ol" if ordered else "ul",
        [tag("li", leaves(item.get("elements", []), context)) for item in part.get("elements", [])],
        class_=f"indent-{indent}" + (" bordered" if part.get("border") else ""),
        start=int(part.get("offset") or 0) + 1 if ordered else None,
    )


def leaves(elements: Iterable[Json], context: Context) -> Markup:
    return join(_styled(element, context) for element in elements)


def _styled(element: Json, context: Context) -> Markup:
    drawn = _leaf(element, context)
    style = element.get("style") or {}
    for flag, name in _TAGS:
        if style.get(flag):
            drawn = tag(name, drawn)
    return drawn


def _leaf(element: Json, context: Context) -> Markup:
    match element.get("type"):
        case "text":
            return lines(str(element.get("text", "")))
        case "link":
            return link(element.get("url"), str(element.get("text") or element.get("url") or ""))
        case "user":
            return user_mention(str(element.get("user_id")), context)
        case "usergroup":
            return group_mention(str(element.get("usergroup_id")), context)
        case "channel":
            return channel_mention(str(element.get("channel_id")), context)
        case "team":
            return tag("span", "@", str(element.get("team_id")), class_="mention")
        case "broadcast":
            return broadcast(str(element.get("range")))
        case "emoji":
            return emoji(str(element.get("name")))
        case "color":
            return _color(str(element.get("value")))
        case "date":
            return _date(element, context)
        case _:
            return lines(str(element.get("text") or ""))


def _color(value: str) -> Markup:
    """The value beside a swatch; drawn as SVG because the page allows no inline style."""
    swatch: Content = None
    if _COLOR.fullmatch(value):
        square = tag("rect", width="12", height="12", rx="3", fill=value)
        swatch = tag("svg", square, class_="swatch", viewBox="0 0 12 12", aria_hidden="true")
    return tag("span", swatch, value, class_="color")


def _date(element: Json, context: Context) -> Markup:
    fallback = str(element.get("fallback") or element.get("timestamp"))
    epoch, form = float(element["timestamp"]), str(element.get("format") or "{date} at {time}")
    return date_leaf(epoch, form, fallback, element.get("url"), context)
