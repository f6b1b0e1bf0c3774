"""Plans with their task cards, alerts and cards."""

from collections.abc import Sequence

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.elements import image
from sandbox.render.emoji import emoji
from sandbox.render.html import EMPTY, join, link, sr_only, tag
from sandbox.render.mrkdwn import plain, text_object, words
from sandbox.render.rich_text import rich_text
from sandbox.types import Json

STATUSES = {"pending": "Pending", "in_progress": "In progress", "complete": "Complete", "error": "Error"}
_ALERTS = {"info": "Info", "warning": "Warning", "error": "Error", "success": "Success"}


def plan(block: Json, context: Context) -> Markup:
    """The steps of some work, with how many are done; folded away by a click on its title."""
    tasks: list[Json] = block.get("tasks") or []
    done = sum(task.get("status") == "complete" for task in tasks)
    title = plain(words(block["title"]))
    summary = tag(
        "summary",
        _icon(_overall(tasks)),
        tag("span", title, class_="plan-title"),
        tag(
            "span",
            f"{done} of {len(tasks)}",
            class_="plan-count",
            aria_label=f"{done} of {len(tasks)} complete",
        ),
    )
    cells = [tag("li", task_card(task, context), data_key=f"task:{task['task_id']}") for task in tasks]
    return tag("details", summary, tag("ol", cells, role="list", class_="tasks"), class_="plan", open=True)


def _overall(tasks: Sequence[Json]) -> str:
    statuses = {task.get("status", "pending") for task in tasks}
    if "error" in statuses:
        return "error"
    if statuses == {"complete"}:
        return "complete"
    return "pending" if statuses <= {"pending"} else "in_progress"


def task_card(task: Json, context: Context) -> Markup:
    """One step: an icon with its word, its title, and what there is to unfold."""
    status = str(task.get("status") or "pending")
    head = [
        _icon(status),
        sr_only(STATUSES.get(status, status) + ":"),
        tag("span", plain(words(task["title"]))),
    ]
    body = join([_rich(task.get("details"), context), _rich(task.get("output"), context), _sources(task)])
    style = f"task task-{status}" if status in STATUSES else "task"
    if not body:
        return tag("div", tag("div", head, class_="task-head"), class_=style)
    unfolded = tag("div", body, class_="task-body")
    return tag(
        "details", tag("summary", head, class_="task-head"), unfolded, class_=style, open=status == "error"
    )


def _icon(status: str) -> Markup:
    shape = status if status in STATUSES else "pending"
    return tag("span", class_=f"status status-{shape}", aria_hidden="true")


def _rich(value: Json | None, context: Context) -> Markup:
    return rich_text(value, context) if value else EMPTY


def _sources(task: Json) -> Markup:
    sources = task.get("sources") or []
    links = [tag("li", link(one.get("url"), str(one.get("text") or one.get("url") or ""))) for one in sources]
    return tag("ul", links, class_="sources", aria_label="Sources") if links else EMPTY


def alert(block: Json, context: Context) -> Markup:
    level = str(block.get("level") or "default")
    word = _ALERTS.get(level)
    return tag(
        "div",
        tag("span", class_="alert-icon", aria_hidden="true"),
        sr_only(f"{word}:") if word else None,
        tag("div", text_object(block["text"], context)),
        class_=f"alert alert-{level if word else 'default'}",
        role="note",
    )


def card(block: Json, actions: Sequence[Markup], context: Context) -> Markup:
    """A picture, words and buttons in a frame. The buttons come drawn, so that cards know no elements."""
    hero = image(block["hero_image"], context) if block.get("hero_image") else None
    icon = image(block["icon"], context, is_small=True) if block.get("icon") else _slack_icon(block)
    parts = {
        key: tag(name, text_object(block[key], context), class_=f"card-{key}")
        for key, name in (("title", "p"), ("subtitle", "p"), ("body", "div"), ("subtext", "p"))
        if block.get(key)
    }
    heading = tag("div", icon, tag("div", parts.get("title"), parts.get("subtitle")), class_="card-head")
    return tag(
        "div",
        hero,
        heading,
        parts.get("body"),
        parts.get("subtext"),
        tag("div", actions, class_="card-actions") if actions else None,
        class_="card",
    )


def _slack_icon(block: Json) -> Markup:
    """One of Slack's own signs, by its name; the page has none of their pictures."""
    name = (block.get("slack_icon") or {}).get("name")
    return tag("span", emoji(str(name)), class_="card-sign") if name else EMPTY
