"""One request, one effect: a request that comes again, in whatever way, is given the answer of the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from engine.advance import Changes, Engine, announced
from engine.core.errors import Conflict, NotFound, Problem, Refused
from store import deliveries
from store.database import Connection

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Answer = TypeVar("_Answer", bound="DataclassInstance")
_REFUSALS: Mapping[str, type[Problem]] = {kind.code: kind for kind in (NotFound, Refused, Conflict)}


def once(
    engine: Engine, key: str | None, kind: type[_Answer], handle: Callable[[Connection, Changes], _Answer]
) -> _Answer:
    """Handle a request in one transaction that also keeps its answer; a repeated one gets that answer again.
    `handle` refuses before it has written anything but a run's version, which says only: look again."""
    with announced(engine) as changes, engine.database.write() as c:
        if key is None:
            return handle(c, changes)
        stored: Any = deliveries.begin_delivery(c, key)
        if stored is not None:
            return _again(stored.value, kind)
        try:
            answer = handle(c, changes)
        except (NotFound, Refused, Conflict) as problem:
            refusal = problem
            deliveries.complete_delivery(
                c, key, {"refused": problem.code, "template": problem.template, "people": [*problem.people]}
            )
        else:
            deliveries.complete_delivery(c, key, asdict(answer))
            return answer
    raise refusal


def _again(stored: dict[str, Any], kind: type[_Answer]) -> _Answer:
    if "refused" in stored:
        raise _REFUSALS[stored["refused"]](stored["template"], stored["people"])
    return kind(**stored)
