"""Answering what steps ask for in mid-run, and settling what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.advance import SYSTEM, Changes, Engine, advance, announced
from engine.commands.once import Asked, once
from engine.commands.rights import ask, policy_of
from engine.core.definition import InputAction, JsonValue, Parameter
from engine.core.eligibility import QuestionRule, bar_to_answer
from engine.core.errors import Conflict, NotFound, Refused
from engine.core.events import Failed, InputAnswered, InputStatus, MessageSettled, Succeeded
from engine.core.parameters import check_values
from engine.core.permission import Capability, Principal
from store import locking, questions
from store.database import Connection

if TYPE_CHECKING:
    from store.locking import LockedRun
    from store.questions import QuestionKey


@dataclass(frozen=True, slots=True)
class Answered:
    """Values that a run goes on with."""

    run_id: str
    number: int
    question_id: str


def answer_question(
    engine: Engine,
    principal: Principal,
    question_id: str,
    values: Mapping[str, JsonValue],
    *,
    delivery_key: str | None = None,
) -> Answered:
    """Give a step the values that it asks for; the first answer counts. Raises NotFound, Refused,
    InvalidParameters, Conflict (with who answered), Busy."""

    def record(c: Connection, changes: Changes) -> Answered:
        asked = questions.find_question(c, question_id)
        if asked is None or asked.team_id != principal.team_id:
            raise NotFound("This question no longer exists. `/workflow runs` shows what is going on.")
        locked = locking.lock_run(c, asked.run_id)
        question = questions.find_question(c, question_id)
        if locked is None or question is None:
            raise NotFound("This run no longer exists. `/workflow runs` shows what is going on.")
        _require_answerer(engine, principal, question, is_terminal=locked.origin == "terminal")
        _require_open(question, locked.now)
        fields = _fields(c, engine, locked, question.step_id)
        checked = check_values(question.title, fields, values, engine.matches, evaluate=engine.evaluate)
        event = InputAnswered(question.step_id, principal.user_id, checked)
        changes.note(locked, advance(c, engine, locked, event, principal.user_id, changes=changes))
        return Answered(locked.id, locked.number, question.id)

    return once(engine, delivery_key, Answered, record, Asked(principal, "answer", {"question": question_id}))


def question_fields(engine: Engine, question: QuestionKey) -> tuple[Parameter, ...]:
    """What a question asks for: fields as those of a workflow's form."""
    with engine.database.read() as c:
        version = locking.version_of(c, question.run_id)
        workflow = engine.versions.load(c, version.digest, version.folder)
    return _input_of(workflow.step(question.step_id).action).fields


def may_answer(engine: Engine, principal: Principal, question: QuestionKey) -> bool:
    """Whether the button is worth following; the command checks again."""
    rule = _rule_of(question, is_terminal=False)
    return bar_to_answer(principal, rule, policy_of(engine)) is None


def settle_message(engine: Engine, run_id: str, step_id: str, outcome: Succeeded | Failed) -> None:
    """Slack has taken what a step says, or refuses it for good. Settling twice is harmless."""
    with announced(engine) as changes, engine.database.write() as c:
        locked = locking.lock_run(c, run_id)
        if locked is not None:
            event = MessageSettled(step_id, outcome)
            changes.note(locked, advance(c, engine, locked, event, SYSTEM, changes=changes))


def _fields(c: Connection, engine: Engine, locked: LockedRun, step_id: str) -> tuple[Parameter, ...]:
    workflow = engine.versions.load(c, locked.workflow_digest, locked.workflow_folder)
    return _input_of(workflow.step(step_id).action).fields


def _input_of(action: object) -> InputAction:
    assert isinstance(action, InputAction), "only input steps ask questions"
    return action


def _rule_of(question: QuestionKey, *, is_terminal: bool) -> QuestionRule:
    return QuestionRule(
        question.workflow_name,
        question.requester,
        question.people_users,
        question.people_groups,
        is_terminal,
    )


def _require_answerer(
    engine: Engine, principal: Principal, question: QuestionKey, *, is_terminal: bool
) -> None:
    policy = policy_of(engine)
    bar = bar_to_answer(principal, _rule_of(question, is_terminal=is_terminal), policy)
    if bar is None:
        return
    named = (*question.people_users, *question.people_groups)
    people = named or (question.requester, *policy.holders(Capability.RUN_WORKFLOW, question.workflow_name))
    others = tuple(person for person in people if person != principal.user_id)[:5]
    raise Refused(f"Your answer was not recorded: {bar}. {ask(others)}", others)


def _require_open(question: QuestionKey, now: int) -> None:
    number = question.run_number
    if question.status is InputStatus.OPEN:
        if now >= question.expires_at:  # its timer is late; an answer must not come later than asked for
            raise Conflict(f"The time for this answer is up; nothing was changed in run #{number}.")
    elif question.answered_by is not None:
        raise Conflict(
            f"{{people}} has answered this for run #{number} already; your answer changed nothing.",
            (question.answered_by,),
        )
    else:
        raise Conflict(f"This question is {question.status} already; nothing was changed in run #{number}.")
