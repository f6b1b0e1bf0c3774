"""The rules of a run that is cancelled, once or by force, that takes too long, or that waits in a queue."""

from __future__ import annotations

import pytest

from engine.core.definition import ApprovalAction, Approvers, InputAction, Retry, WaitAction, WorkflowAction
from engine.core.events import (
    ApprovalStatus,
    CancelItems,
    CancelRequested,
    ChildEnded,
    CloseApproval,
    CloseInput,
    Failed,
    InputStatus,
    RunAdmitted,
    RunExpired,
    RunStarted,
    StartRunTimer,
    StopChild,
    StopItems,
    Stopped,
    StopTask,
    Succeeded,
    WorkerLost,
)
from engine.core.state import RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))
QUESTION = InputAction("How many?", "", ())
CHILD = WorkflowAction("other")


# --- cancelling


def test_a_cancel_ends_a_waiting_run_at_once_and_closes_its_approval() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("ship", "ask"))))
    transition = run.put(CancelRequested("U0ADA"))
    assert (transition.status, transition.error) == (RunStatus.CANCELLED, None)
    assert transition.effects == (CloseApproval("ask", ApprovalStatus.CANCELLED),)
    assert transition.facts[0].data == {"by": "U0ADA"}
    assert transition.progress == 0


def test_a_cancel_stops_what_runs_and_the_run_ends_with_it() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b", "a"))))
    run.claim("a")
    transition = run.put(CancelRequested("U0ADA"))
    assert transition.effects == (StopTask("a"),)
    assert (transition.status, transition.outcome) == (RunStatus.RUNNING, RunStatus.CANCELLED)
    assert run.finish("a", Stopped()).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "cancelled", "b": "cancelled"}


def test_a_step_that_was_quicker_than_the_cancel_keeps_its_result() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"))))
    run.claim("a")
    run.put(CancelRequested("U0ADA"))
    assert run.finish("a", Succeeded("done")).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "completed"}


def test_a_cancel_of_a_failing_run_stops_what_runs_and_keeps_the_outcome() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b"))))
    run.claim("b")
    run.finish("a", Failed("exit code 1"))
    transition = run.put(CancelRequested("U0ADA"))
    assert (transition.effects, transition.outcome) == ((StopTask("b"),), RunStatus.FAILED)


def test_a_cancel_before_the_start_leaves_nothing_to_start() -> None:
    run = RunInMemory(a_workflow(a_step("a")))
    assert run.put(CancelRequested("U0ADA")).status is RunStatus.CANCELLED
    assert run.put(RunStarted()).is_noop


def test_a_cancel_gives_up_all_that_only_waits() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("gate", action=ASK),
                a_step("ask", action=QUESTION),
                a_step("pause", action=WaitAction("1h")),
                a_step("due"),
            )
        )
    )
    transition = run.cancel()
    assert transition.status is RunStatus.CANCELLED
    assert set(run.statuses().values()) == {"cancelled"}
    assert transition.effects == (
        CloseApproval("gate", ApprovalStatus.CANCELLED),
        CloseInput("ask", InputStatus.CANCELLED),
    )


def test_a_second_cancel_that_is_no_force_changes_nothing() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("each", foreach=[1, 2]))))
    run.claim("a")
    run.claim("each", 1)
    assert run.cancel().effects == (StopTask("a"), StopItems("each"), CancelItems("each", 1))
    assert run.cancel().is_noop


def test_a_fan_out_of_which_nothing_runs_is_over_with_the_cancel() -> None:
    run = started(RunInMemory(a_workflow(a_step("each", foreach=[1, 2, 3], max_parallel=1))))
    run.finish("each", item=1)
    transition = run.cancel()
    assert (transition.status, transition.effects) == (RunStatus.CANCELLED, (CancelItems("each", 2),))
    assert run.item_statuses("each") == ["completed", "cancelled", "cancelled"]


# --- by force


def test_a_forced_cancel_tells_running_steps_again_at_once_to_end() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("a"), a_step("each", foreach=[1]), a_step("c", action=CHILD)))
    )
    run.claim("a")
    run.claim("each", 1)
    run.cancel()
    transition = run.cancel(is_forced=True)
    assert transition.effects == (
        StopTask("a", is_forced=True),
        StopItems("each", is_forced=True),
        StopChild("c", is_forced=True),
    )
    assert (transition.facts[0].kind, transition.facts[0].data) == ("cancel_forced", {"by": "U0ADA"})
    assert transition.outcome is RunStatus.CANCELLED


def test_a_forced_cancel_keeps_final_steps_from_starting() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True))))
    run.claim("a")
    run.cancel(is_forced=True)
    assert run.statuses() == {"a": "running", "tidy": "cancelled"}
    assert run.finish("a", Stopped()).status is RunStatus.CANCELLED


def test_a_forced_cancel_stops_final_steps_that_run_and_gives_up_the_others() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("a"),
                a_step("tidy", is_final=True, retry=Retry(3)),
                a_step("pause", action=WaitAction("1h"), is_final=True),
                a_step("each", foreach=[1, 2, 3], max_parallel=2, is_final=True),
                a_step("last", "tidy", is_final=True),
            )
        )
    )
    run.finish("a")
    run.claim("tidy")
    run.claim("each", 1)
    transition = run.cancel(is_forced=True)
    assert transition.effects == (
        StopTask("tidy", is_forced=True),
        StopItems("each", is_forced=True),
        CancelItems("each", 2),
    )
    assert run.statuses() == {
        "a": "completed",
        "tidy": "running",
        "pause": "cancelled",
        "each": "waiting",
        "last": "cancelled",
    }
    run.finish("tidy", Failed("exit code 137"))
    assert run.finish("each", Stopped(), item=1).status is RunStatus.CANCELLED
    assert run.statuses()["tidy"] == "failed"


