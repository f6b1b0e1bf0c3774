"""Questions: steps that wait for values from people. Opening and closing them is part of a run's transition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from engine.core.events import InputStatus
from store.columns import constant
from store.tables import questions, runs


@dataclass(frozen=True, slots=True)
class QuestionKey:
    """What is asked, in which run, and who may answer. Its fields are those of the step in the run's version."""

    id: str
    team_id: str
    run_id: str
    run_number: int
    step_id: str
    workflow_name: str
    requester: str
    title: str
    message: str
    status: InputStatus
    answered_by: str | None
    people_users: tuple[str, ...]
    people_groups: tuple[str, ...]
    created_at: int
    expires_at: int


_KEY = select(
    questions.c.id,
    questions.c.team_id,
    questions.c.run_id,
    runs.c.number.label("run_number"),
    questions.c.step_id,
    runs.c.workflow_name,
    runs.c.requester,
    questions.c.title,
    questions.c.message,
    questions.c.status,
    questions.c.answered_by,
    questions.c.people_users,
    questions.c.people_groups,
    questions.c.created_at,
    questions.c.expires_at,
).join(runs, runs.c.id == questions.c.run_id)
_FIND = _KEY.where(questions.c.id == bindparam("b_question"))
_OF_RUN = _KEY.where(questions.c.run_id == bindparam("b_run")).order_by(
    questions.c.created_at, questions.c.id
)
_OPEN_OF_STEP = select(questions.c.id).where(
    questions.c.run_id == bindparam("b_run"),
    questions.c.step_id == bindparam("b_step"),
    questions.c.status == constant("open"),
)


def find_question(c: Connection, question_id: str) -> QuestionKey | None:
    row = c.execute(_FIND, {"b_question": question_id}).one_or_none()
    return None if row is None else _question_key(row)


def questions_of_run(c: Connection, run_id: str) -> list[QuestionKey]:
    """All that was asked in a run, oldest first."""
    return [_question_key(row) for row in c.execute(_OF_RUN, {"b_run": run_id})]


def open_question_id(c: Connection, run_id: str, step_id: str) -> str:
    """The question that this step of a run waits for; raises when there is none."""
    question_id: str = c.execute(_OPEN_OF_STEP, {"b_run": run_id, "b_step": step_id}).scalar_one()
    return question_id


def _question_key(row: Row[*tuple[Any, ...]]) -> QuestionKey:
    values = dict(row._mapping)
    values["status"] = InputStatus(row.status)
    values["people_users"] = tuple(row.people_users)
    values["people_groups"] = tuple(row.people_groups)
    return QuestionKey(**values)
