"""`handrail runs`, `audit` and `prune` as people type them: real processes, real runs from the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import Database
from tests.e2e.test_command_line import handrail

WORKFLOWS = {
    "fine": "name: fine\nsteps: {a: {run: 'true'}}",
    "bad": "name: bad\nsteps: {a: {run: 'exit 3'}}",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs, one of which failed."""
    home = tmp_path_factory.mktemp("home")
    (home / "flows").mkdir()
    for name, source in WORKFLOWS.items():
        (home / "flows" / f"{name}.yml").write_text(source)
        handrail(home, "run", name, workflows=home / "flows")
    return home


def edit(home: Path, statement: str) -> None:
    database = Database(f"sqlite:///{home / 'handrail.db'}")
    with database.write() as c:
        c.execute(text(statement))
    database.dispose()


def test_runs_lists_the_last_ones_first(home: Path) -> None:
    done = handrail(home, "runs")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["RUN", "WORKFLOW", "STATUS", "DONE", "BY", "STARTED", "TOOK"]
    assert [row.split()[:3] for row in rows] == [["#2", "bad", "Failed"], ["#1", "fine", "Completed"]]


def test_runs_may_be_chosen_by_status_workflow_and_number(home: Path) -> None:
    for words in (("--status", "failed"), ("--status", "FAILED"), ("--workflow", "bad"), ("--limit", "1")):
        rows = handrail(home, "runs", *words).stdout.splitlines()[1:]
        assert [row.split()[0] for row in rows] == ["#2"], words
    assert handrail(home, "runs", "--workflow", "other").stdout == "No runs.\n"


def test_a_status_that_does_not_exist_is_a_sentence(home: Path) -> None:
    done = handrail(home, "runs", "--status", "broken")
    assert done.returncode == 1
    assert done.stderr.startswith("'broken' is no status of a run. There are: pending, running,")


def test_an_audit_trail_is_verified_and_exported(home: Path) -> None:
    verified = handrail(home, "audit", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.startswith("3 of 3 chains are whole, ")
    lines = [json.loads(line) for line in handrail(home, "audit", "export", "--run", "2").stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["run_started", "step_scheduled", "step_failed", "run_failed"]
    assert {"attempt", "worker", "started_at"} <= lines[2]["data"].keys()
    assert handrail(home, "audit", "export", "--since", "2999-01-01").stdout == ""
    wrong = handrail(home, "audit", "export", "--since", "yesterday")
    assert (wrong.returncode, wrong.stderr) == (1, "'yesterday' is no day. Write one such as 2026-01-01.\n")


def test_an_edited_audit_trail_ends_with_1(home: Path) -> None:
    edit(home, "UPDATE event SET actor = 'U0GUS' WHERE kind = 'run_failed'")
    verified = handrail(home, "audit", "verify")
    assert verified.returncode == 1
    assert verified.stdout.startswith("run #2 of TERMINAL (chain ")
    assert "line 4: its hash does not cover" in verified.stdout
    edit(home, "UPDATE event SET actor = 'handrail' WHERE kind = 'run_failed'")
    assert handrail(home, "audit", "verify").returncode == 0


def test_old_runs_are_pruned_after_a_rehearsal_of_it(home: Path) -> None:
    assert handrail(home, "prune", "--older-than", "90d").stdout == "0 runs removed.\n"
    too_short = handrail(home, "prune", "--older-than", "5m")
    assert (too_short.returncode, "a day at least" in too_short.stderr) == (1, True)
    edit(home, "UPDATE run SET created_at = 1, finished_at = 2 WHERE number = 1")
    dry = handrail(home, "prune", "--older-than", "90d", "--dry-run")
    assert dry.stdout == "1 run would be removed; nothing was.\n"
    assert handrail(home, "prune", "--older-than", "90d").stdout == "1 run removed.\n"
    assert [row.split()[0] for row in handrail(home, "runs").stdout.splitlines()[1:]] == ["#2"]
    assert handrail(home, "audit", "verify").returncode == 0
