"""The examples at work: each is run to its end by a real worker, with real processes and connections."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine.core.definition import JsonValue
from engine.core.errors import Refused
from engine.core.state import RunStatus
from sandbox.tls_host import serve
from tests.examples.house import ADA, BOB, CYD, House, closed_port, outputs, statuses, task_of

QUICK_HELLO: dict[str, JsonValue] = {"name": "Ada", "times": 2, "pause": 0}
HOSTILE_NAME = "$(id) `id` \"; id; ' %s %d \\n {name} <!channel>"


@contextmanager
def tls_host() -> Iterator[int]:
    """The sandbox's TLS host in a thread of its own; its port."""
    started, ports, stop = threading.Event(), [0], threading.Event()

    async def run() -> None:
        async with serve(port=0) as ports[0]:
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert started.wait(10)
        yield ports[0]
    finally:
        stop.set()
        thread.join()


# --- hello


def test_hello_greets_asks_and_waves(house: House) -> None:
    run_id = house.start(
        "hello", {**QUICK_HELLO, "shout": True, "extras": ["the weekday"], "day": "2026-01-31"}
    )
    house.decide(BOB, house.work_until_asked(run_id), approve=True)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert outputs(picture) == {"said": "HELLO, ADA!", "times": 2, "waved_with_leave_of": ["U0BOB"]}
    greet = task_of(picture, "greet")
    assert greet.stdout.text.startswith("1/2  HELLO, ADA!\n2/2  HELLO, ADA!\n")
    assert "2026-01-31 is a Saturday." in greet.stdout.text
    assert "In the name of U0ADA, in any room." in greet.stdout.text
    assert greet.stderr.text == "Standard error is kept too.\n"
    assert task_of(picture, "wave").stdout.text.count("Goodbye, Ada!") == 3


def test_hello_invites_when_asked_to(house: House) -> None:
    invitation: dict[str, JsonValue] = {
        "invite": True,
        "guests": ["U0BOB", "U0CYD"],
        "team": "S0ONCALL",
        "rooms": ["C0OPS"],
        "party": "2026-12-24T18:00:00Z",
        "reply_to": "ada@example.com",
        "picture": {"id": "F0PARTY", "name": "party.png", "size": 12, "mimetype": "image/png"},
    }
    run_id = house.start("hello", QUICK_HELLO | invitation)
    house.work_until_asked(run_id)
    said = task_of(house.picture(run_id), "greet").stdout.text
    assert "Invited: U0BOB, U0CYD, S0ONCALL, in C0OPS.\n" in said
    assert "Doors open at 07:30, we meet at 2026-12-24T18:00:00Z for 1h30m.\n" in said
    assert "There is: soup, cake.\nMore at https://example.com/. Answers go to ada@example.com.\n" in said
    assert "A picture: party.png, 12 bytes.\n" in said


def test_hello_starts_with_nothing_but_its_defaults(house: House) -> None:
    run_id = house.start("hello", {"pause": 0})
    house.work_until_asked(run_id)
    parameters = house.picture(run_id).parameters
    assert (parameters["name"], parameters["host"]) == ("World", ADA.user_id)
    assert (parameters["begins"], parameters["menu"]) == (None, None)


def test_a_name_stays_a_name_whatever_it_holds(house: House) -> None:
    run_id = house.start("hello", {**QUICK_HELLO, "name": HOSTILE_NAME})
    house.decide(CYD, house.work_until_asked(run_id), approve=True)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert task_of(picture, "greet").stdout.text.startswith(f"1/2  Hello, {HOSTILE_NAME}!\n")
    assert f"Goodbye, {HOSTILE_NAME}!\n" in task_of(picture, "wave").stdout.text


def test_whoever_started_hello_cannot_approve_it(house: House) -> None:
    approval_id = house.work_until_asked(house.start("hello", QUICK_HELLO))
    with pytest.raises(Refused, match="someone else must"):
        house.decide(ADA, approval_id, approve=True)


# --- deploy


def test_deploy_builds_tests_asks_ships_and_verifies(house: House) -> None:
    run_id = house.start("deploy", {"service": "web", "version": "v2.0.1", "canary": 25})
    approval_id = house.work_until_asked(run_id)
    asking = house.picture(run_id)
    assert asking.approvals[0].title == "Ship v2.0.1 to staging?"
    assert "OK" in task_of(asking, "test").stderr.text
    house.decide(BOB, approval_id, approve=True)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert set(statuses(picture).values()) == {"completed"}
    build = task_of(asking, "build").result
    assert isinstance(build, dict)
    assert outputs(picture)["version"] == "v2.0.1"
    assert outputs(picture)["sha256"] == build["sha256"]
    assert outputs(picture)["approved_by"] == ["U0BOB"]
    shipped = task_of(picture, "ship").result
    assert isinstance(shipped, dict)
    assert shipped["json"] == {"changed": True, "version": "v2.0.1"}


def test_a_rejected_deploy_starts_no_staging(house: House) -> None:
    run_id = house.start("deploy")
    house.decide(BOB, house.work_until_asked(run_id), approve=False)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.REJECTED
    later = {"port", "service", "ready", "ship", "verify", "stop"}
    assert {status for step_id, status in statuses(picture).items() if step_id in later} == {"cancelled"}


# --- host-report


def test_host_report_warns_above_the_threshold(house: House) -> None:
    picture = house.work_until_end(house.start("host-report", {"warn_percent": 1}))
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    warnings = outputs(picture)["warnings"]
    assert isinstance(warnings, list)
    assert warnings
    assert outputs(picture)["is_fine"] is False
    assert task_of(picture, "warn").stderr.text == " ".join(map(str, warnings)) + "\n"


def test_host_report_skips_the_warning_below_it(house: House) -> None:
    picture = house.work_until_end(house.start("host-report", {"warn_percent": 100}))
    assert picture.status is RunStatus.COMPLETED
    assert statuses(picture) == {"measure": "completed", "warn": "skipped", "summary": "completed"}
    assert outputs(picture)["is_fine"] is True


def test_host_report_of_a_folder_that_is_not_there_says_so(house: House) -> None:
    picture = house.work_until_end(house.start("host-report", {"path": "/not/there"}))
    assert picture.status is RunStatus.FAILED
    assert task_of(picture, "measure").stderr.text == (
        "/not/there could not be measured: No such file or directory.\n"
    )


# --- certificate


def test_certificate_tells_the_days_that_are_left(house: House) -> None:
    with tls_host() as port:
        picture = house.work_until_end(house.start("certificate", {"port": port}))
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert outputs(picture)["days_left"] == 45
    assert str(outputs(picture)["summary"]).startswith(
        f"The certificate of 127.0.0.1:{port} is good for 45 days,"
    )


def test_certificate_fails_when_too_few_days_are_left(house: House) -> None:
    with tls_host() as port:
        picture = house.work_until_end(house.start("certificate", {"port": port, "warn_days": 60}))
    assert picture.status is RunStatus.FAILED
    assert task_of(picture, "check").stderr.text == (
        f"The certificate of 127.0.0.1:{port} expires in 45 days; at least 60 must be left. Renew it now.\n"
    )


def test_certificate_of_a_port_where_nobody_listens_says_so(house: House) -> None:
    port = closed_port()
    picture = house.work_until_end(house.start("certificate", {"port": port}))
    assert picture.status is RunStatus.FAILED
    assert task_of(picture, "check").stderr.text.startswith(f"127.0.0.1:{port} showed no certificate: ")
