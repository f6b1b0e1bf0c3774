"""What is refused, and every change of permissions, leaves a line in the workspace's audit trail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from engine import commands
from engine.advance import Engine
from engine.core.definition import JsonValue
from engine.core.errors import NotFound, Refused
from engine.core.permission import Principal
from engine.expressions import Expressions
from engine.loops.permissions import WatchPermissions
from engine.patterns import matches
from engine.registry import Registry
from store import audit_check
from store.database import Database
from store.tables import audit_events

TEAM = "T0001"
ADA, BOB, GUS = Principal(TEAM, "U0ADA"), Principal(TEAM, "U0BOB"), Principal(TEAM, "U0GUS")

OPEN = "name: open\nsteps: {ask: {approval: {title: 'Go on?', approvers: {users: [U0BOB]}}}}"
SECRET = "name: secret\nsteps: {a: {run: 'true'}}"
GRANTS = """
grants:
  - to: {users: [U0BOB]}
    workflows: [open]
    allow: [LIST_WORKFLOWS, RUN_WORKFLOW]
  - to: {everyone: true}
    workflows: [open]
    allow: [LIST_WORKFLOWS]
"""


@pytest.fixture
def engine(database: Database, tmp_path: Path) -> Engine:
    (tmp_path / "open.yml").write_text(OPEN)
    (tmp_path / "secret.yml").write_text(SECRET)
    (tmp_path / "permissions.yml").write_text(GRANTS)
    return Engine(database, Registry(tmp_path), Expressions(), matches, frozenset({"U0ADA"}))


def lines(database: Database, kind: str) -> list[tuple[str, dict[str, JsonValue]]]:
    """Who, and what is said, of each line of this kind in the workspace's trail, which is whole."""
    chosen = (audit_events.c.chain == TEAM) & (audit_events.c.kind == kind)
    with database.read() as c:
        assert audit_check.is_whole(c, TEAM)
        rows = c.execute(audit_events.select().where(chosen).order_by(audit_events.c.seq))
        return [(row.actor, row.data) for row in rows]


@pytest.mark.parametrize("key", [None, "Ev1"])
def test_a_command_that_is_refused_leaves_one_line(engine: Engine, key: str | None) -> None:
    for _ in range(2 if key else 1):
        with pytest.raises(Refused) as refused:
            commands.start_run(engine, GUS, "open", {}, channel_id=None, delivery_key=key)
    ((who, said),) = lines(engine.database, "refused")
    assert who == "U0GUS"
    assert said == {"what": "start", "workflow": "open", "why": refused.value.sentence}


def test_each_command_says_what_was_asked(engine: Engine) -> None:
    run = commands.start_run(engine, ADA, "open", {}, channel_id=None)
    with engine.database.read() as c:
        approval_id = c.execute(text("SELECT id FROM approval")).scalar_one()
    asked: list[Callable[[], object]] = [
        lambda: commands.decide(engine, GUS, approval_id, approve=True),
        lambda: commands.decide(engine, GUS, approval_id, approve=False, delivery_key="Ev2"),
        lambda: commands.cancel_run(engine, GUS, run.run_id),
        lambda: commands.resume_run(engine, GUS, run.run_id),
    ]
    for ask in asked:
        with pytest.raises(Refused):
            ask()
    said = [said for _, said in lines(engine.database, "refused")]
    assert [(each["what"], each.get("approval") or each.get("run")) for each in said] == [
        ("approve", approval_id),
        ("reject", approval_id),
        ("cancel", run.run_id),
        ("resume", run.run_id),
    ]


def test_a_form_that_is_not_opened_is_a_refusal_too(engine: Engine) -> None:
    for name, kind in (("open", Refused), ("secret", NotFound)):
        with pytest.raises(kind):
            commands.workflow_to_run(engine, GUS, name)
    said = [each["workflow"] for _, each in lines(engine.database, "refused")]
    assert said == ["open", "secret"]


def test_what_does_not_exist_is_no_refusal(engine: Engine) -> None:
    with pytest.raises(NotFound):
        commands.workflow_to_run(engine, GUS, "opne")
    with pytest.raises(NotFound):
        commands.cancel_run(engine, GUS, "nothing")
    assert lines(engine.database, "refused") == []


# --- permissions


def watch(engine: Engine) -> WatchPermissions:
    """As in another process, which reads the files anew."""
    return WatchPermissions(replace(engine, registry=Registry(engine.registry.folder)))


def test_permissions_are_written_down_when_they_change_and_not_before(engine: Engine, tmp_path: Path) -> None:
    commands.start_run(engine, BOB, "open", {}, channel_id=None)
    first, second = watch(engine), watch(engine)
    for _ in range(2):
        first.tick()
        second.tick()
    assert len(lines(engine.database, "permissions_changed")) == 1
    (tmp_path / "permissions.yml").write_text("# only a remark\n" + GRANTS)
    watch(engine).tick()
    assert len(lines(engine.database, "permissions_changed")) == 1
    (tmp_path / "permissions.yml").write_text(GRANTS.replace("U0BOB", "U0GUS"))
    watch(engine).tick()
    watch(engine).tick()
    (old_who, old), (new_who, new) = lines(engine.database, "permissions_changed")
    assert old_who == new_who == "handrail"
    assert old["digest"] != new["digest"]


def test_without_a_permissions_file_nothing_is_written_down(engine: Engine, tmp_path: Path) -> None:
    commands.start_run(engine, ADA, "open", {}, channel_id=None)
    (tmp_path / "permissions.yml").unlink()
    watch(engine).tick()
    assert lines(engine.database, "permissions_changed") == []
