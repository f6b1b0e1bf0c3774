"""Runs that start runs: what a child gives, how both end together, and what happens when nobody tells the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import commands
from engine.core.errors import Refused
from engine.core.state import RunStatus, TaskStatus
from engine.following import stop_child, tell_parent
from engine.loops.followers import Followers
from tests.engine_shell.steps import is_alive, read_pid, wait_until
from tests.engine_shell.workshop import ADA, BOB, PATIENCE, TERMINAL, Workshop
from tests.features.traces import child_of, find_child, lines, statuses, wait_for_step

PARENT = """
name: parent
parameters: {folder: {type: string}, how: {type: string, default: well}}
steps:
  start:
    workflow:
      name: child
      parameters: {folder: '{{ params.folder }}', how: '{{ params.how }}', size: '{{ 2 + 3 }}'}
  after: {needs: [start], set: {said: '{{ steps.start.result.said }}'}}
finally:
  tidy: {run: echo parent >> "$PARAM_FOLDER/tidied"}
"""

CHILD = """
name: child
parameters:
  folder: {type: string}
  how: {type: string}
  size: {type: integer, max: 10}
steps:
  work:
    run: |
      echo $$ > "$PARAM_FOLDER/work.pid"
      while [ "$PARAM_HOW" = hold ] && [ ! -e "$PARAM_FOLDER/go" ]; do sleep 0.02; done
      test "$PARAM_HOW" != badly
  ask:
    needs: [work]
    if: '{{ params.how == "asking" }}'
    approval: {title: 'Go on?', approvers: {users: [U0BOB]}}
finally:
  tidy: {run: echo child >> "$PARAM_FOLDER/tidied"}
outputs: {said: 'size {{ params.size }} by {{ run.requester }}'}
"""

TOLERANT = """
name: tolerant
parameters: {folder: {type: string}}
steps:
  start:
    workflow: {name: child, parameters: {folder: '{{ params.folder }}', how: badly, size: 1}}
    continue_on_error: true
  after: {needs: [start], set: {number: '{{ steps.start.result.number }}'}}
"""

LATER = """
name: later
parameters: {folder: {type: string}}
steps:
  hold: {run: 'while [ ! -e "$PARAM_FOLDER/go" ]; do sleep 0.02; done'}
  start: {needs: [hold], workflow: CHILD}
"""

ALONE = """
name: alone
concurrency: {key: alone, on_conflict: reject}
steps:
  pause: {wait: 1h}
"""

SAME_KEY = """
name: same_key
concurrency: alone
steps:
  start: {workflow: alone}
"""

BAD_SIZE = """
name: bad_size
parameters: {folder: {type: string}}
steps:
  start: {workflow: {name: child, parameters: {size: '{{ 10 * 10 }}'}}}
"""

FILES = (
    PARENT,
    CHILD,
    TOLERANT,
    LATER.replace("CHILD", "alone"),
    ALONE,
    SAME_KEY,
    BAD_SIZE,
    *(f"name: w{n}\nsteps: {{start: {{workflow: w{n + 1}}}}}\n" for n in range(2, 5)),
    LATER.replace("later", "w1").replace("CHILD", "w2"),
    "name: w5\nsteps: {work: {wait: 1s}}\n",
)


def tidied(folder: Path) -> list[str]:
    return lines(folder / "tidied")


def rewrite(shop: Workshop, name: str, source: str) -> None:
    """Change a workflow's file, and wait until it is read again."""
    before = shop.engine.registry.get(name)
    assert before is not None
    path = next(path for path in shop.engine.registry.folder.iterdir() if path.read_text() == before.source)
    path.write_text(source)

    def is_read() -> bool:
        workflow = shop.engine.registry.get(name)
        return workflow is not None and workflow.source == source

    wait_until(is_read, PATIENCE)


def test_the_outputs_of_a_child_are_the_result_of_its_step(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder))
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert shop.task(run_id, "start").result == {"said": "size 5 by U0ADA"}
    assert shop.task(run_id, "after").result == {"said": "size 5 by U0ADA"}
    child = shop.picture(find_child(shop, run_id, "start"))
    assert (child.number, child.requester, child.status) == (2, "U0ADA", RunStatus.COMPLETED)
    assert child.parent is not None
    assert (child.parent.number, child.parent.step_id) == (1, "start")
    assert shop.facts(child.id)[-1] == "run_completed"


