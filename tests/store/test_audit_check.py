"""Checking all chains at once, each kind of edit with the line that it is found at, and handing the lines on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.cli_records import export_audit, verify_audit
from engine.core.definition import ForEach
from engine.core.events import Failed, WorkerLost
from engine.core.log import LogChunk
from engine.core.unusable import end_without_definition
from store import audit_check
from store.audit import append_fact, line_hash, record_permissions
from store.audit_check import Checked
from store.database import Database, now_ms
from store.logs import append_chunks
from store.runs import apply_transition, load_snapshot, lock_run
from tests.store.builders import ADA, BOB, TEAM, Store, run_step, workflow


def check(database: Database) -> Checked:
    with database.read() as c:
        runs, after = audit_check.check_runs(c, "")
        assert after is None
        return runs + audit_check.check_workspaces(c)


def two_runs(store: Store) -> str:
    """Two ended runs and a refusal; the id of the first."""
    first = store.start(workflow(run_step("a"), run_step("b", "a")))
    store.finish(store.claim())
    store.finish(store.claim())
    store.start()
    store.finish(store.claim())
    with store.database.write() as c:
        append_fact(c, TEAM, None, ADA, "refused", {"what": "start"}, now_ms(c))
    return first.id


def edit(database: Database, statement: str, **values: object) -> None:
    with database.write() as c:
        c.execute(text(statement), values)


def test_chains_that_nobody_touched_are_whole(database: Database, store: Store) -> None:
    two_runs(store)
    checked = check(database)
    assert checked.faults == ()
    assert checked.chains == 3
    with database.read() as c:
        assert checked.lines == c.execute(text("SELECT count(*) FROM event")).scalar_one()


EDITS = {
    "a changed actor": ("UPDATE event SET actor = 'U0GUS' WHERE chain = :run AND seq = 2", 2, "its hash"),
    "changed data": ("UPDATE event SET data = '{}' WHERE chain = :run AND seq = 3", 3, "its hash"),
    "data that is no JSON": ("UPDATE event SET data = '{' WHERE chain = :run AND seq = 3", 3, "no JSON"),
    "a changed hash": ("UPDATE event SET hash = 'x' WHERE chain = :run AND seq = 2", 2, "its hash"),
    "another workspace": ("UPDATE event SET team_id = 'T9' WHERE chain = :run AND seq = 2", 2, "T9"),
    "a line taken out": ("DELETE FROM event WHERE chain = :run AND seq = 2", 2, "line 3 comes in its place"),
    "the first lines taken out": ("DELETE FROM event WHERE chain = :run AND seq < 3", 1, "line 3 comes"),
    "the end cut off": ("DELETE FROM event WHERE chain = :run AND seq >= 4", 4, "it is missing"),
    "everything deleted": ("DELETE FROM event WHERE chain = :run", 1, "it is missing"),
    "another end": ("UPDATE run SET chain_head = 'x' WHERE id = :run", 6, "at which the chain ends"),
}


@pytest.mark.parametrize(("statement", "seq", "what"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_is_found_at_its_line(
    database: Database, store: Store, statement: str, seq: int, what: str
) -> None:
    run_id = two_runs(store)
    edit(database, statement, run=run_id)
    (fault,) = check(database).faults
    assert (fault.chain, fault.name, fault.seq) == (run_id, f"run #1 of {TEAM}", seq)
    assert what in fault.what


def test_lines_that_changed_places_are_found(database: Database, store: Store) -> None:
    run_id = two_runs(store)
    for old, new in ((2, 99), (3, 2), (99, 3)):
        edit(
            database,
            "UPDATE event SET seq = :new WHERE chain = :run AND seq = :old",
            run=run_id,
            old=old,
            new=new,
        )
    (fault,) = check(database).faults
    assert (fault.chain, fault.seq) == (run_id, 2)


@pytest.mark.parametrize("is_rehashed", [False, True])
def test_a_line_put_in_between_is_found(database: Database, store: Store, is_rehashed: bool) -> None:
    run_id = two_runs(store)
    with database.read() as c:
        query = text("SELECT seq, at, hash FROM event WHERE chain = :run ORDER BY seq")
        rows = c.execute(query, {"run": run_id}).all()
    for row in reversed(rows[1:]):
        edit(
            database,
            "UPDATE event SET seq = seq + 1 WHERE chain = :run AND seq = :seq",
            run=run_id,
            seq=row.seq,
        )
    new = line_hash(rows[0].hash, 2, rows[0].at, BOB, "decision_made", {}) if is_rehashed else rows[0].hash
    edit(
        database,
        "INSERT INTO event (chain, seq, team_id, at, actor, kind, data, hash) "
        "VALUES (:run, 2, :team, :at, :who, 'decision_made', '{}', :hash)",
        run=run_id,
        team=TEAM,
        at=rows[0].at,
        who=BOB,
        hash=new,
    )
    (fault,) = check(database).faults
    assert (fault.chain, fault.seq) == (run_id, 3 if is_rehashed else 2)


def test_a_line_put_behind_the_end_is_found(database: Database, store: Store) -> None:
    run_id = two_runs(store)
    with database.read() as c:
        head = c.execute(
            text("SELECT chain_length, chain_head FROM run WHERE id = :run"), {"run": run_id}
        ).one()
    seq = head.chain_length + 1
    edit(
        database,
        "INSERT INTO event (chain, seq, team_id, at, actor, kind, data, hash) "
        "VALUES (:run, :seq, :team, 1, 'x', 'comment', '{}', :hash)",
        run=run_id,
        seq=seq,
        team=TEAM,
        hash=line_hash(head.chain_head, seq, 1, "x", "comment", {}),
    )
    (fault,) = check(database).faults
    assert (fault.seq, fault.what) == (seq, f"it was put in: the chain has {head.chain_length} lines")


def test_a_run_that_vanished_is_missed(database: Database, store: Store) -> None:
    run_id = two_runs(store)
    edit(
        database, "DELETE FROM attempt WHERE task_id IN (SELECT id FROM task WHERE run_id = :run)", run=run_id
    )
    edit(database, "DELETE FROM task WHERE run_id = :run", run=run_id)
    edit(database, "DELETE FROM run WHERE id = :run", run=run_id)
    faults = {fault.what for fault in check(database).faults}
    assert faults == {
        "1 runs are gone, and no line says that they were pruned",
        "there is no run with this chain",
    }


def test_the_workspaces_own_chain_is_checked_too(database: Database, store: Store) -> None:
    two_runs(store)
    edit(database, "UPDATE event SET actor = 'U0GUS' WHERE kind = 'refused'")
    (fault,) = check(database).faults
    assert (fault.chain, fault.seq) == (TEAM, 1)


def test_the_command_names_what_is_wrong(
    database: Database, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = two_runs(store)
    assert verify_audit(database)
    assert capsys.readouterr().out.startswith("3 of 3 chains are whole, ")
    edit(database, "UPDATE event SET actor = 'U0GUS' WHERE chain = :run AND seq = 2", run=run_id)
    assert not verify_audit(database)
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"run #1 of {TEAM} (chain {run_id}), line 2: its hash")
    assert last.startswith("2 of 3 chains are whole, ")


# --- who carried out what


def test_the_end_of_an_attempt_says_who_carried_it_out_since_when(store: Store) -> None:
    run = store.start(workflow(run_step("a", idempotent=True)))
    claim = store.claim("worker-7")
    store.happen(run.id, WorkerLost("a", claim.attempt))
    store.finish(store.claim("worker-8"), Failed("no"))
    facts = store.picture(run.id, with_facts=True).facts
    said = {fact["kind"]: dict(fact["data"]) for fact in facts if isinstance(fact["data"], dict)}
    assert (said["worker_lost"]["worker"], said["worker_lost"]["attempt"]) == ("worker-7", 1)
    assert (said["step_failed"]["worker"], said["step_failed"]["attempt"]) == ("worker-8", 2)
    assert isinstance(said["step_failed"]["started_at"], int)


def test_an_attempt_that_ends_without_a_word_of_its_own_leaves_a_line(
    database: Database, store: Store
) -> None:
    run = store.start()
    store.claim("worker-7")
    with database.write() as c:
        locked = lock_run(c, run.id)
        assert locked is not None
        ended = end_without_definition(load_snapshot(c, locked), "It cannot be read.")
        apply_transition(c, locked, ended, locked.now, "handrail")
    facts = store.picture(run.id, with_facts=True).facts
    (line,) = [fact for fact in facts if isinstance(fact["data"], dict) and fact["data"].get("worker")]
    assert isinstance(line["data"], dict)
    assert (line["data"]["step"], line["data"]["worker"], line["data"]["attempt"]) == ("only", "worker-7", 1)


def test_items_that_are_given_up_together_leave_a_line_each(database: Database, store: Store) -> None:
    each = replace(run_step("each"), foreach=ForEach(["x", "y", "z"], max_parallel=2))
    run = store.start(workflow(each))
    claims = [store.claim("worker-7"), store.claim("worker-8")]
    with database.write() as c:
        locked = lock_run(c, run.id)
        assert locked is not None
        ended = end_without_definition(load_snapshot(c, locked), "It cannot be read.")
        apply_transition(c, locked, ended, locked.now, "handrail")
    said = [
        fact["data"]
        for fact in store.picture(run.id, with_facts=True).facts
        if fact["kind"] == "attempt_ended"
    ]
    assert [(data["item"], data["worker"]) for data in said if isinstance(data, dict)] == [
        (1, "worker-7"),
        (2, "worker-8"),
    ]
    with database.write() as c:
        chunk = LogChunk(1, "stdout", 1, "too late")
        assert not append_chunks(c, claims[0].task_id, claims[0].attempt, [chunk])


# --- permissions


def test_other_permissions_are_written_down_once(database: Database) -> None:
    with database.write() as c:
        said = [
            record_permissions(c, TEAM, digest, "handrail", now_ms(c))
            for digest in (None, "a", "a", "b", "a")
        ]
    assert said == [False, True, False, True, True]


# --- handing the lines on


def test_the_export_has_every_line_and_can_be_checked_elsewhere(
    database: Database, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_check, "LINES_AT_ONCE", 2)
    two_runs(store)
    export_audit(database, None, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    with database.read() as c:
        assert len(lines) == c.execute(text("SELECT count(*) FROM event")).scalar_one()
    assert {tuple(line) for line in lines} == {
        ("chain", "seq", "team_id", "run", "at", "actor", "kind", "data", "hash")
    }
    previous = ""
    for line in lines:
        previous = "" if line["seq"] == 1 else previous
        expected = line_hash(previous, line["seq"], line["at"], line["actor"], line["kind"], line["data"])
        assert line["hash"] == expected
        previous = line["hash"]


def test_the_export_may_be_of_one_run_or_from_a_day_on(
    database: Database, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    from bot.cli_records import read_day

    two_runs(store)
    export_audit(database, None, 2)
    assert {json.loads(line)["run"] for line in capsys.readouterr().out.splitlines()} == {2}
    export_audit(database, read_day("2999-01-01"), None)
    assert capsys.readouterr().out == ""
    export_audit(database, read_day("2020-01-01"), 1)
    assert {json.loads(line)["run"] for line in capsys.readouterr().out.splitlines()} == {1}
