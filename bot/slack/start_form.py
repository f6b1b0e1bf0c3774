"""The form that starts a run: what Slack has to be asked before it can be drawn or believed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from blocks import forms
from blocks.types import View
from blocks.values import FormDraft
from bot.slack.services import Services
from engine.core.definition import JsonValue, ParameterType, Workflow
from engine.core.slack_ids import USER_ID

UNKNOWN_USER = "This is nobody in this workspace, or their account is closed. Choose somebody else."


async def form(
    services: Services,
    workflow: Workflow,
    channel_id: str | None,
    values: Mapping[str, JsonValue] | None = None,
    mistakes: Mapping[str, str] | None = None,
    *,
    again_of: str | None = None,
) -> View:
    """The form of a workflow. Where the bot cannot post, it asks for a channel; a failed look-up does not."""
    given = values or {}
    strangers, has_bot = await asyncio.gather(
        unknown_people(services, workflow, given), can_post(services, channel_id)
    )
    draft = FormDraft(workflow.name, workflow.digest, channel_id, again_of)
    return forms.start_form(
        workflow, given, {**strangers, **(mistakes or {})}, draft, ask_channel=has_bot is False
    )


async def can_post(services: Services, channel_id: str | None) -> bool | None:
    """Whether we can post there; None when it could not be looked up."""
    return False if channel_id is None else await services.identity.has_bot(channel_id)


async def unknown_people(
    services: Services, workflow: Workflow, values: Mapping[str, JsonValue]
) -> dict[str, str]:
    """A sentence for each parameter that names a user who is none of this workspace's. Who could not be looked up
    is let pass: a value is no permission."""
    asked = {
        each.name: value
        for each in workflow.parameters
        if each.type is ParameterType.USER
        and isinstance(value := values.get(each.name), str)
        and USER_ID.fullmatch(value)
    }
    answers = await asyncio.gather(*map(services.identity.is_active_member, asked.values()))
    return {name: UNKNOWN_USER for name, answer in zip(asked, answers, strict=True) if answer is False}
