"""What Slack adds to blocks it accepted: ids that were left out, `emoji` and `verbatim` of texts."""

from typing import Any

from sandbox.elements import elements_of, walk_blocks
from sandbox.tokens import short_id
from sandbox.types import Json


def complete_blocks(blocks: list[Json]) -> list[Json]:
    """A copy of the (valid) blocks as Slack would give them back."""
    completed: list[Json] = complete_texts(blocks)
    for block in walk_blocks(completed):
        if block["type"] == "markdown":
            block.pop("block_id", None)  # Slack drops it, because it makes other blocks of this one
            continue
        block.setdefault("block_id", short_id())
        for element in elements_of(block):
            element.setdefault("action_id", short_id())
    return completed


def complete_view(view: Json) -> Json:
    """A copy of the (valid) view with completed texts and blocks."""
    completed: Json = complete_texts({key: value for key, value in view.items() if key != "blocks"})
    return completed | {"blocks": complete_blocks(view["blocks"])}


def complete_texts(value: Any) -> Any:
    """Copy JSON, and write `emoji: true` into plain texts, `verbatim: false` into mrkdwn."""
    if isinstance(value, list):
        return [complete_texts(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    copied = {key: complete_texts(entry) for key, entry in value.items()}
    match copied.get("type"):
        case "plain_text":
            copied.setdefault("emoji", True)
        case "mrkdwn":
            copied.setdefault("verbatim", False)
    return copied
