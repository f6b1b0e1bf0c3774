"""Taking up runs: who may approve what somebody took up, and what becomes of items that nobody did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import commands
from engine.core.errors import Refused
from engine.core.state import RunStatus
from store import approvals, children
from store.database import Database
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, CYD, GUS, PATIENCE, Workshop, workshop

FILES = (
    """
name: ship
steps:
  ask: {approval: {title: Ship?, approvers: {users: [U0BOB, U0CYD]}}}
""",
    """
name: ship_inside
steps:
  inner: {workflow: ship}
""",
    """
name: ship_freely
steps:
  ask: {approval: {title: Ship?, approvers: {users: [U0BOB, U0CYD]}, allow_self: true}}
""",
    """
name: items
parameters: {folder: {type: string, required: true}}
steps:
  each:
    foreach: '{{ [1, 2, 3, 4] }}'
    max_parallel: 1
    env: {ITEM: '{{ item }}'}
    run: |
      echo "$ITEM" >> "$PARAM_FOLDER/began"
      while [ "$ITEM" = 2 ] && [ ! -e "$PARAM_FOLDER/go" ]; do sleep 0.02; done
      echo "$ITEM"
  after: {needs: [each], run: 'true'}
""",
)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=FILES) as shop:
        yield shop


def open_approval(shop: Workshop, run_id: str, name: str) -> str:
    with shop.database.read() as c:
        if name == "ship_inside":
            child = children.newest_child(c, run_id, "inner")
            assert child is not None
            run_id = child.id
        return approvals.open_approval_id(c, run_id, "ask")


@pytest.mark.parametrize("name", ["ship", "ship_inside"])
def test_who_resumes_a_run_does_not_approve_it_also_not_its_children(shop: Workshop, name: str) -> None:
    run_id = shop.start(name, GUS)
    commands.cancel_run(shop.engine, GUS, run_id)
    commands.resume_run(shop.engine, BOB, run_id)
    asked = open_approval(shop, run_id, name)
    with pytest.raises(
        Refused, match="whoever resumed a run may not approve it; someone else must"
    ) as refused:
        commands.decide(shop.engine, BOB, asked, approve=True)
    assert "U0CYD" in refused.value.people
    commands.decide(shop.engine, CYD, asked, approve=True)
    assert shop.picture(run_id).status is RunStatus.COMPLETED


def test_who_resumed_a_run_before_somebody_else_did_may_approve_it(shop: Workshop) -> None:
    run_id = shop.start("ship", GUS)
    for who in (BOB, GUS):
        commands.cancel_run(shop.engine, ADA, run_id)
        commands.resume_run(shop.engine, who, run_id)
    commands.decide(shop.engine, BOB, open_approval(shop, run_id, "ship"), approve=True)
    assert shop.picture(run_id).status is RunStatus.COMPLETED


def test_an_approval_that_allows_it_may_be_given_by_who_resumed(shop: Workshop) -> None:
    run_id = shop.start("ship_freely", GUS)
    commands.cancel_run(shop.engine, GUS, run_id)
    commands.resume_run(shop.engine, BOB, run_id)
    commands.decide(shop.engine, BOB, open_approval(shop, run_id, "ship_freely"), approve=True)
    assert shop.picture(run_id).status is RunStatus.COMPLETED


def test_items_that_nobody_began_are_done_although_a_lost_one_was_marked_as_done(
    shop: Workshop, tmp_path: Path
) -> None:
    run_id = shop.start("items", folder=str(tmp_path))
    with shop.worker():
        wait_until(
            lambda: (tmp_path / "began").exists() and "2" in (tmp_path / "began").read_text(), PATIENCE
        )
        shop.expire_leases()
        shop.wait_for_end(run_id)
        (tmp_path / "go").touch()
        commands.resume_run(shop.engine, ADA, run_id, done=["each"])
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert (tmp_path / "began").read_text().split() == ["1", "2", "3", "4"]
    assert shop.task(run_id, "each").result == [1, None, 3, 4]
