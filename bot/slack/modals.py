"""Opening, pushing and turning modals, and remembering those that show a run, so that they live.

Modals that show a run are drawn by the projector alone: a click only says what they are to show next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from blocks import details, problems
from blocks.types import Message, View
from blocks.values import DetailsPlace, encode
from bot.drawing import digest_of
from bot.slack.replies import CALL_ERRORS, user_id_of
from bot.slack.services import Services
from bot.slack_client import error_code
from engine import commands
from engine.core.errors import Problem
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from store import runs, surfaces
from store.database import Connection, now_ms
from store.surfaces import NewSurface, SurfaceKind

logger = logging.getLogger("handrail.modals")

FIRST_LOOK_MS = 1_000
"""A modal that was just drawn is looked at again after so long."""

NOT_SHOWN = Problem(
    "Slack did not show the dialog, perhaps because it took too long. Nothing was changed; please try again."
)

Body = dict[str, Any]


# --- showing


def start_showing(services: Services, body: Body, view: View, message: Message | None = None) -> None:
    """Show a modal to the person who acted. `message` is what they are told where it cannot be shown."""
    services.replies.start(show(services, body, view, message), "modal")


def start_telling(services: Services, body: Body, message: Message) -> None:
    """Tell the person who acted: in a modal of its own when they acted in one, else beside what they clicked."""
    if "view" in body:
        start_showing(services, body, problems.problem_view(message), message)
    else:
        services.replies.start_telling(body, message)


async def show(
    services: Services, body: Body, view: View, message: Message | None = None
) -> dict[str, Any] | None:
    """Open a modal, or put it on top of the one that was acted in; where no more fit on top, it takes that one's
    place. Slack's view, or None when it could not be shown: they are told then."""
    try:
        answer = await _show(services, body, view)
    except CALL_ERRORS as error:
        logger.warning("modal_not_shown callback=%s error=%r", view["callback_id"], error)
        await services.replies.tell(body, message or problems.problem_message(NOT_SHOWN))
        return None
    shown: dict[str, Any] = answer["view"]
    return shown


async def _show(services: Services, body: Body, view: View) -> Any:
    client = services.client
    below = body.get("view")
    if below is None:
        return await client.views_open(trigger_id=body["trigger_id"], view=view)
    if has_room_above(below):
        return await client.views_push(trigger_id=body["trigger_id"], view=view)
    await _forget(services, below["id"])
    services.buckets.use_view()
    return await client.views_update(view_id=below["id"], view=view)


def has_room_above(view: Mapping[str, Any]) -> bool:
    """Slack stacks three modals: a root and two more."""
    root = view.get("root_view_id") or view["id"]
    return view["id"] == root or view.get("previous_view_id") in (None, root)


def start_replacing(services: Services, body: Body, view: View) -> None:
    """Show something else in the modal that was acted in, which shows no run from now on."""
    services.replies.start(replace(services, body, view), "modal")


async def replace(services: Services, body: Body, view: View) -> None:
    """The same, at once."""
    view_id = body["view"]["id"]
    await _forget(services, view_id)
    services.buckets.use_view()
    try:
        await services.client.views_update(view_id=view_id, view=view)
    except CALL_ERRORS as error:
        if isinstance(error, SlackApiError) and error_code(error) == "not_found":
            return  # closed by now
        logger.warning("modal_not_replaced callback=%s error=%r", view["callback_id"], error)
        await services.replies.tell(body, problems.problem_message(NOT_SHOWN))


# --- modals that show a run


async def start_details(services: Services, body: Body, run_id: str, principal: Principal) -> None:
    """Show a run's details. They live until they are closed."""
    picture = await viewable_picture(services, principal, run_id)
    view = details.details(picture, DetailsPlace(run_id))
    services.replies.start(_show_run(services, body, view, picture, SurfaceKind.DETAILS), "details")


async def viewable_picture(services: Services, principal: Principal, run_id: str) -> RunPicture:
    """The run as it is now, if this person may view it. Raises NotFound."""
    await services.call(commands.viewable_run, services.engine, principal, run_id)
    return await services.picture(run_id)


async def _show_run(
    services: Services, body: Body, view: View, picture: RunPicture, kind: SurfaceKind
) -> None:
    shown = await show(services, body, view)
    if shown is not None:
        await remember(services, body, shown, view, picture, kind)


async def remember(
    services: Services,
    body: Body,
    shown: Mapping[str, Any],
    view: View,
    picture: RunPicture,
    kind: SurfaceKind,
) -> None:
    """The modal `shown` shows `view`, a drawing of `picture`: from now on the projector keeps it true."""
    new = NewSurface(
        picture.team_id,
        picture.id,
        kind,
        view_id=shown["id"],
        root_view_id=shown.get("root_view_id"),
        user_id=user_id_of(body),
        place=view["private_metadata"],
        drawn_version=picture.version,
        drawn_hash=digest_of(view),
    )

    await _write(services, lambda c: surfaces.insert_surface(c, new, now_ms(c) + FIRST_LOOK_MS))


async def turn(services: Services, body: Body, place: DetailsPlace) -> None:
    """Show another part of a run in the details that were acted in, from now on."""
    view = body["view"]
    new_place = encode(place)

    def turn(c: Connection) -> None:
        key = runs.run_key(c, place.run_id)
        now = now_ms(c)
        if key is None or surfaces.turn_view(c, view["id"], key.id, SurfaceKind.DETAILS, new_place, now):
            return
        surfaces.replace_view(c, view["id"], now)
        new = NewSurface(
            key.team_id,
            key.id,
            SurfaceKind.DETAILS,
            view_id=view["id"],
            root_view_id=view.get("root_view_id"),
            user_id=user_id_of(body),
            place=new_place,
        )
        surfaces.insert_surface(c, new, now)

    await _write(services, turn)
    services.wake()


def start_attending(services: Services, body: Body) -> None:
    """Somebody acted in a modal: it, and those below it, show at once what came of it."""
    view = body.get("view")
    if view is not None:
        ids = {view["id"], view.get("previous_view_id"), view.get("root_view_id")} - {None}
        services.replies.start(attend(services, ids), "refresh")


async def attend(services: Services, view_ids: Collection[str]) -> None:
    await _write(services, lambda c: surfaces.attend_views(c, view_ids, now_ms(c)))
    services.wake()


async def forget_closed(services: Services, view_id: str, *, with_stack: bool) -> None:
    """Nobody looks at this modal any more, nor, when the whole stack was closed, at those on top of it."""

    def close(c: Connection) -> None:
        if with_stack:
            surfaces.close_stack(c, view_id, now_ms(c))
        else:
            surfaces.replace_view(c, view_id, now_ms(c), "closed")

    await _write(services, close)


async def _forget(services: Services, view_id: str) -> None:
    await _write(services, lambda c: surfaces.replace_view(c, view_id, now_ms(c)))


async def _write(services: Services, change: Callable[[Connection], object]) -> None:
    def write() -> None:
        with services.engine.database.write() as c:
            change(c)

    await services.call(write)
