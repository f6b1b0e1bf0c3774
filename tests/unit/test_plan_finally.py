"""The rules of `finally`: its steps start when all others are settled, whatever became of them, once a round."""

from __future__ import annotations

import pytest

from engine.core.definition import ApprovalAction, Approvers, MessageAction, Step, WorkflowAction
from engine.core.events import (
    CancelRequested,
    ChildEnded,
    Errored,
    Event,
    Failed,
    Outcome,
    RunStarted,
    Stopped,
    Succeeded,
)
from engine.core.state import RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))


def with_final(*final: Step, outputs: str | None = None) -> RunInMemory:
    """A started run of one step, with these in its `finally`."""
    given = {"status": outputs} if outputs else {}
    return started(RunInMemory(a_workflow(a_step("a"), *final, outputs=given)))


def tidy(*needs: str, condition: str | None = None, continue_on_error: bool = False) -> Step:
    return a_step("tidy", *needs, condition=condition, continue_on_error=continue_on_error, is_final=True)


# --- when it happens


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Succeeded(), RunStatus.COMPLETED),
        (Failed("exit code 1"), RunStatus.FAILED),
        (Errored("no disk"), RunStatus.ERROR),
        (Stopped(), RunStatus.CANCELLED),
    ],
)
def test_final_steps_start_after_the_others_whatever_became_of_them(
    outcome: Outcome, status: RunStatus
) -> None:
    run = with_final(tidy())
    assert run.due() == ["a"]
    transition = run.finish("a", outcome)
    assert (transition.status, run.due()) == (RunStatus.RUNNING, ["tidy"])
    assert run.finish("tidy").status is status


def test_final_steps_start_after_a_rejection() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK), tidy())))
    transition = run.decide("ask", "U0BOB", approve=False)
    assert (transition.outcome, run.due()) == (RunStatus.REJECTED, ["tidy"])
    assert run.finish("tidy").status is RunStatus.REJECTED


def test_final_steps_start_when_a_step_could_not() -> None:
    run = RunInMemory(a_workflow(a_step("a", condition="boom"), tidy()))
    assert run.put(RunStarted()).outcome is RunStatus.ERROR
    assert run.due() == ["tidy"]


def test_final_steps_start_when_all_others_are_skipped() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", condition="no"), tidy())))
    assert run.due() == ["tidy"]
    assert run.finish("tidy").status is RunStatus.COMPLETED


def test_after_a_cancel_final_steps_wait_for_what_still_runs() -> None:
    run = with_final(tidy())
    run.claim("a")
    run.put(CancelRequested("U0ADA"))
    assert run.due() == []
    run.finish("a", Stopped())
    assert run.due() == ["tidy"]
    assert run.finish("tidy").status is RunStatus.CANCELLED


def test_a_cancel_while_final_steps_run_lets_them_go_on() -> None:
    run = with_final(tidy(), a_step("last", "tidy", is_final=True))
    run.finish("a")
    run.claim("tidy")
    transition = run.cancel()
    assert (transition.effects, transition.outcome) == ((), RunStatus.CANCELLED)
    assert run.cancel().is_noop
    run.finish("tidy")
    assert run.due() == ["last"]
    assert run.finish("last").status is RunStatus.CANCELLED


def test_final_steps_wait_for_the_last_item_and_the_last_child() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("each", foreach=[1, 2]), a_step("child", action=WorkflowAction("other")), tidy()
            )
        )
    )
    run.claim("each", 2)
    run.finish("each", Failed("exit code 1"), item=1)
    assert run.due() == []
    run.finish("each", item=2)
    assert run.due() == []
    run.put(ChildEnded("child", Succeeded()))
    assert run.due() == ["tidy"]


# --- among themselves


def test_final_steps_need_each_other_as_others_do() -> None:
    run = with_final(tidy(), a_step("tell", "tidy", action=MessageAction("Tidied"), is_final=True))
    run.finish("a", Failed("exit code 1"))
    assert run.statuses() == {"a": "failed", "tidy": "pending", "tell": "pending"}
    run.finish("tidy")
    assert run.statuses()["tell"] == "waiting"


def test_what_needs_a_final_step_that_failed_is_skipped_and_its_neighbours_go_on() -> None:
    run = with_final(tidy(), a_step("tell", "tidy", is_final=True), a_step("other", is_final=True))
    run.finish("a")
    run.finish("tidy", Failed("exit code 1"))
    assert run.statuses() == {"a": "completed", "tidy": "failed", "tell": "skipped", "other": "pending"}
    assert run.due() == ["other"]
    assert run.finish("other").status is RunStatus.FAILED


def test_a_final_step_sees_how_the_run_ends() -> None:
    run = with_final(tidy(condition="$run.status == failed"))
    run.finish("a", Failed("exit code 1"))
    assert run.due() == ["tidy"]


def test_a_final_step_that_is_for_failures_is_skipped_when_all_went_well() -> None:
    run = with_final(tidy(condition="$run.status == failed"), outputs="$run.status")
    transition = run.finish("a")
    assert (transition.status, transition.outputs) == (RunStatus.COMPLETED, {"status": "completed"})
    assert run.statuses()["tidy"] == "skipped"


# --- when it fails


@pytest.mark.parametrize("outcome", [Failed("exit code 1"), Errored("no disk"), Stopped()])
def test_a_failing_final_step_changes_no_outcome_but_completed(outcome: Outcome) -> None:
    run = with_final(tidy())
    run.finish("a", Failed("exit code 9"))
    transition = run.finish("tidy", outcome)
    assert (transition.status, transition.error) == (RunStatus.FAILED, "A failed: exit code 9")


def test_a_failing_final_step_makes_a_run_fail_that_had_gone_well() -> None:
    run = with_final(tidy(), outputs="boom")
    run.finish("a")
    transition = run.finish("tidy", Failed("exit code 1"))
    assert (transition.status, transition.error) == (RunStatus.FAILED, "Tidy failed: exit code 1")
    assert transition.outputs is None


def test_a_tolerated_failure_of_a_final_step_changes_nothing() -> None:
    run = with_final(tidy(continue_on_error=True), a_step("last", "tidy", is_final=True))
    run.finish("a")
    run.finish("tidy", Failed("exit code 1"))
    assert run.due() == ["last"]
    assert run.finish("last").status is RunStatus.COMPLETED


def test_a_final_step_that_cannot_be_started_ends_in_error_and_the_others_go_on() -> None:
    run = with_final(
        tidy(condition="boom"), a_step("behind", "tidy", is_final=True), a_step("other", is_final=True)
    )
    transition = run.finish("a")
    assert (transition.outcome, transition.error) == (RunStatus.ERROR, "Tidy: 'boom' is unknown.")
    assert run.statuses() == {"a": "completed", "tidy": "error", "behind": "skipped", "other": "pending"}
    assert run.finish("other").status is RunStatus.ERROR


def test_a_fan_out_in_finally_starts_no_further_item_after_a_failure() -> None:
    run = with_final(a_step("each", foreach=[1, 2, 3], max_parallel=1, is_final=True))
    run.finish("a")
    run.finish("each", item=1)
    assert run.finish("each", Failed("exit code 1"), item=2).status is RunStatus.FAILED
    assert run.item_statuses("each") == ["completed", "failed", "cancelled"]


# --- once


@pytest.mark.parametrize("late", [RunStarted(), CancelRequested("U0ADA"), CancelRequested("U0ADA", True)])
def test_final_steps_happen_once(late: Event) -> None:
    run = with_final(tidy())
    run.finish("a")
    run.finish("tidy")
    assert run.put(late).is_noop
    assert run.facts().count("step_scheduled") == 2
