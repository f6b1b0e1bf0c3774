"""The rules of attempts: failed ones that are tried again, and lost workers."""

from __future__ import annotations

import pytest

from engine.core.definition import Retry
from engine.core.events import Errored, Failed, Stopped, Succeeded, TaskFinished, WorkerLost
from engine.core.state import RunStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow, started

FAILED = Failed("exit code 2", exit_code=2)


def with_retry(retry: Retry, *, idempotent: bool = False) -> RunInMemory:
    return started(RunInMemory(a_workflow(a_step("a", retry=retry, idempotent=idempotent), a_step("b", "a"))))


# --- failed attempts


def test_a_failed_attempt_is_followed_by_another_until_all_are_used() -> None:
    run = with_retry(Retry(attempts=3))
    for attempt in (1, 2):
        transition = run.finish("a", FAILED)
        assert (transition.status, transition.outcome) == (RunStatus.RUNNING, None)
        assert (run.due(), run.task("a").attempt, run.task("a").failures) == (["a"], attempt, attempt)
    transition = run.finish("a", FAILED)
    assert (transition.status, transition.error) == (RunStatus.FAILED, "A failed: exit code 2")
    assert run.task("a").attempt == 3


def test_an_attempt_that_succeeds_at_last_counts_as_if_none_had_failed() -> None:
    run = with_retry(Retry(attempts=2))
    run.finish("a", FAILED)
    assert run.task("a").error == "exit code 2"
    run.finish("a", Succeeded("done"))
    assert (run.task("a").result, run.task("a").error, run.due()) == ("done", None, ["b"])


def test_a_retry_says_which_attempt_failed_why_and_how_long_the_pause_is() -> None:
    run = with_retry(Retry(attempts=2, delay_seconds=5))
    fact = run.finish("a", FAILED).facts[0]
    assert (fact.kind, fact.data) == (
        "step_retried",
        {"step": "a", "attempt": 1, "error": "exit code 2", "pause": 5.0},
    )


def test_pauses_grow_by_the_backoff_up_to_the_longest() -> None:
    run = with_retry(Retry(attempts=6, delay_seconds=5, backoff=2, max_delay_seconds=30))
    pauses = []
    for _ in range(5):
        run.finish("a", FAILED)
        pauses.append(run.task("a").delay_seconds)
    assert pauses == [5, 10, 20, 30, 30]


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 7.5), (0.5, 10.0), (1.0, 12.5)])
def test_jitter_spreads_a_pause_by_chance(chance: float, pause: float) -> None:
    run = with_retry(Retry(attempts=2, delay_seconds=10, jitter=0.25))
    run.finish("a", FAILED, chance=chance)
    assert run.task("a").delay_seconds == pause


@pytest.mark.parametrize(
    ("retry", "failed", "is_retried"),
    [
        (Retry(2, exit_codes=(2, 75)), FAILED, True),
        (Retry(2, exit_codes=(75,)), FAILED, False),
        (Retry(2, exit_codes=(75,)), Failed("It took longer than 10m."), False),
        (Retry(2, statuses=(502, 503)), Failed("HTTP 503", status=503), True),
        (Retry(2, statuses=(502, 503)), Failed("HTTP 500", status=500), False),
        (Retry(2, statuses=(502,)), Failed("The connection was refused."), False),
        (Retry(2), Failed("It took longer than 10m."), True),
    ],
)
def test_only_failures_that_the_file_names_are_tried_again(
    retry: Retry, failed: Failed, is_retried: bool
) -> None:
    run = with_retry(retry)
    assert (run.finish("a", failed).outcome is None) == is_retried


@pytest.mark.parametrize("outcome", [Errored("no such folder"), Stopped()])
def test_an_error_or_a_stop_is_not_tried_again(outcome: Errored | Stopped) -> None:
    assert with_retry(Retry(3)).finish("a", outcome).status.is_terminal


def test_nothing_is_tried_again_after_a_cancel() -> None:
    run = with_retry(Retry(3))
    run.claim("a")
    run.cancel()
    assert run.finish("a", FAILED).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "failed", "b": "cancelled"}


def test_nothing_is_tried_again_in_a_run_that_fails_already() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", retry=Retry(3)), a_step("b"))))
    run.claim("a")
    run.finish("b", FAILED)
    run.finish("a", Failed("exit code 7"))
    assert run.statuses() == {"a": "failed", "b": "failed"}


def test_a_step_that_is_about_to_be_tried_again_is_given_up_by_a_cancel() -> None:
    run = with_retry(Retry(3, delay_seconds=60))
    run.finish("a", FAILED)
    assert run.cancel().status is RunStatus.CANCELLED
    assert run.task("a").delay_seconds == 0


def test_a_new_round_has_all_its_attempts_again() -> None:
    run = with_retry(Retry(attempts=2))
    run.finish("a", FAILED)
    run.finish("a", FAILED)
    run.resume()
    assert (run.task("a").failures, run.task("a").attempt, run.task("a").error) == (0, 2, None)
    assert run.finish("a", FAILED).outcome is None
    assert run.finish("a", FAILED).status is RunStatus.FAILED


def test_the_report_of_an_attempt_that_was_followed_by_another_comes_late() -> None:
    run = with_retry(Retry(3))
    run.finish("a", FAILED)
    run.claim("a")
    assert run.put(TaskFinished("a", 1, Succeeded("old"))).is_noop


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
    run.cancel()
    assert run.put(WorkerLost("a", attempt)).status is RunStatus.CANCELLED
    assert run.statuses() == {"a": "cancelled"}


def test_lost_workers_and_failed_attempts_are_counted_apart() -> None:
    run = with_retry(Retry(attempts=2, delay_seconds=60), idempotent=True)
    run.lose("a")
    run.finish("a", FAILED)
    run.lose("a")
    assert (run.task("a").losses, run.task("a").failures, run.due()) == (2, 1, ["a"])
    assert run.finish("a", Succeeded()).outcome is None


def test_after_a_lost_worker_the_next_attempt_follows_without_the_pause_of_an_earlier_one() -> None:
    run = with_retry(Retry(attempts=2, delay_seconds=60), idempotent=True)
    run.finish("a", FAILED)
    run.lose("a")
    assert run.task("a").delay_seconds == 0


def test_a_new_round_may_lose_as_many_workers_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", idempotent=True))))
    for _ in range(3):
        run.lose("a")
    run.resume()
    for _ in range(2):
        assert run.lose("a").outcome is None
    assert run.lose("a").status is RunStatus.ERROR


def test_a_step_with_retry_that_may_not_be_repeated_is_not_started_again_when_its_worker_is_lost() -> None:
    run = with_retry(Retry(attempts=3))
    assert run.lose("a").status is RunStatus.ERROR
    assert run.task("a").is_unknown


def test_what_a_lost_worker_did_is_unknown_also_when_the_run_was_stopping() -> None:
    run = started(RunInMemory(a_workflow(a_step("a"))))
    attempt = run.claim("a")
    run.cancel()
    assert run.put(WorkerLost("a", attempt)).status is RunStatus.CANCELLED
    assert (run.statuses(), run.task("a").is_unknown) == ({"a": "error"}, True)


def test_an_idempotent_step_of_a_run_that_fails_already_is_not_started_again() -> None:
    run = started(RunInMemory(a_workflow(a_step("a", idempotent=True), a_step("b"))))
    run.claim("a")
    run.finish("b", FAILED)
    assert run.lose("a").status is RunStatus.FAILED
    assert run.statuses() == {"a": "cancelled", "b": "failed"}
