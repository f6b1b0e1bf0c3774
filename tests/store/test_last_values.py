"""What a person chose the last time, and nobody else."""

from __future__ import annotations

from dataclasses import replace

from store.database import Database
from store.last_values import last_values
from tests.store.builders import ADA, BOB, TEAM, Store, workflow


def test_the_last_run_of_this_person_and_this_workflow_counts(database: Database, store: Store) -> None:
    flow = workflow()
    other = replace(flow, name="other", digest="e" * 64)
    store.start(flow, parameters={"service": "api", "list": [1, None]})
    store.start(flow, parameters={"service": "web"})
    store.start(flow, parameters={"service": "bob's"}, requester=BOB)
    store.start(flow, parameters={"service": "elsewhere"}, team="T0002")
    store.start(other, parameters={"service": "other"})
    with database.read() as c:
        assert last_values(c, TEAM, ADA, flow.name) == {"service": "web"}
        assert last_values(c, TEAM, BOB, flow.name) == {"service": "bob's"}
        assert last_values(c, "T0002", ADA, flow.name) == {"service": "elsewhere"}
        assert last_values(c, TEAM, ADA, "other") == {"service": "other"}
        assert last_values(c, TEAM, BOB, "other") == {}
        assert last_values(c, TEAM, "U0CYD", flow.name) == {}
