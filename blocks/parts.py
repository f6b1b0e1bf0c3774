"""The interactive pieces that every drawing uses: buttons, menus, and the frame of a modal."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.ids import ActionId, CallbackId
from blocks.text import plain
from blocks.types import BLOCKS_PER_VIEW, Block, View
from blocks.values import Value, encode

TITLE_LIMIT = 24
LABEL_LIMIT = 75
OPTIONS_PER_MENU = 100


def button(
    label: str, action: ActionId, value: Value, *, style: str | None = None, spoken: str | None = None
) -> Block:
    """`spoken` is what a screen reader says instead of a label that many buttons share."""
    block: Block = {
        "type": "button",
        "text": plain(label, LABEL_LIMIT),
        "action_id": action.value,
        "value": encode(value),
    }
    if style:
        block["style"] = style
    if spoken:
        block["accessibility_label"] = plain(spoken, LABEL_LIMIT)["text"]
    return block


def actions(*elements: Block, block_id: str | None = None) -> Block:
    block: Block = {"type": "actions", "elements": list(elements)}
    return block | {"block_id": block_id} if block_id else block


def confirmed(
    element: Block, *, title: str, text: str, confirm: str, deny: str, style: str = "danger"
) -> Block:
    """This button, asking first."""
    question = {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(confirm, 30),
        "deny": plain(deny, 30),
        "style": style,
    }
    return element | {"confirm": question}


def option(label: str, value: str, description: str = "") -> Block:
    block: Block = {"text": plain(label, LABEL_LIMIT), "value": value}
    return block | {"description": plain(description, LABEL_LIMIT)} if description.strip() else block


def menu(options: Sequence[Block]) -> Block:
    """What a select holds: its options, in groups when there are more than Slack takes in one list."""
    if len(options) <= OPTIONS_PER_MENU:
        return {"options": list(options)}
    starts = range(0, min(len(options), OPTIONS_PER_MENU**2), OPTIONS_PER_MENU)
    return {"option_groups": [_group(options[start : start + OPTIONS_PER_MENU], start) for start in starts]}


def _group(options: Sequence[Block], start: int) -> Block:
    return {"label": plain(f"{start + 1} to {start + len(options)}", LABEL_LIMIT), "options": list(options)}


def modal(
    title: str,
    blocks: list[Block],
    callback: CallbackId,
    *,
    metadata: Value | None = None,
    submit: str | None = None,
    notify_on_close: bool = False,
) -> View:
    view: View = {
        "type": "modal",
        "callback_id": callback.value,
        "title": plain(title, TITLE_LIMIT),
        "close": plain("Close", TITLE_LIMIT),
        "blocks": blocks[:BLOCKS_PER_VIEW],
        "notify_on_close": notify_on_close,
    }
    if metadata is not None:
        view["private_metadata"] = encode(metadata)
    if submit:
        view["submit"] = plain(submit, TITLE_LIMIT)
    return view
