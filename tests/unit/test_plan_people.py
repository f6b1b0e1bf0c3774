"""The rules of steps that wait for people, Slack or another run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.definition import (
    Action,
    ApprovalAction,
    Approvers,
    InputAction,
    MessageAction,
    OnNoAnswer,
    OnTimeout,
    Parameter,
    ParameterType,
    WaitAction,
    WorkflowAction,
)
from engine.core.events import (
    ApprovalExpired,
    ApprovalStatus,
    ChildEnded,
    CloseApproval,
    CloseInput,
    Errored,
    Failed,
    InputAnswered,
    InputExpired,
    InputStatus,
    MessageSettled,
    OpenApproval,
    OpenInput,
    Outcome,
    RunStarted,
    SendMessage,
    StartChild,
    StopChild,
    Stopped,
    Succeeded,
    WaitEnded,
)
from engine.core.state import RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))
FIELDS = (
    Parameter("count", ParameterType.INTEGER, "Count", default=3),
    Parameter("note", ParameterType.STRING, "Note"),
)
QUESTION = InputAction("How many?", "Please answer.", FIELDS, Approvers(("U0BOB",)))
TELL = MessageAction("v1.2.3 is out", "#releases")
CHILD = WorkflowAction("rollback", {"service": "api"})


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


@pytest.mark.parametrize(
    ("users", "required"), [(("U0ADA",), 1), (("U0ADA", "U0BOB"), 2), (("U0BOB", "U0BOB"), 2)]
)
def test_a_question_nobody_can_say_yes_to_is_not_asked(users: tuple[str, ...], required: int) -> None:
    ask = ApprovalAction("Go?", approvers=Approvers(users), required=required)

    run = started(RunInMemory(a_workflow(a_step("ask", action=ask))))

    assert run.snapshot.status is RunStatus.ERROR
    assert "Name more people or a group" in str(run.snapshot.error)


# --- inputs


def test_a_question_is_opened_and_the_run_goes_on_with_the_answer_as_result() -> None:
    run = RunInMemory(a_workflow(a_step("ask", action=QUESTION), a_step("ship", "ask")))
    transition = run.put(RunStarted())
    assert transition.effects == (OpenInput("ask", QUESTION, 3600),)
    assert transition.status is RunStatus.RUNNING
    assert run.facts() == ["run_started", "step_scheduled", "input_requested"]

    answered = run.put(InputAnswered("ask", "U0BOB", {"count": 2, "note": "x"}))

    assert answered.effects == (CloseInput("ask", InputStatus.ANSWERED),)
    assert answered.facts[0].data == {"step": "ask", "by": "U0BOB"}
    assert run.task("ask").result == {"count": 2, "note": "x"}
    assert run.due() == ["ship"]


def test_the_second_answer_counts_nothing() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=QUESTION), a_step("ship", "ask"))))
    run.put(InputAnswered("ask", "U0BOB", {"count": 2}))
    assert run.put(InputAnswered("ask", "U0CYD", {"count": 9})).is_noop
    assert run.put(InputExpired("ask")).is_noop
    assert run.task("ask").result == {"count": 2}


def test_a_question_that_nobody_answers_fails_its_step() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=QUESTION))))
    transition = run.put(InputExpired("ask"))
    assert (transition.status, transition.error) == (RunStatus.FAILED, "Ask failed: Nobody answered in time.")
    assert transition.effects == (CloseInput("ask", InputStatus.EXPIRED),)


def test_a_question_that_nobody_answers_takes_its_defaults_when_the_file_says_so() -> None:
    lenient = replace(QUESTION, on_timeout=OnNoAnswer.DEFAULTS)
    run = started(RunInMemory(a_workflow(a_step("ask", action=lenient))))
    assert run.put(InputExpired("ask")).status is RunStatus.COMPLETED
    assert run.task("ask").result == {"count": 3, "note": None}


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_cancel_closes_an_open_question(is_forced: bool) -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=QUESTION))))
    transition = run.cancel(is_forced=is_forced)
    assert (transition.status, transition.effects) == (
        RunStatus.CANCELLED,
        (CloseInput("ask", InputStatus.CANCELLED),),
    )


def test_an_open_question_is_something_that_goes_on_beside_an_approval() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=QUESTION), a_step("gate", action=ASK))))
    assert run.snapshot.status is RunStatus.RUNNING
    transition = run.put(InputAnswered("ask", "U0BOB", {"count": 2}))
    assert transition.status is RunStatus.WAITING_FOR_APPROVAL


# --- messages


def test_a_message_is_sent_and_its_step_completed_when_slack_has_it() -> None:
    run = RunInMemory(a_workflow(a_step("tell", action=TELL), a_step("next", "tell")))
    transition = run.put(RunStarted())
    assert transition.effects == (SendMessage("tell", TELL, 3600),)
    assert transition.tasks[0].arguments == {"channel": "#releases", "user": None, "text": "v1.2.3 is out"}
    run.put(MessageSettled("tell", Succeeded({"ts": "1.0"})))
    assert (run.task("tell").result, run.due()) == ({"ts": "1.0"}, ["next"])


def test_a_message_that_slack_refuses_fails_its_step() -> None:
    run = started(RunInMemory(a_workflow(a_step("tell", action=TELL))))
    transition = run.put(MessageSettled("tell", Failed("There is no channel '#releases'.")))
    assert (transition.status, transition.error) == (
        RunStatus.FAILED,
        "Tell failed: There is no channel '#releases'.",
    )


def test_a_message_that_is_not_out_when_the_run_stops_is_given_up() -> None:
    run = started(RunInMemory(a_workflow(a_step("tell", action=TELL), a_step("a"))))
    run.finish("a", Failed("exit code 1"))
    assert run.statuses() == {"tell": "cancelled", "a": "failed"}
    assert run.put(MessageSettled("tell", Succeeded())).is_noop


@pytest.mark.parametrize(
    "action",
    [
        MessageAction("boom"),
        MessageAction("Hi", channel="ops"),
        MessageAction("Hi", channel="#a,#b"),
        MessageAction("Hi", user="bob"),
        MessageAction("$run"),
        replace(QUESTION, title="boom"),
        replace(QUESTION, people=Approvers(("bob",))),
        WorkflowAction("rollback", {"service": "boom"}),
    ],
)
def test_what_cannot_be_asked_sent_or_started_ends_the_run_in_error(action: Action) -> None:
    transition = RunInMemory(a_workflow(a_step("a", action=action))).put(RunStarted())
    assert (transition.status, transition.effects) == (RunStatus.ERROR, ())


# --- child runs


def test_a_child_run_is_started_with_its_parameters_and_the_run_waits_for_it() -> None:
    run = RunInMemory(a_workflow(a_step("child", action=CHILD)))
    transition = run.put(RunStarted())
    assert transition.effects == (StartChild("child", CHILD),)
    assert transition.tasks[0].arguments == {"workflow": "rollback", "parameters": {"service": "api"}}
    assert transition.status is RunStatus.RUNNING


@pytest.mark.parametrize(
    ("outcome", "step_status", "run_status", "error"),
    [
        (Succeeded({"n": 1}), "completed", RunStatus.COMPLETED, None),
        (Failed("#7 failed."), "failed", RunStatus.FAILED, "Child failed: #7 failed."),
        (Errored("#7: no such file"), "error", RunStatus.ERROR, "Child: #7: no such file"),
        (Stopped(), "cancelled", RunStatus.CANCELLED, "Child was stopped."),
    ],
)
def test_the_end_of_a_child_run_settles_its_step(
    outcome: Outcome, step_status: str, run_status: RunStatus, error: str | None
) -> None:
    run = started(RunInMemory(a_workflow(a_step("child", action=CHILD))))
    transition = run.put(ChildEnded("child", outcome))
    assert (run.statuses(), transition.status, transition.error) == (
        {"child": step_status},
        run_status,
        error,
    )


def test_a_cancel_goes_to_the_child_and_the_run_ends_only_when_the_child_has() -> None:
    run = started(RunInMemory(a_workflow(a_step("child", action=CHILD))))
    transition = run.cancel()
    assert transition.effects == (StopChild("child"),)
    assert (transition.status, transition.outcome) == (RunStatus.RUNNING, RunStatus.CANCELLED)
    assert run.cancel().is_noop
    assert run.cancel(is_forced=True).effects == (StopChild("child", is_forced=True),)
    assert run.put(ChildEnded("child", Stopped())).status is RunStatus.CANCELLED


def test_a_failure_beside_a_child_lets_it_go_on_to_its_end() -> None:
    run = started(RunInMemory(a_workflow(a_step("child", action=CHILD), a_step("a"))))
    transition = run.finish("a", Failed("exit code 1"))
    assert (transition.effects, transition.status) == ((), RunStatus.RUNNING)
    assert run.put(ChildEnded("child", Succeeded())).status is RunStatus.FAILED
    assert run.statuses() == {"child": "completed", "a": "failed"}


def test_events_of_another_kind_of_waiting_step_change_nothing() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("ask", action=QUESTION), a_step("tell", action=TELL), a_step("child", action=CHILD)
            )
        )
    )
    for step_id in ("ask", "tell", "child", "nope"):
        assert run.put(WaitEnded(step_id)).is_noop
    assert run.put(InputAnswered("tell", "U0BOB", {})).is_noop
    assert run.put(MessageSettled("child", Succeeded())).is_noop
    assert run.put(ChildEnded("ask", Succeeded())).is_noop
