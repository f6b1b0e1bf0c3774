"""What every picture of a run has in common: its name, status, origin, parameters and buttons."""

from __future__ import annotations

from collections.abc import Mapping

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
from engine.core.picture import RunPicture, RunSummary

NAME_LIMIT = 140


def run_name(picture: RunPicture) -> str:
    """`Deploy a service #42`, not escaped."""
    number = f" #{picture.number}"
    title = one_line(picture.workflow_title) or picture.workflow_name
    return title[: NAME_LIMIT - len(number)] + number


def status_words(picture: RunPicture) -> str:
    return f"{picture.status.label}, stopping" if picture.is_stopping else picture.status.label


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
    return context(*lines)


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


def details_button(run_id: str, number: int) -> Block:
    return button("View Details", ActionId.RUN_DETAILS, RunRef(run_id), spoken=f"View details of #{number}")


def may_be_cancelled(picture: RunPicture) -> bool:
    return picture.is_active and not picture.is_stopping
