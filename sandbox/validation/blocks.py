"""Blocks: what each must look like, on which surface it may stand, and how many of them together."""

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from sandbox.elements import elements_of, walk_blocks
from sandbox.types import Json
from sandbox.validation.elements import (
    ACTION_ELEMENTS,
    BUTTONS,
    CONTEXT_BUTTONS,
    INPUT_ELEMENTS,
    SECTION_ACCESSORIES,
)
from sandbox.validation.objects import IMAGE_ELEMENT, SLACK_FILE, URL, any_text, plain_text
from sandbox.validation.rich_text import RICH_TEXT, RICH_TEXT_BLOCK
from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    at_least_one,
    boolean,
    by_type,
    exactly_one,
    integer,
    one_of,
    optional_null,
    record,
    repeated,
    text,
)

Surface: TypeAlias = Literal["message", "modal", "home"]

_ID: dict[str, Rule] = {"block_id": text(255)}
_TABLE_CELL = by_type(
    {
        "raw_text": record({"text": text()}),
        "raw_number": record({"value": lambda value, at: _number(value, at)}, {"text": text()}),
        "rich_text": RICH_TEXT_BLOCK,
    }
)
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}, is_typed=False)
_SOURCE = record({"type": one_of("url"), "url": URL, "text": text()})


def _number(value: Any, at: str) -> Problems:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield Problem("must provide a number", at)


def _string_or_plain_text(value: Any, at: str) -> Problems:
    yield from (text() if isinstance(value, str) else plain_text(3000))(value, at)


def _task_card(*statuses: str) -> Rule:
    return record(
        {"task_id": text(), "title": text()},
        _ID
        | {
            "status": one_of(*statuses),
            "details": RICH_TEXT,
            "output": RICH_TEXT,
            "sources": array(_SOURCE, 0),
        },
    )


def _unique_tasks(value: Any, at: str) -> Problems:
    tasks = value.get("tasks", [])
    for index in repeated([task["task_id"] for task in tasks]):
        yield Problem(f'`task_id` "{tasks[index]["task_id"]}" already exists', f"{at}/tasks/{index}/task_id")


def _no_dispatch_of_files(value: Any, at: str) -> Problems:
    if value.get("dispatch_action") and value["element"]["type"] == "file_input":
        yield Problem("`dispatch_action` is not supported by file_input", f"{at}/dispatch_action")


def _collapsed_needs_collapsible(value: Any, at: str) -> Problems:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield Problem("`default_collapsed` requires `is_collapsible`", f"{at}/default_collapsed")


