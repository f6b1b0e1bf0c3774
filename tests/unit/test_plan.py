"""The rules of a run, one by one: how it begins, goes on, skips, fails and ends. `test_plan_*` beside this file
go on with one subject each."""

from __future__ import annotations

import pytest

from engine.core.definition import ApprovalAction, Approvers, MessageAction, SetAction, WaitAction
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    Errored,
    Failed,
    RunStarted,
    StartWait,
    Stopped,
    Succeeded,
    TaskFinished,
    WaitEnded,
    WorkerLost,
)
from engine.core.state import Ballot, RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))


# --- starting and going on


def test_a_run_begins_with_the_steps_that_need_nothing() -> None:
    run = RunInMemory(a_workflow(a_step("build"), a_step("lint"), a_step("ship", "build", "lint")))
    transition = run.put(RunStarted())
    assert run.due() == ["build", "lint"]
    assert transition.status is RunStatus.PENDING
    assert run.facts() == ["run_started", "step_scheduled", "step_scheduled"]


def test_a_step_becomes_due_when_the_last_of_its_needs_is_completed() -> None:
    run = started(RunInMemory(a_workflow(a_step("build"), a_step("lint"), a_step("ship", "build", "lint"))))
    run.finish("build")
    assert run.due() == ["lint"]
    run.finish("lint")
    assert run.due() == ["ship"]


def test_the_order_of_the_file_is_no_order_of_the_graph() -> None:
    run = started(RunInMemory(a_workflow(a_step("ship", "build"), a_step("build"))))
    assert run.due() == ["build"]
    run.finish("build")
    assert run.due() == ["ship"]


def test_a_run_is_completed_at_100_percent_with_its_outputs() -> None:
    run = started(RunInMemory(a_workflow(a_step("build"), a_step("ship", "build"), outputs={"url": "u"})))
    assert run.finish("build", Succeeded({"n": 1})).progress == 50
    transition = run.finish("ship")
    assert (transition.status, transition.progress, transition.outputs) == (
        RunStatus.COMPLETED,
        100,
        {"url": "u"},
    )
    assert run.task("build").result == {"n": 1}
    assert run.facts()[-1] == "run_completed"


def test_outputs_that_cannot_be_computed_end_the_run_in_error() -> None:
    run = started(RunInMemory(a_workflow(a_step("build"), outputs={"url": "boom"})))
    transition = run.finish("build")
    assert (transition.status, transition.progress) == (RunStatus.ERROR, 99)
    assert transition.error == "The outputs could not be computed: 'boom' is unknown."
    assert transition.outputs is None


def test_a_wait_starts_its_timer_and_ends_with_it() -> None:
    run = RunInMemory(a_workflow(a_step("pause", action=WaitAction("1h30m"))))
    transition = run.put(RunStarted())
    assert transition.effects == (StartWait("pause", 5400),)
    assert transition.status is RunStatus.RUNNING
    assert run.put(WaitEnded("pause")).status is RunStatus.COMPLETED


def test_a_wait_that_gives_no_duration_ends_the_run_in_error() -> None:
    run = RunInMemory(a_workflow(a_step("pause", action=WaitAction("soon"))))
    transition = run.put(RunStarted())
    assert transition.status is RunStatus.ERROR
    assert transition.error is not None
    assert "'soon' is not a duration" in transition.error


# --- skipping


def test_a_step_whose_condition_does_not_hold_is_skipped_and_so_is_all_behind_it() -> None:
    run = RunInMemory(
        a_workflow(a_step("c", "b"), a_step("b", "a"), a_step("a", condition="no"), a_step("other"))
    )
    run.put(RunStarted())
    assert run.statuses() == {"c": "skipped", "b": "skipped", "a": "skipped", "other": "pending"}
    assert run.finish("other").status is RunStatus.COMPLETED


def test_a_run_whose_steps_are_all_skipped_is_completed_at_once() -> None:
    transition = RunInMemory(a_workflow(a_step("a", condition="no"))).put(RunStarted())
    assert (transition.status, transition.progress) == (RunStatus.COMPLETED, 100)


def test_a_condition_is_asked_when_the_needs_are_completed_not_before() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b", "a", condition="boom"))))
    assert run.statuses() == {"a": "pending", "b": "pending"}
    transition = run.finish("a")
    assert transition.status is RunStatus.ERROR
    assert transition.error == "B: 'boom' is unknown."
    assert run.statuses() == {"a": "completed", "b": "error"}


def test_when_one_step_cannot_be_started_its_neighbours_are_not_started_either() -> None:
    run = RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("a"), a_step("b", condition="boom")))
    transition = run.put(RunStarted())
    assert run.statuses() == {"ask": "cancelled", "a": "cancelled", "b": "error"}
    assert transition.effects == ()


# --- failing


def test_the_first_failure_fixes_the_outcome_and_gives_up_what_has_not_started() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b"), a_step("c"), a_step("d", "a"))))
    run.claim("a")
    run.claim("b")
    transition = run.finish("a", Failed("exit code 2", {"n": 1}))
    assert (transition.status, transition.outcome) == (RunStatus.RUNNING, RunStatus.FAILED)
    assert transition.error == "A failed: exit code 2"
    assert run.statuses() == {"a": "failed", "b": "running", "c": "cancelled", "d": "cancelled"}
    assert run.task("a").result == {"n": 1}


