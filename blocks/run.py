"""A run in its channel, its thread and its dialog."""

from __future__ import annotations

from blocks.approval import may_decide
from blocks.ids import ActionId, BlockPrefix, CallbackId, block_id
from blocks.parts import actions, button, modal
from blocks.question import open_question
from blocks.repair import child_sections, unknown_blocks
from blocks.said import said_text
from blocks.summary import (
    details_button,
    origin_context,
    parameter_sections,
    resume_buttons,
    run_name,
    run_sentence,
    state_blocks,
    status_section,
    status_words,
    stop_buttons,
)
from blocks.tasks import fold, hidden_words, task_name, task_sections, task_title
from blocks.text import (
    context,
    cut_middle,
    header,
    json_text,
    mention,
    one_line,
    plain_section,
    preformatted,
    rich_line,
    safe,
    section,
    value_text,
    visible,
)
from blocks.types import Block, Message, View, largest_that_fits
from blocks.values import ApprovalRef, RunRef
from engine.core.definition import StepKind
from engine.core.picture import ApprovalPicture, OutputTail, RunPicture, TaskPicture
from engine.core.state import RunStatus, TaskStatus

TASKS_IN_PLAN = 50
TASKS_WITH_RESULTS = 15
APPROVALS_IN_DIALOG = 10
QUESTIONS_IN_DIALOG = 5
TAIL_LINES = 30
TAIL_LIMIT = 2500

# Slack's cards know four statuses; the word in the title says which of ours it is.
_CARD_STATUS = {
    TaskStatus.PENDING: "pending",
    TaskStatus.RUNNING: "in_progress",
    TaskStatus.WAITING: "in_progress",
    TaskStatus.COMPLETED: "complete",
    TaskStatus.SKIPPED: "complete",
    TaskStatus.FAILED: "error",
    TaskStatus.REJECTED: "error",
    TaskStatus.CANCELLED: "error",
    TaskStatus.ERROR: "error",
}


def root_message(picture: RunPicture) -> Message:
    """The message in the channel under which the run's thread hangs."""
    blocks = [
        header(run_name(picture)),
        status_section(picture),
        *state_blocks(picture),
        *parameter_sections(picture.parameters, 2500),
        *_error_sections(picture),
        origin_context(picture),
        actions(*stop_buttons(picture), details_button(picture.id, picture.number)),
    ]
    return Message(run_sentence(picture), blocks)


def thread_message(picture: RunPicture) -> Message:
    """The live message in the thread: Slack's plan of steps."""
    if not picture.tasks:
        return Message(run_sentence(picture), [plain_section(f"{run_name(picture)} has no steps yet.")])
    return Message(run_sentence(picture), largest_that_fits(lambda most: _plan(picture, most), TASKS_IN_PLAN))


def _plan(picture: RunPicture, most: int) -> list[Block]:
    shown, hidden = fold(picture.tasks, most)
    title = f"{run_name(picture)}: {status_words(picture)}, {picture.progress}%"
    plan: Block = {
        "type": "plan",
        "title": title,
        "tasks": [_card(picture, task, len(shown)) for task in shown],
    }
    note = f"Not shown here: {hidden_words(hidden)}. *View Details* lists all that was scheduled."
    notes = [context(note)] if hidden else []
    return [plan, *notes, *state_blocks(picture), *child_sections(picture)]


def _card(picture: RunPicture, task: TaskPicture, count: int) -> Block:
    card: Block = {
        "type": "task_card",
        "task_id": task.id,
        "title": task_title(task),
        "status": _CARD_STATUS[task.status],
    }
    output = _output(picture, task, count)
    return card | {"output": rich_line(output, 300)} if output else card


def _output(picture: RunPicture, task: TaskPicture, count: int) -> str | None:
    """What a card says below its title: what went wrong, else what came of it."""
    bad = task.failing_item
    if bad is not None and bad.error:
        return f"{task_name(bad)}: {bad.error}"
    if task.error is not None or count > TASKS_WITH_RESULTS:
        return task.error
    if task.kind is StepKind.MESSAGE and task.result is None:
        return said_text(task.arguments)
    if picture.is_rehearsal and task.stdout.text.strip():
        return task.stdout.text.strip()  # what it would have done
    # The results of all items together are long, and read better in the details.
    return None if task.result is None or task.fan_out is not None else value_text(task.result)


