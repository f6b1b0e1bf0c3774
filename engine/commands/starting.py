"""Starting a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from engine.advance import Changes, Engine, begin_run
from engine.asking import asking_of
from engine.commands.once import Asked, once
from engine.commands.rights import require_children, workflow_to_run
from engine.core.definition import JsonValue
from engine.core.options import Option, with_known_options
from engine.core.parameters import check_parameters
from engine.core.permission import Principal
from store.database import Connection
from store.runs import NewRun


@dataclass(frozen=True, slots=True)
class Started:
    """A run that is on disk. `is_queued`: another one of its concurrency key is in progress."""

    run_id: str
    number: int
    is_queued: bool = False


def start_run(
    engine: Engine,
    principal: Principal,
    name: str,
    values: Mapping[str, JsonValue],
    *,
    channel_id: str | None,
    origin: str = "slack",
    is_rehearsal: bool = False,
    delivery_key: str | None = None,
    options: Mapping[str, Sequence[Option]] = MappingProxyType({}),
) -> Started:
    """Start a run; when this returns, the run is on disk. `options` are those of parameters with computed ones; of
    such a parameter that is not among them, every text is taken. Raises NotFound, Refused, InvalidParameters,
    Conflict when its concurrency forbids it, ExpressionProblem, Busy."""

    def insert(c: Connection, changes: Changes) -> Started:
        workflow = workflow_to_run(engine, principal, name)
        require_children(engine, principal, workflow)
        asking = asking_of(c, principal, workflow, channel_id)
        parameters = check_parameters(
            with_known_options(workflow, options), values, engine.matches, asking, engine.evaluate
        )
        new = NewRun(
            principal.team_id, workflow, parameters, principal.user_id, channel_id, origin, is_rehearsal
        )
        locked = begin_run(c, engine, new, changes)
        return Started(locked.id, locked.number, locked.is_queued)

    return once(engine, delivery_key, Started, insert, Asked(principal, "start", {"workflow": name}))
