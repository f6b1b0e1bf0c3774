"""Modals: a real dialog for each open view, with title, fields, submit and close as Slack places them."""

from collections.abc import Sequence

from markupsafe import Markup

from sandbox.render.blocks import render_blocks
from sandbox.render.context import Context, Surface
from sandbox.render.html import tag
from sandbox.render.mrkdwn import plain, text_object, words
from sandbox.types import Json


def modal(view: Json, depth: int, banners: Sequence[str], context: Context) -> Markup:
    """One view of the stack; `depth` 0 is the root. `banners` say what went wrong with the app."""
    view_id = str(view["id"])
    values = (view.get("state") or {}).get("values") or {}
    inside = context.on(Surface("view", view_id, values), "dialog")
    title_id = inside.dom_id("title")
    form = tag(
        "form",
        _header(view, depth, title_id, inside),
        _banner(banners),
        tag("div", render_blocks(view.get("blocks"), inside), class_="modal-blocks"),
        _footer(view, inside),
        class_="modal-form",
        novalidate=True,
        data_submit=True,
    )
    return tag(
        "dialog",
        form,
        class_="modal",
        tabindex="-1",
        aria_labelledby=title_id,
        data_key=view_id,
        data_surface="view",
        data_view_id=view_id,
    )


def _header(view: Json, depth: int, title_id: str, context: Context) -> Markup:
    back = tag("span", class_="icon-back", aria_hidden="true")
    cross = tag("span", class_="icon-close", aria_hidden="true")
    return tag(
        "header",
        tag("button", back, type="button", class_="btn btn-icon", aria_label="Back", data_close="view")
        if depth
        else None,
        tag("h2", plain(words(view.get("title"))), id=title_id),
        tag("button", cross, type="button", class_="btn btn-icon", aria_label="Dismiss", data_close="stack"),
        class_="modal-header",
    )


def _banner(banners: Sequence[str]) -> Markup:
    """The place for trouble: filled by the server when the app failed, by the script when nobody answered."""
    told = tag("p", banners[-1], class_="banner", role="alert") if banners else None
    local = tag("p", class_="banner", role="alert", hidden=True, data_own=True, data_trouble=True)
    return tag("div", told, local, class_="banners")


def _footer(view: Json, context: Context) -> Markup:
    submit = view.get("submit")
    close = text_object(view["close"], context) if view.get("close") else "Cancel" if submit else "Close"
    return tag(
        "footer",
        tag("button", close, type="button", class_="btn", data_close="view"),
        tag(
            "button",
            text_object(submit, context),
            type="submit",
            class_="btn btn-primary",
            disabled=bool(view.get("submit_disabled")),
        )
        if submit
        else None,
        class_="dialog-footer",
    )