def test_the_failure_of_a_child_fails_its_parent(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="badly")
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.FAILED
    assert picture.error == "Start failed: Run #2: Work failed: exit code 1"
    assert statuses(picture) == {"start": "failed", "after": "cancelled", "tidy": "completed"}
    assert tidied(folder) == ["child", "parent"]


def test_the_failure_of_a_child_may_be_let_pass(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("tolerant", folder=str(folder))
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "after").result == {"number": 2}


def test_who_cancels_a_parent_cancels_its_child_and_both_tidy_up(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="hold")
        pid = read_pid(folder / "work.pid")
        assert commands.cancel_run(shop.engine, ADA, run_id).status == "running"
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert shop.picture(find_child(shop, run_id, "start")).status is RunStatus.CANCELLED
    assert not is_alive(pid)
    assert tidied(folder) == ["child", "parent"]


def test_a_forced_cancel_of_a_parent_forces_its_child_too(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="hold")
        read_pid(folder / "work.pid")
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=True)
        assert shop.wait_for_end(run_id).status is RunStatus.CANCELLED
    assert "cancel_forced" in shop.facts(find_child(shop, run_id, "start"))
    assert tidied(folder) == []


def test_who_cancels_a_child_cancels_its_parent(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="hold")
        read_pid(folder / "work.pid")
        commands.cancel_run(shop.engine, ADA, child_of(shop, run_id, "start"))
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.CANCELLED
    assert statuses(picture)["after"] == "cancelled"
    assert tidied(folder) == ["child", "parent"]


def test_an_approval_in_a_child_is_waited_for(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="asking")
        child_id = child_of(shop, run_id, "start")
        wait_until(lambda: shop.picture(child_id).open_approvals, PATIENCE)
        assert shop.picture(child_id).status is RunStatus.WAITING_FOR_APPROVAL
        assert shop.picture(run_id).status is RunStatus.RUNNING
        approval = shop.picture(child_id).open_approvals[0]
        commands.decide(shop.engine, BOB, approval.id, approve=True)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED


def test_an_approval_in_a_child_that_is_rejected_fails_the_parent(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="asking")
        child_id = child_of(shop, run_id, "start")
        wait_until(lambda: shop.picture(child_id).open_approvals, PATIENCE)
        commands.decide(shop.engine, BOB, shop.picture(child_id).open_approvals[0].id, approve=False)
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error) == (
        RunStatus.FAILED,
        "Start failed: Run #2: Ask was rejected.",
    )


# --- children that cannot be started


def test_a_child_that_does_not_take_its_values_fails_the_step(shop: Workshop) -> None:
    picture = shop.picture(shop.start("bad_size"))
    assert picture.status is RunStatus.FAILED
    assert (picture.error or "").startswith("Start failed: child could not be started: size: ")
    assert shop.facts(picture.id) == ["run_started", "step_scheduled", "step_failed", "run_failed"]


def test_a_child_that_is_refused_beside_another_run_fails_the_step(shop: Workshop, folder: Path) -> None:
    shop.start("alone")
    with shop.worker():
        run_id = shop.start("later", folder=str(folder))
        (folder / "go").touch()
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.FAILED
    assert "alone could not be started: Run #1 of alone, started by U0ADA, is in progress" in str(
        picture.error
    )


def test_a_child_that_would_wait_for_its_own_parent_is_not_started(shop: Workshop) -> None:
    picture = shop.picture(shop.start("same_key"))
    assert picture.status is RunStatus.FAILED
    assert "It would wait for run #1, which has the same concurrency key" in str(picture.error)


