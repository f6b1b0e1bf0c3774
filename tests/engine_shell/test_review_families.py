"""Runs with many children."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import commands
from engine.core.state import RunStatus, TaskStatus
from store import approvals, children
from store.database import Database
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import BOB, CYD, PATIENCE, Workshop, workshop

CHAIN = 150
FILES = (
    """
name: alone
concurrency: {key: alone, on_conflict: reject}
steps:
  ask: {approval: {title: Go on?}}
""",
    "name: tries\nsteps:\n"
    + "".join(
        f"  s{number}: {{workflow: alone, continue_on_error: true"
        + (f", needs: [s{number - 1}]" if number else "")
        + "}\n"
        for number in range(CHAIN)
    ),
    """
name: parent
steps:
  ask: {approval: {title: Go on?, approvers: {users: [U0CYD]}}}
  child: {needs: [ask], workflow: child}
""",
    "name: child\nsteps: {a: {run: 'true'}}\n",
    "name: secret\nsteps: {a: {run: 'true'}}\n",
)


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=FILES) as shop:
        yield shop


def test_many_children_in_a_row_that_cannot_begin_are_no_hindrance(shop: Workshop) -> None:
    shop.start("alone")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + CHAIN * 2)
    try:
        run_id = shop.start("tries")
    finally:
        sys.setrecursionlimit(limit)
    picture = shop.picture(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert [task.status for task in picture.tasks] == [TaskStatus.FAILED] * CHAIN
    assert shop.facts(run_id).count("step_failed") == CHAIN


GRANTS = """
grants:
  - to: {users: [U0BOB]}
    workflows: [parent]
    allow: [LIST_WORKFLOWS, RUN_WORKFLOW]
  - to: {WHO}
    workflows: [child]
    allow: [RUN_WORKFLOW]
  - to: {users: [U0GUS]}
    workflows: [secret]
    allow: [RUN_WORKFLOW]
"""


@pytest.mark.parametrize(
    ("who", "child", "error"),
    [
        ("users: [U0BOB]", "secret", "secret was not started: whoever started this run may not run it now."),
        ("users: [U0CYD]", None, "child was not started: whoever started this run may not run it now."),
        ("groups: [S0OPS]", None, None),
    ],
)
def test_what_a_run_starts_is_asked_for_again_when_it_starts(
    shop: Workshop, tmp_path: Path, who: str, child: str | None, error: str | None
) -> None:
    run_id = shop.start("parent", BOB)
    folder = tmp_path / "workflows"
    (folder / "permissions.yml").write_text(GRANTS.replace("WHO", who))
    if child is not None:
        (folder / "3.yml").write_text(f"name: child\nsteps: {{a: {{workflow: {child}}}}}\n")
    policy, registry = shop.engine.registry.policy, shop.engine.registry
    wait_until(lambda: policy(frozenset()).grants and not registry.mistakes(), PATIENCE)
    with shop.database.read() as c:
        asked = approvals.open_approval_id(c, run_id, "ask")
    commands.decide(shop.engine, CYD, asked, approve=True)
    errors = [task.error for task in shop.picture(run_id).tasks if task.error]
    with shop.database.read() as c:
        begun = children.newest_child(c, run_id, "child")
    if child is not None:
        assert begun is not None
        errors = [str(begun.error).removeprefix("A: ")]
    assert errors == ([error] if error else [])
