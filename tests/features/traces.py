"""What runs leave behind: rows that pictures do not show, and the traces of steps in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from engine.core.definition import JsonValue
from engine.core.picture import RunPicture
from engine.core.state import TaskStatus
from store import children, questions, slots
from store.questions import QuestionKey
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import PATIENCE, Workshop

HOLD = """echo $$ > "$PARAM_FOLDER/$HANDRAIL_STEP.pid"; echo "$HANDRAIL_RUN_NUMBER" >> "$PARAM_FOLDER/began";
      while [ ! -e "$PARAM_FOLDER/go.$HANDRAIL_RUN_NUMBER" ]; do sleep 0.02; done"""
"""Holds until its run is let go."""


class AttemptRow(NamedTuple):
    number: int
    outcome: str | None
    exit_code: int | None
    error: str | None
    started_at: int
    finished_at: int | None


class ItemRow(NamedTuple):
    item: int
    status: str
    attempt: int
    is_unknown: bool


def rows(shop: Workshop, query: str, **values: object) -> list[tuple[Any, ...]]:
    with shop.database.read() as c:
        return [tuple(row) for row in c.execute(text(query), values)]


def attempts(shop: Workshop, run_id: str, step_id: str, item: int = 0) -> list[AttemptRow]:
    query = (
        "SELECT attempt.number, attempt.outcome, attempt.exit_code, attempt.error, attempt.started_at, "
        "attempt.finished_at FROM attempt JOIN task ON task.id = attempt.task_id "
        "WHERE task.run_id = :run AND task.step_id = :step AND task.item = :item ORDER BY attempt.number"
    )
    return [AttemptRow(*row) for row in rows(shop, query, run=run_id, step=step_id, item=item)]


def items(shop: Workshop, run_id: str, step_id: str) -> list[ItemRow]:
    query = (
        "SELECT item, status, attempt, is_unknown FROM task "
        "WHERE run_id = :run AND step_id = :step AND item > 0 ORDER BY item"
    )
    return [ItemRow(*row) for row in rows(shop, query, run=run_id, step=step_id)]


def item_statuses(shop: Workshop, run_id: str, step_id: str) -> list[str]:
    return [row.status for row in items(shop, run_id, step_id)]


def statuses(picture: RunPicture) -> dict[str, str]:
    return {task.step_id: task.status.value for task in picture.tasks}


def result(shop: Workshop, run_id: str, step_id: str) -> JsonValue:
    return shop.task(run_id, step_id).result


def wait_for_step(shop: Workshop, run_id: str, step_id: str, status: TaskStatus) -> None:
    wait_until(lambda: shop.task(run_id, step_id).status is status, PATIENCE)


def wait_for_file(path: Path) -> None:
    wait_until(path.exists, PATIENCE)


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def let_go(shop: Workshop, run_id: str, folder: Path) -> None:
    (folder / f"go.{shop.picture(run_id).number}").touch()


def child_of(shop: Workshop, run_id: str, step_id: str) -> str:
    """The newest child run of a step, once it is there."""
    return wait_until(lambda: find_child(shop, run_id, step_id), PATIENCE)


def find_child(shop: Workshop, run_id: str, step_id: str) -> str:
    with shop.database.read() as c:
        child = children.newest_child(c, run_id, step_id)
    return child.id if child else ""


def question_of(shop: Workshop, run_id: str) -> QuestionKey:
    """The newest question of a run, once it is there."""

    def newest() -> list[QuestionKey]:
        with shop.database.read() as c:
            return questions.questions_of_run(c, run_id)[-1:]

    return wait_until(newest, PATIENCE)[0]


def place(shop: Workshop, run_id: str, key: str) -> int:
    picture = shop.picture(run_id)
    with shop.database.read() as c:
        return slots.place_in_queue(c, picture.team_id, key, picture.number)


def actors(shop: Workshop, run_id: str, kind: str) -> list[str]:
    """Who the audit trail names for facts of a kind."""
    facts = shop.picture(run_id, with_facts=True).facts
    return [str(fact["actor"]) for fact in facts if fact["kind"] == kind]