def failure_message(picture: RunPicture) -> Message:
    """What went wrong, with the end of what the step wrote to stderr (else to stdout)."""
    name, status = run_name(picture), picture.outcome or picture.status
    if picture.round > 1 and status not in (RunStatus.FAILED, RunStatus.ERROR):
        return _failed_before(picture)
    task = picture.failing_task
    reason = _reason(picture, task)
    blocks = [header(f"{name}: {status.label}"), plain_section(reason, 1500)]
    if task is not None:
        blocks += _tail_blocks(task.failing_item or task)
    blocks += unknown_blocks(picture)
    blocks.append(actions(*resume_buttons(picture), details_button(picture.id, picture.number)))
    return Message(f"{safe(name, 300)}: {status.label}. {safe(reason, 600)}", blocks)


def _failed_before(picture: RunPicture) -> Message:
    """The run was resumed: there is nothing left to repair here."""
    by = f" by {mention(picture.resumed_by)}" if picture.resumed_by else ""
    text = f"{safe(run_name(picture), 300)} did not complete, and was resumed{by}."
    return Message(text, [section(text), actions(details_button(picture.id, picture.number))])


def _reason(picture: RunPicture, task: TaskPicture | None) -> str:
    if task is None:
        return picture.error or "No step says why; its details may."
    detail = task.error or picture.error
    if detail is None and task.exit_code is not None:
        detail = f"it ended with exit code {task.exit_code}"
    title = one_line(task.title) or task.step_id
    bad = task.failing_item
    if bad is not None:
        detail = f"{detail or task.status.label}\n{task_name(bad)}: {bad.error or bad.status.label}"
    return f"Step “{cut_middle(title, 150)}”: {detail or task.status.label}"


def _tail_blocks(task: TaskPicture) -> list[Block]:
    stream, tail = ("stderr", task.stderr) if task.stderr.text.strip() else ("stdout", task.stdout)
    if not tail.text.strip():
        return [context("The step wrote nothing to stdout or stderr.")]
    text = _last_lines(tail)
    is_all = not tail.is_cut and text == visible(tail.text).rstrip()
    note = (
        f"All that the step wrote to {stream}:" if is_all else f"The end of what the step wrote to {stream}:"
    )
    return [context(note), preformatted(text)]


def _last_lines(tail: OutputTail) -> str:
    text = visible(tail.text).rstrip()
    return "\n".join(text.splitlines()[-TAIL_LINES:])[-TAIL_LIMIT:]


def dialog(picture: RunPicture, *, is_asleep: bool = False) -> View:
    """The modal that follows a run. Asleep, it is not drawn again until its *Refresh* is clicked."""
    blocks = [
        header(run_name(picture)),
        status_section(picture),
        *state_blocks(picture),
        *task_sections(picture.tasks),
        *_error_sections(picture),
        *child_sections(picture),
        *unknown_blocks(picture),
    ]
    for approval in picture.open_approvals[:APPROVALS_IN_DIALOG]:
        blocks += _approval_blocks(picture, approval)
    if len(picture.open_approvals) > APPROVALS_IN_DIALOG:
        blocks.append(context("More approvals are open; decide them in the thread."))
    for question in picture.open_questions[:QUESTIONS_IN_DIALOG]:
        blocks += open_question(picture, question)
    if picture.outputs is not None:
        blocks += [section("*Results*"), preformatted(json_text(dict(picture.outputs)))]
    blocks.append(origin_context(picture))
    if is_asleep and picture.is_active:
        blocks.append(context("This dialog has stopped following the run. *Refresh* shows it as it is now."))
    blocks.append(actions(*_dialog_buttons(picture, is_asleep=is_asleep)))
    return modal(
        "Run Workflow", blocks, CallbackId.LIVE_DIALOG, metadata=RunRef(picture.id), notify_on_close=True
    )


def _dialog_buttons(picture: RunPicture, *, is_asleep: bool) -> list[Block]:
    buttons = [*stop_buttons(picture), *resume_buttons(picture), details_button(picture.id, picture.number)]
    if not picture.is_active:
        buttons.append(button("Run Again", ActionId.RUN_AGAIN, RunRef(picture.id)))
    elif is_asleep:
        buttons.insert(0, button("Refresh", ActionId.REFRESH, RunRef(picture.id), style="primary"))
    return buttons


def _approval_blocks(picture: RunPicture, approval: ApprovalPicture) -> list[Block]:
    ref = ApprovalRef(approval.id)
    run = f"{picture.workflow_name} #{picture.number}"
    return [
        plain_section(f"Waiting for approval: {one_line(approval.title)}", 500),
        context(may_decide(approval)),
        actions(
            button("Approve", ActionId.APPROVE_IN_DIALOG, ref, style="primary", spoken=f"Approve {run}"),
            button("Reject", ActionId.REJECT_IN_DIALOG, ref, style="danger", spoken=f"Reject {run}"),
            block_id=block_id(BlockPrefix.APPROVAL, approval.id),
        ),
    ]


def _error_sections(picture: RunPicture) -> list[Block]:
    return [plain_section(picture.error, 1500)] if picture.error else []
