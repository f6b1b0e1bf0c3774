"""Submitted and closed modals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from blocks import forms, problems, run
from blocks.ids import CallbackId
from blocks.types import View
from blocks.values import CommentDraft, FormDraft, QuestionRef, decode
from bot.slack import modals
from bot.slack.actions import STALE
from bot.slack.comments import read_comment
from bot.slack.form_changes import start_filling
from bot.slack.form_facts import Facts, facts_of
from bot.slack.open_forms import Drawing
from bot.slack.questions import find_question
from bot.slack.services import Services
from bot.slack.start_form import TOO_OLD, can_post, form, is_too_old, unknown_people
from engine import commands
from engine.commands import Started
from engine.core.definition import JsonValue, Workflow
from engine.core.errors import InvalidParameters, NotFound, Problem
from engine.core.permission import Principal
from engine.core.slack_ids import CHANNEL_ID
from store.surfaces import SurfaceKind

logger = logging.getLogger("handrail.views")

Body = dict[str, Any]

STALE_FORM = "This form is no longer valid. Nothing was started; please run the command again."
CANNOT_POST = "Handrail cannot post there. Invite it with `/invite`, or choose another channel."


def register(app: AsyncApp, services: Services) -> None:
    views = Views(services)
    app.view_submission(CallbackId.START_FORM.value)(views.start)
    app.view_submission(CallbackId.COMMENT_FORM.value)(views.decide)
    app.view_submission(CallbackId.ANSWER_FORM.value)(views.answer)
    for callback_id in (CallbackId.LIVE_DIALOG, CallbackId.DETAILS):
        app.view_closed(callback_id.value)(views.closed)


class Views:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def start(self, ack: AsyncAck, body: Body) -> None:
        """The form becomes the live dialog of the run it started."""
        services = self._services
        view = body["view"]
        draft = decode(FormDraft, view.get("private_metadata"))
        if draft is None:
            raise NotFound(STALE_FORM)
        principal = await services.principal(body)
        workflow = await self._workflow(principal, draft)
        state = view["state"]["values"]
        values, channel_id = forms.read_form(workflow, state), forms.read_channel(state)
        may_post, strangers, facts = await asyncio.gather(
            self._may_post(channel_id),
            unknown_people(services, workflow, values),
            facts_of(
                services, principal, workflow, draft.channel_id, {**draft.kept, **values}, draft.options
            ),
        )
        if not may_post:
            await ack(response_action="errors", errors=forms.channel_error(CANNOT_POST))
            return
        again = await self._form_again(view, draft, principal, workflow, values, facts)
        if again is not None:
            await ack(response_action="update", view=again)
            drawing = Drawing(again, principal, workflow, {**draft.kept, **values})
            start_filling(services, view["id"], drawing, is_shown=False)
            return
        try:
            if strangers or facts.mistakes:
                raise InvalidParameters({**strangers, **facts.mistakes})
            started = await services.call(
                commands.start_run,
                services.engine,
                principal,
                workflow.name,
                facts.asked,
                channel_id=channel_id or draft.channel_id,
                is_rehearsal=forms.read_rehearsal(state),
                # One run a form, however often it is submitted; *Run Again* makes a new form in the same view.
                delivery_key=f"form:{view['id']}:{draft.again_of}",
                options=facts.options,
            )
        except InvalidParameters as problem:
            errors = forms.field_errors(state, problem.mistakes)
            if not errors:
                raise
            await ack(response_action="errors", errors=errors)
            return
        await self._show_run(ack, body, started)

    async def _form_again(
        self,
        view: Body,
        draft: FormDraft,
        principal: Principal,
        workflow: Workflow,
        values: Mapping[str, JsonValue],
        facts: Facts,
    ) -> View | None:
        """The form to be looked at once more before anything starts: it is too old, more has to be asked, or
        options are not there or have changed."""
        if is_too_old(draft):
            channel_id = forms.read_channel(view["state"]["values"]) or draft.channel_id
            return await form(
                self._services,
                principal,
                workflow,
                channel_id,
                {**draft.kept, **values},
                again_of=draft.again_of,
                notice=TOO_OLD,
                is_rehearsal=forms.read_rehearsal(view["state"]["values"]),
            )
        obstacles = facts.obstacles(workflow)
        changed = forms.changed_form(
            workflow,
            view,
            facts.values,
            draft,
            hidden=facts.hidden,
            groups=facts.groups,
            is_submitted=True,
            computed=facts.computed,
            mistakes={**facts.mistakes, **obstacles},
        )
        conditional = {each.name for each in workflow.parameters if each.show_if is not None}
        is_more_asked = conditional - facts.hidden - forms.asked_names(view)
        is_more_offered = facts.look_ups != draft.options or facts.options.keys() & forms.noted_names(view)
        return changed if is_more_asked or is_more_offered or obstacles else None

    async def _workflow(self, principal: Principal, draft: FormDraft) -> Workflow:
        """The workflow that the form was made for, as long as it is still the same."""
        services = self._services
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, draft.workflow)
        if workflow.digest != draft.digest:
            raise NotFound(
                f"{workflow.title} was changed since this form was opened. Nothing was started. "
                "Please close the form and run the command again."
            )
        return workflow

    async def _may_post(self, chosen: str | None) -> bool:
        """Whether we can post in the channel that was chosen, if one was; a failed look-up does not say no."""
        if chosen is None:
            return True
        return (
            CHANNEL_ID.fullmatch(chosen) is not None and await can_post(self._services, chosen) is not False
        )

    async def _show_run(self, ack: AsyncAck, body: Body, started: Started) -> None:
        """Whatever fails from here on: the run has been started, and that is what has to be said."""
        services = self._services
        try:
            picture = await services.picture(started.run_id)
        except Problem as problem:
            logger.warning("dialog_not_drawn run=%s reason=%s", started.run_id, problem)
            text = f"Run #{started.number} was started. `/workflow show {started.number}` shows how it goes."
            await ack(response_action="update", view=problems.message_view("Started", text))
            return
        dialog = run.dialog(picture)
        await ack(response_action="update", view=dialog)
        services.replies.start(
            modals.remember(services, body, body["view"], dialog, picture, SurfaceKind.DIALOG), "live dialog"
        )

    async def decide(self, ack: AsyncAck, body: Body) -> None:
        services = self._services
        view = body["view"]
        draft = decode(CommentDraft, view.get("private_metadata"))
        if draft is None:
            raise NotFound(STALE)
        principal = await services.principal(body)
        await services.call(
            commands.decide,
            services.engine,
            principal,
            draft.approval_id,
            approve=draft.approve,
            comment=read_comment(view["state"]["values"]),
            delivery_key=f"comment:{view['id']}",
        )
        modals.start_attending(services, body)
        await ack()

    async def answer(self, ack: AsyncAck, body: Body) -> None:
        """Values for a step that asks for them; mistakes are said at their fields."""
        services, view = self._services, body["view"]
        ref = decode(QuestionRef, view.get("private_metadata"))
        if ref is None:
            raise NotFound(STALE)
        principal = await services.principal(body)
        asked = await find_question(services, principal, ref)
        state = view["state"]["values"]
        try:
            await services.call(
                commands.answer_question,
                services.engine,
                principal,
                asked.key.id,
                forms.read_fields(asked.fields, state),
                delivery_key=f"answer:{view['id']}",
            )
        except InvalidParameters as problem:
            errors = forms.field_errors(state, problem.mistakes)
            if not errors:
                raise
            await ack(response_action="errors", errors=errors)
            return
        modals.start_attending(services, body)
        await ack()

    async def closed(self, ack: AsyncAck, body: Body) -> None:
        """Nobody looks at this modal any more: it is not drawn again."""
        await modals.forget_closed(
            self._services, body["view"]["id"], with_stack=bool(body.get("is_cleared"))
        )
        await ack()