def test_a_forced_cancel_keeps_the_outcome_of_a_run_that_fails_already() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True))))
    run.finish("a", Failed("exit code 1"))
    transition = run.cancel(is_forced=True)
    assert (transition.status, transition.error) == (RunStatus.FAILED, "A failed: exit code 1")


def test_a_step_whose_worker_is_lost_after_a_forced_cancel_is_not_started_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True, idempotent=True))))
    run.finish("a")
    attempt = run.claim("tidy")
    run.cancel(is_forced=True)
    assert run.put(WorkerLost("tidy", attempt)).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "completed", "tidy": "cancelled"}


# --- the run's own timeout


def test_a_run_with_a_timeout_starts_its_timer_when_it_begins() -> None:
    run = RunInMemory(a_workflow(a_step("a"), timeout_seconds=90))
    assert run.put(RunStarted()).effects == (StartRunTimer(90),)


def test_a_run_that_takes_too_long_fails_and_what_runs_is_stopped() -> None:
    workflow = a_workflow(
        a_step("a"), a_step("gate", action=ASK), a_step("tidy", is_final=True), timeout_seconds=5400
    )
    run = started(RunInMemory(workflow))
    run.claim("a")
    transition = run.put(RunExpired())
    assert transition.effects == (StopTask("a"), CloseApproval("gate", ApprovalStatus.CANCELLED))
    assert (transition.outcome, transition.error) == (
        RunStatus.FAILED,
        "The run did not end within 1h30m.",
    )
    assert run.put(RunExpired()).is_noop
    run.finish("a", Stopped())
    assert run.due() == ["tidy"]
    assert run.finish("tidy").status is RunStatus.FAILED


def test_the_timeout_stops_what_still_runs_of_a_run_that_failed_already() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b"), timeout_seconds=60)))
    run.claim("b")
    run.finish("a", Failed("exit code 1"))
    transition = run.put(RunExpired())
    assert (transition.effects, transition.error) == ((StopTask("b"),), "A failed: exit code 1")


def test_the_timeout_leaves_final_steps_alone() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True), timeout_seconds=60)))
    run.finish("a")
    run.claim("tidy")
    assert run.put(RunExpired()).is_noop
    assert run.finish("tidy").status is RunStatus.COMPLETED


def test_a_run_without_a_timeout_starts_no_timer_and_never_expires() -> None:
    run = RunInMemory(a_workflow(a_step("a")))
    assert run.put(RunStarted()).effects == ()
    assert run.put(RunExpired()).is_noop


# --- in the queue


def queued() -> RunInMemory:
    workflow = a_workflow(
        a_step("a"),
        a_step("gate", action=ASK),
        a_step("skipped", condition="no"),
        a_step("tidy", is_final=True),
        timeout_seconds=60,
    )
    run = RunInMemory(workflow)
    run.put(RunStarted(is_queued=True))
    return run


def test_a_queued_run_begins_nothing() -> None:
    run = queued()
    assert (run.snapshot.status, run.snapshot.is_queued) == (RunStatus.PENDING, True)
    assert set(run.statuses().values()) == {"pending"}
    assert (run.due(), run.effects(), run.facts()) == ([], [], ["run_queued"])
    assert run.put(RunStarted()).is_noop
    assert run.put(RunExpired()).is_noop


def test_a_run_begins_when_it_is_admitted_and_its_timeout_counts_from_there() -> None:
    run = queued()
    transition = run.put(RunAdmitted())
    assert not transition.is_queued
    assert transition.effects[0] == StartRunTimer(60)
    assert run.statuses() == {"a": "pending", "gate": "waiting", "skipped": "skipped", "tidy": "pending"}
    assert run.due() == ["a"]
    assert run.put(RunAdmitted()).is_noop


def test_a_run_that_is_not_queued_cannot_be_admitted() -> None:
    assert started(RunInMemory(a_workflow(a_step("a")))).put(RunAdmitted()).is_noop


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_cancel_of_a_queued_run_ends_it_at_once_without_its_final_steps(is_forced: bool) -> None:
    run = queued()
    transition = run.put(CancelRequested("U0ADA", is_forced))
    assert (transition.status, transition.is_queued, transition.effects) == (RunStatus.CANCELLED, False, ())
    assert set(run.statuses().values()) == {"cancelled"}
    assert run.put(RunAdmitted()).is_noop


def test_a_cancel_before_the_start_does_not_start_final_steps_either() -> None:
    run = RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True)))
    assert run.cancel().status is RunStatus.CANCELLED
    assert set(run.statuses().values()) == {"cancelled"}


def test_a_child_that_was_told_to_stop_and_succeeded_all_the_same_keeps_its_result() -> None:
    run = started(RunInMemory(a_workflow(a_step("child", action=CHILD), timeout_seconds=60)))
    assert run.put(RunExpired()).effects == (StopChild("child"),)
    assert run.put(ChildEnded("child", Succeeded({"n": 1}))).status is RunStatus.FAILED
    assert run.task("child").result == {"n": 1}
