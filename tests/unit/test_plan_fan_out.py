"""The rules of `foreach`: items start in order, so many at a time, and end together; and of `continue_on_error`."""

from __future__ import annotations

import pytest

from engine.core.definition import Retry, Template, WorkflowAction
from engine.core.events import (
    AddItems,
    CancelItems,
    ChildEnded,
    Errored,
    Failed,
    Outcome,
    RunStarted,
    StartItems,
    StopItems,
    Stopped,
    Succeeded,
    TaskFinished,
    WorkerLost,
)
from engine.core.state import RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

FAILED = Failed("exit code 2", exit_code=2)


def each(
    values: Template,
    *,
    max_parallel: int = 10,
    retry: Retry | None = None,
    idempotent: bool = False,
    continue_on_error: bool = False,
) -> RunInMemory:
    """A started run: a fan-out with a step behind it."""
    fan_out = a_step(
        "each",
        foreach=values,
        max_parallel=max_parallel,
        retry=retry,
        idempotent=idempotent,
        continue_on_error=continue_on_error,
    )
    return started(RunInMemory(a_workflow(fan_out, a_step("next", "each"))))


# --- beginning


def test_items_are_added_and_the_first_of_them_started() -> None:
    run = each(["a", "b", "c"], max_parallel=2)
    assert run.effects() == [AddItems("each", ("a", "b", "c")), StartItems("each", 2)]
    assert run.values == {("each", 1): "a", ("each", 2): "b", ("each", 3): "c"}
    assert (run.statuses()["each"], run.due_items("each"), run.due()) == ("waiting", [1, 2], [])
    assert run.snapshot.status is RunStatus.RUNNING
    assert run.transitions[0].facts[1].data == {"step": "each", "items": 3}


def test_of_fewer_items_than_may_run_at_once_all_start() -> None:
    assert each([1, 2], max_parallel=5).due_items("each") == [1, 2]


def test_the_next_item_starts_in_order_when_one_ends() -> None:
    run = each([1, 2, 3, 4], max_parallel=2)
    run.finish("each", item=2)
    assert run.due_items("each") == [1, 3]
    run.finish("each", item=3)
    assert run.due_items("each") == [1, 4]
    run.finish("each", item=1)
    assert run.due_items("each") == [4]


def test_an_empty_list_completes_at_once_with_an_empty_result_and_the_run_goes_on() -> None:
    run = each([])
    assert (run.statuses()["each"], run.task("each").result) == ("completed", [])
    assert (run.due(), run.effects()) == (["next"], [])


@pytest.mark.parametrize(
    ("values", "mistake"),
    [
        ("api", "foreach needs a list, and its expression gives none."),
        ({"a": 1}, "foreach needs a list, and its expression gives none."),
        ("$run.status", "foreach needs a list, and its expression gives none."),
        ("boom", "'boom' is unknown."),
        ([0] * 1001, "foreach has 1,001 items; at most 1,000 are allowed."),
    ],
)
def test_what_is_no_list_of_bearable_length_ends_the_run_in_error(values: Template, mistake: str) -> None:
    run = each(values)
    assert (run.snapshot.status, run.snapshot.error) == (RunStatus.ERROR, f"Each: {mistake}")
    assert run.effects() == []


def test_a_thousand_items_are_allowed() -> None:
    assert len(each([0] * 1000, max_parallel=3).items) == 1000


# --- ending


def test_the_result_keeps_the_order_of_the_items_not_that_of_their_ends() -> None:
    run = each([1, 2, 3])
    for item in (3, 1, 2):
        run.finish("each", Succeeded(f"r{item}"), item=item)
    assert run.task("each").result == ["r1", "r2", "r3"]
    assert (run.statuses()["each"], run.due()) == ("completed", ["next"])
    assert run.facts().count("step_completed") == 4  # three items, and the step


def test_progress_counts_each_item_as_a_part_of_its_step() -> None:
    run = each([1, 2, 3, 4])
    assert [run.finish("each", item=item).progress for item in (1, 2, 3, 4)] == [12, 25, 37, 50]


def test_items_that_were_given_up_are_no_progress() -> None:
    run = each([1, 2, 3, 4], max_parallel=2)
    run.claim("each", 1)
    assert run.finish("each", FAILED, item=2).progress == 12


def test_results_that_are_too_large_together_end_the_step_in_error() -> None:
    run = each([1, 2, 3])
    for item in (1, 2):
        run.finish("each", Succeeded("x" * 100_000), item=item)
    transition = run.finish("each", Succeeded("x" * 100_000), item=3)
    assert transition.status is RunStatus.ERROR
    assert "larger than 256 KiB together" in str(transition.error)
    assert run.task("each").result is None


