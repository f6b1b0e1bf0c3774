"""The canary release at work: a real fleet, real visitors, and what people decide."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.picture import RunPicture
from engine.core.state import RunStatus, TaskStatus
from tests.examples.house import BOB, House, load_script, outputs, statuses, task_of


def shares(picture: RunPicture) -> list[object]:
    """The shares that went well in a run of shift-traffic, as the fleet says."""
    results: Any = task_of(picture, "shift").result
    return [result["json"]["share"] for result in results if result is not None]


def texts(house: House) -> list[object]:
    return [said["text"] for said in house.said if isinstance(said, dict)]


def test_a_good_version_is_widened_approved_and_given_to_everybody(house: House) -> None:
    run_id = house.start("canary-release", {"service": "web", "version": "v2.1.0"})
    approval_id = house.work_until_asked(run_id)
    asking = house.picture(run_id)
    assert asking.approvals[0].title == "v2.1.0 for everybody?"
    assert "web has it on 50 % of the traffic.\n0 of " in asking.approvals[0].message
    house.decide(BOB, approval_id, approve=True)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert outputs(picture) == {
        "version": "v2.1.0",
        "is_released": True,
        "approved_by": ["U0BOB"],
        "share": 100,
    }
    assert shares(house.child(run_id, "widen")) == [10, 25, 50]
    assert shares(house.child(run_id, "finish")) == [100]
    assert {task.step_id for task in picture.tasks if task.status is TaskStatus.SKIPPED} == {
        "rollback",
        "went_badly",
        "back",
        "announce",
    }
    assert [str(text)[:44] for text in texts(house)] == ["v2.1.0 of web has 50 % of the traffic. 0 of "]


def test_visitors_see_what_the_fleet_counts(house: House) -> None:
    run_id = house.start("shift-traffic", {"start": 100, "shares": [40]})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    fleet: Any = task_of(picture, "fleet").result
    visitors: Any = task_of(picture, "visitors").result
    old, new = fleet["old"]["requests"], fleet["new"]["requests"]
    assert visitors["failed"] == 0
    assert abs(old + new - visitors["visits"]) <= 1, "the last visit may have met a fleet that was ending"
    assert min(old, new) > 0


def test_a_broken_version_is_rolled_back_without_asking_anybody(house: House) -> None:
    run_id = house.start("canary-release", {"break_it": True, "announce_in": "C0OPS"})
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.COMPLETED, statuses(picture)
    assert (outputs(picture)["is_released"], outputs(picture)["share"]) == (False, 0)
    assert picture.approvals == ()
    assert task_of(picture, "widen").status is TaskStatus.FAILED
    widen = house.child(run_id, "widen")
    assert widen.status is RunStatus.FAILED
    assert shares(widen) == []
    assert '"error_percent": ' in task_of(widen, "fleet").stdout.text
    assert shares(house.child(run_id, "rollback")) == [0]
    assert [each.number for each in house.family(run_id)] == [1, 2, 3], "in the order they were started"
    assert str(texts(house)[0]).startswith(
        "v2.0.0 of api went badly and was rolled back: nobody gets it any more."
    )
    assert "answered 409" in str(texts(house)[0])
    announced = {
        "channel": "C0OPS",
        "user": None,
        "text": f"api v2.0.0: not released (run {picture.number}).",
    }
    assert house.said[1:] == [announced]


def test_a_broken_version_passes_when_that_many_errors_are_tolerated(house: House) -> None:
    run_id = house.start("canary-release", {"break_it": True, "limit": 50})
    house.work_until_asked(run_id)
    assert " requests failed." in house.picture(run_id).approvals[0].message
    assert "\n0 of " not in house.picture(run_id).approvals[0].message


def test_whoever_rejects_gives_all_traffic_back_to_the_old_version(house: House) -> None:
    run_id = house.start("canary-release")
    house.decide(BOB, house.work_until_asked(run_id), approve=False)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.REJECTED
    assert task_of(picture, "finish").status is TaskStatus.CANCELLED
    assert shares(house.child(run_id, "back")) == [0]


def test_a_cancelled_release_leaves_no_process_and_no_traffic_behind(house: House) -> None:
    run_id = house.start("canary-release")
    house.work_until(run_id, lambda picture: are_running(house, run_id, "fleet", "visitors"))
    house.work_until(run_id, lambda picture: len(house.processes(run_id)) >= 2)
    house.cancel(run_id)
    picture = house.work_until_end(run_id)
    assert picture.status is RunStatus.CANCELLED, statuses(picture)
    widen = house.child(run_id, "widen")
    assert widen.status is RunStatus.CANCELLED
    assert task_of(widen, "fleet").status is TaskStatus.CANCELLED
    assert shares(house.child(run_id, "back")) == [0]
    assert house.processes(run_id) == []


def are_running(house: House, run_id: str, *step_ids: str) -> bool:
    """Whether these steps of the run's children run."""
    running = {
        task.step_id
        for picture in house.family(run_id)
        for task in picture.tasks
        if task.status is TaskStatus.RUNNING
    }
    return running >= set(step_ids)


def test_two_releases_of_a_service_take_turns_and_those_of_two_services_do_not(house: House) -> None:
    first = house.start("canary-release", {"service": "api", "break_it": True})
    second = house.start("canary-release", {"service": "api", "break_it": True})
    other = house.start("canary-release", {"service": "web", "break_it": True})
    assert [house.picture(each).is_queued for each in (first, second, other)] == [False, True, False]
    house.work_until_end(first)
    assert house.work_until_end(second).status is RunStatus.COMPLETED
    assert house.work_until_end(other).status is RunStatus.COMPLETED


@pytest.mark.parametrize("share", [0, 1, 10, 25, 50, 99, 100])
def test_the_new_version_gets_just_its_share(share: int) -> None:
    fleet = load_script("shift-traffic/fleet.py")
    balancer = fleet.Balancer(share, limit=5, is_broken=False)
    for _ in range(300):
        balancer.visit()
    assert (balancer.new.requests, balancer.old.requests) == (3 * share, 300 - 3 * share)


def test_the_fleet_says_how_it_goes_only_when_it_has_seen_enough() -> None:
    fleet = load_script("shift-traffic/fleet.py")
    balancer = fleet.Balancer(0, limit=20, is_broken=True)
    assert balancer.shift(40)[0] == 503
    for _ in range(fleet.ENOUGH_VISITS):
        balancer.visit()
    assert balancer.shift(40) == (
        409,
        {"share": 40, "visits": 100, "requests": 40, "errors": 10, "error_percent": 25.0},
    )
    balancer.limit = 25
    assert balancer.shift(40)[0] == 200
    assert balancer.shift(41)[0] == 503, "another share is watched from the beginning"
