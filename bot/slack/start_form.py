"""The form that starts a run: what Slack has to be asked before it can be drawn or believed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from blocks import forms
from blocks.types import View
from blocks.values import FormDraft
from bot.slack.form_facts import facts_of
from bot.slack.services import Services
from engine.core.definition import JsonValue, Parameter, ParameterType, Workflow
from engine.core.permission import Principal
from engine.core.slack_ids import USER_ID

LONGEST_OPEN_SECONDS = 24 * 3600
TOO_OLD = (
    "This form was opened more than 24 hours ago. Nothing was started. Your values are kept: look at them again, "
    "then press Start Execution."
)
UNKNOWN_GROUP = "This user group is not in this workspace, or it is disabled. Choose another one."
UNKNOWN_USER = "This is nobody in this workspace, or their account is closed. Choose somebody else."


MOST_LOOKED_UP = 20
"""People of one list. Each is a call to Slack, which allows about a hundred a minute."""


async def form(
    services: Services,
    principal: Principal,
    workflow: Workflow,
    channel_id: str | None,
    values: Mapping[str, JsonValue] | None = None,
    mistakes: Mapping[str, str] | None = None,
    *,
    again_of: str | None = None,
    notice: str = "",
    is_rehearsal: bool = False,
) -> View:
    """The form of a workflow. Where the bot cannot post, it asks for a channel; a failed look-up does not. `notice`
    says why it is shown again."""
    given = values or {}
    strangers, has_bot, facts = await asyncio.gather(
        unknown_people(services, workflow, given),
        can_post(services, channel_id),
        facts_of(services, principal, workflow, channel_id, given),
    )
    draft = FormDraft(workflow.name, workflow.digest, channel_id, int(time.time()), again_of)
    return forms.start_form(
        workflow,
        facts.values,
        {**strangers, **facts.mistakes, **(mistakes or {})},
        draft,
        ask_channel=has_bot is False,
        notice=notice,
        hidden=facts.hidden,
        groups=facts.groups,
        is_rehearsal=is_rehearsal,
        computed=facts.computed,
    )


def is_too_old(draft: FormDraft) -> bool:
    """Whether the form was opened so long ago that whoever submits it should look at its values again."""
    return time.time() - draft.opened_at > LONGEST_OPEN_SECONDS


async def can_post(services: Services, channel_id: str | None) -> bool | None:
    """Whether we can post there; None when it could not be looked up."""
    return False if channel_id is None else await services.identity.has_bot(channel_id)


async def unknown_people(
    services: Services, workflow: Workflow, values: Mapping[str, JsonValue]
) -> dict[str, str]:
    """A sentence for each parameter that names a user or a user group that is none of this workspace's. Who could
    not be looked up is let pass: a value is no permission."""
    given = [each for each in workflow.parameters if values.get(each.name) is not None]
    sentences = await asyncio.gather(*(_stranger(services, each, values[each.name]) for each in given))
    return {each.name: said for each, said in zip(given, sentences, strict=True) if said is not None}


async def _stranger(services: Services, parameter: Parameter, value: JsonValue) -> str | None:
    match parameter.type:
        case ParameterType.USER:
            return UNKNOWN_USER if await _unknown_users(services, [value]) else None
        case ParameterType.USERS if isinstance(value, list):
            unknown = await _unknown_users(services, value[:MOST_LOOKED_UP])
            return f"{', '.join(unknown)}: {UNKNOWN_USER}" if unknown else None
        case ParameterType.GROUP:
            groups = await services.identity.groups()
            return None if groups is None or value in groups else UNKNOWN_GROUP
        case _:
            return None


async def _unknown_users(services: Services, ids: Sequence[JsonValue]) -> list[str]:
    """Those of these ids that belong to nobody here."""
    users = [each for each in ids if isinstance(each, str) and USER_ID.fullmatch(each)]
    answers = await asyncio.gather(*map(services.identity.is_active_member, users))
    return [user for user, answer in zip(users, answers, strict=True) if answer is False]
