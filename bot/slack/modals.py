"""Opening and pushing modals, and remembering those that show a run, so that they live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks import details, forms
from blocks.types import View
from blocks.values import DetailsPlace, FormDraft
from bot.slack.services import Services, read_picture
from engine import commands
from engine.core.definition import JsonValue, Workflow
from engine.core.errors import NotFound
from engine.core.permission import Principal
from store import runs, surfaces
from store.database import now_ms
from store.surfaces import NewSurface, SurfaceKind

FIRST_LOOK_MS = 1_000
"""A modal that was just drawn is looked at again after so long."""


def start_open(services: Services, body: dict[str, Any], view: View) -> None:
    """Open a modal that shows no run yet: a picker, a form, a sentence."""
    services.replies.start(services.client.views_open(trigger_id=body["trigger_id"], view=view), "modal")


def start_push(services: Services, body: dict[str, Any], view: View) -> None:
    """Put a modal on top of the one that was clicked in."""
    services.replies.start(
        services.client.views_push(trigger_id=body["trigger_id"], view=view), "pushed modal"
    )


async def open_details(
    services: Services, body: dict[str, Any], place: DetailsPlace, principal: Principal
) -> None:
    """Show a run's details: pushed onto an open modal, else opened. They live until they are closed."""
    await services.call(commands.viewable_run, services.engine, principal, place.run_id)
    picture = await services.call(read_picture, services.engine, place.run_id)
    if picture is None:
        raise NotFound("This run no longer exists. `/workflow runs` shows the last ones.")
    view = details.details(picture, place)
    services.replies.start(_show_run(services, body, view, place.run_id, SurfaceKind.DETAILS), "details")


async def _show_run(
    services: Services, body: dict[str, Any], view: View, run_id: str, kind: SurfaceKind
) -> None:
    method = services.client.views_push if "view" in body else services.client.views_open
    answer = await method(trigger_id=body["trigger_id"], view=view)
    await remember(services, run_id, kind, answer["view"]["id"], user_id_of(body), view)


async def remember(
    services: Services, run_id: str, kind: SurfaceKind, view_id: str, user_id: str, view: View
) -> None:
    """From now on the projector keeps this modal true."""

    def insert() -> None:
        with services.engine.database.write() as c:
            key = runs.run_key(c, run_id)
            if key is None:
                return
            new = NewSurface(
                key.team_id,
                run_id,
                kind,
                view_id=view_id,
                user_id=user_id,
                place=view["private_metadata"],
            )
            surfaces.insert_surface(c, new, now_ms(c) + FIRST_LOOK_MS)

    await services.call(insert)
    services.engine.hint(run_id)


async def forget(services: Services, *view_ids: str) -> None:
    """These modals are closed or show something else now: they are not drawn again."""

    def close() -> None:
        with services.engine.database.write() as c:
            for view_id in view_ids:
                surfaces.replace_view(c, view_id, now_ms(c), "closed")

    await services.call(close)


async def turn(services: Services, body: dict[str, Any], run_id: str, kind: SurfaceKind, view: View) -> None:
    """Show another part of a run in the same modal, from now on."""
    view_id = body["view"]["id"]
    await forget(services, view_id)
    await remember(services, run_id, kind, view_id, user_id_of(body), view)
    start_replace(services, view_id, view)


def start_replace(services: Services, view_id: str, view: View) -> None:
    """Show something else in an open modal."""
    services.replies.start(services.client.views_update(view_id=view_id, view=view), "modal")


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
    cannot_post = channel_id is None or await services.identity.has_bot(channel_id) is False
    draft = FormDraft(workflow.name, workflow.digest, channel_id, again_of)
    return forms.start_form(workflow, values or {}, mistakes or {}, draft, ask_channel=cannot_post)


def user_id_of(body: dict[str, Any]) -> str:
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id
