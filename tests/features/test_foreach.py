"""Fan-outs: items in their order, so many at a time, to the end, or to the first that goes wrong."""

from __future__ import annotations

from pathlib import Path

from engine import commands
from engine.core.state import RunStatus, TaskStatus
from tests.engine_shell.steps import is_alive, wait_until
from tests.engine_shell.workshop import ADA, PATIENCE, Workshop
from tests.features.traces import attempts, item_statuses, items, lines, statuses

MANY = """
name: many
parameters: {folder: {type: string}}
steps:
  each:
    foreach: '{{ range(25) | list }}'
    max_parallel: 3
    run: |
      mkdir "$PARAM_FOLDER/in.$HANDRAIL_INDEX"
      ls "$PARAM_FOLDER" | grep -c '^in' >> "$PARAM_FOLDER/counts"
      sleep 0.0$((HANDRAIL_INDEX % 3))5
      rmdir "$PARAM_FOLDER/in.$HANDRAIL_INDEX"
      echo "$NUMBER"
    env: {NUMBER: '{{ item * 10 }}'}
outputs: {numbers: '{{ steps.each.result }}'}
"""

EMPTY = """
name: empty
steps:
  each: {foreach: '{{ [] }}', run: exit 1}
  after: {needs: [each], set: {count: '{{ steps.each.result | length }}'}}
"""

BAD = """
name: NAME
parameters: {folder: {type: string}}
steps:
  each:
    foreach: [a, b, c, d, e, f]
    max_parallel: 1
    continue_on_error: TOLERANT
    run: |
      echo "$HANDRAIL_ITEM" >> "$PARAM_FOLDER/began"
      test "$HANDRAIL_ITEM" != c
      echo "\\"$HANDRAIL_ITEM\\""
  after:
    needs: [each]
    set: {status: '{{ steps.each.status }}', results: '{{ steps.each.result }}'}
"""

RETRIED = """
name: retried
steps:
  each:
    foreach: [1, 2, 3]
    run: test "$HANDRAIL_ITEM" != 2 -o "$HANDRAIL_ATTEMPT" = 2
    retry: 2
"""

HOLD = """
name: NAME
parameters: {folder: {type: string}}
steps:
  each:
    foreach: [1, 2, 3, 4]
    max_parallel: 2
    idempotent: IDEMPOTENT
    run: |
      echo $$ > "$PARAM_FOLDER/$HANDRAIL_ITEM.pid"
      echo "$HANDRAIL_ITEM.$HANDRAIL_ATTEMPT" >> "$PARAM_FOLDER/began"
      while [ ! -e "$PARAM_FOLDER/go.$HANDRAIL_ITEM.$HANDRAIL_ATTEMPT" ]; do sleep 0.02; done
      echo "$HANDRAIL_ITEM"
"""

SETS = """
name: sets
steps:
  each:
    foreach: '{{ range(1000) | list }}'
    max_parallel: 50
    set: {double: '{{ item * 2 }}', place: '{{ index }}'}
  after: {needs: [each], set: {last: '{{ steps.each.result[999].double }}'}}
"""

NO_LIST = """
name: no_list
parameters: {hosts: {type: json}}
steps:
  each: {foreach: '{{ params.hosts }}', run: 'true'}
"""

LARGE = """
name: large
steps:
  each: {foreach: '{{ range(3) | list }}', run: 'python3 -c "print(chr(34) + 100000 * chr(120) + chr(34))"'}
"""

FILES = (
    MANY,
    EMPTY,
    BAD.replace("NAME", "bad").replace("TOLERANT", "false"),
    BAD.replace("NAME", "tolerant").replace("TOLERANT", "true"),
    RETRIED,
    HOLD.replace("NAME", "hold").replace("IDEMPOTENT", "false"),
    HOLD.replace("NAME", "hold_again").replace("IDEMPOTENT", "true"),
    SETS,
    NO_LIST,
    LARGE,
)


def began(folder: Path) -> list[str]:
    return sorted(lines(folder / "began"))


