"""The shapes that drawing gives back: blocks and views are Slack's JSON; messages carry a text, too."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Block = dict[str, Any]
View = dict[str, Any]

BLOCKS_PER_MESSAGE = 50
BLOCKS_PER_VIEW = 100
VIEW_LENGTH = 250_000
"""Characters of a view's JSON."""

MESSAGE_SIZE = 12_000
"""Characters of JSON that a message's blocks may take together. Slack documents no number; people have seen
`msg_blocks_too_long` from about 13,200 on."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is a full sentence: notifications and screen readers take it instead of the blocks."""

    text: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True)
class WorkflowCard:
    """A workflow as lists and pickers show it."""

    name: str
    title: str
    description: str = ""


def size(blocks: Sequence[Block]) -> int:
    """Characters of these blocks as compact JSON."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def largest_that_fits(draw: Callable[[int], list[Block]], most: int) -> list[Block]:
    """What `draw` makes of the largest count, from `most` down, that keeps a message within Slack's size."""
    blocks = draw(most)
    while size(blocks) > MESSAGE_SIZE and most > 1:
        most = most * 3 // 4
        blocks = draw(most)
    return blocks
