"""What steps ask people for: the question behind a button, and the form in which it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from blocks import question as question_blocks
from blocks.fields import NO_GROUPS
from blocks.types import View
from blocks.values import QuestionRef
from bot.slack.services import Services
from engine import commands
from engine.core.asking import Asking, with_defaults
from engine.core.definition import Parameter, ParameterType
from engine.core.errors import Conflict, NotFound, Refused
from engine.core.events import InputStatus
from engine.core.permission import Principal
from store import questions, runs
from store.database import now_ms
from store.questions import QuestionKey

GONE = "This question no longer exists. `/workflow runs` shows what is going on."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its fields. `now` is the database's time (ms); `channel_id` that of its run."""

    key: QuestionKey
    fields: tuple[Parameter, ...]
    now: int
    channel_id: str | None


async def find_question(services: Services, principal: Principal, ref: QuestionRef) -> Asked:
    """The question that somebody acts on. Raises NotFound when it is none of this workspace's."""

    def find() -> Asked:
        with services.engine.database.read() as c:
            key = questions.find_question(c, ref.question_id)
            run = None if key is None else runs.run_key(c, key.run_id)
            now = now_ms(c)
        if key is None or run is None or key.team_id != principal.team_id:
            raise NotFound(GONE)
        return Asked(key, commands.question_fields(services.engine, key), now, run.channel_id)

    return await services.call(find)


async def answer_form(services: Services, principal: Principal, ref: QuestionRef) -> View:
    """The form for this person, as long as there is something to answer. Raises NotFound, Refused, Conflict."""
    asked = await find_question(services, principal, ref)
    key = asked.key
    _require_open(key)
    if not await services.call(commands.may_answer, services.engine, principal, key):
        people = (*key.people_users, *key.people_groups) or (key.requester,)
        raise Refused(
            f"You may not answer this for run #{key.run_number}. Those who may: {{people}}.", people[:5]
        )
    zone = await services.identity.zone(principal.user_id) if _computes(asked.fields) else UTC
    now = datetime.fromtimestamp(asked.now / 1000, zone)
    asking = Asking(now=now, user_id=principal.user_id, channel_id=asked.channel_id)
    values = with_defaults(asked.fields, {}, asking, services.engine.matches)
    asks_for_group = any(each.type is ParameterType.GROUP for each in asked.fields)
    groups = await services.identity.groups() if asks_for_group else None
    return question_blocks.answer_form(
        key.id, key.title, key.message, asked.fields, values, groups or NO_GROUPS
    )


def _computes(fields: tuple[Parameter, ...]) -> bool:
    return any(each.computed is not None for each in fields)


def _require_open(key: QuestionKey) -> None:
    """The command asks again, with the run's lock."""
    if key.status is InputStatus.OPEN:
        return
    if key.answered_by is not None:
        raise Conflict(f"{{people}} has answered this for run #{key.run_number} already.", (key.answered_by,))
    raise Conflict(
        f"This question is {key.status} already; run #{key.run_number} does not wait for it any more."
    )
