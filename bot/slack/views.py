"""Submitted and closed modals."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from blocks import approval as approval_blocks
from blocks import forms, run
from blocks.ids import CallbackId
from blocks.values import CommentDraft, FormDraft, decode
from bot.slack import modals
from bot.slack.actions import STALE, delivery_key
from bot.slack.services import Services
from engine import commands
from engine.core.errors import InvalidParameters, NotFound
from store.surfaces import SurfaceKind

Body = dict[str, Any]


def register(app: AsyncApp, services: Services) -> None:
    views = Views(services)
    app.view_submission(CallbackId.START_FORM.value)(views.start)
    app.view_submission(CallbackId.COMMENT_FORM.value)(views.decide)
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
            raise NotFound("This form is no longer valid. Please run the command again.")
        principal = await services.principal(body)
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, draft.workflow)
        if workflow.digest != draft.digest:
            raise NotFound(
                f"{workflow.title} was changed since this form was opened. Nothing was started. "
                "Please close the form and run the command again."
            )
        state = view["state"]["values"]
        try:
            started = await services.call(
                commands.start_run,
                services.engine,
                principal,
                workflow.name,
                forms.read_form(workflow, state),
                channel_id=forms.read_channel(state) or draft.channel_id,
                delivery_key=delivery_key(body),
            )
        except InvalidParameters as problem:
            await ack(response_action="errors", errors=forms.field_errors(state, problem.mistakes))
            return
        picture = await services.picture(started.run_id)
        assert picture is not None, "a run that was just started is there"
        dialog = run.dialog(picture)
        await ack(response_action="update", view=dialog)
        await modals.remember(
            services, started.run_id, SurfaceKind.DIALOG, view["id"], principal.user_id, dialog
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
            comment=approval_blocks.read_comment(view["state"]["values"]),
            delivery_key=delivery_key(body),
        )
        await ack()

    async def closed(self, ack: AsyncAck, body: Body) -> None:
        """Nobody looks at this modal any more: it is not drawn again."""
        view = body["view"]
        view_ids = {view["id"], view["root_view_id"]} if body.get("is_cleared") else {view["id"]}
        await modals.forget(self._services, *view_ids)
        await ack()
