"""The rules of a new round: what completed stays, the rest is done again, unless somebody says that it is done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.definition import (
    Action,
    ApprovalAction,
    Approvers,
    InputAction,
    MessageAction,
    Retry,
    WaitAction,
    WorkflowAction,
)
from engine.core.events import (
    AddItems,
    CancelItems,
    ChildEnded,
    Errored,
    Failed,
    MarkItems,
    OpenApproval,
    OpenInput,
    Outcome,
    ResetItems,
    RunAdmitted,
    RunExpired,
    RunResumed,
    StartChild,
    StartItems,
    StartRunTimer,
    Stopped,
    Succeeded,
)
from engine.core.plan import plan
from engine.core.state import RunSnapshot, RunStatus, TaskState, TaskStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

ASK = ApprovalAction("Go?", approvers=Approvers(("U0BOB",), ("S0OPS",)))
FAILED = Failed("exit code 1", exit_code=1)
CHAIN = a_workflow(a_step("build"), a_step("ship", "build"), a_step("tell", "ship"))


def failed_in_the_middle() -> RunInMemory:
    run = started(RunInMemory(CHAIN))
    run.finish("build", Succeeded("v1"))
    run.finish("ship", FAILED)
    return run


# --- which runs


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (FAILED, RunStatus.FAILED),
        (Errored("no disk"), RunStatus.ERROR),
        (Stopped(), RunStatus.CANCELLED),
    ],
)
def test_a_run_that_did_not_complete_can_be_taken_up_again(outcome: Outcome, status: RunStatus) -> None:
    run = started(RunInMemory(CHAIN))
    run.finish("build")
    assert run.finish("ship", outcome).status is status
    transition = run.resume()
    assert (transition.status, transition.outcome, transition.error) == (RunStatus.RUNNING, None, None)
    assert transition.is_new_round
    assert run.due() == ["ship"]
    assert run.to_the_end() is RunStatus.COMPLETED


def test_a_completed_run_cannot_be_taken_up_again() -> None:
    run = started(RunInMemory(CHAIN))
    run.to_the_end()
    assert run.resume().is_noop


def test_a_run_in_progress_cannot_be_taken_up_again_even_while_it_stops() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("b"))))
    assert run.resume().is_noop
    run.claim("b")
    run.finish("a", FAILED)
    assert run.resume().is_noop


def test_a_run_that_has_not_begun_or_is_queued_cannot_be_taken_up() -> None:
    run = RunInMemory(CHAIN)
    assert run.resume().is_noop
    assert run.snapshot.status is RunStatus.PENDING


# --- what is done again


def test_completed_results_are_kept_and_the_rest_is_done_again() -> None:
    run = failed_in_the_middle()
    run.resume()
    assert run.statuses() == {"build": "completed", "ship": "pending", "tell": "pending"}
    assert run.task("build").result == "v1"
    assert (run.task("ship").error, run.task("ship").attempt) == (None, 1)
    assert run.claim("ship") == 2


def test_progress_of_a_new_round_begins_with_what_is_kept() -> None:
    run = failed_in_the_middle()
    assert run.snapshot.progress == 66
    assert run.resume().progress == 33


def test_the_trail_says_who_took_the_run_up_and_which_steps_are_done_again() -> None:
    fact = failed_in_the_middle().resume().facts[0]
    assert (fact.kind, fact.data) == ("run_resumed", {"by": "U0BOB", "steps": ["ship", "tell"]})


def test_the_second_click_changes_nothing() -> None:
    run = failed_in_the_middle()
    run.resume()
    assert run.resume().is_noop
    assert run.facts().count("run_resumed") == 1


def test_a_step_that_was_skipped_stays_skipped_and_what_a_failure_let_go_on_stays_failed() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("no", condition="no"),
                a_step("tried", continue_on_error=True),
                a_step("ship", "tried"),
            )
        )
    )
    run.finish("tried", FAILED)
    run.finish("ship", FAILED)
    run.resume()
    assert run.statuses() == {"no": "skipped", "tried": "failed", "ship": "pending"}
    assert run.finish("ship").status is RunStatus.COMPLETED


def test_skipped_steps_behind_those_that_are_done_again_are_decided_anew() -> None:
    tasks = {
        "build": TaskState("build", TaskStatus.FAILED, 1, error="exit code 1"),
        "ship": TaskState("ship", TaskStatus.SKIPPED),
        "tell": TaskState("tell", TaskStatus.SKIPPED),
    }
    snapshot = RunSnapshot(RunStatus.FAILED, {}, "U0ADA", tasks, outcome=RunStatus.FAILED)
    transition = plan(CHAIN, snapshot, RunResumed("U0BOB"), RunInMemory(CHAIN).evaluate)
    assert {task.step_id: task.status.value for task in transition.tasks} == dict.fromkeys(tasks, "pending")
    assert transition.facts[0].data["steps"] == ["build", "ship", "tell"]


def test_approvals_are_asked_anew_and_earlier_ballots_count_nothing() -> None:
    two = replace(ASK, required=2)
    run = started(RunInMemory(a_workflow(a_step("ask", action=two), a_step("ship", "ask"))))
    run.decide("ask", "U0CYD")
    run.decide("ask", "U0BOB", approve=False)
    transition = run.resume()
    assert transition.effects == (OpenApproval("ask", two, 3600),)
    assert transition.status is RunStatus.WAITING_FOR_APPROVAL
    assert run.decide("ask", "U0CYD").status is RunStatus.WAITING_FOR_APPROVAL
    run.decide("ask", "U0BOB")
    assert run.due() == ["ship"]


def test_an_approval_that_was_given_is_not_asked_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("ask", action=ASK), a_step("ship", "ask"))))
    run.decide("ask", "U0BOB")
    run.finish("ship", FAILED)
    run.resume()
    assert run.statuses() == {"ask": "completed", "ship": "pending"}


@pytest.mark.parametrize(
    "action",
    [
        InputAction("How many?", "", ()),
        WaitAction("1h"),
        MessageAction("Hi"),
    ],
)
def test_what_waited_when_the_run_stopped_is_begun_anew(action: Action) -> None:
    run = started(RunInMemory(a_workflow(a_step("wait", action=action))))
    first = run.transitions[0].effects
    run.cancel()
    assert run.resume().effects == first


def test_an_open_question_of_the_earlier_round_is_opened_again() -> None:
    question = InputAction("How many?", "", ())
    run = started(RunInMemory(a_workflow(a_step("ask", action=question), a_step("a"))))
    run.finish("a", FAILED)
    assert OpenInput("ask", question, 3600) in run.resume().effects


def test_a_run_can_be_taken_up_again_and_again() -> None:
    run = failed_in_the_middle()
    for _ in range(3):
        run.resume()
        run.finish("ship", FAILED)
    run.resume()
    assert run.to_the_end() is RunStatus.COMPLETED
    assert (run.task("ship").attempt, run.round) == (5, 5)


def test_a_cancelled_run_of_which_all_was_done_completes_at_once() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), outputs={"url": "u"})))
    run.claim("a")
    run.cancel()
    run.finish("a")
    transition = run.resume()
    assert (transition.status, transition.outputs) == (RunStatus.COMPLETED, {"url": "u"})


def test_outputs_are_computed_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), outputs={"url": "boom"})))
    run.finish("a")
    transition = run.resume()
    assert (transition.status, transition.is_new_round) == (RunStatus.ERROR, True)


def test_the_timeout_of_a_run_begins_again_with_its_round() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), timeout_seconds=60)))
    run.put(RunExpired())
    assert run.resume().effects == (StartRunTimer(60),)
    assert run.put(RunExpired()).status is RunStatus.FAILED


# --- fan-outs


def broken_fan_out(*, retry: Retry | None = None) -> RunInMemory:
    """Of four items one completed, one failed, and two had not begun."""
    workflow = a_workflow(a_step("each", foreach=["a", "b", "c", "d"], max_parallel=1, retry=retry))
    run = started(RunInMemory(workflow))
    run.finish("each", Succeeded("r1"), item=1)
    run.finish("each", FAILED, item=2)
    return run


def test_a_fan_out_repeats_only_what_is_unfinished_in_order() -> None:
    run = broken_fan_out()
    transition = run.resume()
    assert transition.effects == (ResetItems("each", 3), StartItems("each", 1))
    assert run.item_statuses("each") == ["completed", "pending", "pending", "pending"]
    assert run.due_items("each") == [2]
    for item in (2, 3, 4):
        run.finish("each", Succeeded(f"r{item}"), item=item)
    assert run.task("each").result == ["r1", "r2", "r3", "r4"]
    assert run.snapshot.status is RunStatus.COMPLETED


def test_an_item_has_all_its_attempts_again_and_goes_on_counting_them() -> None:
    run = started(RunInMemory(a_workflow(a_step("each", foreach=[1], retry=Retry(2)))))
    run.finish("each", FAILED, item=1)
    run.finish("each", FAILED, item=1)
    run.resume()
    assert (run.task("each", 1).failures, run.claim("each", 1)) == (0, 3)
    assert run.finish("each", FAILED, item=1).outcome is None


def test_a_fan_out_that_never_began_begins_now() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("each", "a", foreach=[1, 2]))))
    run.finish("a", FAILED)
    run.resume()
    assert run.finish("a").effects == (AddItems("each", (1, 2)), StartItems("each", 2))


def test_a_fan_out_whose_results_were_too_large_ends_the_new_round_in_error_too() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("each", foreach=[1]), a_step("other"), a_step("next", "each")))
    )
    run.finish("other")
    run.finish("each", Succeeded("x" * 300_000), item=1)
    transition = run.resume()
    assert (transition.status, transition.effects) == (RunStatus.ERROR, ())
    assert "larger than 256 KiB together" in str(transition.error)


def test_when_a_fan_out_ends_the_new_round_at_once_its_neighbours_do_not_start() -> None:
    run = started(RunInMemory(a_workflow(a_step("other"), a_step("each", foreach=[1]))))
    run.finish("each", Succeeded("x" * 300_000), item=1)
    run.resume()
    assert run.statuses() == {"other": "cancelled", "each": "error"}
    assert run.due() == []


def test_items_of_an_earlier_round_are_given_up_when_their_step_is_given_up_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("each", foreach=[1, 2, 3]), a_step("a"))))
    run.finish("a", FAILED)
    assert run.item_statuses("each") == ["cancelled"] * 3
    run.resume(is_queued=True)
    assert run.cancel().effects == (CancelItems("each", 3),)
    assert run.item_statuses("each") == ["cancelled"] * 3
    run.resume()
    assert run.to_the_end() is RunStatus.COMPLETED


# --- finally


def test_all_final_steps_are_done_again() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("a"),
                a_step("tidy", is_final=True),
                a_step("each", foreach=[1, 2], is_final=True),
                a_step("no", condition="no", is_final=True),
            )
        )
    )
    run.finish("a", FAILED)
    run.to_the_end()
    transition = run.resume()
    assert transition.effects == (ResetItems("each", 2, is_all=True),)
    assert set(run.statuses().values()) == {"pending"}
    assert run.due() == ["a"]
    run.finish("a")
    assert (run.due(), run.due_items("each")) == (["tidy"], [1, 2])
    assert run.to_the_end() is RunStatus.COMPLETED
    assert run.claims[2, "tidy", 0] == 1


def test_a_run_that_only_its_finally_made_fail_repeats_that_alone() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True))))
    run.finish("a")
    run.finish("tidy", FAILED)
    run.resume()
    assert run.statuses() == {"a": "completed", "tidy": "pending"}
    assert run.finish("tidy").status is RunStatus.COMPLETED


# --- queued


def test_a_run_that_is_taken_up_into_the_queue_begins_nothing_until_it_is_admitted() -> None:
    run = failed_in_the_middle()
    transition = run.resume(is_queued=True)
    assert (transition.status, transition.is_queued, run.due()) == (RunStatus.PENDING, True, [])
    run.put(RunAdmitted())
    assert run.due() == ["ship"]


def test_final_steps_wait_in_the_queue_as_well() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True))))
    run.finish("a")
    run.finish("tidy", FAILED)
    run.resume(is_queued=True)
    assert run.due() == []
    run.put(RunAdmitted())
    assert run.due() == ["tidy"]


def test_a_run_that_is_taken_up_and_cancelled_in_the_queue_can_be_taken_up_again() -> None:
    run = failed_in_the_middle()
    run.resume(is_queued=True)
    assert run.cancel().status is RunStatus.CANCELLED
    assert run.statuses() == {"build": "completed", "ship": "cancelled", "tell": "cancelled"}
    run.resume()
    assert run.to_the_end() is RunStatus.COMPLETED


# --- mark as done


def test_a_step_whose_outcome_is_unknown_can_be_marked_as_done() -> None:
    run = started(RunInMemory(CHAIN))
    run.finish("build")
    run.lose("ship")
    transition = run.resume("ship")
    assert transition.facts[0].data == {"by": "U0BOB", "steps": ["tell"]}
    assert (transition.facts[1].kind, transition.facts[1].data) == (
        "step_marked_done",
        {"step": "ship", "by": "U0BOB"},
    )
    assert (run.statuses()["ship"], run.task("ship").error, run.task("ship").is_unknown) == (
        "completed",
        None,
        False,
    )
    assert run.due() == ["tell"]
    assert run.to_the_end() is RunStatus.COMPLETED


def test_a_step_whose_outcome_is_unknown_is_done_again_when_nobody_says_more() -> None:
    run = started(RunInMemory(CHAIN))
    run.lose("build")
    run.resume()
    assert (run.due(), run.task("build").is_unknown) == (["build"], False)


def test_only_steps_whose_outcome_is_unknown_can_be_marked_as_done() -> None:
    run = failed_in_the_middle()
    transition = run.resume("ship", "tell", "build", "nope")
    assert [fact.kind for fact in transition.facts] == ["run_resumed", "step_scheduled"]
    assert run.statuses() == {"build": "completed", "ship": "pending", "tell": "pending"}


def test_of_a_fan_out_the_unknown_item_is_marked_as_done_and_those_that_never_began_are_done() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("each", foreach=[1, 2], max_parallel=1), a_step("b", "each")))
    )
    run.lose("each", 1)
    effects = run.resume("each").effects
    assert effects == (MarkItems("each", 1), ResetItems("each", 1), StartItems("each", 1))
    run.finish("each", Succeeded("two"), item=2)
    assert (run.task("each").result, run.due()) == ([None, "two"], ["b"])
    assert run.to_the_end() is RunStatus.COMPLETED


def test_a_fan_out_whose_only_open_item_is_marked_as_done_is_done() -> None:
    run = started(RunInMemory(a_workflow(a_step("each", foreach=[1, 2]), a_step("b", "each"))))
    run.finish("each", Succeeded("one"), item=1)
    run.lose("each", 2)
    assert run.resume("each").effects == (MarkItems("each", 1),)
    assert (run.task("each").result, run.due()) == (["one", None], ["b"])


def test_a_final_step_that_is_marked_as_done_is_not_done_again() -> None:
    run = started(
        RunInMemory(a_workflow(a_step("a"), a_step("tidy", is_final=True), a_step("tell", is_final=True)))
    )
    run.finish("a")
    run.finish("tell")
    run.lose("tidy")
    run.resume("tidy")
    assert run.statuses() == {"a": "completed", "tidy": "completed", "tell": "pending"}
    assert run.finish("tell").status is RunStatus.COMPLETED


def test_a_child_run_that_was_cancelled_is_started_anew() -> None:
    run = started(RunInMemory(a_workflow(a_step("child", action=WorkflowAction("other")))))
    run.cancel()
    run.put(ChildEnded("child", Stopped()))
    assert run.resume().effects == (StartChild("child", WorkflowAction("other")),)
    assert not run.task("child").is_stopping