def test_what_runs_may_finish_and_does_not_change_the_outcome() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b"))))
    run.claim("b")
    run.finish("a", Failed("exit code 2"))
    transition = run.finish("b", Errored("the disk is full"))
    assert (transition.status, transition.error) == (RunStatus.FAILED, "A failed: exit code 2")
    assert run.statuses() == {"a": "failed", "b": "error"}


def test_an_error_of_a_step_is_the_error_of_the_run() -> None:
    transition = started(RunInMemory(a_workflow(a_step("a")))).finish("a", Errored("no such folder"))
    assert (transition.status, transition.error) == (RunStatus.ERROR, "A: no such folder")


def test_a_stopped_step_of_a_run_that_nobody_cancelled_cancels_it() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b", "a"))))
    assert run.finish("a", Stopped()).status is RunStatus.CANCELLED


# --- events that come late


def test_a_worker_that_was_given_up_for_lost_changes_nothing() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", idempotent=True))))
    first = run.claim("a")
    run.put(WorkerLost("a", first))
    second = run.claim("a")
    assert run.put(TaskFinished("a", first, Succeeded("old"))).is_noop
    assert run.put(WorkerLost("a", first)).is_noop
    run.put(TaskFinished("a", second, Succeeded("new")))
    assert run.task("a").result == "new"


def test_events_about_another_kind_of_step_or_none_change_nothing() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("pause", action=WaitAction("1m"))))
    )
    for event in (
        WaitEnded("ask"),
        ApprovalExpired("pause"),
        ApprovalDecided("pause", Ballot("U0BOB", approve=True)),
        TaskFinished("nope", 1, Succeeded()),
        RunStarted(),
    ):
        assert run.put(event).is_noop


def test_the_click_that_comes_after_the_decision_changes_nothing() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("ship", "ask"))))
    run.decide("ask", "U0BOB")
    late = run.decide("ask", "U0CYD", approve=False)
    assert (late.is_noop, late.status) == (True, RunStatus.RUNNING)


def test_a_thousand_steps_are_planned_quickly_even_when_all_are_skipped() -> None:
    chain = [a_step(f"s{n}", f"s{n + 1}") for n in range(999)]
    run = RunInMemory(a_workflow(*chain, a_step("s999", action=SetAction({}), condition="no")))
    assert run.put(RunStarted()).status is RunStatus.COMPLETED


# --- waiting until a time


def test_a_wait_until_a_time_lasts_from_now_to_that_time_in_its_zone() -> None:
    until = WaitAction(until="07:30", zone="Europe/Berlin")
    run = RunInMemory(a_workflow(a_step("pause", action=until)), now=1_793_000_000_000)
    seconds = (7 * 60 + 30 - 8 * 60 - 33 + 24 * 60) * 60 - 20  # it is 08:33:20 in Berlin
    assert run.put(RunStarted()).effects == (StartWait("pause", seconds),)


@pytest.mark.parametrize(
    "wait", [WaitAction(until="soon"), WaitAction(until="boom"), WaitAction(until="07:30", zone="Mars/North")]
)
def test_a_wait_until_no_time_ends_the_run_in_error(wait: WaitAction) -> None:
    transition = RunInMemory(a_workflow(a_step("pause", action=wait))).put(RunStarted())
    assert (transition.status, transition.effects) == (RunStatus.ERROR, ())


# --- rehearsal


def test_in_a_rehearsal_waits_and_messages_are_over_at_once_and_the_rest_goes_on() -> None:
    workflow = a_workflow(
        a_step("pause", action=WaitAction("4h")),
        a_step("tell", "pause", action=MessageAction("Done", "#ops")),
        a_step("ask", "tell", action=ASK),
        a_step("ship", "ask"),
    )
    run = RunInMemory(workflow, is_rehearsal=True)
    transition = run.put(RunStarted())
    assert [type(effect).__name__ for effect in transition.effects] == ["OpenApproval"]
    assert run.statuses() == {"pause": "completed", "tell": "completed", "ask": "waiting", "ship": "pending"}
    arguments = {task.step_id: task.arguments for task in transition.tasks}
    assert arguments["pause"] == {"seconds": 14400}
    assert arguments["tell"] == {"channel": "#ops", "user": None, "text": "Done"}
    run.decide("ask", "U0BOB")
    assert run.due() == ["ship"]


def test_a_rehearsal_finds_the_same_mistakes() -> None:
    workflow = a_workflow(a_step("tell", action=MessageAction("Done", "no channel")))
    transition = RunInMemory(workflow, is_rehearsal=True).put(RunStarted())
    assert transition.status is RunStatus.ERROR


# --- steps that are over at once


def test_a_step_behind_two_that_are_over_at_once_starts_once() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("a", foreach=[]), a_step("b", foreach=[]), a_step("c", "a", "b"), a_step("d", "a")
            )
        )
    )
    assert run.due() == ["c", "d"]
    assert run.facts().count("step_scheduled") == 2
