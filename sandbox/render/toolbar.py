"""What can be done with a message: the bar that appears over it, and the menu behind its three dots."""

from collections.abc import Iterable

from markupsafe import Markup

from sandbox.manifest import Shortcut
from sandbox.render.context import Context
from sandbox.render.html import Content, tag
from sandbox.types import Json


def toolbar(payload: Json, context: Context) -> Markup:
    """Shown while the pointer or the focus is in the message. The script opens the one menu of the page."""
    href = context.url(thread=str(payload.get("thread_ts") or payload["ts"]))
    return tag(
        "div",
        _tool("Add reaction…", "icon-react", aria_haspopup="dialog", data_add_reaction=True),
        None if context.region == "thread" else _reply(href),
        _tool("More actions", "icon-more", aria_haspopup="menu", data_message_menu=True),
        class_="toolbar",
        role="group",
        aria_label="Message actions",
    )


def _tool(label: str, icon: str, **attributes: str | bool) -> Markup:
    drawn = tag("span", class_=icon, aria_hidden="true")
    return tag("button", drawn, type="button", aria_label=label, title=label, **attributes)


def _reply(href: str) -> Markup:
    label = "Reply in thread"
    drawn = tag("span", class_="icon-thread", aria_hidden="true")
    return tag("a", drawn, href=href, aria_label=label, title=label, data_navigate=True)


def message_menu(shortcuts: Iterable[Shortcut], app_name: str) -> Markup:
    """The menu itself, once for the whole page; `data-for` says which messages an entry is for."""
    items: list[Content] = [
        _item("Reply in thread", "thread"),
        _item("Mark unread", "unread", for_="others"),
        _item("Copy link", "link"),
        _item("Pin to channel", "pin", for_="unpinned"),
        _item("Un-pin from channel", "unpin", for_="pinned"),
        _item("Edit message", "edit", for_="mine"),
        _item("Delete message…", "delete", for_="mine"),
    ]
    own = [
        _item(shortcut.name, "shortcut", data_callback=shortcut.callback_id, about=app_name)
        for shortcut in shortcuts
        if shortcut.type == "message"
    ]
    if own:
        items += [tag("div", role="separator", class_="menu-line"), *own]
    return tag(
        "div",
        items,
        class_="pop message-menu",
        role="menu",
        aria_label="Message actions",
        popover="auto",
        id="message-menu",
        data_key="message-menu",
    )


def _item(label: str, action: str, *, for_: str | None = None, about: str = "", **attributes: str) -> Markup:
    told = tag("span", about, class_="hint") if about else None
    return tag(
        "button",
        tag("span", label),
        told,
        type="button",
        role="menuitem",
        tabindex="-1",
        class_="menu-choice" + (" menu-danger" if action == "delete" else ""),
        data_action=action,
        data_for=for_,
        **attributes,
    )
