"""The renewal of certificates at work: real keys and certificates, a calendar, and people asked for a ticket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from engine.core.definition import JsonValue
from engine.core.errors import InvalidParameters, Refused
from engine.core.permission import Principal
from engine.core.picture import RunPicture
from engine.core.state import RunStatus, TaskStatus
from tests.examples.house import BOB, CYD, House, closed_port, load_script, outputs, statuses, task_of
from tests.support.stack import wait_until

FREE, FROZEN = "2026-03-03", "2026-12-24"
GUS = Principal("T0001", "U0GUS")
HOSTS: list[JsonValue] = ["www.example.com", "api.example.com", "mail.example.com", "shop.example.com"]


def test_on_a_free_day_all_hosts_are_renewed_and_nobody_is_asked(house: House) -> None:
    run_id = house.start("renew-certificates", {"day": FREE, "days": 30})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert outputs(picture) == {
        "ticket": None,
        "renewed": HOSTS,
        "days_left": dict.fromkeys(map(str, HOSTS), 30),
    }
    assert house.child(run_id, "clear").questions == ()
    assert house.said == [
        {
            "channel": None,
            "user": None,
            "text": "4 of 4 certificates are renewed.\n"
            + "\n".join(f"✓ {host}: 30 days left" for host in HOSTS),
        }
    ]
    assert list(house.scratch.iterdir()) == [], "the last step removes the folder"


def test_in_a_freeze_nothing_begins_before_somebody_names_a_ticket(house: House) -> None:
    run_id = house.start("renew-certificates", {"day": FROZEN, "hosts": HOSTS[:2]})
    question_id = house.work_until_questioned(run_id)
    asked = house.child(run_id, "clear").questions[0]
    assert asked.title == "Freeze until 2027-01-06. Which ticket allows this change?"
    assert asked.message.startswith("Renewing 2 certificates, on 2026-12-24: the turn of the year.")
    assert task_of(house.picture(run_id), "prepare").status is TaskStatus.PENDING
    house.answer(CYD, question_id, {"ticket": "CHG-1234", "reason": "They end tomorrow."})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert outputs(picture)["ticket"] == "CHG-1234"
    assert outputs(picture)["renewed"] == HOSTS[:2]


def test_only_a_ticket_will_do_and_only_from_those_who_are_asked(house: House) -> None:
    question_id = house.work_until_questioned(house.start("clear-change", {"day": FROZEN}))
    with pytest.raises(InvalidParameters):
        house.answer(BOB, question_id, {"ticket": "because I say so"})
    with pytest.raises(Refused):
        house.answer(GUS, question_id, {"ticket": "CHG-1"})


def test_a_locked_host_is_tried_again_and_keeps_no_other_from_its_turn(house: House) -> None:
    hosts = ["legacy.example.com", *HOSTS]
    run_id = house.start("renew-certificates", {"day": FREE, "hosts": hosts})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.FAILED
    renew = task_of(picture, "renew")
    assert (renew.status, renew.error) == (TaskStatus.FAILED, "1 of 5 items failed.")
    assert renew.fan_out is not None
    assert (renew.fan_out.completed, renew.fan_out.failed) == (4, 1)
    locked = next(item for item in renew.items if item.status is TaskStatus.FAILED)
    assert (locked.item_value, locked.attempt, locked.exit_code) == ("legacy.example.com", 3, 75)
    assert task_of(picture, "verdict").stderr.text == "Not renewed: legacy.example.com\n"
    assert task_of(picture, "tidy").status is TaskStatus.COMPLETED
    said = house.said[0]
    assert isinstance(said, dict)
    assert str(said["text"]).startswith(
        "4 of 5 certificates are renewed.\n✗ legacy.example.com: 2 days left\n✓ "
    )
    assert list(house.scratch.iterdir()) == []


def test_cancelling_while_somebody_is_asked_closes_the_question(house: House) -> None:
    run_id = house.start("renew-certificates", {"day": FROZEN})
    house.work_until_questioned(run_id)
    house.cancel(run_id)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert house.child(run_id, "clear").status is RunStatus.CANCELLED
    assert task_of(picture, "tidy").status is TaskStatus.SKIPPED


def test_cancelling_in_the_middle_leaves_no_process_and_no_folder(house: House) -> None:
    run_id = house.start("renew-certificates", {"day": FREE, "hosts": ["legacy.example.com"]})
    house.work_until(run_id, is_renewing)
    assert len(list(house.scratch.iterdir())) == 1
    house.cancel(run_id)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.CANCELLED, statuses(picture)
    assert task_of(picture, "tidy").status is TaskStatus.COMPLETED
    assert list(house.scratch.iterdir()) == []
    assert house.processes(run_id) == []


def is_renewing(picture: RunPicture) -> bool:
    fan_out = task_of(picture, "renew").fan_out
    return fan_out is not None and fan_out.running + fan_out.due > 0


@pytest.mark.parametrize(
    ("day", "until"),
    [
        ("2026-12-17", None),
        ("2026-12-18", "2027-01-06"),
        ("2027-01-01", "2027-01-06"),
        ("2027-01-06", "2027-01-06"),
        ("2027-01-07", None),
        ("2026-07-10", "2026-07-14"),
        ("2026-07-15", None),
    ],
)
def test_the_calendar_knows_the_first_and_the_last_day(day: str, until: str | None) -> None:
    found = load_script("clear_change/calendar.py").look_up(date.fromisoformat(day))
    assert found.is_frozen is (until is not None)
    assert found.until == (until and date.fromisoformat(until))


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of two hosts whose certificates are good for ten days."""
    hosts, pems = (load_script(f"renew_certificates/{name}.py") for name in ("hosts", "pems"))
    for host in ("www.example.com", "api.example.com"):
        (tmp_path / host).mkdir()
        pems.issue(tmp_path / host, host, 10)
    port = closed_port()
    thread = threading.Thread(target=hosts.serve, args=(tmp_path, port))
    thread.start()
    wait_until(lambda: is_listening(port))
    yield port
    (tmp_path / "stop").touch()
    thread.join(10)
    assert not thread.is_alive()