# --- failing


def test_the_first_failing_item_lets_no_other_start_and_running_ones_end() -> None:
    run = each([1, 2, 3, 4], max_parallel=3)
    run.claim("each", 1)
    transition = run.finish("each", FAILED, item=2)
    assert transition.effects == (CancelItems("each", 2),)
    assert (transition.outcome, transition.error) == (
        RunStatus.FAILED,
        "Each, item 2, failed: exit code 2",
    )
    assert run.item_statuses("each") == ["running", "failed", "cancelled", "cancelled"]
    assert run.finish("each", Succeeded("r1"), item=1).status is RunStatus.FAILED
    assert (run.statuses(), run.task("each").error) == (
        {"each": "failed", "next": "cancelled"},
        "1 of 4 items failed.",
    )
    assert run.task("each").result == ["r1", None, None, None]


def test_a_failure_with_items_still_to_come_keeps_the_results_there_are() -> None:
    run = each([1, 2, 3], max_parallel=1)
    run.finish("each", Succeeded("r1"), item=1)
    run.finish("each", FAILED, item=2)
    assert (run.statuses()["each"], run.task("each").result) == ("failed", ["r1", None, None])


@pytest.mark.parametrize("outcomes", [(FAILED, Errored("no disk")), (Errored("no disk"), FAILED)])
def test_an_error_of_one_item_weighs_more_than_a_failure_of_another(outcomes: tuple[Outcome, ...]) -> None:
    run = each([1, 2])
    for item in (1, 2):
        run.claim("each", item)
    for item, outcome in enumerate(outcomes, 1):
        run.finish("each", outcome, item=item)
    assert (run.statuses()["each"], run.task("each").error) == ("error", "2 of 2 items failed.")


def test_a_stopped_item_of_a_run_that_nobody_cancelled_cancels_it() -> None:
    run = each([1, 2, 3], max_parallel=1)
    assert run.finish("each", Stopped(), item=1).status is RunStatus.CANCELLED
    assert run.item_statuses("each") == ["cancelled"] * 3


def test_a_cancel_in_the_middle_stops_running_items_and_starts_no_other() -> None:
    run = each([1, 2, 3, 4], max_parallel=2)
    run.finish("each", Succeeded("r1"), item=1)
    run.claim("each", 2)
    transition = run.cancel()
    assert transition.effects == (StopItems("each"), CancelItems("each", 2))
    assert transition.status is RunStatus.RUNNING
    assert run.finish("each", Stopped(), item=2).status is RunStatus.CANCELLED
    assert run.statuses()["each"] == "cancelled"
    assert run.task("each").result == ["r1", None, None, None]


def test_a_failure_elsewhere_gives_up_items_that_have_not_begun() -> None:
    run = started(RunInMemory(a_workflow(a_step("each", foreach=[1, 2, 3], max_parallel=2), a_step("b"))))
    run.claim("each", 1)
    assert run.finish("b", FAILED).effects == (CancelItems("each", 2),)
    assert run.finish("each", item=1).status is RunStatus.FAILED
    assert run.item_statuses("each") == ["completed", "cancelled", "cancelled"]


# --- attempts of items


def test_an_item_is_tried_again_and_keeps_its_place_meanwhile() -> None:
    run = each([1, 2], max_parallel=1, retry=Retry(2, delay_seconds=5))
    transition = run.finish("each", FAILED, item=1)
    assert transition.effects == ()
    assert transition.facts[0].data["item"] == 1
    assert (run.due_items("each"), run.task("each", 1).delay_seconds) == ([1], 5)
    run.finish("each", item=1)
    assert run.due_items("each") == [2]
    assert run.task("each", 2).failures == 0


def test_an_item_that_lost_its_worker_is_started_again_when_the_step_is_idempotent() -> None:
    run = each([1, 2], idempotent=True)
    for _ in range(2):
        assert run.lose("each", 1).outcome is None
        assert run.due_items("each") == [1, 2]
    assert run.lose("each", 1).outcome is RunStatus.ERROR


def test_an_item_that_lost_its_worker_makes_its_step_unknown_when_it_may_not_be_repeated() -> None:
    run = each([1, 2, 3], max_parallel=2)
    run.claim("each", 2)
    run.lose("each", 1)
    assert run.item_statuses("each") == ["error", "running", "cancelled"]
    assert run.finish("each", item=2).status is RunStatus.ERROR
    assert (run.task("each").is_unknown, run.task("each", 1).is_unknown) == (True, True)
    assert (run.statuses()["each"], run.task("each").error) == ("error", "1 of 3 items failed.")


