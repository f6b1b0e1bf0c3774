"""The page of a run that is a rehearsal, resumed, stopping, a fan-out, or asks for values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks.tasks import task_words
from bot.web.render import draw_run
from engine.core.definition import StepKind
from engine.core.events import InputStatus
from engine.core.picture import ChildPicture, FanOutPicture, OutputTail, ParentPicture, RunPicture
from engine.core.state import RunStatus, TaskStatus
from tests.support.hostile import HOSTILE
from tests.support.pictures import ADA, BOB, CYD, NOON, a_question, a_run, a_task, an_id

NAMES = {ADA: "Ada", BOB: "Bob", CYD: "Cyd"}


def part(picture: RunPicture, name: str) -> str:
    return str(draw_run(picture, NAMES).parts[name])


def test_the_summary_says_that_it_is_a_rehearsal_its_round_and_its_parent() -> None:
    shown = part(
        a_run(
            is_rehearsal=True,
            round=2,
            resumed_by=BOB,
            parent=ParentPicture(an_id(9), 41, "Release", "deploy"),
        ),
        "summary",
    )
    assert '<span class="badge">Rehearsal</span>' in shown
    assert "2, resumed by Bob" in shown
    assert '<a href="/runs/41">Release #41</a>' in shown


def test_a_stopping_run_says_what_still_happens() -> None:
    picture = a_run(outcome=RunStatus.CANCELLED, tasks=(a_task(1, TaskStatus.RUNNING, is_final=True),))
    assert "Stopping: final steps run." in part(picture, "summary")


def a_fan_out(**changes: Any) -> RunPicture:
    item = a_task(3, TaskStatus.FAILED, item=3, item_value="web-3", error="exit code 4", attempt=1)
    item = replace(item, stderr=OutputTail("no route"), **changes)
    counts = FanOutPicture(completed=12, failed=1, running=27)
    return a_run(tasks=(a_task(2, TaskStatus.WAITING, title="Check", fan_out=counts, items=(item,)),))


def test_a_fan_out_shows_its_counts_and_items_with_their_logs() -> None:
    picture = a_fan_out()
    shown = part(picture, f"task-{picture.tasks[0].id}")
    assert "Running, 12 of 40 done, 1 failed" in shown
    assert "Item 3 (web-3)" in shown
    assert "no route" in shown
    assert "39 more items are not shown here." in shown
    assert f"/runs/42/tasks/{an_id(1003)}/log" in shown


def test_hostile_items_stay_text() -> None:
    for hostile in HOSTILE:
        picture = a_fan_out(item_value=f"<script>{hostile}", error=f"<img src=x>{hostile}")
        shown = part(picture, f"task-{picture.tasks[0].id}")
        assert "<script>" not in shown
        assert "<img" not in shown


def test_a_child_run_is_a_link_and_an_unknown_outcome_says_what_to_do() -> None:
    child = ChildPicture(an_id(43), 43, "step_1", RunStatus.RUNNING)
    started = a_run(tasks=(a_task(1, TaskStatus.WAITING, kind=StepKind.WORKFLOW, child=child),))
    assert 'href="/runs/43">Run #43</a>' in part(started, f"task-{an_id(1001)}")
    lost = a_run(RunStatus.ERROR, tasks=(a_task(1, TaskStatus.ERROR, is_unknown=True),))
    assert "Mark as Done" in part(lost, f"task-{an_id(1001)}")
    assert task_words(lost.tasks[0]) == "Error, outcome unknown"


def test_questions_stand_beside_the_tasks_with_who_answered_what() -> None:
    answered = a_question(
        status=InputStatus.ANSWERED, answered_by=CYD, closed_at=NOON, values={"percent": 30, "why": "<b>"}
    )
    picture = a_run(questions=(answered, a_question(id=an_id(89))))
    shown = part(picture, "aside")
    assert "Answered by Cyd" in shown
    assert "<code>30</code>" in shown
    assert "&lt;b&gt;" in shown
    assert f'href="#question-{an_id(89)}"' in part(picture, "summary")
    assert f'id="question-{an_id(89)}"' in shown