def test_a_child_that_takes_other_parameters_by_now_fails_the_step(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("later", folder=str(folder))
        rewrite(
            shop,
            "alone",
            ALONE.replace("steps:", "parameters: {why: {type: string, required: true}}\nsteps:"),
        )
        (folder / "go").touch()
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.FAILED
    assert "alone could not be started: why: " in str(picture.error)


def test_workflows_that_became_too_deep_while_a_run_was_on_its_way_end_in_error(
    shop: Workshop, folder: Path
) -> None:
    with shop.worker():
        run_id = shop.start("w1", folder=str(folder))
        rewrite(shop, "w5", "name: w5\nsteps: {start: {workflow: alone}}\n")
        (folder / "go").touch()
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.ERROR
    assert "alone was not started: at most 5 workflows may start one another." in str(picture.error)
    assert shop.start("alone"), "it was not started below w5"


def test_five_workflows_may_run_within_one_another(shop: Workshop, folder: Path) -> None:
    (folder / "go").touch()
    with shop.worker():
        picture = shop.wait_for_end(shop.start("w1", folder=str(folder)))
    assert picture.status is RunStatus.COMPLETED, picture.error


def test_whoever_may_not_run_the_child_may_not_run_the_parent(shop: Workshop, folder: Path) -> None:
    permissions = shop.engine.registry.folder / "permissions.yml"
    permissions.write_text(
        "grants:\n- {to: {users: [U0BOB]}, workflows: [parent], allow: [LIST_WORKFLOWS, RUN_WORKFLOW]}\n"
    )

    wait_until(lambda: len(commands.visible_workflows(shop.engine, BOB)) == 1, PATIENCE)
    with pytest.raises(Refused, match="You may not run child, which it starts"):
        shop.start("parent", BOB, folder=str(folder))


# --- nobody was told


def test_the_end_of_a_child_reaches_its_parent_when_nobody_was_told(
    shop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.following.spread", lambda engine, news: None)
    monkeypatch.setattr("engine.loops.followers.Followers.tick", lambda self: None)
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder))
        assert shop.wait_for_end(child_of(shop, run_id, "start")).status is RunStatus.COMPLETED
        assert shop.task(run_id, "start").status is TaskStatus.WAITING
        monkeypatch.undo()
        Followers(shop.engine).tick()
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_child_is_cancelled_when_it_was_not_told_that_its_parent_was(
    shop: Workshop, folder: Path, monkeypatch: pytest.MonkeyPatch, is_forced: bool
) -> None:
    monkeypatch.setattr("engine.following.spread", lambda engine, news: None)
    monkeypatch.setattr("engine.loops.followers.Followers.tick", lambda self: None)
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="hold")
        read_pid(folder / "work.pid")
        commands.cancel_run(shop.engine, ADA, run_id, is_forced=is_forced)
        child_id = find_child(shop, run_id, "start")
        assert "cancel_requested" not in shop.facts(child_id)
        monkeypatch.undo()
        wait_for_step(shop, run_id, "start", TaskStatus.CANCELLED)
        assert shop.wait_for_end(run_id).status is RunStatus.CANCELLED
    assert ("cancel_forced" if is_forced else "cancel_requested") in shop.facts(child_id)


def test_telling_twice_changes_nothing(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder))
        shop.wait_for_end(run_id)
    facts = shop.facts(run_id)
    tell_parent(shop.engine, find_child(shop, run_id, "start"))
    stop_child(shop.engine, run_id, "start", is_forced=False)
    assert shop.facts(run_id) == facts


def test_a_resumed_parent_starts_a_child_anew(shop: Workshop, folder: Path) -> None:
    with shop.worker():
        run_id = shop.start("parent", folder=str(folder), how="hold")
        read_pid(folder / "work.pid")
        first = child_of(shop, run_id, "start")
        commands.cancel_run(shop.engine, ADA, first)
        shop.wait_for_end(run_id)
        (folder / "go").touch()
        commands.resume_run(shop.engine, ADA, run_id)
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
    assert find_child(shop, run_id, "start") != first
    assert shop.picture(find_child(shop, run_id, "start")).number == 3


# --- terminals


def test_a_terminal_carries_out_the_child_runs_of_its_run(shop: Workshop, folder: Path) -> None:
    values = {"folder": str(folder)}
    started = commands.start_run(shop.engine, TERMINAL, "parent", values, channel_id=None, origin="terminal")
    with shop.worker(run_id=started.run_id):
        picture = shop.wait_for_end(started.run_id)
    assert picture.status is RunStatus.COMPLETED, picture.error