def test_results_keep_the_order_of_the_items_and_never_more_run_than_may(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker(), shop.worker():
        run_id = shop.start("many", folder=str(folder))
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert picture.outputs == {"numbers": [number * 10 for number in range(25)]}
    counts = [int(line) for line in lines(folder / "counts")]
    assert len(counts) == 25
    assert 2 <= max(counts) <= 3
    assert [each.attempt for each in items(shop, run_id, "each")] == [1] * 25


def test_an_empty_list_completes_at_once(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("empty")
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    assert shop.task(run_id, "each").result == []
    assert shop.task(run_id, "after").result == {"count": 0}


def test_after_an_item_that_failed_no_other_begins_and_what_was_done_is_shown(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = shop.start("bad", folder=str(folder))
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error) == (RunStatus.FAILED, "Each, item 3, failed: exit code 1")
    assert lines(folder / "began") == ["a", "b", "c"]
    assert item_statuses(shop, run_id, "each") == ["completed"] * 2 + ["failed"] + ["cancelled"] * 3
    each = shop.task(run_id, "each")
    assert (each.status, each.error) == (TaskStatus.FAILED, "1 of 6 items failed.")
    assert each.result == ["a", "b", None, None, None, None]
    assert statuses(picture)["after"] == "cancelled"


def test_with_continue_on_error_all_items_are_done_and_the_run_goes_on(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("tolerant", folder=str(folder))
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert lines(folder / "began") == ["a", "b", "c", "d", "e", "f"]
    seen = {"status": "failed", "results": ["a", "b", None, "d", "e", "f"]}
    assert shop.task(run_id, "after").result == seen


def test_each_item_has_attempts_of_its_own(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("retried")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert [each.attempt for each in items(shop, run_id, "each")] == [1, 2, 1]
    assert [each.outcome for each in attempts(shop, run_id, "each", 2)] == ["failed", "completed"]


def test_an_item_that_may_not_be_repeated_ends_its_run_in_error_when_its_worker_is_lost(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker(is_reconciling=False):
        run_id = shop.start("hold", folder=str(folder))
        wait_until(lambda: began(folder) == ["1.1", "2.1"], PATIENCE)
        with shop.database.write() as c:
            c.exec_driver_sql("UPDATE task SET lease_until = 1 WHERE item = 1 AND status = 'running'")
        wait_until(lambda: item_statuses(shop, run_id, "each")[0] == "error", PATIENCE)
        (folder / "go.2.1").touch()
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert picture.error == "Each, item 1: The worker was lost; whether the step took effect is unknown."
    assert item_statuses(shop, run_id, "each") == ["error", "completed", "cancelled", "cancelled"]
    assert shop.task(run_id, "each").result == [None, 2, None, None]
    assert [task.step_id for task in picture.unknown_tasks] == ["each"]


def test_an_item_that_may_be_repeated_is_begun_again_when_its_worker_is_lost(
    shop: Workshop, folder: Path
) -> None:
    for attempt in ("2.1", "3.1", "4.1", "1.2", "2.2"):
        (folder / f"go.{attempt}").touch()
    with shop.worker(is_reconciling=False):
        run_id = shop.start("hold_again", folder=str(folder))
        wait_until(lambda: item_statuses(shop, run_id, "each")[1:] == ["completed"] * 3, PATIENCE)
        shop.expire_leases()
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert shop.task(run_id, "each").result == [1, 2, 3, 4]
    assert [each.outcome for each in attempts(shop, run_id, "each", 1)] == ["lost", "completed"]


def test_a_cancel_in_the_middle_leaves_no_process(shop: Workshop, folder: Path) -> None:
    (folder / "go.1.1").touch()
    with shop.worker():
        run_id = shop.start("hold", folder=str(folder))
        wait_until(lambda: began(folder) == ["1.1", "2.1", "3.1"], PATIENCE)
        pids = [int((folder / f"{item}.pid").read_text()) for item in (2, 3)]
        assert commands.cancel_run(shop.engine, ADA, run_id).status == "running"
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert not any(map(is_alive, pids))
    assert item_statuses(shop, run_id, "each") == ["completed", "cancelled", "cancelled", "cancelled"]
    assert shop.task(run_id, "each").result == [1, None, None, None]
    assert began(folder) == ["1.1", "2.1", "3.1"]


def test_a_thousand_items_are_done(shop: Workshop) -> None:
    with shop.worker(slots=2):
        run_id = shop.start("sets")
        assert shop.wait_for_end(run_id, 110).error is None
    assert shop.task(run_id, "after").result == {"last": 1998}
    assert set(items(shop, run_id, "each")) == {(item, "completed", 1, False) for item in range(1, 1001)}


def test_what_is_no_list_ends_the_run_in_error(shop: Workshop) -> None:
    run_id = shop.start("no_list", hosts={"a": 1})
    picture = shop.picture(run_id)
    assert (picture.status, picture.error) == (
        RunStatus.ERROR,
        "Each: foreach needs a list, and its expression gives none.",
    )


def test_more_than_a_thousand_items_are_refused(shop: Workshop) -> None:
    picture = shop.picture(shop.start("no_list", hosts=[1] * 1001))
    assert picture.error == "Each: foreach has 1,001 items; at most 1,000 are allowed."


def test_results_that_are_too_large_together_end_the_run_in_error(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("large")
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert "larger than 256 KiB together" in (picture.error or "")
