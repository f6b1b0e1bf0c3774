"""Slack's limits on messages and views, written down a second time, to hold drawings against.

Beside the numbers it looks for text of others that became markup: every `<...>` in mrkdwn must be a date or
the mention of somebody who is known to the test.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

from blocks.types import Block, Message, View

_DATE = r"!date\^\d+\^\{date_short_pretty\} at \{time\}\|\d{4,}-\d\d-\d\d \d\d:\d\d UTC"
SEEN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Format characters by name, and signs that readers see."""
_MENTION = r"(?:@|#|!subteam\^)([A-Z0-9]+)"
_TEXT_LIMITS = {
    ("header", "text"): 150,
    ("section", "text"): 3000,
    ("alert", "text"): 200,
    ("button", "text"): 75,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
    ("confirm", "title"): 100,
    ("confirm", "text"): 300,
    ("confirm", "confirm"): 30,
    ("confirm", "deny"): 30,
    ("option", "text"): 75,
    ("option", "description"): 75,
    ("group", "label"): 75,
}
_STRING_LIMITS = {
    "action_id": 255,
    "block_id": 255,
    "callback_id": 255,
    "value": 2000,
    "private_metadata": 3000,
    "accessibility_label": 75,
    "initial_value": 3000,
}


def check_message(message: Message, known: frozenset[str] = frozenset()) -> None:
    """AssertionError with the first thing that Slack would refuse or a reader should not meet."""
    assert 0 < len(message.text) <= 4000, f"text of {len(message.text)} characters"
    assert 0 < len(message.blocks) <= 50, f"{len(message.blocks)} blocks"
    assert len(_json(message.blocks)) <= 13_000, f"blocks of {len(_json(message.blocks))} characters"
    assert sum(block["type"] == "plan" for block in message.blocks) <= 1
    assert not any(block["type"] == "alert" for block in message.blocks), "an alert in a message"
    _check_markup(message.text, known)
    _check_blocks(message.blocks, known)


def check_view(view: View, known: frozenset[str] = frozenset()) -> None:
    assert 0 < len(view["blocks"]) <= 100, f"{len(view['blocks'])} blocks"
    assert len(json.dumps(view)) <= 250_000, f"view of {len(json.dumps(view))} characters"
    has_input = any(block["type"] == "input" for block in view["blocks"])
    assert not has_input or "submit" in view, "an input without a submit"
    assert not any(block["type"] in ("plan", "task_card") for block in view["blocks"]), "a plan in a modal"
    for key in ("title", "submit", "close"):
        _check_text_object("modal", key, view)
    _check_strings(view)
    _check_blocks(view["blocks"], known)


def markups(blocks: list[Block]) -> list[str]:
    """Every text that Slack reads as mrkdwn."""
    return [each["text"] for each in walk(blocks) if each.get("type") == "mrkdwn"]


def buttons(blocks: list[Block]) -> dict[str, Block]:
    """Buttons by their label; the last one of those that share a label."""
    return {each["text"]["text"]: each for each in walk(blocks) if each.get("type") == "button"}


def all_text(content: Any) -> str:
    """Everything that a person can read, a line a text."""
    found = [each["text"] for each in walk(content) if isinstance(each.get("text"), str)]
    titles = [each["title"] for each in walk(content) if isinstance(each.get("title"), str)]
    return "\n".join([*titles, *found])


def walk(content: Any) -> Iterator[dict[str, Any]]:
    """Every object in this JSON."""
    if isinstance(content, dict):
        yield content
        for value in content.values():
            yield from walk(value)
    elif isinstance(content, list):
        for value in content:
            yield from walk(value)


def _check_blocks(blocks: list[Block], known: frozenset[str]) -> None:
    ids = Counter(block["block_id"] for block in blocks if "block_id" in block)
    assert not ids or max(ids.values()) == 1, f"block_id used twice: {ids.most_common(1)}"
    for each in walk(blocks):
        _check_object(each, known)
        _check_strings(each)
    for block in blocks:
        actions = Counter(each["action_id"] for each in walk(block) if "action_id" in each)
        assert not actions or max(actions.values()) == 1, f"action_id used twice: {actions}"


def _check_object(each: dict[str, Any], known: frozenset[str]) -> None:
    kind = each.get("type")
    if kind == "mrkdwn":
        assert each["verbatim"] is True
        _check_markup(each["text"], known)
    if kind in ("mrkdwn", "plain_text", "text"):
        assert 0 < len(each["text"]) <= 3000, f"text of {len(each['text'])} characters"
        _check_visible(each["text"])
    if kind == "actions":
        assert 1 <= len(each["elements"]) <= 25
    if kind == "context":
        assert 1 <= len(each["elements"]) <= 10
    if kind == "plan":
        _check_plan(each)
    for key in ("text", "label", "hint"):
        if kind is not None and isinstance(each.get(key), dict):
            _check_text_object(kind, key, each)
    _check_menu(each)


def _check_plan(plan: Block) -> None:
    tasks = plan["tasks"]
    assert 1 <= len(tasks) <= 50, f"{len(tasks)} tasks"
    assert len({task["task_id"] for task in tasks}) == len(tasks)
    for task in tasks:
        assert task["status"] in ("pending", "in_progress", "complete", "error")
        assert task["title"]
        assert len(task.get("output", {}).get("elements", [None])) == 1


def _check_menu(each: dict[str, Any]) -> None:
    is_small = each.get("type") == "checkboxes"
    for options in (each.get("options"), each.get("option_groups")):
        assert options is None or 1 <= len(options) <= (10 if is_small else 100), "number of options"
    for option in each.get("options") or []:
        assert 0 < len(option["value"]) <= 150, "value of an option"
        _check_text_object("option", "text", option)
        _check_text_object("option", "description", option)
    for group in each.get("option_groups") or []:
        _check_text_object("group", "label", group)
    if "confirm" in each and isinstance(each["confirm"], dict) and "title" in each["confirm"]:
        for key in ("title", "text", "confirm", "deny"):
            _check_text_object("confirm", key, each["confirm"])
    if "initial_option" in each and each.get("type") != "external_select":
        assert each["initial_option"] in each["options"]


def _check_text_object(kind: str, key: str, holder: dict[str, Any]) -> None:
    limit = _TEXT_LIMITS.get((kind, key))
    if limit is not None and key in holder:
        text = holder[key]["text"]
        assert 0 < len(text) <= limit, f"{kind}.{key} of {len(text)} characters"


def _check_strings(each: dict[str, Any]) -> None:
    for key, limit in _STRING_LIMITS.items():
        if isinstance(each.get(key), str):
            assert 0 < len(each[key]) <= limit, f"{key} of {len(each[key])} characters"


def _check_visible(text: str) -> None:
    text.encode()
    hidden = [char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs")]
    assert set(hidden) <= {"\n", "\t", *SEEN}, f"hidden characters {hidden!r}"


def _check_markup(text: str, known: frozenset[str]) -> None:
    """No bracket is alive but ours, and nothing of others can break out of its code."""
    assert text.count("<") == text.count(">"), f"a bracket alone: {text!r}"
    for token in re.findall(r"<([^>]*)>", text):
        mention = re.fullmatch(_MENTION, token)
        assert re.fullmatch(_DATE, token) or (mention and mention[1] in known), f"live markup <{token}>"
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", text), f"a bare ampersand: {text!r}"
    for line in text.splitlines():
        assert line.count("`") % 2 == 0, f"code that does not end: {line!r}"
    _check_visible(text)


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
