"""What message steps say.

Their text comes from a workflow's author and holds values of others, and nobody can tell which is which. So all of
it is escaped: it mentions nobody, calls no channel, and no link hides behind other words. What Slack reads in plain
characters works: `*bold*`, `_italic_`, code, lists. Web addresses become links that show themselves.
"""

from __future__ import annotations

import re

from blocks.summary import run_name
from blocks.text import TEXT_LIMIT, chunks, context, cut_middle, escape, mention, safe, section, visible
from blocks.types import Block, Message, largest_that_fits
from engine.core.definition import JsonValue
from engine.core.picture import RunPicture, TaskPicture

LONGEST = 9000
FALLBACK_LIMIT = 600
_EMPTY = "(empty)"
_ADDRESS = re.compile(r"https?://[^\s<>|`\"]*[^\s<>|`\"'.,;:!?)\]}*_~]")


def said_message(picture: RunPicture, task: TaskPicture, *, in_thread: bool) -> Message:
    """A step's message. Outside of the run's thread it says which run it comes from."""
    text = _text(task.arguments)
    origin = f"From {safe(run_name(picture), 300)}, started by {mention(picture.requester)}"
    tail = [] if in_thread else [context(origin)]
    blocks = largest_that_fits(lambda most: [*_sections(cut_middle(text, most)), *tail], LONGEST)
    return Message(safe(text, FALLBACK_LIMIT) or _EMPTY, blocks)


def said_text(arguments: JsonValue) -> str | None:
    """`To #releases: v1.2.3 is out`, not escaped: what a step says, for a line about it."""
    if not isinstance(arguments, dict) or "text" not in arguments:
        return None
    target = arguments.get("channel") or arguments.get("user") or "the thread"
    return f"To {target}: {_text(arguments)}"


def _text(arguments: JsonValue) -> str:
    text = arguments.get("text") if isinstance(arguments, dict) else None
    return text if isinstance(text, str) and text.strip() else _EMPTY


def _sections(text: str) -> list[Block]:
    return [section(piece) for chunk in chunks(visible(text)) for piece in _dressed(chunk)]


def _dressed(text: str) -> list[str]:
    """This text as mrkdwn, in as many pieces as escaping makes necessary."""
    dressed = _with_links(text)
    if len(dressed) <= TEXT_LIMIT:
        return [dressed] if dressed.strip() else []
    half = len(text) // 2
    return [*_dressed(text[:half]), *_dressed(text[half:])]


def _with_links(text: str) -> str:
    """Escaped, with web addresses as links: an address is the same with `&` written as an entity."""
    parts, end = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [escape(text[end : match.start()]), f"<{escape(match[0])}>"]
        end = match.end()
    return "".join([*parts, escape(text[end:])])
