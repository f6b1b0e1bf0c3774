"""Blocks: what each must look like, and on which surface it may stand.

Where Slack's pages differ about a surface or a figure, the narrower one holds:
what is accepted here is accepted there.
"""

from typing import Any

from sandbox.validation.elements import (
    ACTION_ELEMENTS,
    CARD_BUTTONS,
    CONTEXT_BUTTONS,
    INPUT_ELEMENTS,
    SECTION_ACCESSORIES,
    Surface,
)
from sandbox.validation.objects import (
    BLOCK_ID,
    HTTPS_URL,
    IMAGE_ELEMENT,
    SLACK_FILE,
    WEB_URL,
    any_text,
    plain_text,
    url,
)
from sandbox.validation.rich_text import RICH_TEXT, RICH_TEXT_BLOCK
from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    at_least_one,
    at_most_one,
    boolean,
    by_type,
    exactly_one,
    integer,
    one_of,
    record,
    repeated,
    text,
)
from sandbox.validation.tables import DATA_TABLE, DATA_VISUALIZATION, TABLE
from sandbox.validation.together import problems_together

__all__ = ["MOST_BLOCKS", "Surface", "block_types", "check_blocks"]

_IMAGE = by_type({"image": IMAGE_ELEMENT})
_STATUSES = ("pending", "in_progress", "complete", "error")


def _string_or_plain_text(value: Any, at: str) -> Problems:
    yield from (text() if isinstance(value, str) else plain_text(3000))(value, at)


def _one_element(value: Any, at: str) -> Problems:
    """Rich text of one piece, as the details and the output of a task are."""
    problems = list(RICH_TEXT(value, at))
    yield from problems or array(lambda entry, where: iter(()), 1, 1)(value["elements"], f"{at}/elements")


_TASK_PARTS: dict[str, Rule] = BLOCK_ID | {
    "details": _one_element,
    "output": _one_element,
    "sources": array(record({"type": one_of("url"), "url": url, "text": text()}), 0),
}
_LONE_TASK = record({"task_id": text(), "title": text(), "status": one_of(*_STATUSES[1:])}, _TASK_PARTS)
_PLANNED_TASK = record(
    {"task_id": text(), "title": text()},
    _TASK_PARTS | {"type": one_of("task_card"), "status": one_of(*_STATUSES)},
)


def _unique_tasks(value: Any, at: str) -> Problems:
    tasks = value.get("tasks", [])
    for index in repeated([task["task_id"] for task in tasks]):
        yield Problem(f'`task_id` "{tasks[index]["task_id"]}" already exists', f"{at}/tasks/{index}/task_id")


def _no_dispatch_of_files(value: Any, at: str) -> Problems:
    if value.get("dispatch_action") and value["element"]["type"] == "file_input":
        yield Problem("`dispatch_action` is not supported by file_input", f"{at}/dispatch_action")


def _collapsing_fits(value: Any, at: str) -> Problems:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield Problem("`default_collapsed` requires `is_collapsible`", f"{at}/default_collapsed")
    if value.get("has_header_divider") and value.get("is_collapsible"):
        yield Problem("`has_header_divider` excludes `is_collapsible`", f"{at}/has_header_divider")


