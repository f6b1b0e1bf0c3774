"""Forms that change while a person fills them in: fields that are asked only after certain answers come and go, and
options that workers find out take the place of the line that says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError

from blocks import forms
from blocks.ids import ActionId, param_name
from blocks.options import suggestions
from blocks.types import View
from blocks.values import FormDraft, ParameterRef, decode
from bot.slack import modals
from bot.slack.form_facts import facts_of
from bot.slack.open_forms import Drawing, OpenForm
from bot.slack.replies import CALL_ERRORS
from bot.slack.services import Services
from bot.slack.start_form import form as make_form
from bot.slack_client import error_code
from engine import commands
from engine.core.definition import JsonValue, Workflow
from engine.core.errors import Busy
from engine.core.permission import Principal
from store import look_ups

logger = logging.getLogger("handrail.forms")

Body = dict[str, Any]

MOST_TRIES = 10
"""How often options are shown that Slack or the database does not take at once."""

TYPING_SECONDS = 0.4
"""A person who types is waited for before options are looked up for what is typed."""

ANSWER_SECONDS = 1.0
"""How long our answer to a submit may be on its way."""

POLL_SECONDS = 0.5
"""How long a hint that options are there is waited for."""

_TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})


def register(app: AsyncApp, services: Services) -> None:
    changes = FormChanges(services)
    app.action(ActionId.PARAMETER.value)(changes.change)
    app.action(ActionId.OPTIONS_AGAIN.value)(changes.try_again)
    app.options(ActionId.PARAMETER.value)(changes.suggest)


async def start_form(
    services: Services,
    body: Body,
    principal: Principal,
    workflow: Workflow,
    channel_id: str | None,
    values: Mapping[str, JsonValue] | None = None,
    mistakes: Mapping[str, str] | None = None,
    *,
    again_of: str | None = None,
    is_rehearsal: bool = False,
    in_place: bool = False,
) -> None:
    """Show the form of a workflow, in a modal of its own or (`in_place`) in the one that was acted in, and fill in
    the options that it waits for."""
    view = await make_form(
        services,
        principal,
        workflow,
        channel_id,
        values,
        mistakes,
        again_of=again_of,
        is_rehearsal=is_rehearsal,
    )
    drawing = Drawing(view, principal, workflow, values or {})
    services.replies.start(_show(services, body, drawing, in_place=in_place), "form")


async def _show(services: Services, body: Body, drawing: Drawing, *, in_place: bool) -> None:
    view: View = dict(drawing.view)
    if in_place:
        await modals.replace(services, body, view)
        start_filling(services, body["view"]["id"], drawing)
        return
    shown = await modals.show(services, body, view)
    # Else nothing was shown, or somebody was quick, and it is being drawn anew.
    if shown is not None and not services.forms.get(shown["id"]).newest:
        start_filling(services, shown["id"], drawing)


def start_filling(services: Services, view_id: str, drawing: Drawing, *, is_shown: bool = True) -> None:
    """From now on, put options into this form, which has just been drawn, when they come. One that is not shown yet
    is so by our answer, which is on its way."""
    form = services.forms.renew(view_id)
    form.drawing = drawing
    draft = drawing.draft
    noted = forms.noted_names(drawing.view)
    awaited = [key for name, key in draft.options.items() if name in noted] if draft else []
    if awaited:
        pause = 0.0 if is_shown else ANSWER_SECONDS
        services.replies.start(FormChanges(services).fill(view_id, form, drawing, awaited, pause), "options")


class FormChanges:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def change(self, ack: AsyncAck, body: Body, action: dict[str, Any]) -> None:
        self._start_following(body, action)
        await ack()

    async def try_again(self, ack: AsyncAck, body: Body, action: dict[str, Any]) -> None:
        """Look the options of one parameter up once more."""
        ref = decode(ParameterRef, action.get("value"))
        if ref is not None:
            self._start_following(body, action, ref.name)
        await ack()

    async def suggest(self, ack: AsyncAck, body: Body) -> None:
        """The options in which occurs what was typed into the menu of a field."""
        draft = decode(FormDraft, (body.get("view") or {}).get("private_metadata"))
        key = draft.options.get(param_name(str(body.get("block_id"))) or "") if draft else None
        principal = await self._services.principal(body)
        found = (await self._load(principal, [key])).get(key) if key else None
        typed = str(body.get("value") or "")
        await ack(options=suggestions(found.options or (), typed) if found else [])

    def _start_following(self, body: Body, action: dict[str, Any], again: str | None = None) -> None:
        draft = decode(FormDraft, (body.get("view") or {}).get("private_metadata"))
        if draft is None:
            return
        form = self._services.forms.get(body["view"]["id"])
        form.newest = max(form.newest, str(action.get("action_ts", "")))
        if again is not None:
            draft = replace(
                draft, options={name: key for name, key in draft.options.items() if name != again}
            )
        self._services.replies.start(self._follow(body, draft, form, action, form.newest), "form")

    async def _follow(
        self, body: Body, draft: FormDraft, form: OpenForm, action: Mapping[str, Any], change: str
    ) -> None:
        """Ask what has to be asked after this change; not, when a newer one has come meanwhile."""
        async with form.turn:
            if form.newest == change:
                await self._redraw(body, draft, form, action, change)

    async def _redraw(
        self, body: Body, draft: FormDraft, form: OpenForm, action: Mapping[str, Any], change: str
    ) -> None:
        services, view = self._services, body["view"]
        principal = await services.principal(body)
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, draft.workflow)
        if workflow.digest != draft.digest:
            return  # its submit will say so
        if action.get("type") in _TYPED and _is_used(workflow, param_name(str(action.get("block_id")))):
            await asyncio.sleep(TYPING_SECONDS)
            if form.newest != change:
                return
        given = {**draft.kept, **forms.read_form(workflow, view["state"]["values"])}
        await self._draw(view["id"], form, Drawing(view, principal, workflow, given), draft)

    async def _draw(self, view_id: str, form: OpenForm, drawing: Drawing, draft: FormDraft) -> None:
        """Make the form what it has to be with these values, and go on when options come that it waits for."""
        services, workflow = self._services, drawing.workflow
        facts = await facts_of(
            services, drawing.principal, workflow, draft.channel_id, drawing.given, draft.options
        )
        changed = forms.changed_form(
            workflow,
            drawing.view,
            facts.values,
            draft,
            hidden=facts.hidden,
            groups=facts.groups,
            computed=facts.computed,
            mistakes=facts.mistakes,
        )
        shape = forms.shape(workflow, changed)
        if shape != (form.shown or forms.shape(workflow, drawing.view)):
            await self._update(view_id, changed)
            form.shown = shape
        form.drawing = drawn = replace(drawing, view=changed)
        awaited = [found.look_up_id for found in facts.computed.values() if found.is_loading]
        if awaited:
            services.replies.start(self.fill(view_id, form, drawn, awaited), "options")

    async def _update(self, view_id: str, view: View) -> None:
        self._services.buckets.use_view()
        try:
            await self._services.client.views_update(view_id=view_id, view=view)
        except SlackApiError as error:
            if error_code(error) != "not_found":  # it is closed by now
                raise

    async def fill(
        self, view_id: str, form: OpenForm, drawing: Drawing, awaited: Collection[str], pause: float = 0.0
    ) -> None:
        """Draw the form anew when one of these look-ups is settled, unless it was drawn otherwise meanwhile. Nobody
        else will: a few failures are got over."""
        await asyncio.sleep(pause)
        tries_left = MOST_TRIES
        while form.drawing is drawing:
            try:
                if await self._is_any_settled(drawing.principal, awaited):
                    await self._fill_now(view_id, form, drawing)
                    return
            except (Busy, *CALL_ERRORS) as error:
                tries_left -= 1
                if not tries_left:
                    raise
                logger.info("options_not_shown error=%r", error)
            await self._services.hints.wait_for(awaited, POLL_SECONDS)

    async def _fill_now(self, view_id: str, form: OpenForm, drawing: Drawing) -> None:
        draft = drawing.draft
        async with form.turn:
            if form.drawing is drawing and draft is not None:
                await self._draw(view_id, form, drawing, draft)

    async def _is_any_settled(self, principal: Principal, awaited: Collection[str]) -> bool:
        found = await self._load(principal, awaited)
        return len(found) < len(awaited) or any(each.is_settled for each in found.values())

    async def _load(self, principal: Principal, keys: Collection[str]) -> dict[str, look_ups.LookUp]:
        database = self._services.engine.database

        def load() -> dict[str, look_ups.LookUp]:
            with database.read() as c:
                return look_ups.load(c, principal.team_id, keys)

        return await self._services.call(load)


def _is_used(workflow: Workflow, name: str | None) -> bool:
    """Whether options depend on this parameter."""
    return any(name in each.source.uses for each in workflow.parameters if each.source)