def is_listening(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def test_each_host_shows_its_own_certificate(port: int, tmp_path: Path) -> None:
    check = load_script("renew_certificates/check.py").check
    for host in ("www.example.com", "api.example.com"):
        assert check(port, tmp_path, host, 10).is_renewed
    early = check(port, tmp_path, "www.example.com", 11)
    assert (early.is_renewed, early.remark) == (False, "10 days left")


def test_a_host_shows_what_lies_in_its_folder_now(port: int, tmp_path: Path) -> None:
    check, pems = (load_script(f"renew_certificates/{name}.py") for name in ("check", "pems"))
    pems.issue(tmp_path / "www.example.com", "www.example.com", 20)
    assert check.check(port, tmp_path, "www.example.com", 20).days_left == 20


def test_a_certificate_for_another_host_is_found_out(port: int, tmp_path: Path) -> None:
    check, pems = (load_script(f"renew_certificates/{name}.py") for name in ("check", "pems"))
    pems.issue(tmp_path / "www.example.com", "api.example.com", 20)
    found = check.check(port, tmp_path, "www.example.com", 10)
    assert (found.is_renewed, found.remark) == (False, "visitors are warned: CERTIFICATE_VERIFY_FAILED")


def test_a_key_that_does_not_belong_to_its_certificate_is_found_out(port: int, tmp_path: Path) -> None:
    check = load_script("renew_certificates/check.py").check
    key = (tmp_path / "api.example.com" / "key.pem").read_bytes()
    (tmp_path / "www.example.com" / "key.pem").write_bytes(key)
    found = check(port, tmp_path, "www.example.com", 10)
    assert not found.is_renewed
    assert found.remark.startswith("visitors are warned: ")


def test_hosts_that_do_not_listen_are_an_error(tmp_path: Path) -> None:
    check, pems = (load_script(f"renew_certificates/{name}.py") for name in ("check", "pems"))
    (tmp_path / "www.example.com").mkdir()
    pems.issue(tmp_path / "www.example.com", "www.example.com", 20)
    with pytest.raises(OSError, match="refused"):
        check.check(closed_port(), tmp_path, "www.example.com", 10)
