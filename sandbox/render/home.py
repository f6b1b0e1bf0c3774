"""The app's own place: its Home tab as it published it, and what About tells of it."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from sandbox.manifest import Manifest
from sandbox.render.blocks import render_blocks
from sandbox.render.context import Context, Surface
from sandbox.render.html import join, tag
from sandbox.types import Json


def tabs(manifest: Manifest, show: str, channel: str, context: Context) -> Markup:
    """Home, Messages and About; those that the app's manifest switches off are not there."""
    offered = [("Home", "home")] if manifest.home_tab else []
    if manifest.messages_tab or not manifest.home_tab:
        offered.append(("Messages", ""))
    offered.append(("About", "about"))
    return tag(
        "nav", [_tab(*one, show, channel, context) for one in offered], class_="tabs", aria_label="App"
    )


def _tab(label: str, name: str, show: str, channel: str, context: Context) -> Markup:
    href = context.show(name, channel) if name else context.url(channel=channel)
    here = "page" if name == show else None
    return tag("a", label, href=href, class_="tab", aria_current=here, data_navigate=True)


def home_view(view: Json, banners: Sequence[str], context: Context) -> Markup:
    """The published view, with the same controls as a modal; `banners` say what went wrong with the app."""
    view_id = str(view["id"])
    values = (view.get("state") or {}).get("values") or {}
    inside = context.on(Surface("view", view_id, values), "home")
    return tag(
        "div",
        tag("p", banners[-1], class_="banner", role="alert") if banners else None,
        tag("div", render_blocks(view.get("blocks"), inside), class_="home-blocks"),
        class_="home-view",
        data_key=view_id,
        data_surface="view",
        data_view_id=view_id,
    )


def no_home(app_name: str) -> Markup:
    """Before the app has published anything for this person."""
    words = [
        tag("h2", f"{app_name} has nothing here yet"),
        tag("p", "The app was told that you opened its Home. What it publishes for you is shown at once."),
    ]
    return tag("div", words, class_="empty", data_key="nothing")


def about(manifest: Manifest, app_name: str, context: Context) -> Markup:
    commands = [
        (command.command, f"{command.usage_hint} {command.description}") for command in manifest.commands
    ]
    shortcuts = [(s.name, f"{s.description} ({s.type})") for s in manifest.shortcuts]
    steps = [(function.title, function.description) for function in manifest.functions]
    parts = [
        tag("h2", app_name),
        tag("p", manifest.description or "This app does not describe itself."),
        _list("Slash commands", commands),
        _list("Shortcuts", shortcuts),
        _list("Custom steps", steps),
        _list("May do", [(scope, "") for scope in sorted(manifest.bot_scopes)]),
    ]
    return tag("div", parts, class_="about", data_key="about")


def _list(title: str, rows: Iterable[tuple[str, str]]) -> Markup:
    drawn = [
        tag("li", tag("strong", name), " ", tag("span", told.strip(), class_="hint")) for name, told in rows
    ]
    return join([tag("h3", title), tag("ul", drawn, class_="about-list")]) if drawn else join([])
