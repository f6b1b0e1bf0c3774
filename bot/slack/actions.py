"""Clicks: each handler reads the button's typed content, asks the engine once, and answers privately if need be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from blocks import approval as approval_blocks
from blocks import details, lists
from blocks.ids import ActionId
from blocks.values import (
    ApprovalRef,
    DetailsPlace,
    HistoryPlace,
    PickerDraft,
    QuestionRef,
    RunRef,
    StepRef,
    WorkflowRef,
    decode,
)
from bot.slack import modals
from bot.slack.commands import run_list
from bot.slack.comments import read_comment
from bot.slack.form_changes import start_form
from bot.slack.questions import answer_form
from bot.slack.services import Services
from engine import commands
from engine.core.errors import NotFound
from engine.core.permission import Principal
from engine.core.picture import ApprovalPicture, RunPicture
from engine.core.state import RunStatus
from store import approvals

Body = dict[str, Any]
Handler = Callable[[Body, dict[str, Any], Principal], Awaitable[None]]

INERT = (ActionId.COMMENT, ActionId.CHANNEL_PICK, ActionId.REHEARSAL, ActionId.PAGE_LINK)
"""Fields and links: Slack tells of them, and nothing is to be done."""

STALE = (
    "This button is from an older message or is no longer valid. Nothing was changed. Try `/workflow runs`."
)


def register(app: AsyncApp, services: Services) -> None:
    actions = Actions(services)
    handlers: dict[ActionId, Handler] = {
        ActionId.RUN_CANCEL: actions.cancel,
        ActionId.RUN_FORCE: actions.force,
        ActionId.RUN_RESUME: actions.resume,
        ActionId.TASK_DONE: actions.mark_done,
        ActionId.TASK_AGAIN: actions.run_step_again,
        ActionId.ANSWER: actions.answer,
        ActionId.RUN_DETAILS: actions.open_details,
        ActionId.RUN_AGAIN: actions.run_again,
        ActionId.RUN_PAGE: actions.open_page,
        ActionId.RUN_PICK: actions.pick_workflow,
        ActionId.APPROVE: actions.approve,
        ActionId.REJECT: actions.reject,
        ActionId.APPROVE_IN_DIALOG: actions.ask_approve_comment,
        ActionId.REJECT_IN_DIALOG: actions.ask_reject_comment,
        ActionId.RUNS_OLDER: actions.turn_page,
        ActionId.RUNS_NEWER: actions.turn_page,
        ActionId.WORKFLOW_RUN: actions.run_workflow,
        ActionId.WORKFLOW_RUNS: actions.turn_page,
        ActionId.TASK_PICK: actions.pick_task,
        ActionId.DETAILS_BACK: actions.pick_task,
        ActionId.DETAILS_EARLIER: actions.pick_task,
        ActionId.DETAILS_LATER: actions.pick_task,
        ActionId.REFRESH: actions.refresh,
    }
    for action_id, handler in handlers.items():
        app.action(action_id.value)(_listener(services, handler))
    for inert in INERT:
        app.action(inert.value)(_acknowledge)


def _listener(services: Services, handler: Handler) -> Callable[..., Awaitable[None]]:
    async def listen(ack: AsyncAck, body: Body, action: dict[str, Any]) -> None:
        await handler(body, action, await services.principal(body))
        await ack()

    return listen


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


def delivery_key(body: Body) -> str:
    """The name of this click: its repetitions carry the same one."""
    return f"{body['type']}:{body['trigger_id']}"


class Actions:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def cancel(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._stop(body, action, principal, is_forced=False)

    async def force(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._stop(body, action, principal, is_forced=True)

    async def resume(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._resume(body, principal, _content(action, RunRef).run_id)

    async def mark_done(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """The step took effect, this person says: the run goes on after it."""
        ref = _content(action, StepRef)
        await self._resume(body, principal, ref.run_id, done=(ref.step_id,))

    async def run_step_again(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._resume(body, principal, _content(action, StepRef).run_id)

    async def answer(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """Open the form of a step's question."""
        view = await answer_form(self._services, principal, _content(action, QuestionRef))
        modals.start_showing(self._services, body, view)

    async def _resume(
        self, body: Body, principal: Principal, run_id: str, *, done: Sequence[str] = ()
    ) -> None:
        services = self._services
        await services.call(
            commands.resume_run,
            services.engine,
            principal,
            run_id,
            done=done,
            delivery_key=delivery_key(body),
        )
        modals.start_attending(services, body)

    async def _stop(
        self, body: Body, action: dict[str, Any], principal: Principal, *, is_forced: bool
    ) -> None:
        ref = _content(action, RunRef)
        services = self._services
        asked = await services.call(
            commands.cancel_run,
            services.engine,
            principal,
            ref.run_id,
            is_forced=is_forced,
            delivery_key=delivery_key(body),
        )
        modals.start_attending(services, body)
        if (body.get("container") or {}).get("is_ephemeral"):  # the offer of `/workflow cancel`
            services.replies.start_replacing_original(
                body, lists.cancel_asked(asked.number, RunStatus(asked.status))
            )

    async def open_details(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        ref = _content(action, RunRef)
        await modals.start_details(self._services, body, ref.run_id, principal)

    async def pick_task(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """Go to a task in the open details, or back to all tasks."""
        place = decode(DetailsPlace, _value(action))
        if place is None or "view" not in body:
            raise NotFound(STALE)
        await self._services.call(commands.viewable_run, self._services.engine, principal, place.run_id)
        await modals.turn(self._services, body, place)

    async def run_again(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """The form again, filled with what the run had."""
        ref = _content(action, RunRef)
        services = self._services
        picture = await modals.viewable_picture(services, principal, ref.run_id)
        workflow = await services.call(
            commands.workflow_to_run, services.engine, principal, picture.workflow_name
        )
        await start_form(
            services,
            body,
            principal,
            workflow,
            picture.channel_id,
            picture.parameters,
            again_of=picture.id,
            is_rehearsal=picture.is_rehearsal,
            in_place="view" in body,
        )

    async def open_page(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """Mint a link for this person alone, and show it to nobody else."""
        ref = _content(action, RunRef)
        services = self._services
        picture = await modals.viewable_picture(services, principal, ref.run_id)
        link = await services.call(services.mint_link, principal, picture.id)
        modals.start_showing(services, body, details.page_link(picture, link))

    async def pick_workflow(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """The picker becomes the form."""
        if "view" not in body:
            raise NotFound(STALE)
        draft = decode(PickerDraft, body["view"].get("private_metadata"))
        services = self._services
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, _value(action))
        channel_id = draft.channel_id if draft else None
        await start_form(services, body, principal, workflow, channel_id, in_place=True)

    async def run_workflow(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        ref = _content(action, WorkflowRef)
        services = self._services
        workflow = await services.call(commands.workflow_to_run, services.engine, principal, ref.name)
        channel_id = (body.get("channel") or {}).get("id")
        await start_form(services, body, principal, workflow, channel_id)

    async def turn_page(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        place = _content(action, HistoryPlace)
        message = await run_list(self._services, principal, place)
        self._services.replies.start_replacing_original(body, message)

    async def approve(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._decide(body, action, principal, approve=True)

    async def reject(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._decide(body, action, principal, approve=False)

    async def ask_approve_comment(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._ask_comment(body, action, principal, approve=True)

    async def ask_reject_comment(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        await self._ask_comment(body, action, principal, approve=False)

    async def refresh(self, body: Body, action: dict[str, Any], principal: Principal) -> None:
        """Wake a dialog that has gone to sleep."""
        ref = _content(action, RunRef)
        await self._services.call(commands.viewable_run, self._services.engine, principal, ref.run_id)
        modals.start_attending(self._services, body)

    async def _decide(
        self, body: Body, action: dict[str, Any], principal: Principal, *, approve: bool
    ) -> None:
        ref = _content(action, ApprovalRef)
        comment = read_comment((body.get("state") or {}).get("values") or {})
        services = self._services
        await services.call(
            commands.decide,
            services.engine,
            principal,
            ref.approval_id,
            approve=approve,
            comment=comment,
            delivery_key=delivery_key(body),
        )
        modals.start_attending(services, body)

    async def _ask_comment(
        self, body: Body, action: dict[str, Any], principal: Principal, *, approve: bool
    ) -> None:
        ref = _content(action, ApprovalRef)
        picture, approval = await self._approval(principal, ref)
        modals.start_showing(self._services, body, approval_blocks.comment_form(picture, approval, approve))

    async def _approval(self, principal: Principal, ref: ApprovalRef) -> tuple[RunPicture, ApprovalPicture]:
        services = self._services

        def find() -> str | None:
            with services.engine.database.read() as c:
                key = approvals.find_approval(c, ref.approval_id)
            return key.run_id if key and key.team_id == principal.team_id else None

        run_id = await services.call(find)
        if run_id is None:
            raise NotFound(STALE)
        picture = await modals.viewable_picture(services, principal, run_id)
        approval = next((a for a in picture.approvals if a.id == ref.approval_id), None)
        if approval is None:
            raise NotFound(STALE)
        return picture, approval


def _value(action: dict[str, Any]) -> str:
    option = action.get("selected_option")
    return str(option["value"]) if option is not None else str(action.get("value", ""))


Content = TypeVar("Content", RunRef, StepRef, QuestionRef, ApprovalRef, WorkflowRef, HistoryPlace)


def _content(action: dict[str, Any], kind: type[Content]) -> Content:
    content = decode(kind, _value(action))
    if content is None:
        raise NotFound(STALE)
    return content
