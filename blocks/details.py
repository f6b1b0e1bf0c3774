"""The details of a run: what happened, task by task, in a modal that navigates within itself."""

from __future__ import annotations

import json
from dataclasses import replace

from blocks.expected import task_remark
from blocks.ids import ActionId, CallbackId
from blocks.parts import LABEL_LIMIT, actions, button, modal, option
from blocks.question import closing, open_question
from blocks.repair import child_sections, unknown_blocks, unknown_step
from blocks.summary import (
    details_button,
    origin_context,
    parameter_sections,
    resume_buttons,
    run_name,
    state_blocks,
    status_section,
    stop_buttons,
)
from blocks.tasks import attempt_words, fan_out_words, mark, task_duration, task_title
from blocks.text import (
    chunks,
    context,
    header,
    json_text,
    mentions,
    plain,
    plain_section,
    preformatted,
    safe,
    section,
    visible,
    when,
)
from blocks.types import Block, View, size
from blocks.values import DetailsPlace, RunRef, encode
from engine.core.definition import JsonValue
from engine.core.picture import ApprovalPicture, OutputTail, RunPicture, TaskPicture

TASKS_PER_PAGE = 50
PAGE_SIZE = 30_000
"""Characters of JSON that one page of a task's texts may take: some 20 blocks. A view may have 250 kB, escaped."""
PAGE_BLOCKS = 60
FACTS_LIMIT = 9000
APPROVALS_SHOWN = 10
QUESTIONS_SHOWN = 5


def details(
    picture: RunPicture, place: DetailsPlace, *, has_page: bool = True, with_debug: bool = False
) -> View:
    """The modal `Run #42`. Without a task in `place` it shows the run and its tasks, *Start* first; with one,
    all of that task. A place that is not there any more shows the nearest that is."""
    tasks = [task for task in picture.tasks if task.is_scheduled]
    index = next((index for index, task in enumerate(tasks) if task.id == place.task_id), None)
    first = _first_of_page(tasks, place, index)
    body = (
        _overview(picture, tasks, first, place, with_debug=with_debug)
        if index is None
        else _task_page(picture, tasks[index], index, place)
    )
    blocks = [
        header(run_name(picture)),
        status_section(picture),
        *state_blocks(picture),
        origin_context(picture, with_channel=True),
        _task_picker(picture, tasks, first, index),
        *body,
        *_footer(picture, has_page=has_page),
    ]
    return modal(f"Run #{picture.number}", blocks, CallbackId.DETAILS, metadata=place, notify_on_close=True)


def _first_of_page(tasks: list[TaskPicture], place: DetailsPlace, index: int | None) -> int:
    """Where the page of tasks begins that is shown, or that the shown task is on."""
    last = max(len(tasks) - 1, 0) // TASKS_PER_PAGE
    page = min(place.page, last) if index is None else index // TASKS_PER_PAGE
    return page * TASKS_PER_PAGE


