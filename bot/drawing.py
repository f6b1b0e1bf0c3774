"""What a surface shows now: the run is read and drawn in one go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blocks import approval, details, notices, question, run, said
from blocks.types import Message
from blocks.values import DetailsPlace, decode
from engine.advance import Engine
from engine.core.picture import ApprovalPicture, QuestionPicture, RunPicture, TaskPicture
from engine.core.state import TaskStatus
from engine.pictures import look_at_run
from store.surfaces import IN_THREAD, Surface, SurfaceKind

_MEASURED = frozenset({SurfaceKind.ROOT, SurfaceKind.DIALOG, SurfaceKind.DETAILS})
"""Surfaces that say how long the run usually takes."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """`content` is a view, or text and blocks; `version` is the run's that it shows, `digest` tells it from
    others, `requester` is who started the run."""

    content: dict[str, Any]
    digest: str
    version: int
    requester: str
    is_final: bool
    is_asleep: bool = False


def draw(engine: Engine, surface: Surface, public_url: str, *, is_tired: bool = False) -> Drawing | None:
    """Draw a surface, or None when what it showed does not exist any more. A dialog that is tired is drawn
    asleep."""
    picture = look_at_run(engine, surface.run_id, with_expected=surface.kind in _MEASURED)
    if picture is None:
        return None
    is_asleep = is_tired and picture.is_active
    content = _content(picture, surface, public_url, is_asleep=is_asleep)
    if content is None:
        return None
    is_final = _is_final(picture, surface)
    return Drawing(content, digest_of(content), picture.version, picture.requester, is_final, is_asleep)


def digest_of(content: Mapping[str, Any]) -> str:
    """The same for the same content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _content(
    picture: RunPicture, surface: Surface, public_url: str, *, is_asleep: bool
) -> dict[str, Any] | None:
    match surface.kind:
        case SurfaceKind.ROOT:
            return _message(run.root_message(picture))
        case SurfaceKind.THREAD:
            return _message(run.thread_message(picture))
        case SurfaceKind.FAILURE:
            return _message(run.failure_message(picture))
        case SurfaceKind.APPROVAL:
            found = _approval(picture, surface)
            return _message(approval.approval_message(picture, found)) if found else None
        case SurfaceKind.INPUT:
            asked = _question(picture, surface)
            return _message(question.question_message(picture, asked)) if asked else None
        case SurfaceKind.MESSAGE:
            task = _saying(picture, surface)
            in_thread = surface.place == IN_THREAD
            return _message(said.said_message(picture, task, in_thread=in_thread)) if task else None
        case SurfaceKind.NOTICE:
            return _message(notices.undeliverable(picture, f"{public_url}/runs/{picture.number}"))
        case SurfaceKind.DIALOG:
            return run.dialog(picture, is_asleep=is_asleep)
        case SurfaceKind.DETAILS:
            place = decode(DetailsPlace, surface.place)
            return details.details(picture, place) if place else None


def _message(message: Message) -> dict[str, Any]:
    return {"text": message.text, "blocks": message.blocks}


def _approval(picture: RunPicture, surface: Surface) -> ApprovalPicture | None:
    return next((each for each in picture.approvals if each.id == surface.approval_id), None)


def _question(picture: RunPicture, surface: Surface) -> QuestionPicture | None:
    return next((each for each in picture.questions if each.id == surface.question_id), None)


def _saying(picture: RunPicture, surface: Surface) -> TaskPicture | None:
    """The step that says it. Once it does not wait any more, nothing that was not said is said."""
    task = next((each for each in picture.tasks if each.step_id == surface.step_id), None)
    is_wanted = surface.ts is not None or (task is not None and task.status is TaskStatus.WAITING)
    return task if is_wanted else None


def _is_final(picture: RunPicture, surface: Surface) -> bool:
    """Nothing of this surface will change unless the run goes on after all."""
    if surface.kind in (SurfaceKind.NOTICE, SurfaceKind.MESSAGE):
        return True
    if surface.kind is SurfaceKind.APPROVAL:
        found = _approval(picture, surface)
        return found is None or found.closed_at is not None
    if surface.kind is SurfaceKind.INPUT:
        asked = _question(picture, surface)
        return asked is None or asked.closed_at is not None
    return picture.status.is_terminal
