"""One block after another. One that is not known or not well formed becomes a grey box and harms no other."""

from collections.abc import Callable, Iterable

from markupsafe import Markup

from sandbox.render import cards
from sandbox.render.charts import chart
from sandbox.render.context import Context
from sandbox.render.elements import ACTING, image
from sandbox.render.html import EMPTY, join, link, tag
from sandbox.render.inputs import CONTROLS, GROUPS, Field, control, control_id
from sandbox.render.markdown import markdown
from sandbox.render.mrkdwn import plain, text_object, words
from sandbox.render.rich_text import rich_text
from sandbox.render.tables import data_table, table
from sandbox.types import Json

_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError)
_WIDTHS = frozenset({"narrow", "standard", "wide", "full"})


def render_blocks(blocks: object, context: Context) -> Markup:
    """All blocks of a message or view. Never raises, whatever the JSON holds."""
    if not isinstance(blocks, list):
        return EMPTY
    return join(render_block(block, context, position) for position, block in enumerate(blocks))


def render_block(block: object, context: Context, position: int = 0) -> Markup:
    kind = str(block.get("type")) if isinstance(block, dict) else "?"
    if not isinstance(block, dict) or kind not in _BLOCKS:
        return _unsupported(kind)
    try:
        drawn = _BLOCKS[kind](block, context)
    except _MALFORMED:
        return _unsupported(kind)
    key = f"block:{kind}:{block.get('block_id') or position}"
    return tag("div", drawn, class_=f"block block-{kind}", data_key=key)


def element(raw: Json, block_id: str, context: Context) -> Markup:
    """An interactive element outside an input block: what is chosen there goes to the app at once."""
    kind = raw.get("type")
    if context.viewer not in raw.get("visible_to_user_ids", [context.viewer]):
        return EMPTY
    if kind in ACTING:
        return ACTING[kind](raw, block_id, context)
    if kind in CONTROLS:
        return control(raw, Field(block_id), context)
    if kind == "image":
        return image(raw, context)
    return _unsupported(str(kind))


def _unsupported(kind: str) -> Markup:
    return tag("div", f"unsupported block: {kind}", class_="unsupported")


def _section(block: Json, context: Context) -> Markup:
    text = tag("div", text_object(block["text"], context), class_="text") if block.get("text") else None
    cells = [
        tag("div", text_object(field, context), class_="field-cell") for field in block.get("fields") or []
    ]
    fields = tag("div", cells, class_="fields") if cells else None
    body = tag("div", text, fields, class_="section-body")
    accessory = block.get("accessory")
    if not accessory:
        return body
    return join([body, tag("div", element(accessory, _id(block), context), class_="accessory")])


def _actions(block: Json, context: Context) -> Markup:
    return join(element(raw, _id(block), context) for raw in block["elements"])


def _context(block: Json, context: Context) -> Markup:
    return join(_context_element(raw, context) for raw in block["elements"])


def _context_element(raw: Json, context: Context) -> Markup:
    if raw["type"] == "image":
        return image(raw, context, is_small=True)
    return tag("span", text_object(raw, context), class_="text")


def _header(block: Json, context: Context) -> Markup:
    level = min(max(int(block.get("level") or 1), 1), 4)
    return tag(f"h{level + 2}", plain(words(block["text"])), class_=f"header-{level}")


def _image(block: Json, context: Context) -> Markup:
    title = tag("figcaption", plain(words(block["title"]))) if block.get("title") else None
    return tag("figure", title, image(block, context))


def _video(block: Json, context: Context) -> Markup:
    """A card that leads to the film; nothing of it is loaded."""
    name = link(block.get("title_url") or block.get("video_url"), plain(words(block["title"])))
    makers = [str(block[key]) for key in ("author_name", "provider_name") if block.get(key)]
    about = plain(words(block.get("description")))
    sign = tag("span", "▶", aria_hidden="true", class_="video-sign")
    text = tag(
        "div",
        tag("p", name, class_="card-title"),
        tag("p", " · ".join(makers), class_="card-subtitle") if makers else None,
        tag("p", about) if about else None,
    )
    frame = tag("span", sign, role="img", aria_label=str(block["alt_text"]), class_="video-frame")
    return tag("div", frame, text, class_="card video")