def _task_picker(picture: RunPicture, tasks: list[TaskPicture], first: int, index: int | None) -> Block:
    start = option("Start", encode(DetailsPlace(picture.id, None, first // TASKS_PER_PAGE)))
    page = tasks[first : first + TASKS_PER_PAGE]
    options = [
        option(f"{number}. {task_title(task, 40)}", encode(DetailsPlace(picture.id, task.id)))
        for number, task in enumerate(page, first + 1)
    ]
    select: Block = {
        "type": "static_select",
        "action_id": ActionId.TASK_PICK.value,
        "options": [start, *options],
        "initial_option": start if index is None else options[index - first],
    }
    return section("*Task*") | {"accessory": select}


def _footer(picture: RunPicture, *, has_page: bool) -> list[Block]:
    buttons = []
    if has_page:
        buttons.append(button("Open the page", ActionId.RUN_PAGE, RunRef(picture.id)))
    buttons += [*stop_buttons(picture), *resume_buttons(picture)]
    return [actions(*buttons)] if buttons else []


# --- the run


def _overview(
    picture: RunPicture, tasks: list[TaskPicture], first: int, place: DetailsPlace, *, with_debug: bool
) -> list[Block]:
    parameters = parameter_sections(picture.parameters, 2900)
    blocks = [section("*Parameters*"), *parameters] if parameters else []
    blocks += [plain_section(picture.error)] if picture.error else []
    blocks += _approval_lines(picture.approvals)
    blocks += _question_blocks(picture)
    blocks += child_sections(picture)
    blocks += unknown_blocks(picture)
    blocks += [section("*Tasks*"), *_task_lines(tasks[first : first + TASKS_PER_PAGE], first)]
    pages = -(-len(tasks) // TASKS_PER_PAGE)
    blocks += _turns(replace(place, task_id=None, page=first // TASKS_PER_PAGE), pages)
    if picture.outputs is not None:
        blocks += [section("*Results*"), preformatted(json_text(dict(picture.outputs)))]
    return blocks + (_debug(picture) if with_debug else [])


def _task_lines(tasks: list[TaskPicture], first: int) -> list[Block]:
    lines = ["✓ Start: Completed"] if first == 0 else []
    for number, task in enumerate(tasks, first + 1):
        took = task_duration(task)
        lines.append(
            f"{mark(task.shown_status)} {number}. {task_title(task)}" + (f", {took}" if took else "")
        )
    return [plain_section(chunk) for chunk in chunks("\n".join(lines))]


def _approval_lines(approvals: tuple[ApprovalPicture, ...]) -> list[Block]:
    lines = []
    for approval in approvals[:APPROVALS_SHOWN]:
        people = mentions(decision.user_id for decision in approval.decisions)
        by = f", decided by {people}" if people else ""
        title = safe(approval.title, 100)
        lines.append(f"{title}{' ' if title.endswith('?') else ': '}{approval.status.value.capitalize()}{by}")
    more = len(approvals) - APPROVALS_SHOWN
    lines += [f"… and {more} more"] if more > 0 else []
    return [section("*Approvals*"), *(context(line) for line in lines)] if lines else []


def _question_blocks(picture: RunPicture) -> list[Block]:
    """What steps asked for: open ones with their button, then how the others ended."""
    opened = [
        block for each in picture.open_questions[:QUESTIONS_SHOWN] for block in open_question(picture, each)
    ]
    closed = [each for each in picture.questions if each not in picture.open_questions]
    lines = [f"{safe(each.title, 100)}: {closing(each)}" for each in closed[-QUESTIONS_SHOWN:]]
    if not opened and not lines:
        return []
    return [section("*Questions*"), *opened, *(context(line) for line in lines)]


def _debug(picture: RunPicture) -> list[Block]:
    numbers: JsonValue = {
        "run": picture.id,
        "team": picture.team_id,
        "workflow": picture.workflow_name,
        "version": picture.version,
        "round": picture.round,
        "status": picture.status.value,
        "outcome": picture.outcome.value if picture.outcome else None,
        "created_at": picture.created_at,
        "started_at": picture.started_at,
        "finished_at": picture.finished_at,
    }
    lines = [json.dumps(dict(fact), ensure_ascii=False) for fact in picture.facts]
    facts = visible("\n".join(lines))[-FACTS_LIMIT:]
    blocks = [section("*Debug*"), preformatted(json_text(numbers))]
    return [*blocks, *(preformatted(chunk) for chunk in chunks(facts))]


# --- one task


def _task_page(picture: RunPicture, task: TaskPicture, index: int, place: DetailsPlace) -> list[Block]:
    pages = _pages(_task_texts(task))
    number = min(place.page, len(pages) - 1)
    back = DetailsPlace(place.run_id, None, index // TASKS_PER_PAGE)
    return [
        plain_section(f"{index + 1}. {task_title(task)}"),
        context(*_facts(task), *filter(None, [task_remark(picture, task)])),
        *([plain_section(task.error)] if task.error else []),
        *_step_blocks(picture, task),
        *pages[number],
        *_turns(replace(place, page=number), len(pages)),
        actions(button("Back to the tasks", ActionId.DETAILS_BACK, back)),
    ]


def _step_blocks(picture: RunPicture, task: TaskPicture) -> list[Block]:
    """What belongs to some steps only: a run that it has started, and what to do while its outcome is unknown."""
    blocks = []
    if task.child is not None:
        label = f"Started *Run #{task.child.number}*"
        blocks.append(section(label) | {"accessory": details_button(task.child.id, task.child.number)})
    if task in picture.unknown_tasks and picture.may_be_resumed:
        blocks += unknown_step(picture, task)
    return blocks


def _facts(task: TaskPicture) -> list[str]:
    facts = [f"Kind: {task.kind.value}"]
    if task.fan_out is not None:
        facts.append(fan_out_words(task.fan_out))
    else:
        facts += [word.capitalize() for word in attempt_words(task)] or [f"Attempt {task.attempt}"]
    if task.scheduled_at is not None:
        facts.append(f"Scheduled {when(task.scheduled_at)}")
    if task.started_at is not None:
        facts.append(f"Started {when(task.started_at)}")
    if task.finished_at is not None:
        took = task_duration(task)
        facts.append(f"Ended {when(task.finished_at)}" + (f", took {took}" if took else ""))
    if task.exit_code is not None:
        facts.append(f"Exit code {task.exit_code}")
    return facts


def _task_texts(task: TaskPicture) -> list[Block]:
    """All that a task has to show, in blocks that each keep within Slack's limit."""
    return [
        *_value_blocks("Arguments", task.arguments),
        *_value_blocks("Result", task.result),
        *([] if task.fan_out else _output_blocks("stdout", task.stdout)),
        *([] if task.fan_out else _output_blocks("stderr", task.stderr)),
        *(block for item in task.items for block in _item_blocks(item)),
        *_items_left_out(task),
    ]


def _item_blocks(item: TaskPicture) -> list[Block]:
    """One item of a fan-out, as short as it can be."""
    took = task_duration(item)
    title = f"{mark(item.status)} {task_title(item)}" + (f", {took}" if took else "")
    outputs = [("stdout", item.stdout), ("stderr", item.stderr)]
    return [
        plain_section(title),
        *([plain_section(item.error)] if item.error else []),
        *(block for label, output in outputs if output.text for block in _output_blocks(label, output)),
    ]


def _items_left_out(task: TaskPicture) -> list[Block]:
    """Which items are not shown: those that completed, were cancelled or wait, and more bad ones than fit."""
    left_out = task.fan_out.total - len(task.items) if task.fan_out else 0
    return [context(f"{left_out} more items are not shown here.")] if left_out else []


def _value_blocks(label: str, value: JsonValue) -> list[Block]:
    if value is None:
        return [context(f"{label}: none")]
    return [section(f"*{label}*"), *(preformatted(chunk) for chunk in chunks(visible(json_text(value))))]


def _output_blocks(label: str, output: OutputTail) -> list[Block]:
    if not output.text:
        return [context(f"{label}: nothing written")]
    note = ", earlier output left out" if output.is_cut else ""
    return [section(f"*{label}*{note}"), *(preformatted(chunk) for chunk in chunks(visible(output.text)))]


def _pages(blocks: list[Block]) -> list[list[Block]]:
    """These blocks in pages that fit a modal, at least one."""
    pages: list[list[Block]] = [[]]
    for block in blocks:
        page = pages[-1]
        if page and (len(page) >= PAGE_BLOCKS or size([*page, block]) > PAGE_SIZE):
            pages.append([block])
        else:
            page.append(block)
    return pages


def _turns(place: DetailsPlace, pages: int) -> list[Block]:
    """Buttons to the pages before and after, when there is more than one."""
    buttons = []
    if place.page > 0:
        buttons.append(button("Earlier", ActionId.DETAILS_EARLIER, replace(place, page=place.page - 1)))
    if place.page + 1 < pages:
        buttons.append(button("Later", ActionId.DETAILS_LATER, replace(place, page=place.page + 1)))
    return [context(f"Page {place.page + 1} of {pages}"), actions(*buttons)] if buttons else []


def page_link(picture: RunPicture, url: str) -> View:
    """The link to a run's page that was made for one person, in a modal of its own."""
    link = {
        "type": "button",
        "text": plain("Open the page", LABEL_LIMIT),
        "action_id": ActionId.PAGE_LINK.value,
        "style": "primary",
        "url": url,
    }
    text = "This link is for you alone, works once, and ends in five minutes."
    return modal(f"Run #{picture.number}", [section(text), actions(link)], CallbackId.PAGE_LINK)
