"""What a person may do about a run that went wrong, and about the runs that its steps have started."""

from __future__ import annotations

from blocks.ids import ActionId, BlockPrefix, block_id
from blocks.parts import actions, button, confirmed
from blocks.summary import details_button
from blocks.tasks import task_name
from blocks.text import context, plain_section, safe, section
from blocks.types import Block
from blocks.values import StepRef
from engine.core.picture import RunPicture, TaskPicture

UNKNOWN_SHOWN = 5
CHILDREN_SHOWN = 10


def unknown_blocks(picture: RunPicture) -> list[Block]:
    """For each step of which nobody knows whether it took effect: what to find out, and the two answers."""
    if not picture.may_be_resumed:
        return []
    tasks = picture.unknown_tasks
    blocks = [block for task in tasks[:UNKNOWN_SHOWN] for block in unknown_step(picture, task)]
    more = len(tasks) - UNKNOWN_SHOWN
    return [*blocks, context(f"and {more} more steps whose outcome is unknown")] if more > 0 else blocks


def unknown_step(picture: RunPicture, task: TaskPicture) -> list[Block]:
    name = task_name(task, 150)
    ref = StepRef(picture.id, task.step_id)
    done = confirmed(
        button("Mark as Done", ActionId.TASK_DONE, ref, spoken=f"Mark {name[:50]} as done"),
        title="Mark this step as done?",
        text="It counts as completed, without a result. The run goes on after it.",
        confirm="Mark as done",
        deny="Not now",
        style="primary",
    )
    again = confirmed(
        button("Run Again This Step", ActionId.TASK_AGAIN, ref, spoken=f"Run {name[:50]} again"),
        title="Run this step again?",
        text="It may have taken effect already. The run goes on with it.",
        confirm="Run it again",
        deny="Not now",
    )
    return [
        plain_section(
            f"“{name}”: nobody knows whether it took effect. Find out, then say how the run goes on."
        ),
        actions(done, again, block_id=block_id(BlockPrefix.STEP, task.id)),
    ]


def child_sections(picture: RunPicture) -> list[Block]:
    """The runs that steps have started, each with its *View Details*."""
    tasks = [task for task in picture.tasks if task.child is not None]
    sections = [_child(task) for task in tasks[:CHILDREN_SHOWN]]
    more = len(tasks) - CHILDREN_SHOWN
    return [*sections, context(f"and {more} more runs")] if more > 0 else sections


def _child(task: TaskPicture) -> Block:
    child = task.child
    assert child is not None, "only steps that have started a run are listed"
    # A child that goes on changes nothing of its parent: only its end is surely known here.
    status = f": {child.status.label}" if child.status.is_terminal else ""
    text = f"{safe(task_name(task, 150), 300)} is *Run #{child.number}*{status}"
    return section(text) | {"accessory": details_button(child.id, child.number)}
