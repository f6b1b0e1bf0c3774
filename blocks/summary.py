"""What every picture of a run has in common: its name, status, origin, parameters and buttons."""

from __future__ import annotations

from collections.abc import Mapping

from blocks.expected import expected_lines
from blocks.ids import ActionId
from blocks.parts import button, confirmed
from blocks.text import (
    channel,
    code,
    context,
    duration,
    lines_within,
    mention,
    one_line,
    progress_bar,
    safe,
    section,
    value_text,
    when,
)
from blocks.types import Block
from blocks.values import RunRef
from engine.core.definition import JsonValue
from engine.core.picture import QueuePicture, RunPicture, RunSummary

NAME_LIMIT = 140


def run_name(picture: RunPicture) -> str:
    """`Deploy a service #42`, not escaped. A rehearsal is called one wherever it is shown."""
    badge, number = ("Rehearsal: " if picture.is_rehearsal else ""), f" #{picture.number}"
    title = badge + (one_line(picture.workflow_title) or picture.workflow_name)
    return title[: NAME_LIMIT - len(number)] + number


def status_words(picture: RunPicture) -> str:
    """`Running, stopping`; `Pending, queued: 2nd, behind #12`."""
    if picture.queue is not None:
        return f"{picture.status.label}, queued: {queue_words(picture.queue)}"
    return f"{picture.status.label}, stopping" if picture.is_stopping else picture.status.label


def queue_words(queue: QueuePicture) -> str:
    behind = f", behind #{queue.behind}" if queue.behind is not None else ""
    return f"{_ordinal(queue.place)}{behind}"


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def state_words(picture: RunPicture) -> list[str]:
    """What else there is to know of how a run goes, as mrkdwn: sentences that most runs have no need of."""
    words = []
    if picture.is_rehearsal:
        words.append("*Rehearsal:* nothing is carried out; steps only say what they would do.")
    if picture.parent is not None:
        parent = picture.parent
        title = safe(parent.workflow_title, 100)
        words.append(f"Started by step {code(parent.step_id, 80)} of {title} #{parent.number}")
    if picture.round > 1:
        by = f", resumed by {mention(picture.resumed_by)}" if picture.resumed_by else ""
        words.append(f"Round {picture.round}{by}")
    if picture.is_stopping:
        words.append(stopping_words(picture))
    return words


def stopping_words(picture: RunPicture) -> str:
    """What still happens in a run whose end is fixed."""
    if picture.is_forced:
        return "Stopping by force: final steps do not run."
    if any(task.is_final and not task.status.is_settled for task in picture.tasks):
        are_others = any(not task.is_final and not task.status.is_settled for task in picture.tasks)
        return (
            "Stopping: running steps end, then final steps run."
            if are_others
            else "Stopping: final steps run."
        )
    return "Stopping: running steps are being ended."


def state_blocks(picture: RunPicture) -> list[Block]:
    words = state_words(picture)
    return [context(*words)] if words else []


def run_sentence(picture: RunPicture) -> str:
    """The whole run in one sentence, for notifications."""
    return (
        f"{safe(run_name(picture), 300)} is {status_words(picture)}, {picture.progress}% done. "
        f"It was started by {mention(picture.requester)}."
    )


def status_section(picture: RunPicture) -> Block:
    return section(f"*Status:* {status_words(picture)}\n`{progress_bar(picture.progress)}`")


def origin_context(picture: RunPicture, *, with_channel: bool = False) -> Block:
    """Who started the run, when it ended, and who cancelled it."""
    where = f" in {channel(picture.channel_id)}" if with_channel and picture.channel_id else ""
    lines = [f"Started by {mention(picture.requester)}{where} {when(picture.created_at)}"]
    if picture.finished_at is not None:
        took = duration(picture.finished_at - (picture.started_at or picture.created_at))
        lines.append(f"Ended {when(picture.finished_at)}, took {took}")
    if picture.cancelled_by is not None:
        lines.append(f"Cancelled by {mention(picture.cancelled_by)}")
    return context(*lines, *expected_lines(picture))


def parameter_sections(parameters: Mapping[str, JsonValue], limit: int) -> list[Block]:
    """One parameter a line, values as code; those without a value are left out. No block when there are none."""
    given = {name: value for name, value in parameters.items() if value is not None}
    lines = [f"{safe(name, 80)}: {code(_shown(value))}" for name, value in given.items()]
    return [section(lines_within(lines, limit, "parameters"))] if lines else []


def _shown(value: JsonValue) -> str:
    """A list of plain values reads better without its brackets."""
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(map(value_text, value)) or "none"
    return value_text(value)


def cancel_button(run: RunPicture | RunSummary) -> Block:
    cancel = button(
        "Cancel",
        ActionId.RUN_CANCEL,
        RunRef(run.id),
        style="danger",
        spoken=f"Cancel {run.workflow_name} #{run.number}",
    )
    return confirmed(
        cancel,
        title=f"Cancel run #{run.number}?",
        text="Running steps are stopped. What is already done stays done.",
        confirm="Cancel the run",
        deny="Let it run",
    )


def force_button(picture: RunPicture) -> Block:
    force = button(
        "Force Stop",
        ActionId.RUN_FORCE,
        RunRef(picture.id),
        style="danger",
        spoken=f"Force {picture.workflow_name} #{picture.number} to stop",
    )
    return confirmed(
        force,
        title=f"Force run #{picture.number} to stop?",
        text="Running steps are killed at once. Final steps will not run: what they would tidy up stays.",
        confirm="Force it to stop",
        deny="Let it end",
    )


def resume_button(picture: RunPicture) -> Block:
    resume = button(
        "Resume from Here",
        ActionId.RUN_RESUME,
        RunRef(picture.id),
        spoken=f"Resume {picture.workflow_name} #{picture.number} from here",
    )
    return confirmed(
        resume,
        title=f"Resume run #{picture.number}?",
        text="What has completed is kept. The rest is done again, and approvals are asked for again.",
        confirm="Resume",
        deny="Not now",
        style="primary",
    )


def stop_buttons(picture: RunPicture) -> list[Block]:
    """What a run in progress can be told: to stop, and then to stop at once."""
    if may_be_cancelled(picture):
        return [cancel_button(picture)]
    return [force_button(picture)] if picture.is_stopping and not picture.is_forced else []


def resume_buttons(picture: RunPicture) -> list[Block]:
    """Where a step's outcome is unknown, its own buttons resume the run: they say what happens to that step."""
    return [resume_button(picture)] if picture.may_be_resumed and not picture.unknown_tasks else []


def details_button(run_id: str, number: int) -> Block:
    return button("View Details", ActionId.RUN_DETAILS, RunRef(run_id), spoken=f"View details of #{number}")


def may_be_cancelled(picture: RunPicture) -> bool:
    return picture.is_active and not picture.is_stopping
