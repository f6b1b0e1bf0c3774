"""One request, one effect: a request that comes again, in whatever way, is given the answer of the first. What is
refused leaves a line in the workspace's audit trail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from engine.advance import Changes, Engine, announced
from engine.core.definition import JsonValue
from engine.core.errors import Busy, Conflict, NotFound, Problem, Refused
from engine.core.permission import Principal
from store import audit, deliveries
from store.database import Connection, now_ms

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

logger = logging.getLogger("handrail.commands")

_Answer = TypeVar("_Answer", bound="DataclassInstance")
_REFUSALS: Mapping[str, type[Problem]] = {kind.code: kind for kind in (NotFound, Refused, Conflict)}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, in words of the audit trail; `about` says of which workflow, run or step."""

    principal: Principal
    what: str
    about: Mapping[str, JsonValue] = field(default_factory=dict)


def once(
    engine: Engine,
    key: str | None,
    kind: type[_Answer],
    handle: Callable[[Connection, Changes], _Answer],
    asked: Asked,
) -> _Answer:
    """Handle a request in one transaction that also keeps its answer; a repeated one gets that answer again.
    `handle` refuses before it has written anything but a run's version, which says only: look again."""
    with announced(engine) as changes, engine.database.write() as c:
        stored: Any = None if key is None else deliveries.begin_delivery(c, key)
        if stored is not None:
            return _again(stored.value, kind)
        try:
            answer = handle(c, changes)
        except (NotFound, Refused, Conflict) as problem:
            refusal = problem
            if isinstance(problem, Refused):
                _write_down(c, asked, problem)
            people: list[JsonValue] = [*problem.people]
            _complete(c, key, {"refused": problem.code, "template": problem.template, "people": people})
        else:
            _complete(c, key, asdict(answer))
            return answer
    raise refusal


def record_refusal(engine: Engine, asked: Asked, problem: Problem) -> None:
    """Write down what was refused before any command came. Whoever asked is told so, whatever happens here."""
    try:
        with engine.database.write() as c:
            _write_down(c, asked, problem)
    except Busy as busy:
        logger.warning(
            "refusal_not_recorded who=%s what=%s problem=%s", asked.principal.user_id, asked.what, busy
        )


def _write_down(c: Connection, asked: Asked, problem: Problem) -> None:
    who = asked.principal
    data = {"what": asked.what, **asked.about, "why": problem.sentence}
    audit.append_fact(c, who.team_id, None, who.user_id, "refused", data, now_ms(c))


def _complete(c: Connection, key: str | None, result: JsonValue) -> None:
    if key is not None:
        deliveries.complete_delivery(c, key, result)


def _again(stored: dict[str, Any], kind: type[_Answer]) -> _Answer:
    if "refused" in stored:
        raise _REFUSALS[stored["refused"]](stored["template"], stored["people"])
    return kind(**stored)
