"""What a person chose the last time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from store.tables import runs

_LAST = (
    select(runs.c.parameters)
    .where(
        runs.c.team_id == bindparam("b_team"),
        runs.c.requester == bindparam("b_requester"),
        runs.c.workflow_name == bindparam("b_workflow"),
    )
    .order_by(runs.c.number.desc())
    .limit(1)
)


def last_values(c: Connection, team_id: str, requester: str, workflow_name: str) -> dict[str, Any]:
    """The parameters of this person's last run of a workflow, whatever became of it; empty when there is none."""
    asked = {"b_team": team_id, "b_requester": requester, "b_workflow": workflow_name}
    return dict(c.execute(_LAST, asked).scalar_one_or_none() or {})
