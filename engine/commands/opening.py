"""Looking at a workflow in order to run it: the first thing that may be refused."""

from __future__ import annotations

from engine.advance import Engine
from engine.commands import rights
from engine.commands.once import Asked, record_refusal
from engine.core.definition import Workflow
from engine.core.errors import NotFound, Refused
from engine.core.permission import Principal


def workflow_to_run(engine: Engine, principal: Principal, name: str) -> Workflow:
    """The workflow, if this person may run it; NotFound or Refused otherwise. A refusal is written down, also that
    of a workflow which does not exist for this person."""
    try:
        return rights.workflow_to_run(engine, principal, name)
    except (NotFound, Refused) as problem:
        if engine.registry.get(name) is not None:
            record_refusal(engine, Asked(principal, "start", {"workflow": name}), problem)
        raise
