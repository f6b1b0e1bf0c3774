"""A rehearsal goes on without the results of the steps that it leaves out, to its end, by real workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import commands
from engine.core.definition import StepKind
from engine.core.picture import RunPicture
from engine.core.state import RunStatus, TaskStatus
from store import runs
from store.database import Database
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, PATIENCE, Workshop, workshop

RELEASE = """
name: release
title: Everything depends on what a step finds out
steps:
  build: {run: 'touch /nowhere/at/all && exit 1'}
  look: {needs: [build], http: {url: 'https://deploy.internal/{{ steps.build.result.path }}'}}
  gather:
    needs: [build, look]
    set: {where: '{{ steps.build.result.url }}', busy: '{{ steps.look.result.json.load > 3 }}', known: 3}
  pause: {needs: [gather], wait: '{{ steps.build.result.pause }}'}
  maybe: {needs: [gather], if: '{{ steps.gather.result.busy }}', run: 'exit 1'}
  never: {needs: [gather], if: '{{ steps.gather.result.known > 5 }}', run: 'exit 1'}
  each:
    needs: [gather]
    foreach: '{{ steps.build.result.hosts }}'
    env: {HOST: '{{ item.name }}'}
    run: 'exit 1'
  tell: {needs: [each], message: {channel: '#ops', text: 'Now {{ steps.each.result }}'}}
  told: {needs: [tell], set: {ts: '{{ steps.tell.result.ts }}'}}
  deeper:
    needs: [gather]
    workflow:
      name: child
      parameters:
        host: '{{ steps.gather.result.where }}'
        size: 3
        owner: '{{ steps.build.result.owner }}'
        room: '{{ steps.build.result.room }}'
  ship: {needs: [deeper], run: 'exit 1', env: {TO: '{{ steps.deeper.result.to }}'}}
outputs: {url: '{{ steps.gather.result.where }}', fixed: '{{ steps.gather.result.known + 1 }}'}
"""

CHILD = """
name: child
title: A child
parameters:
  host: {type: string, required: true, pattern: '[a-z]+'}
  size: {type: integer, min: 1}
  owner: {type: user, required: true}
  room: {type: channel}
steps:
  a: {run: 'exit 1', env: {HOST: '{{ params.host.name }}'}}
  b: {needs: [a], set: {to: '{{ params.host.name }}', twice: '{{ params.size * 2 }}'}}
  tell: {needs: [a], message: {channel: '{{ params.room }}', text: 'To {{ params.host }}'}}
  write: {needs: [a], message: {user: '{{ params.owner }}', text: 'Hello'}}
  ask:
    needs: [b]
    approval: {title: 'Ship to {{ steps.b.result.to }}?', approvers: {users: ['{{ params.owner }}']}}
outputs: {to: '{{ steps.b.result.to }}'}
"""

MISTAKEN = """
name: mistaken
title: A mistake that a rehearsal is for
parameters: {n: {type: integer, default: 0}}
steps:
  build: {run: 'exit 1'}
  bad: {needs: [build], set: {a: '{{ 1 / params.n }}'}}
"""


@pytest.fixture
def house(database: Database, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=(RELEASE, CHILD, MISTAKEN)) as shop:
        yield shop


def rehearse(house: Workshop, name: str) -> str:
    return commands.start_run(house.engine, BOB, name, {}, channel_id=None, is_rehearsal=True).run_id


def rehearsed(house: Workshop) -> tuple[RunPicture, RunPicture]:
    """The whole rehearsal at its end, and its child's as it waited for an approval, which anybody may give."""
    with house.worker():
        run_id = rehearse(house, "release")
        wait_until(lambda: child_of(house) is not None or is_over(house, run_id), PATIENCE)
        child_id = child_of(house)
        assert child_id is not None, house.picture(run_id).error
        wait_until(lambda: bool(house.picture(child_id).open_approvals) or is_over(house, child_id), PATIENCE)
        child = house.picture(child_id)
        assert child.is_active, child.error
        commands.decide(house.engine, ADA, child.open_approvals[0].id, approve=True)
        return house.wait_for_end(run_id), child


def child_of(house: Workshop) -> str | None:
    with house.database.read() as c:
        found = runs.find_run(c, BOB.team_id, 2)
    return None if found is None else found.id


def is_over(house: Workshop, run_id: str) -> bool:
    return not house.picture(run_id).is_active


def test_a_rehearsal_goes_on_without_what_it_does_not_know(house: Workshop) -> None:
    picture, child = rehearsed(house)
    assert (picture.status, picture.error) == (RunStatus.COMPLETED, None)
    assert {task.step_id for task in picture.tasks if task.status is TaskStatus.SKIPPED} == {"never"}
    results = {task.step_id: task.result for task in picture.tasks}
    assert results["build"] == "‹steps.build.result›"
    assert results["gather"] == {
        "where": "‹steps.build.result.url›",
        "busy": "‹steps.look.result.json.load›",
        "known": 3,
    }
    assert results["each"] == ["‹steps.each.result[0]›"]
    assert results["told"] == {"ts": "‹steps.tell.result.ts›"}
    assert picture.outputs == {"url": "‹steps.build.result.url›", "fixed": 4}
    (approval,) = child.open_approvals
    assert approval.title == "Ship to ‹steps.build.result.url.name›?"
    assert (approval.approver_users, approval.approver_groups) == ((), ())


def test_people_see_what_would_be_done(house: Workshop) -> None:
    picture, child = rehearsed(house)
    arguments = {task.step_id: task.arguments for task in (*picture.tasks, *child.tasks)}
    assert arguments["look"] == {
        "method": "GET",
        "url": "https://deploy.internal/‹steps.build.result.path›",
    }
    said = {task.step_id: task.arguments for task in child.tasks if task.kind is StepKind.MESSAGE}
    assert said == {
        "tell": {"channel": "‹steps.build.result.room›", "user": None, "text": "To ‹steps.build.result.url›"},
        "write": {"channel": None, "user": "‹steps.build.result.owner›", "text": "Hello"},
    }
    assert arguments["ship"] == {"command": "exit 1", "env": {"TO": "‹steps.build.result.url.name›"}}
    assert child.parameters == {
        "host": "‹steps.build.result.url›",
        "size": 3,
        "owner": "‹steps.build.result.owner›",
        "room": "‹steps.build.result.room›",
    }


def test_a_rehearsal_finds_the_mistakes_that_are_there(house: Workshop) -> None:
    with house.worker():
        picture = house.wait_for_end(rehearse(house, "mistaken"))
    assert picture.status is RunStatus.ERROR
    assert "division by zero" in str(picture.error)
