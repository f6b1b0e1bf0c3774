"""The restore rehearsal at work: real databases, real backups, and whoever signs."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from engine.core.definition import JsonValue
from engine.core.errors import Conflict
from engine.core.state import RunStatus, TaskStatus
from tests.examples.house import BOB, House, load_script, outputs, statuses, task_of

QUICK: dict[str, JsonValue] = {"rows": 500, "settle": "1s"}


def test_both_databases_come_back_and_the_report_is_signed_and_sealed(house: House) -> None:
    run_id = house.start("restore-rehearsal", QUICK)
    approval_id = house.work_until_asked(run_id)
    message = house.picture(run_id).approvals[0].message
    assert "orders: 1000 rows in 2 tables are the same, restored in 0." in message
    assert "users: 1000 rows in 2 tables are the same, restored in 0." in message
    house.decide(BOB, approval_id, approve=True)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert outputs(picture)["rows"] == 2000
    assert outputs(picture)["signed_by"] == ["U0BOB"]
    report = f"Rehearsal {picture.number}, signed by U0BOB\n{message}"
    assert task_of(picture, "seal").stdout.text.startswith(report)
    assert outputs(picture)["sha256"] == hashlib.sha256(report.encode()).hexdigest()
    assert [said["text"] for said in house.said if isinstance(said, dict)] == [
        "All databases came back, and the report is signed."
    ]
    assert list(house.scratch.iterdir()) == []


def test_both_are_restored_side_by_side(house: House) -> None:
    run_id = house.start("restore-rehearsal", {"rows": 10, "settle": "1s"})
    house.work_until(
        run_id,
        lambda picture: all(
            task_of(picture, step_id).status is TaskStatus.WAITING for step_id in ("orders", "users")
        ),
    )
    house.decide(BOB, house.work_until_asked(run_id), approve=True)
    assert house.work_until_end(run_id).status is RunStatus.COMPLETED


@pytest.mark.parametrize(("damaged", "other", "rows"), [("orders", "users", 10), ("users", "orders", 500)])
def test_a_damaged_backup_is_found_out_and_nobody_signs(
    house: House, damaged: str, other: str, rows: int
) -> None:
    run_id = house.start("restore-rehearsal", {"rows": rows, "settle": "1s", "damage": damaged})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.FAILED
    assert picture.approvals == ()
    assert task_of(picture, damaged).status is TaskStatus.FAILED
    assert task_of(picture, other).status is TaskStatus.COMPLETED
    said = task_of(picture, "bad").stderr.text
    assert f"{other}: {2 * rows} rows in 2 tables are the same" in said
    assert "Compare every row failed: RestoreFailed: the restored database cannot be read" in said
    assert house.said == [
        {
            "channel": None,
            "user": None,
            "text": "The rehearsal ended as failed. Until it succeeds, do not count on the backups.",
        }
    ]
    assert list(house.scratch.iterdir()) == []


def test_a_restore_that_takes_too_long_fails(house: House) -> None:
    picture = house.work_until_end(
        house.start("restore-one", {"rows": 20000, "settle": "1s", "limit": 0.001})
    )
    assert picture.status is RunStatus.FAILED
    error = task_of(picture, "compare").error
    assert error is not None
    assert error.startswith("RestoreFailed: restoring took 0.")
    assert error.endswith(" seconds, and 0.001 are allowed")


def test_a_restore_that_fails_stops_the_archive_all_the_same(house: House) -> None:
    run_id = house.start("restore-one", {"rows": 10, "settle": "3s"})
    house.work_until(run_id, lambda picture: bool(resting(house, run_id)))
    made: Any = task_of(house.picture(run_id), "make").result
    Path(made["folder"], "restored.db").mkdir()
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.FAILED
    assert task_of(picture, "restore").status is TaskStatus.FAILED
    assert task_of(picture, "stop").status is TaskStatus.COMPLETED
    assert task_of(picture, "archive").status is TaskStatus.COMPLETED
    assert list(house.scratch.iterdir()) == []


def test_a_report_that_nobody_signs_is_not_sealed(house: House) -> None:
    run_id = house.start("restore-rehearsal", QUICK)
    house.decide(BOB, house.work_until_asked(run_id), approve=False)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.REJECTED
    assert task_of(picture, "seal").status is TaskStatus.CANCELLED
    assert task_of(picture, "tell").status is TaskStatus.COMPLETED


def test_a_second_rehearsal_does_not_start_beside_the_first(house: House) -> None:
    house.start("restore-rehearsal", QUICK)
    with pytest.raises(Conflict):
        house.start("restore-rehearsal", QUICK)


def test_cancelling_in_the_middle_leaves_no_process_and_no_folder(house: House) -> None:
    run_id = house.start("restore-rehearsal", {"rows": 500, "settle": "1m"})
    house.work_until(run_id, lambda picture: len(resting(house, run_id)) == 2)
    assert len(list(house.scratch.iterdir())) == 2
    assert len(house.processes(run_id)) >= 2, "the archives run"
    house.cancel(run_id)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.CANCELLED, statuses(picture)
    assert [each.status for each in house.family(run_id)] == [RunStatus.CANCELLED] * 3
    assert list(house.scratch.iterdir()) == []
    assert house.processes(run_id) == []


def resting(house: House, run_id: str) -> list[str]:
    """The runs whose backups rest."""
    return [
        picture.id
        for picture in house.family(run_id)
        for task in picture.tasks
        if task.step_id == "rest" and task.status is TaskStatus.WAITING
    ]


def test_the_same_rows_are_made_each_time(tmp_path: Path) -> None:
    make, compare = (load_script(f"restore_rehearsal/{name}.py") for name in ("make", "compare"))
    for name in ("first", "second"):
        make.fill(tmp_path / name, ("orders", "positions"), 20)
    assert compare.compare(tmp_path / "first", tmp_path / "second", 0.1, 1.0).rows == 40


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM orders WHERE id = 7", "not what was backed up: orders"),
        ("UPDATE positions SET amount = amount + 1 WHERE id = 7", "not what was backed up: positions"),
        ("DROP TABLE positions", "not what was backed up: positions"),
        ("CREATE TABLE more (id INTEGER)", "there are more tables"),
    ],
)
def test_whatever_differs_is_found_out(tmp_path: Path, change: str, said: str) -> None:
    make, compare = (load_script(f"restore_rehearsal/{name}.py") for name in ("make", "compare"))
    for name in ("original", "restored"):
        make.fill(tmp_path / name, ("orders", "positions"), 20)
    with closing(sqlite3.connect(tmp_path / "restored")) as database, database:
        database.execute(change)
    with pytest.raises(compare.RestoreFailed, match=said):
        compare.compare(tmp_path / "original", tmp_path / "restored", 0.1, 1.0)
