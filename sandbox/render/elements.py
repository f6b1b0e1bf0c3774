"""Buttons, menus and images: the elements that act at once and hold no value."""

import re
from collections.abc import Callable

from markupsafe import Markup

from sandbox.people import TEAM_ID
from sandbox.render.context import Context
from sandbox.render.files import file_address
from sandbox.render.html import Content, link, safe_url, sr_only, tag
from sandbox.render.mrkdwn import plain, text_object, words
from sandbox.types import Json

_FILE = re.compile(rf"/files-pri/{TEAM_ID}-(F[A-Z0-9]+)/|/files/U[A-Z0-9]+/(?P<id>F[A-Z0-9]+)/")
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
                aria_label=words(choice.get("accessibility_label")) or None,
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


def image(element: Json, context: Context, *, is_small: bool = False) -> Markup:
    """An uploaded picture is shown. Nothing is ever fetched from elsewhere: its description stands for it,
    with a link to where it is."""
    alt = str(element.get("alt_text") or "image")
    own = _own_file(element, context)
    if own is not None:
        return tag("img", src=own, alt=alt, class_="image")
    url = element.get("image_url") or _slack_file(element).get("url")
    icon = tag("span", class_="icon-image", aria_hidden="true")
    frame = [icon, sr_only(alt) if is_small else tag("span", plain(alt))]
    style = "image-frame image-small" if is_small else "image-frame"
    linked = link(url, frame, class_="image-frame-link")
    return tag("span", linked, class_=style, role="img", aria_label=alt, title=alt if is_small else None)


def workflow_button(element: Json, block_id: str, context: Context) -> Markup:
    """Starts a workflow inside Slack; there is none here, and the app would not be told."""
    return tag(
        "button",
        text_object(element["text"], context),
        type="button",
        class_=_STYLES.get(str(element.get("style")), "btn"),
        aria_label=words(element.get("accessibility_label")) or None,
        disabled=True,
        title="In Slack this starts a workflow, and the app is not told.",
    )


def _slack_file(element: Json) -> Json:
    found = element.get("slack_file")
    return found if isinstance(found, dict) else {}


def _own_file(element: Json, context: Context) -> str | None:
    """The page's address of an uploaded picture, named by its id or by an address of it."""
    named = _slack_file(element)
    match = _FILE.search(str(named.get("url") or element.get("image_url") or ""))
    file_id = str(named.get("id") or (match[1] or match["id"] if match else ""))
    return file_address(file_id, "picture", context) if file_id else None


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
    "workflow_button": workflow_button,
    "icon_button": icon_button,
    "feedback_buttons": feedback_buttons,
    "overflow": overflow,
}