_CARD = record(
    {},
    BLOCK_ID
    | {
        "hero_image": _IMAGE,
        "icon": _IMAGE,
        "slack_icon": record({"type": one_of("icon"), "name": text()}),
        "title": any_text(150),
        "subtitle": any_text(150),
        "body": any_text(200),
        "subtext": any_text(200),
        "actions": array(by_type(CARD_BUTTONS), 1, 2),
    },
    at_least_one("hero_image", "title", "actions", "body"),
    at_most_one("icon", "slack_icon"),
)
_EVERYWHERE: dict[str, Rule] = {
    "context": record(
        {
            "elements": array(
                by_type({"image": IMAGE_ELEMENT, "plain_text": any_text(3000), "mrkdwn": any_text(3000)}),
                1,
                10,
            )
        },
        BLOCK_ID,
    ),
    "divider": record({}, BLOCK_ID),
    "header": record({"text": plain_text(150)}, BLOCK_ID | {"level": integer(1, 4)}),
    "image": record(
        {"alt_text": text(2000)},
        BLOCK_ID | {"image_url": WEB_URL, "slack_file": SLACK_FILE, "title": plain_text(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT_BLOCK,
    "video": record(
        {
            "alt_text": text(2000),
            "title": plain_text(199),
            "thumbnail_url": HTTPS_URL,
            "video_url": HTTPS_URL,
        },
        BLOCK_ID
        | {
            "author_name": text(49),
            "description": plain_text(199),
            "provider_icon_url": HTTPS_URL,
            "provider_name": text(),
            "title_url": HTTPS_URL,
        },
    ),
}
_PLAN = record(
    {"title": _string_or_plain_text}, BLOCK_ID | {"tasks": array(_PLANNED_TASK, 0, 50)}, _unique_tasks
)
_ALERT = record(
    {"text": any_text(200)},
    BLOCK_ID | {"level": one_of("default", "info", "warning", "error", "success")},
)


def _interactive(surface: Surface) -> dict[str, Rule]:
    """The blocks whose elements depend on where the block stands."""
    section = record(
        {},
        BLOCK_ID
        | {
            "text": any_text(3000),
            "fields": array(any_text(2000), 1, 10),
            "accessory": by_type(SECTION_ACCESSORIES[surface]),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    )
    inputs = record(
        {"label": plain_text(2000), "element": by_type(INPUT_ELEMENTS[surface])},
        BLOCK_ID | {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
        _no_dispatch_of_files,
    )
    buttons = record({"elements": array(by_type(ACTION_ELEMENTS[surface]), 1, 25)}, BLOCK_ID)
    return {"section": section, "actions": buttons, "input": inputs}


def _container() -> Rule:
    inside = _EVERYWHERE | _interactive("message") | {"table": TABLE}
    return record(
        {"child_blocks": array(by_type(inside), 1, 10)},
        BLOCK_ID
        | {
            "title": plain_text(150),
            "rich_text_title": RICH_TEXT,
            "subtitle": any_text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": _IMAGE,
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        at_least_one("title", "rich_text_title"),
        _collapsing_fits,
    )


_CARDS: dict[str, Rule] = {
    "card": _CARD,
    "carousel": record({"elements": array(by_type({"card": _CARD}), 1, 10)}, BLOCK_ID),
}
_ONLY: dict[Surface, dict[str, Rule]] = {
    "message": _CARDS
    | {
        "container": _container(),
        "context_actions": record({"elements": array(by_type(CONTEXT_BUTTONS), 1, 5)}, BLOCK_ID),
        "data_table": DATA_TABLE,
        "data_visualization": DATA_VISUALIZATION,
        "markdown": record({"text": text(12_000)}, BLOCK_ID),
        "plan": _PLAN,
        "table": TABLE,
        "task_card": _LONE_TASK,
    },
    "modal": {"alert": _ALERT},
    "home": _CARDS | {"data_table": DATA_TABLE, "table": TABLE},
}
_RULES: dict[Surface, dict[str, Rule]] = {
    surface: _EVERYWHERE | _interactive(surface) | only for surface, only in _ONLY.items()
}
_BLOCK: dict[Surface, Rule] = {surface: by_type(rules) for surface, rules in _RULES.items()}
MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}


def block_types(surface: Surface) -> frozenset[str]:
    """The types of blocks that an app may send to a surface."""
    return frozenset(_RULES[surface])


def check_blocks(blocks: Any, surface: Surface, at: str = "/blocks") -> list[Problem]:
    """Everything that is wrong with the blocks of a message or view, in Slack's words."""
    fewest, most = 0 if surface == "message" else 1, MOST_BLOCKS[surface]
    problems = list(array(_BLOCK[surface], fewest, most)(blocks, at))
    return problems or list(problems_together(blocks, at, most))
