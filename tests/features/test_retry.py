"""Failed attempts are followed by others: after their pauses, for the failures that were named, not for ever."""

from __future__ import annotations

from pathlib import Path

from engine import commands
from engine.core.state import RunStatus, TaskStatus
from tests.engine_shell.http_server import serving, start_of_answer
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, PATIENCE, Workshop
from tests.features.traces import attempts, lines, wait_for_step

UNTIL_IT_SUCCEEDS = """
name: until_it_succeeds
parameters: {folder: {type: string}}
steps:
  try:
    run: |
      echo "$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      test "$HANDRAIL_ATTEMPT" = 3 || { echo "not yet" >&2; exit 75; }
      echo '{"attempt": 3}'
    retry: {attempts: 5, delay: 0.3s, backoff: 2}
  after: {needs: [try], set: {attempt: '{{ steps.try.result.attempt }}'}}
"""

NEVER = """
name: never
steps:
  try: {run: exit 4, retry: 3}
"""

CODES = """
name: codes
steps:
  try:
    run: test "$HANDRAIL_ATTEMPT" = 1 && exit 75; exit 1
    retry: {attempts: 5, exit_codes: [75]}
"""

NO_TIME = """
name: no_time
steps:
  try: {run: sleep 60, timeout: 1s, retry: {attempts: 3, exit_codes: [75]}}
"""

STATUSES = """
name: statuses
parameters: {port: {type: integer}}
steps:
  ask:
    http: {url: 'http://127.0.0.1:{{ params.port }}/'}
    retry: {attempts: 5, statuses: [503]}
"""

LOST = """
name: lost
parameters: {folder: {type: string}}
steps:
  try:
    idempotent: true
    run: |
      echo "$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      test "$HANDRAIL_ATTEMPT" != 1 || exit 7
      while [ ! -e "$PARAM_FOLDER/go.$HANDRAIL_ATTEMPT" ]; do sleep 0.02; done
    retry: 2
"""

LONG_PAUSE = """
name: long_pause
steps:
  try: {run: exit 1, retry: {attempts: 3, delay: 1h}}
"""

FILES = (UNTIL_IT_SUCCEEDS, NEVER, CODES, NO_TIME, STATUSES, LOST, LONG_PAUSE)


def test_a_step_is_tried_until_it_succeeds_and_each_attempt_is_remembered_with_its_error(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = shop.start("until_it_succeeds", folder=str(folder))
        picture = shop.wait_for_end(run_id)

    assert picture.status is RunStatus.COMPLETED, picture.error
    assert lines(folder / "began") == ["1", "2", "3"]
    first, second, third = attempts(shop, run_id, "try")
    assert [(each.outcome, each.exit_code, each.error) for each in (first, second, third)] == [
        ("failed", 75, "exit code 75"),
        ("failed", 75, "exit code 75"),
        ("completed", 0, None),
    ]
    assert first.finished_at
    assert second.finished_at
    assert second.started_at - first.finished_at >= 300
    assert third.started_at - second.finished_at >= 600
    assert shop.task(run_id, "after").result == {"attempt": 3}
    assert shop.facts(run_id).count("step_retried") == 2


def test_after_the_last_attempt_the_step_has_failed(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("never")
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error) == (RunStatus.FAILED, "Try failed: exit code 4")
    assert [each.outcome for each in attempts(shop, run_id, "try")] == ["failed"] * 3


def test_only_the_exit_codes_that_were_named_are_tried_again(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("codes")
        assert shop.wait_for_end(run_id).status is RunStatus.FAILED
    assert [each.exit_code for each in attempts(shop, run_id, "try")] == [75, 1]


def test_a_timeout_is_none_of_the_exit_codes_that_were_named(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("no_time")
        picture = shop.wait_for_end(run_id)
    assert picture.error == "Try failed: did not end within 1s, stopped"
    assert len(attempts(shop, run_id, "try")) == 1


def test_only_the_statuses_that_were_named_are_asked_for_again(shop: Workshop) -> None:
    answers = iter([503, 503, 500])
    with (
        serving(lambda handler: start_of_answer(handler, next(answers), Content_Length="0")) as server,
        shop.worker(),
    ):
        run_id = shop.start("statuses", port=server.port)
        assert shop.wait_for_end(run_id).status is RunStatus.FAILED
    errors = [each.error or "" for each in attempts(shop, run_id, "ask")]
    assert ["503" in error for error in errors] == [True, True, False]


def test_an_attempt_that_lost_its_worker_is_not_taken_for_one_that_failed(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker(is_reconciling=False):
        run_id = shop.start("lost", folder=str(folder))
        wait_until(lambda: lines(folder / "began") == ["1", "2"], PATIENCE)
        shop.expire_leases()
        wait_until(lambda: lines(folder / "began") == ["1", "2", "3"], PATIENCE)
        (folder / "go.3").touch()
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    ends = [(each.outcome, each.error) for each in attempts(shop, run_id, "try")]
    assert ends == [("failed", "exit code 7"), ("lost", None), ("completed", None)]


def test_a_step_that_waits_for_its_next_attempt_is_cancelled_at_once(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("long_pause")
        wait_until(lambda: shop.facts(run_id).count("step_retried"), PATIENCE)
        wait_for_step(shop, run_id, "try", TaskStatus.PENDING)
        assert commands.cancel_run(shop.engine, ADA, run_id).status == "cancelled"
    assert [each.outcome for each in attempts(shop, run_id, "try")] == ["failed"]