_CARD = record(
    {},
    _ID
    | {
        "hero_image": by_type({"image": IMAGE_ELEMENT}),
        "icon": by_type({"image": IMAGE_ELEMENT}),
        "slack_icon": record({"name": text()}, is_typed=True),
        "title": any_text(150),
        "subtitle": any_text(150),
        "body": any_text(200),
        "subtext": any_text(200),
        "actions": array(by_type(BUTTONS), 1, 3),
    },
    at_least_one("hero_image", "title", "actions", "body"),
)
_ALL_SURFACES: dict[str, Rule] = {
    "section": record(
        {},
        _ID
        | {
            "text": any_text(3000),
            "fields": array(any_text(2000), 1, 10),
            "accessory": by_type(SECTION_ACCESSORIES),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    ),
    "actions": record({"elements": array(by_type(ACTION_ELEMENTS), 1, 25)}, _ID),
    "context": record(
        {
            "elements": array(
                by_type({"image": IMAGE_ELEMENT, "plain_text": any_text(3000), "mrkdwn": any_text(3000)}),
                1,
                10,
            )
        },
        _ID,
    ),
    "divider": record({}, _ID),
    "header": record({"text": plain_text(150)}, _ID | {"level": integer(1, 4)}),
    "image": record(
        {"alt_text": text(2000)},
        _ID | {"image_url": URL, "slack_file": SLACK_FILE, "title": plain_text(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT_BLOCK,
    "video": record(
        {
            "alt_text": text(),
            "title": plain_text(199),
            "thumbnail_url": URL,
            "video_url": text(3000, pattern=r"https://.+"),
        },
        _ID
        | {
            "author_name": text(49),
            "description": plain_text(199),
            "provider_icon_url": URL,
            "provider_name": text(),
            "title_url": text(3000, pattern=r"https://.+"),
        },
    ),
}
_TABLE = record(
    {"rows": array(array(_TABLE_CELL, 1, 20), 1, 100)},
    _ID | {"column_settings": array(optional_null(_COLUMN), 0, 20)},
)
_MESSAGE_ONLY: dict[str, Rule] = {
    "plan": record(
        {"title": _string_or_plain_text},
        _ID
        | {
            "tasks": array(
                by_type({"task_card": _task_card("pending", "in_progress", "complete", "error")}), 0, 50
            )
        },
        _unique_tasks,
    ),
    "task_card": _task_card("in_progress", "complete", "error"),
    "context_actions": record({"elements": array(by_type(CONTEXT_BUTTONS), 1, 5)}, _ID),
    "markdown": record({"text": text(12_000)}, _ID),
}
_MODAL_ONLY: dict[str, Rule] = {
    "alert": record(
        {"text": any_text(200)},
        _ID | {"level": one_of("default", "info", "warning", "error", "success")},
    ),
}


def _input(surface: Surface) -> Rule:
    return record(
        {"label": plain_text(2000), "element": by_type(INPUT_ELEMENTS[surface])},
        _ID | {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
        _no_dispatch_of_files,
    )


def _container(surface: Surface) -> Rule:
    inside = {k: _ALL_SURFACES[k] for k in _ALL_SURFACES} | {"input": _input(surface), "table": _TABLE}
    return record(
        {"child_blocks": array(by_type(inside), 1, 10)},
        _ID
        | {
            "title": plain_text(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": any_text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": by_type({"image": IMAGE_ELEMENT}),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        exactly_one("title", "rich_text_title"),
        _collapsed_needs_collapsible,
    )


def _rules(surface: Surface) -> dict[str, Rule]:
    rules = _ALL_SURFACES | {"input": _input(surface), "card": _CARD}
    if surface != "modal":
        cards = record({"elements": array(by_type({"card": _CARD}), 1, 10)}, _ID)
        rules |= {"carousel": cards, "table": _TABLE, "container": _container(surface)}
    return rules | {"message": _MESSAGE_ONLY, "modal": _MODAL_ONLY, "home": {}}[surface]


_BLOCK: dict[Surface, Rule] = {
    "message": by_type(_rules("message")),
    "modal": by_type(_rules("modal")),
    "home": by_type(_rules("home")),
}
MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}


def check_blocks(blocks: Any, surface: Surface, at: str = "/blocks") -> list[Problem]:
    """Everything that is wrong with the blocks of a message or view, in Slack's words."""
    fewest = 0 if surface == "message" else 1
    problems = list(array(_BLOCK[surface], fewest, MOST_BLOCKS[surface])(blocks, at))
    return problems or [*_repeated_ids(blocks, at), *_too_many_together(blocks, surface, at)]


def _repeated_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    ids = [block.get("block_id") or object() for block in blocks]
    for index in repeated(ids):
        yield Problem(f'`block_id` "{ids[index]}" already exists', f"{at}/{index}/block_id")
    for index, block in enumerate(blocks):
        actions = [element.get("action_id") or object() for element in elements_of(block)]
        for position in repeated(actions):
            key = "actions" if block["type"] == "card" else "elements"
            where = f"{at}/{index}/{key}/{position}/action_id"
            yield Problem(f'`action_id` "{actions[position]}" already exists', where)


def _too_many_together(blocks: list[Json], surface: Surface, at: str) -> Iterator[Problem]:
    types = [block["type"] for block in blocks]
    if types.count("plan") > 1:
        yield Problem("only one plan block is allowed in a message", at)
    if "plan" in types and "task_card" in types:
        yield Problem("a task_card cannot stand beside a plan block", f"{at}/{types.index('task_card')}/type")
    if types.count("table") > 1:
        yield Problem("only_one_table_allowed", at)
    focused = [e for b in walk_blocks(blocks) for e in elements_of(b) if e.get("focus_on_load")]
    if len(focused) > 1:
        yield Problem("only one element may have `focus_on_load`", at)
    markdown = [block["text"] for block in blocks if block["type"] == "markdown"]
    if sum(len(part) for part in markdown) > 12_000:
        yield Problem("must be less than 12001 characters", at)
    expanded = len(blocks) - len(markdown) + sum(expanded_count(part) for part in markdown)
    if markdown and expanded > MOST_BLOCKS[surface]:
        yield Problem(f"no more than {MOST_BLOCKS[surface]} items allowed", at)


def expanded_count(markdown: str) -> int:
    """How many blocks Slack makes of one markdown block: each heading, rule, table and run of text is one."""
    count, kind, is_code = 0, "", False
    for line in markdown.splitlines():
        stripped = line.strip()
        is_fence = stripped.startswith("```")
        if not is_code and not is_fence:
            now = _line_kind(stripped)
        else:
            now, is_code = "text", is_code != is_fence
        if now in ("heading", "rule") or (now and now != kind):
            count += 1
        kind = now or kind
    return max(count, 1)


def _line_kind(line: str) -> str:
    if not line:
        return ""
    if line.lstrip("#") != line and line.lstrip("#").startswith(" "):
        return "heading"
    if len(line) >= 3 and set(line) in ({"-"}, {"*"}, {"_"}):
        return "rule"
    return "table" if line.startswith("|") else "text"
