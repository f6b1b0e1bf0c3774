"""The one place where text becomes HTML: every child and every attribute value is escaped here."""

from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import urlsplit

from markupsafe import Markup, escape

Content: TypeAlias = "str | int | Iterable[Content] | None"
Attribute: TypeAlias = str | int | bool | None

_VOID = frozenset({"br", "hr", "img", "input"})
_LINKS = frozenset({"http", "https", "mailto"})

EMPTY = Markup()


def tag(name: str, /, *children: Content, **attributes: Attribute) -> Markup:
    """Build an element. A `str` child is escaped, a `Markup` is not. `class_` and `data_view_id` become
    `class` and `data-view-id`; an attribute that is None or False is left out, True stands alone."""
    spelled = join(_attribute(key, value) for key, value in attributes.items())
    opening = Markup("<{}{}>").format(Markup(name), spelled)  # noqa: S704
    if name in _VOID:
        return opening
    return opening + join(children) + Markup("</{}>").format(Markup(name))  # noqa: S704


def join(parts: Iterable[Content]) -> Markup:
    """Concatenate, escaping what is not markup yet and skipping None."""
    return Markup("").join(_flat(part) for part in parts)


def _flat(part: Content) -> Markup:
    if part is None:
        return EMPTY
    if isinstance(part, str | int):
        return escape(part)
    return join(part)


def _attribute(name: str, value: Attribute) -> Markup:
    if value is None or value is False:
        return EMPTY
    spelled = Markup(name.rstrip("_").replace("_", "-"))  # noqa: S704
    return Markup(" {}").format(spelled) if value is True else Markup(' {}="{}"').format(spelled, value)


def lines(text: str) -> Markup:
    """Text with its line breaks kept."""
    return Markup("<br>").join(text.split("\n"))


def safe_url(url: object) -> str | None:
    """The address if a click on it is harmless: http, https or mailto; else None."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    reachable = bool(parts.netloc) or parts.scheme == "mailto"
    return url.strip() if parts.scheme in _LINKS and reachable else None


def link(url: object, label: Content, class_: str = "link") -> Markup:
    """A link that opens in a new tab; only its label when the address is not a harmless one."""
    href = safe_url(url)
    if href is None:
        return tag("span", label)
    return tag("a", label, href=href, class_=class_, target="_blank", rel="noopener noreferrer")


def sr_only(text: str) -> Markup:
    """Words for screen readers."""
    return tag("span", text, class_="sr-only")
