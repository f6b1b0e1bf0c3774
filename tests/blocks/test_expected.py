"""What the pictures of a run say of its usual duration: one quiet line, louder when it is slow."""

from __future__ import annotations

import json
from dataclasses import replace

from blocks.details import details
from blocks.expected import expected_lines, task_remark
from blocks.run import dialog, root_message
from blocks.values import DetailsPlace
from engine.core.definition import StepKind
from engine.core.expected import Expected, Usual
from engine.core.picture import RunPicture, TaskPicture
from engine.core.state import RunStatus, TaskStatus

TASK = TaskPicture(
    id="t1",
    step_id="build",
    title="Build <it>",
    kind=StepKind.RUN,
    status=TaskStatus.RUNNING,
    attempt=1,
    is_scheduled=True,
    scheduled_at=0,
    started_at=0,
)
RUN = RunPicture(
    id="r1",
    team_id="T0001",
    number=42,
    version=3,
    workflow_name="deploy",
    workflow_title="Deploy",
    status=RunStatus.RUNNING,
    outcome=None,
    progress=10,
    requester="U0ADA",
    channel_id=None,
    parameters={},
    created_at=0,
    started_at=0,
    tasks=(TASK,),
)


def at(milliseconds: int, run: RunPicture = RUN) -> RunPicture:
    """The run as it is looked at then; it usually takes three minutes, its step one."""
    usual = Expected(milliseconds, Usual(180_000, 20), {"build": Usual(60_000, 20)})
    return replace(run, expected=usual)


def test_a_run_in_its_time_says_how_long_it_usually_takes() -> None:
    assert expected_lines(at(30_000)) == ["Usually 3m"]
    assert task_remark(at(30_000), TASK) == "usually 1m"


def test_what_is_slower_than_usual_is_named() -> None:
    assert expected_lines(at(100_000)) == ["Usually 3m", "Build &lt;it&gt; is slower than usual (1m)"]
    assert expected_lines(at(300_000))[0] == "Slower than usual (3m)"


def test_of_an_ended_run_only_slowness_is_said() -> None:
    ended = replace(
        RUN, status=RunStatus.COMPLETED, finished_at=170_000, tasks=(replace(TASK, finished_at=50_000),)
    )
    assert expected_lines(at(900_000, ended)) == []
    assert expected_lines(at(900_000, replace(ended, finished_at=400_000))) == ["Slower than usual (3m)"]


def test_nothing_is_said_where_nothing_is_known_or_measured() -> None:
    assert expected_lines(RUN) == []
    assert expected_lines(replace(at(900_000), is_rehearsal=True)) == []
    assert expected_lines(replace(RUN, expected=Expected(900_000))) == []
    assert task_remark(RUN, TASK) == ""


def test_it_stands_in_the_root_message_the_dialog_and_the_details() -> None:
    picture = at(300_000)
    step = details(picture, DetailsPlace("r1", "t1"))
    for drawn in (root_message(picture).blocks, dialog(picture), details(picture, DetailsPlace("r1")), step):
        assert "Slower than usual (3m)" in json.dumps(drawn)
    assert "slower than usual (1m)" in json.dumps(step)