def test_an_item_that_lost_its_worker_while_the_run_is_stopping_is_not_started_again() -> None:
    run = each([1, 2], idempotent=True)
    run.claim("each", 1)
    run.cancel()
    assert run.lose("each", 1).status is RunStatus.CANCELLED
    assert run.item_statuses("each") == ["cancelled", "cancelled"]


def test_events_of_items_that_are_not_there_or_of_the_step_itself_come_late() -> None:
    run = each([1, 2])
    attempt = run.claim("each", 1)
    for item in (0, 2, 3):
        assert run.put(TaskFinished("each", attempt, Succeeded(), item)).is_noop
        assert run.put(WorkerLost("each", attempt, item)).is_noop
    assert run.put(TaskFinished("each", attempt + 1, Succeeded(), 1)).is_noop


# --- continue_on_error


def test_the_run_goes_on_behind_a_failure_that_is_tolerated_and_completes() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", continue_on_error=True), a_step("b", "a"))))
    transition = run.finish("a", Failed("exit code 1", {"n": 1}))
    assert (transition.outcome, run.due()) == (None, ["b"])
    assert run.finish("b").status is RunStatus.COMPLETED
    assert (run.statuses(), run.task("a").result) == ({"a": "failed", "b": "completed"}, {"n": 1})


def test_a_tolerated_failure_lets_steps_start_only_when_their_other_needs_do() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("a", continue_on_error=True), a_step("no", condition="no"), a_step("b", "a", "no")
            )
        )
    )
    assert run.finish("a", FAILED).status is RunStatus.COMPLETED
    assert run.statuses() == {"a": "failed", "no": "skipped", "b": "skipped"}


def test_a_failure_can_be_asked_for_in_a_condition() -> None:
    run = started(
        RunInMemory(
            a_workflow(
                a_step("a", continue_on_error=True),
                a_step("bad", "a", condition="$steps.a.status == failed"),
                a_step("good", "a", condition="$steps.a.status == completed"),
            )
        )
    )
    run.finish("a", FAILED)
    assert (run.due(), run.statuses()["good"]) == (["bad"], "skipped")


@pytest.mark.parametrize("outcome", [Errored("no such folder"), Stopped()])
def test_only_failures_are_tolerated(outcome: Outcome) -> None:
    run = started(RunInMemory(a_workflow(a_step("a", continue_on_error=True), a_step("b", "a"))))
    assert run.finish("a", outcome).status.is_terminal
    assert run.statuses()["b"] == "cancelled"


def test_a_step_that_cannot_be_started_is_no_tolerated_failure() -> None:
    workflow = a_workflow(a_step("a", condition="boom", continue_on_error=True))
    assert RunInMemory(workflow).put(RunStarted()).status is RunStatus.ERROR


def test_a_child_run_that_failed_may_be_tolerated() -> None:
    child = a_step("child", action=WorkflowAction("other"), continue_on_error=True)
    run = started(RunInMemory(a_workflow(child)))
    assert run.put(ChildEnded("child", Failed("#7 failed."))).status is RunStatus.COMPLETED


def test_retries_come_before_tolerance() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", retry=Retry(2), continue_on_error=True))))
    assert run.finish("a", FAILED).status is RunStatus.RUNNING
    assert run.finish("a", FAILED).status is RunStatus.COMPLETED


def test_all_items_are_done_when_failures_are_tolerated_and_the_step_has_failed() -> None:
    run = each([1, 2, 3], max_parallel=1, continue_on_error=True)
    run.finish("each", FAILED, item=1)
    assert run.due_items("each") == [2]
    run.finish("each", Succeeded("r2"), item=2)
    run.finish("each", FAILED, item=3)
    assert (run.statuses()["each"], run.task("each").error) == ("failed", "2 of 3 items failed.")
    assert run.task("each").result == [None, "r2", None]
    assert run.finish("next").status is RunStatus.COMPLETED


def test_an_error_of_an_item_is_not_tolerated() -> None:
    run = each([1, 2, 3], max_parallel=1, continue_on_error=True)
    run.finish("each", FAILED, item=1)
    assert run.finish("each", Errored("no disk"), item=2).status is RunStatus.ERROR
    assert run.item_statuses("each") == ["failed", "error", "cancelled"]


def test_a_fan_out_with_tolerated_failures_that_was_cut_short_is_cancelled_not_failed() -> None:
    run = each([1, 2, 3], max_parallel=1, continue_on_error=True)
    run.finish("each", FAILED, item=1)
    run.claim("each", 2)
    run.cancel()
    run.finish("each", Stopped(), item=2)
    assert run.statuses() == {"each": "cancelled", "next": "cancelled"}
    run.resume()
    assert run.item_statuses("each") == ["pending"] * 3
    assert run.due_items("each") == [1]
