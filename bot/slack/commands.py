"""`/workflow ...`: each word's handler parses, asks the engine once, and answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from blocks import forms, lists, problems
from blocks.ids import COMMAND
from blocks.types import Message, WorkflowCard
from blocks.values import HistoryPlace
from bot.slack import modals
from bot.slack.form_changes import start_form
from bot.slack.services import Services
from bot.slack.words import Misspelled, Words, nearest, parse_command, run_number, split_filters
from engine import commands as engine_commands
from engine.core.definition import Workflow
from engine.core.errors import Mistake
from engine.core.parameters import parse_text_parameters
from engine.core.permission import Principal
from engine.core.picture import RunSummary
from engine.core.state import RunStatus
from store import reading
from store.database import now_ms

PAGE_SIZE = 10
OFFERED_RUNS = 5
Body = dict[str, Any]


class NoSuchWorkflow(Misspelled):
    """It does not exist, or does not exist for this person."""


def register(app: AsyncApp, services: Services) -> None:
    app.command(COMMAND)(Commands(services).handle)


class Commands:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._verbs: Mapping[str, Callable[[Body, Words, Principal], Awaitable[Message | None]]] = {
            "help": self.help,
            "list": self.list,
            "run": self.run,
            "runs": self.runs,
            "show": self.show,
            "cancel": self.cancel,
            "retry": self.retry,
        }

    async def handle(self, ack: AsyncAck, body: Body) -> None:
        words = parse_command(body["text"])
        principal = await self._services.principal(body)
        message = await self._verbs[words.verb](body, words, principal)
        if message is None:
            await ack()
        else:
            await ack(text=message.text, blocks=message.blocks, response_type="ephemeral")

    async def help(self, body: Body, words: Words, principal: Principal) -> Message:
        workflows = await self._visible(principal)
        return problems.help_message([workflow.name for workflow in workflows])

    async def list(self, body: Body, words: Words, principal: Principal) -> Message:
        wanted = [word.lower() for word in words.plain]
        workflows = await self._visible(principal)
        found = [
            workflow
            for workflow in workflows
            if all(word in f"{workflow.name} {workflow.title}".lower() for word in wanted)
        ]
        if workflows and not found:
            raise Misspelled("No workflow has these words in its name. `/workflow list` shows all.")
        return lists.workflow_list(_cards(found), await self._mistakes(principal))

    async def run(self, body: Body, words: Words, principal: Principal) -> Message | None:
        if len(words.plain) > 1:
            raise Misspelled(
                f"`{words.plain[1][:40]}` is one word too many. Parameters are given as `name=value`."
            )
        if not words.plain:
            return await self._open_picker(body, words, principal)
        workflow = await self._workflow_to_run(principal, words.plain[0])
        values, mistakes = parse_text_parameters(workflow, words.pairs, self._services.engine.matches)
        await start_form(
            self._services,
            body,
            principal,
            workflow,
            body["channel_id"],
            values,
            mistakes,
            is_rehearsal=words.has_flag,
        )
        return None

    async def runs(self, body: Body, words: Words, principal: Principal) -> Message:
        filters = split_filters(words)
        place = HistoryPlace(filters.workflow, _status(filters.status), rehearsals=filters.rehearsals)
        return await run_list(self._services, principal, place)

    async def show(self, body: Body, words: Words, principal: Principal) -> Message | None:
        key = await self._services.call(
            engine_commands.find_viewable_run, self._services.engine, principal, run_number(words)
        )
        await modals.start_details(self._services, body, key.id, principal)
        return None

    async def cancel(self, body: Body, words: Words, principal: Principal) -> Message:
        if not words.plain and not words.pairs and not words.has_flag:
            return lists.cancel_offer(await self._live_runs(principal))
        services = self._services
        key = await services.call(
            engine_commands.find_viewable_run, services.engine, principal, run_number(words)
        )
        asked = await services.call(
            engine_commands.cancel_run,
            services.engine,
            principal,
            key.id,
            is_forced=words.has_flag,
            delivery_key=f"command:{body['trigger_id']}",
        )
        return lists.cancel_asked(asked.number, RunStatus(asked.status), is_forced=words.has_flag)

    async def retry(self, body: Body, words: Words, principal: Principal) -> Message:
        """Resume a run: what completed is kept. To begin from its start, there is *Run Again*."""
        services = self._services
        key = await services.call(
            engine_commands.find_viewable_run, services.engine, principal, run_number(words)
        )
        resumed = await services.call(
            engine_commands.resume_run,
            services.engine,
            principal,
            key.id,
            delivery_key=f"command:{body['trigger_id']}",
        )
        return lists.resumed(resumed.number, resumed.round)

    async def _live_runs(self, principal: Principal) -> tuple[RunSummary, ...]:
        """This person's runs that have not ended, newest first."""
        database = self._services.engine.database

        def read() -> tuple[RunSummary, ...]:
            with database.read() as c:
                return reading.list_runs(
                    c,
                    principal.team_id,
                    requester=principal.user_id,
                    is_live=True,
                    with_rehearsals=True,
                    limit=OFFERED_RUNS,
                ).runs

        return await self._services.call(read)

    async def _mistakes(self, principal: Principal) -> tuple[Mistake, ...]:
        """Those of the workflow files and of the permissions, for admins."""
        engine = self._services.engine
        return (
            await self._services.call(engine.registry.mistakes) if principal.user_id in engine.admins else ()
        )

    async def _visible(self, principal: Principal) -> tuple[Workflow, ...]:
        services = self._services
        return await services.call(engine_commands.visible_workflows, services.engine, principal)

    async def _workflow_to_run(self, principal: Principal, name: str) -> Workflow:
        services = self._services
        known = tuple(workflow.name for workflow in await self._visible(principal))
        if name not in known:
            raise NoSuchWorkflow(
                f"There is no workflow named `{name[:64]}`. {nearest(name, known)}"
                "`/workflow list` shows those you may run."
            )
        return await services.call(engine_commands.workflow_to_run, services.engine, principal, name)

    async def _open_picker(self, body: Body, words: Words, principal: Principal) -> Message | None:
        if words.pairs:
            raise Misspelled("Name a workflow before its parameters, like `/workflow run deploy env=prod`.")
        workflows = await self._visible(principal)
        if not workflows:
            raise NoSuchWorkflow(
                "There is no workflow that you may run. An admin can give you the permission."
            )
        modals.start_showing(self._services, body, forms.picker(_cards(workflows), body["channel_id"]))
        return None


