"""Buttons, menus and images: the elements that act at once and hold no value."""

from collections.abc import Callable

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.html import Content, link, safe_url, tag
from sandbox.render.mrkdwn import plain, text_object, words
from sandbox.types import Json

_STYLES = {"primary": "btn btn-primary", "danger": "btn btn-danger"}


def button(element: Json, block_id: str, context: Context) -> Markup:
    """A button; one with a url is a link that also tells the app, one with `confirm` asks first."""
    confirm = element.get("confirm")
    name = element.get("accessibility_label")
    url = safe_url(element.get("url"))
    drawn = tag(
        "a" if url else "button",
        text_object(element["text"], context),
        type=None if url else "button",
        href=url,
        target="_blank" if url else None,
        rel="noopener noreferrer" if url else None,
        class_=_STYLES.get(str(element.get("style")), "btn"),
        aria_label=words(name) if name else None,
        aria_haspopup="dialog" if confirm else None,
        **_sends(element, block_id, element.get("value")),
    )
    return _with_confirm(drawn, confirm, context)


def icon_button(element: Json, block_id: str, context: Context) -> Markup:
    drawn = tag(
        "button",
        tag("span", class_="icon-trash", aria_hidden="true"),
        type="button",
        class_="btn btn-icon",
        aria_label=words(element["text"]),
        title=words(element["text"]),
        **_sends(element, block_id, element.get("value")),
    )
    return _with_confirm(drawn, element.get("confirm"), context)


def feedback_buttons(element: Json, block_id: str, context: Context) -> Markup:
    """The thumbs up and down pair; both share one action id."""
    return tag(
        "span",
        [
            tag(
                "button",
                text_object(choice["text"], context),
                type="button",
                class_="btn",
                aria_label=choice.get("accessibility_label"),
                **_sends(element, block_id, choice.get("value")),
            )
            for choice in (element["positive_button"], element["negative_button"])
        ],
        class_="button-pair",
    )


def overflow(element: Json, block_id: str, context: Context) -> Markup:
    """The three dots, opening a short list of choices."""
    dots = tag("span", "•••", aria_hidden="true")
    opener = tag("summary", dots, class_="btn btn-icon", role="button", aria_label="More actions")
    choices = [_overflow_choice(option, element, block_id, context) for option in element["options"]]
    menu = tag("details", opener, tag("div", choices, class_="menu-list"), class_="menu", data_menu=True)
    return _with_confirm(menu, element.get("confirm"), context)


def _overflow_choice(option: Json, element: Json, block_id: str, context: Context) -> Markup:
    url = safe_url(option.get("url"))
    label: list[Content] = [text_object(option["text"], context)]
    if option.get("description"):
        label.append(tag("span", text_object(option["description"], context), class_="hint"))
    return tag(
        "a" if url else "button",
        label,
        type=None if url else "button",
        href=url,
        target="_blank" if url else None,
        rel="noopener noreferrer" if url else None,
        class_="menu-choice",
        **_sends(element, block_id, option.get("value")),
    )


def image(element: Json, context: Context) -> Markup:
    """Only pictures from this page itself are loaded; others are shown as their description, with a link."""
    alt = str(element.get("alt_text") or "image")
    url = str(element.get("image_url") or (element.get("slack_file") or {}).get("url") or "")
    if url.startswith("data:image/") or (url.startswith("/") and not url.startswith("//")):
        return tag("img", src=url, alt=alt, class_="image")
    frame = [tag("span", class_="icon-image", aria_hidden="true"), tag("span", plain(alt))]
    return tag(
        "span", link(url, frame, class_="image-frame-link"), class_="image-frame", role="img", aria_label=alt
    )


def _sends(element: Json, block_id: str, value: object) -> dict[str, str | None]:
    """The attributes the page's script reads to tell the app about a click."""
    return {
        "data_send": "click",
        "data_block_id": block_id,
        "data_action_id": str(element.get("action_id") or ""),
        "data_value": None if value is None else str(value),
    }


def _with_confirm(drawn: Markup, confirm: Json | None, context: Context) -> Markup:
    return tag("span", drawn, confirm_dialog(confirm, context), class_="asks") if confirm else drawn


def confirm_dialog(confirm: Json, context: Context) -> Markup:
    """`Are you sure?`, opened by the script before the click is sent."""
    title = context.dom_id("confirm", repr(confirm))
    style = "btn btn-danger" if confirm.get("style") == "danger" else "btn btn-primary"
    buttons = [
        tag("button", plain(words(confirm["deny"])), type="button", class_="btn", data_confirm="no"),
        tag("button", plain(words(confirm["confirm"])), type="button", class_=style, data_confirm="yes"),
    ]
    return tag(
        "dialog",
        tag("h2", plain(words(confirm["title"])), id=title),
        tag("div", text_object(confirm["text"], context), class_="confirm-text"),
        tag("footer", buttons, class_="dialog-footer"),
        class_="confirm",
        aria_labelledby=title,
        data_confirm_dialog=True,
    )


Draw = Callable[[Json, str, Context], Markup]
ACTING: dict[str, Draw] = {
    "button": button,
    "workflow_button": button,
    "icon_button": icon_button,
    "feedback_buttons": feedback_buttons,
    "overflow": overflow,
}
