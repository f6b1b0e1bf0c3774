"""Lists for one person: the workflows there are, and the runs there were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from blocks.ids import ActionId, BlockPrefix, block_id
from blocks.parts import actions, button
from blocks.summary import cancel_button, details_button
from blocks.text import code, duration, header, lines_within, mention, safe, section, when
from blocks.types import BLOCKS_PER_MESSAGE, Block, Message, WorkflowCard, largest_that_fits
from blocks.values import TRAIL_LENGTH, HistoryPlace, WorkflowRef
from engine.core.errors import Mistake
from engine.core.picture import RunPage, RunSummary
from engine.core.state import RunStatus

WORKFLOWS_SHOWN = (BLOCKS_PER_MESSAGE - 2) // 2
RUNS_SHOWN = BLOCKS_PER_MESSAGE - 3


def workflow_list(cards: Sequence[WorkflowCard], mistakes: Sequence[Mistake] = ()) -> Message:
    """A card for each workflow with *Run* and *View Runs*; the names of those for which there is no room.
    `mistakes` are those of the files, for whoever may correct them."""
    broken = _mistake_blocks(mistakes)
    if not cards:
        text = "There is no workflow that you may see. An admin can give you the permission."
        return Message(text, [section(text), *broken])
    count = "1 workflow" if len(cards) == 1 else f"{len(cards)} workflows"
    text = f"You may see {count}. Start one with `/workflow run name`."
    most_cards = WORKFLOWS_SHOWN - len(broken)
    return Message(
        text, largest_that_fits(lambda most: [*_workflow_blocks(cards, most), *broken], most_cards)
    )


def _mistake_blocks(mistakes: Sequence[Mistake]) -> list[Block]:
    """What is wrong in the files: of those that were good before, the last good version is in use."""
    if not mistakes:
        return []
    lines = [
        f"{code(PurePath(each.file).name, 80)} line {each.line}: {safe(each.sentence, 300)}"
        for each in mistakes
    ]
    text = "*Mistakes in files*, which only admins are shown. The last good version of each stays in use."
    return [section(f"{text}\n{lines_within(lines, 1500, 'mistakes')}")]


def _workflow_blocks(cards: Sequence[WorkflowCard], most: int) -> list[Block]:
    blocks = [header("Workflows")]
    for card in cards[:most]:
        blocks += _workflow_card(card)
    rest = [code(card.name, 100) for card in cards[most:]]
    if rest:
        names = lines_within(rest, 1500, "workflows").replace("\n", ", ")
        blocks.append(section(f"Narrow the list with `/workflow list word`. Not shown here: {names}"))
    return blocks


def _workflow_card(card: WorkflowCard) -> list[Block]:
    description = f"\n{safe(card.description, 200)}" if card.description.strip() else ""
    return [
        section(f"*{safe(card.title, 150) or safe(card.name)}* {code(card.name, 100)}{description}"),
        actions(
            button("Run", ActionId.WORKFLOW_RUN, WorkflowRef(card.name), spoken=f"Run {card.name}"),
            button(
                "View Runs",
                ActionId.WORKFLOW_RUNS,
                HistoryPlace(workflow=card.name),
                spoken=f"View runs of {card.name}",
            ),
            block_id=block_id(BlockPrefix.WORKFLOW, card.name),
        ),
    ]


def run_list(page: RunPage, place: HistoryPlace, now: int) -> Message:
    """A page of history, newest first, each run with *View Details*. `now` (ms) is when this is read: what
    still runs shows its time so far."""
    title = _list_title(place)
    if not page.runs:
        return _no_runs(title, place)
    text = f"{title}: {len(page.runs)} shown, newest first."
    return Message(text, largest_that_fits(lambda most: _run_blocks(page, place, now, most), RUNS_SHOWN))


def _list_title(place: HistoryPlace) -> str:
    of = f" of {safe(place.workflow, 100)}" if place.workflow else ""
    status = f" with status {place.status.label}" if place.status else ""
    rehearsals = ", rehearsals too" if place.rehearsals else ""
    return f"Runs{of}{status}{rehearsals}"


def _no_runs(title: str, place: HistoryPlace) -> Message:
    if place.older_than is not None:
        text = f"{title}: there are no older ones."
    elif place.status is not None:
        text = f"{title}: there are none. Leave out `status:` to see all."
    else:
        text = f"{title}: there are none yet. Start one with `/workflow run`."
    turns = _turns(place, None)
    return Message(text, [section(text), *turns])


def _run_blocks(page: RunPage, place: HistoryPlace, now: int, most: int) -> list[Block]:
    runs = page.runs[:most]
    # the next page goes on where this one was cut
    older_than = runs[-1].number if len(runs) < len(page.runs) else page.older_than
    lines = [_run_line(run, now) for run in runs]
    return [section(f"*{_list_title(place)}*, newest first"), *lines, *_turns(place, older_than)]


def _run_line(run: RunSummary, now: int) -> Block:
    took = duration((run.finished_at if run.finished_at is not None else now) - run.created_at)
    so_far = "" if run.finished_at is not None else " so far"
    badge = "Rehearsal: " if run.is_rehearsal else ""
    queued = ", queued" if run.is_queued else ""
    text = (
        f"*#{run.number}* {badge}{safe(run.workflow_title, 100) or safe(run.workflow_name)}\n"
        f"{run.status.label}{queued}, {run.progress}%, by {mention(run.requester)}, {when(run.created_at)}, "
        f"{took}{so_far}"
    )
    block = section(text) | {"block_id": block_id(BlockPrefix.RUN, run.number)}
    return block | {"accessory": details_button(run.id, run.number)}


def _turns(place: HistoryPlace, older_than: int | None) -> list[Block]:
    buttons = []
    if place.older_than is not None:
        newer = place.trail[-1] if place.trail else None
        buttons.append(button("Newer", ActionId.RUNS_NEWER, _at(place, newer, place.trail[:-1])))
    if older_than is not None:
        here = () if place.older_than is None else (place.older_than,)
        trail = (*place.trail, *here)[-TRAIL_LENGTH:]
        buttons.append(button("Older", ActionId.RUNS_OLDER, _at(place, older_than, trail)))
    return [actions(*buttons)] if buttons else []


def _at(place: HistoryPlace, older_than: int | None, trail: tuple[int, ...]) -> HistoryPlace:
    return HistoryPlace(place.workflow, place.status, older_than, trail, place.rehearsals)


def cancel_offer(runs: Sequence[RunSummary]) -> Message:
    """Which run? For somebody who named none: their only one with its button, or the numbers of several."""
    if not runs:
        text = (
            "You have no run in progress. To cancel another's, type its number, like `/workflow cancel 42`."
        )
        return Message(text, [section(text)])
    numbers = ", ".join(f"#{run.number} {safe(run.workflow_name, 100)}" for run in runs)
    if len(runs) > 1:
        example = f"`/workflow cancel {runs[0].number}`"
        text = f"Which run? Yours in progress: {numbers}. Type its number, like {example}."
        return Message(text, [section(text)])
    text = f"Your one run in progress is {numbers}. Do you want to cancel it?"
    return Message(
        text, [section(text), actions(cancel_button(runs[0]), details_button(runs[0].id, runs[0].number))]
    )


def cancel_asked(number: int, status: RunStatus, *, is_forced: bool = False) -> Message:
    """The answer to a cancel: done, or under way while running steps stop."""
    if status.is_terminal:
        text = f"Run #{number} is {status.label}."
    elif is_forced:
        text = f"Run #{number} is stopping by force: running steps are killed, final steps do not run."
    else:
        text = (
            f"Run #{number} is stopping: running steps are being ended; then final steps run, if it has any."
        )
    return Message(text, [section(text)])


def resumed(number: int, round_: int) -> Message:
    """The answer to a resume."""
    text = f"Run #{number} goes on, in its round {round_}: what had completed is kept."
    return Message(text, [section(text)])