def _file(block: Json, context: Context) -> Markup:
    return tag("span", "📄 ", str(block.get("external_id") or "file"), class_="file")


def _input(block: Json, context: Context) -> Markup:
    """A labelled field with its hint and the place where a mistake is shown."""
    raw, block_id = block["element"], _id(block)
    label_id, hint_id, error_id = (context.dom_id(part, block_id) for part in ("label", "hint", "error"))
    optional = tag("span", " (optional)", class_="optional") if block.get("optional") else None
    grouped = raw["type"] in GROUPS
    label = tag(
        "span" if grouped else "label",
        plain(words(block["label"])),
        optional,
        class_="label",
        id=label_id,
        for_=None if grouped else control_id(raw, block_id, context),
    )
    hint = tag("p", plain(words(block["hint"])), class_="hint", id=hint_id) if block.get("hint") else None
    described = f"{hint_id} {error_id}" if hint else error_id
    required = not block.get("optional")
    field = Field(block_id, _dispatch(block, raw), label_id, described, required)
    error = tag("p", class_="field-error", id=error_id, role="alert", hidden=True, data_own=True)
    return tag("div", label, control(raw, field, context), error, hint, class_="field", data_field=block_id)


def _dispatch(block: Json, raw: Json) -> str | None:
    if not block.get("dispatch_action"):
        return None
    if raw["type"] not in ("plain_text_input", "email_text_input", "number_input", "url_text_input"):
        return "change"
    wanted = (raw.get("dispatch_action_config") or {}).get("trigger_actions_on") or ["on_enter_pressed"]
    return "character" if "on_character_entered" in wanted else "enter"


def _container(block: Json, context: Context) -> Markup:
    heading = _container_heading(block, context)
    children = render_blocks(block["child_blocks"], context)
    width = str(block.get("width") or "standard")
    style = f"container width-{width}" if width in _WIDTHS else "container"
    if not block.get("is_collapsible"):
        edge = " has-divider" if block.get("has_header_divider") else ""
        return tag("div", tag("div", heading, class_="container-head" + edge), children, class_=style)
    summary = tag("summary", heading, class_="container-head")
    return tag("details", summary, children, class_=style, open=not block.get("default_collapsed"))


def _container_heading(block: Json, context: Context) -> Markup:
    rich = rich_text(block["rich_text_title"], context) if block.get("rich_text_title") else None
    subtitle = text_object(block.get("subtitle"), context)
    icon = image(block["icon"], context, is_small=True) if block.get("icon") else None
    words_ = tag(
        "div",
        tag("div", rich or plain(words(block.get("title"))), class_="container-title"),
        tag("div", subtitle, class_="card-subtitle") if subtitle else None,
    )
    return join([icon, words_])


def _card(block: Json, context: Context) -> Markup:
    return cards.card(
        block, [element(raw, _id(block), context) for raw in block.get("actions") or []], context
    )


def _carousel(block: Json, context: Context) -> Markup:
    cells = [tag("li", render_block(one, context, at)) for at, one in enumerate(block["elements"])]
    return tag("ul", cells, class_="carousel", tabindex="0", aria_label="Cards", role="list")


def _id(block: Json) -> str:
    return str(block.get("block_id") or "")


_BLOCKS: dict[str, Callable[[Json, Context], Markup]] = {
    "section": _section,
    "actions": _actions,
    "context": _context,
    "context_actions": _actions,
    "divider": lambda block, context: tag("hr"),
    "header": _header,
    "image": _image,
    "input": _input,
    "rich_text": rich_text,
    "markdown": lambda block, context: markdown(str(block["text"])),
    "video": _video,
    "file": _file,
    "plan": cards.plan,
    "task_card": cards.task_card,
    "alert": cards.alert,
    "card": _card,
    "carousel": _carousel,
    "table": table,
    "data_table": data_table,
    "container": _container,
    "data_visualization": chart,
}


def supported() -> Iterable[str]:
    """The block types that are drawn."""
    return _BLOCKS.keys()