def _cards(workflows: Sequence[Workflow]) -> Sequence[WorkflowCard]:
    return [WorkflowCard(each.name, each.title, each.description) for each in workflows]


async def run_list(services: Services, principal: Principal, place: HistoryPlace) -> Message:
    """One page of history, of the workflows whose runs this person may list."""
    engine = services.engine
    names = await services.call(engine_commands.listable_workflow_names, engine, principal)
    if place.workflow is not None and place.workflow not in names:
        raise NoSuchWorkflow(
            f"There is no workflow named `{place.workflow[:64]}` whose runs you may list. "
            f"{nearest(place.workflow, tuple(names))}`/workflow list` shows the workflows."
        )

    def read() -> Message:
        with engine.database.read() as c:
            page = reading.list_runs(
                c,
                principal.team_id,
                workflow=place.workflow,
                workflows=names,
                status=place.status,
                older_than=place.older_than,
                with_rehearsals=place.rehearsals,
                limit=PAGE_SIZE,
            )
            return lists.run_list(page, place, now_ms(c))

    return await services.call(read)


def _status(text: str | None) -> RunStatus | None:
    if text is None:
        return None
    known = {status.value: status for status in RunStatus}
    if text not in known:
        raise Misspelled(
            f"`{text[:40]}` is no status. {nearest(text, tuple(known))}There are "
            + ", ".join(f"`{name}`" for name in known)
            + "."
        )
    return known[text]
