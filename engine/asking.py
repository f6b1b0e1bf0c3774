"""What the computed defaults of a workflow are made of, for the person who asks."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from engine.core.asking import Asking
from engine.core.definition import ComputedDefault, Workflow
from engine.core.permission import Principal
from store.database import Connection, now_ms
from store.last_values import last_values


def asking_of(
    c: Connection, principal: Principal, workflow: Workflow, channel_id: str | None, zone: tzinfo = UTC
) -> Asking:
    """`zone` is the person's, where it is known. Time and earlier values are only looked up when a default asks for
    them."""
    computed = {each.computed for each in workflow.parameters}
    asks_for_time = not computed.isdisjoint({ComputedDefault.TODAY, ComputedDefault.NOW})
    asks_for_last = ComputedDefault.LAST in computed
    return Asking(
        now=datetime.fromtimestamp(now_ms(c) / 1000, zone) if asks_for_time else None,
        user_id=principal.user_id,
        channel_id=channel_id,
        last=last_values(c, principal.team_id, principal.user_id, workflow.name) if asks_for_last else {},
    )
