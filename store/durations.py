"""How long the last runs of a workflow took, and their steps."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, bindparam, select

from engine.core.expected import Expected, usual_of
from store.columns import constant, now_millis
from store.database import now_ms
from store.tables import runs, tasks

RUNS_COUNTED = 20
RUNS_LOOKED_AT = 200
"""Of a workflow that hardly ever completes, no more than so many runs are looked through."""

_LATEST = (
    select(
        runs.c.id, runs.c.number, runs.c.status, runs.c.is_rehearsal, runs.c.started_at, runs.c.finished_at
    )
    .where(runs.c.team_id == bindparam("b_team"), runs.c.workflow_name == bindparam("b_workflow"))
    .order_by(runs.c.number.desc())
    .limit(RUNS_LOOKED_AT)
    .subquery()
)
_COMPLETED = (
    select(
        _LATEST.c.id, (_LATEST.c.finished_at - _LATEST.c.started_at).label("took"), now_millis().label("now")
    )
    .where(
        _LATEST.c.status == constant("completed"), ~_LATEST.c.is_rehearsal, _LATEST.c.started_at.is_not(None)
    )
    .order_by(_LATEST.c.number.desc())
    .limit(RUNS_COUNTED)
)
_STEPS = select(tasks.c.step_id, (tasks.c.finished_at - tasks.c.started_at).label("took")).where(
    tasks.c.run_id.in_(bindparam("b_runs", expanding=True)),
    tasks.c.item == 0,
    tasks.c.status == constant("completed"),
    tasks.c.started_at.is_not(None),
)


def expected_durations(c: Connection, team_id: str, workflow_name: str) -> Expected:
    """By the last runs that completed and were no rehearsals. A step's duration is that of its last attempt; one
    that waited for people counts like all others."""
    completed = c.execute(_COMPLETED, {"b_team": team_id, "b_workflow": workflow_name}).all()
    if not completed:
        return Expected(now_ms(c))
    took: dict[str, list[int]] = defaultdict(list)
    for row in c.execute(_STEPS, {"b_runs": [run.id for run in completed]}):
        took[row.step_id].append(row.took)
    usual = {step_id: usual_of(durations) for step_id, durations in took.items()}
    return Expected(
        at=completed[0].now,
        run=usual_of(run.took for run in completed),
        steps={step_id: found for step_id, found in usual.items() if found is not None},
    )
