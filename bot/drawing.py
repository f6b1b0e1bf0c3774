"""What a surface shows now: the run is read and drawn in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from blocks import approval, details, run
from blocks.types import Message
from blocks.values import DetailsPlace, decode
from engine.advance import Engine
from engine.core.picture import RunPicture
from store import reading
from store.surfaces import Surface, SurfaceKind


@dataclass(frozen=True, slots=True)
class Drawing:
    """`content` is a view, or text and blocks; `version` is the run's that it shows."""

    content: dict[str, Any]
    version: int
    is_final: bool


def draw(engine: Engine, surface: Surface) -> Drawing | None:
    """Draw a surface, or None when what it showed does not exist any more."""
    with engine.database.read() as c:
        picture = reading.run_picture(c, surface.run_id)
    if picture is None:
        return None
    content = _content(picture, surface)
    if content is None:
        return None
    return Drawing(content, picture.version, _is_final(picture, surface))


def _content(picture: RunPicture, surface: Surface) -> dict[str, Any] | None:
    match surface.kind:
        case SurfaceKind.ROOT:
            return _message(run.root_message(picture))
        case SurfaceKind.THREAD:
            return _message(run.thread_message(picture))
        case SurfaceKind.FAILURE:
            return _message(run.failure_message(picture))
        case SurfaceKind.APPROVAL:
            found = next((a for a in picture.approvals if a.id == surface.approval_id), None)
            return _message(approval.approval_message(picture, found)) if found else None
        case SurfaceKind.DIALOG:
            return run.dialog(picture)
        case SurfaceKind.DETAILS:
            place = decode(DetailsPlace, surface.place)
            return details.details(picture, place) if place else None


def _message(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks}


def _is_final(picture: RunPicture, surface: Surface) -> bool:
    """Nothing of this surface will change unless the run goes on after all."""
    if surface.kind is SurfaceKind.APPROVAL:
        found = next((a for a in picture.approvals if a.id == surface.approval_id), None)
        return found is None or found.closed_at is not None
    return picture.status.is_terminal
