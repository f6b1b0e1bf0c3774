"""Changes in an open form: fields that are asked only after certain answers come and go while a person types."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from blocks import forms
from blocks.ids import ActionId
from blocks.values import FormDraft, decode
from bot.slack.form_facts import facts_of
from bot.slack.services import Services
from bot.slack_client import error_code
from engine import commands

Body = dict[str, Any]

MOST_REMEMBERED = 1_000


def register(app: AsyncApp, services: Services) -> None:
    app.action(ActionId.PARAMETER.value)(FormChanges(services).change)


@dataclass(slots=True)
class _Open:
    """A form before a person: its newest change, and the fields it shows since we last changed it."""

    newest: str = ""
    shown: frozenset[str] | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class FormChanges:
    """Lives in one event loop. Forms unchanged for long are forgotten; Slack then says what they show."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._forms: OrderedDict[str, _Open] = OrderedDict()

    async def change(self, ack: AsyncAck, body: Body, action: dict[str, Any]) -> None:
        draft = decode(FormDraft, (body.get("view") or {}).get("private_metadata"))
        if draft is not None:
            form = self._form(body["view"]["id"])
            form.newest = max(form.newest, str(action.get("action_ts", "")))
            self._services.replies.start(self._follow(body, draft, form, form.newest), "form")
        await ack()

    async def _follow(self, body: Body, draft: FormDraft, form: _Open, change: str) -> None:
        """Ask what has to be asked after this change; not, when a newer one has come meanwhile."""
        async with form.turn:
            if form.newest == change:
                await self._redraw(body, draft, form)

    async def _redraw(self, body: Body, draft: FormDraft, form: _Open) -> None:
        services, view = self._services, body["view"]
        principal = await services.principal(body)
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, draft.workflow)
        if workflow.digest != draft.digest:
            return  # its submit will say so
        typed = forms.read_form(workflow, view["state"]["values"])
        given = {**draft.kept, **typed}
        facts = await facts_of(services, principal, workflow, draft.channel_id, given)
        asked = frozenset(each.name for each in workflow.parameters) - facts.hidden
        if asked == (form.shown or forms.asked_names(view)):
            return
        changed = forms.changed_form(
            workflow, view, facts.values, draft, hidden=facts.hidden, groups=facts.groups
        )
        services.buckets.use_view()
        try:
            await services.client.views_update(view_id=view["id"], view=changed)
        except SlackApiError as error:
            if error_code(error) != "not_found":  # it is closed by now
                raise
        form.shown = asked

    def _form(self, view_id: str) -> _Open:
        form = self._forms.setdefault(view_id, _Open())
        self._forms.move_to_end(view_id)
        while len(self._forms) > MOST_REMEMBERED:
            self._forms.popitem(last=False)
        return form
