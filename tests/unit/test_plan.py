"""The rules of a run, one by one."""

from __future__ import annotations

import pytest

from engine.core.definition import ApprovalAction, Approvers, OnTimeout, SetAction, WaitAction
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    ApprovalStatus,
    CancelRequested,
    CloseApproval,
    Errored,
    Failed,
    OpenApproval,
    RunStarted,
    StartWait,
    Stopped,
    StopTask,
    Succeeded,
    TaskFinished,
    WaitEnded,
    WorkerLost,
)
from engine.core.state import Ballot, RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))


def started(run: RunInMemory) -> RunInMemory:
    run.put(RunStarted())
    return run


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


# --- approvals


def test_an_approval_is_opened_and_the_run_waits_for_it() -> None:
    run = RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("ship", "ask")))
    transition = run.put(RunStarted())
    assert transition.status is RunStatus.WAITING_FOR_APPROVAL
    assert transition.effects == (OpenApproval("ask", ASK, 3600),)
    assert run.facts() == ["run_started", "step_scheduled", "approval_requested"]


def test_a_run_does_not_wait_for_approval_while_something_else_goes_on() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("a"))))
    assert run.snapshot.status is RunStatus.RUNNING
    assert run.finish("a").status is RunStatus.WAITING_FOR_APPROVAL


def test_a_timer_is_something_that_goes_on() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("pause", action=WaitAction("1m"))))
    )
    assert run.snapshot.status is RunStatus.RUNNING
    assert run.put(WaitEnded("pause")).status is RunStatus.WAITING_FOR_APPROVAL


def test_enough_approvals_let_the_run_go_on() -> None:
    two = ApprovalAction("Go?", required=2)
    run = started(RunInMemory(a_workflow(a_step("ask", action=two), a_step("ship", "ask"))))
    first = run.decide("ask", "U0BOB")
    assert (first.status, first.effects, first.tasks) == (RunStatus.WAITING_FOR_APPROVAL, (), ())
    second = run.decide("ask", "U0CYD")
    assert second.effects == (CloseApproval("ask", ApprovalStatus.APPROVED),)
    assert second.status is RunStatus.RUNNING
    assert run.task("ask").result == {"approved_by": ["U0BOB", "U0CYD"]}
    assert run.due() == ["ship"]


def test_a_second_ballot_of_one_person_counts_nothing() -> None:
    two = ApprovalAction("Go?", required=2)
    run = started(RunInMemory(a_workflow(a_step("ask", action=two))))
    run.decide("ask", "U0BOB")
    assert run.decide("ask", "U0BOB").is_noop
    assert run.decide("ask", "U0BOB", approve=False).is_noop


def test_one_rejection_ends_the_run() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("other", action=ASK), a_step("ship", "ask")))
    )
    transition = run.decide("ask", "U0BOB", approve=False)
    assert (transition.status, transition.error) == (RunStatus.REJECTED, "Ask was rejected.")
    assert transition.effects == (
        CloseApproval("ask", ApprovalStatus.REJECTED),
        CloseApproval("other", ApprovalStatus.CANCELLED),
    )
    assert run.statuses() == {"ask": "rejected", "other": "cancelled", "ship": "cancelled"}


def test_an_approval_that_expires_is_rejected_when_the_file_says_nothing_else() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK))))
    transition = run.put(ApprovalExpired("ask"))
    assert transition.status is RunStatus.REJECTED
    assert transition.effects == (CloseApproval("ask", ApprovalStatus.EXPIRED),)
    assert run.task("ask").error == "Nobody decided in time."


def test_an_approval_that_expires_is_approved_when_the_file_says_so() -> None:
    lenient = ApprovalAction("Go?", required=2, on_timeout=OnTimeout.APPROVE)
    run = started(RunInMemory(a_workflow(a_step("ask", action=lenient))))
    run.decide("ask", "U0BOB")
    transition = run.put(ApprovalExpired("ask"))
    assert transition.status is RunStatus.COMPLETED
    assert transition.effects == (CloseApproval("ask", ApprovalStatus.APPROVED),)
    assert run.task("ask").result == {"approved_by": ["U0BOB"]}


@pytest.mark.parametrize(
    "action",
    [
        ApprovalAction("boom"),
        ApprovalAction("Go?", "boom"),
        ApprovalAction("Go?", approvers=Approvers(("bob",))),
    ],
)
def test_a_question_that_cannot_be_asked_ends_the_run_in_error(action: ApprovalAction) -> None:
    transition = RunInMemory(a_workflow(a_step("ask", action=action))).put(RunStarted())
    assert transition.status is RunStatus.ERROR
    assert transition.effects == ()


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


# --- lost workers


def test_a_step_that_may_not_be_repeated_ends_in_error_when_its_worker_is_lost() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"))))
    transition = run.put(WorkerLost("a", run.claim("a")))
    assert transition.status is RunStatus.ERROR
    assert run.task("a").error == "The worker was lost; whether the step took effect is unknown."


def test_an_idempotent_step_is_started_again_until_it_lost_three_workers() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", idempotent=True))))
    for attempt in (1, 2):
        transition = run.put(WorkerLost("a", run.claim("a")))
        assert (transition.status, run.due(), run.task("a").attempt) == (RunStatus.RUNNING, ["a"], attempt)
    transition = run.put(WorkerLost("a", run.claim("a")))
    assert (transition.status, run.task("a").error) == (RunStatus.ERROR, "The step lost its worker 3 times.")


def test_an_idempotent_step_of_a_stopping_run_is_not_started_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", idempotent=True))))
    attempt = run.claim("a")
    run.put(CancelRequested("U0ADA"))
    assert run.put(WorkerLost("a", attempt)).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "cancelled"}


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


@pytest.mark.parametrize(
    ("users", "required"), [(("U0ADA",), 1), (("U0ADA", "U0BOB"), 2), (("U0BOB", "U0BOB"), 2)]
)
def test_a_question_nobody_can_say_yes_to_is_not_asked(users: tuple[str, ...], required: int) -> None:
    ask = ApprovalAction("Go?", approvers=Approvers(users), required=required)

    run = started(RunInMemory(a_workflow(a_step("ask", action=ask))))

    assert run.snapshot.status is RunStatus.ERROR
    assert "Name more people or a group" in str(run.snapshot.error)
