"""Pictures of runs for tests that draw: one call each, everything that a test does not name is plain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.core.definition import (
    Parameter,
    ParameterType,
    RunAction,
    Step,
    StepKind,
    Workflow,
)
from engine.core.events import ApprovalStatus, InputStatus
from engine.core.picture import (
    ApprovalPicture,
    DecisionPicture,
    QuestionPicture,
    RunPicture,
    RunSummary,
    TaskPicture,
)
from engine.core.state import RunStatus, TaskStatus

ADA, BOB, CYD = "U0ADA", "U0BOB", "U0CYD"
NOON = 1_795_435_200_000
"""2026-11-23 12:00 UTC, in milliseconds."""


def an_id(number: int) -> str:
    return f"{number:032x}"


def a_task(number: int = 1, status: TaskStatus = TaskStatus.COMPLETED, **changes: Any) -> TaskPicture:
    task = TaskPicture(
        id=an_id(1000 + number),
        step_id=f"step_{number}",
        title=f"Step {number}",
        kind=StepKind.RUN,
        status=status,
        is_scheduled=status is not TaskStatus.PENDING,
    )
    return replace(task, **changes)


def an_approval(**changes: Any) -> ApprovalPicture:
    approval = ApprovalPicture(
        id=an_id(77),
        step_id="ask",
        title="Ship v1.2.3?",
        message="The tests are green.",
        status=ApprovalStatus.OPEN,
        approver_users=(BOB,),
        approver_groups=("S0OPS",),
        required=1,
        created_at=NOON,
        expires_at=NOON + 3_600_000,
    )
    return replace(approval, **changes)


def a_question(**changes: Any) -> QuestionPicture:
    question = QuestionPicture(
        id=an_id(88),
        step_id="ask",
        title="How far do we go?",
        message="The canary looks good.",
        status=InputStatus.OPEN,
        people_users=(BOB,),
        people_groups=("S0OPS",),
        created_at=NOON,
        expires_at=NOON + 3_600_000,
    )
    return replace(question, **changes)


def a_decision(user_id: str = BOB, *, approve: bool = True, comment: str = "") -> DecisionPicture:
    return DecisionPicture(user_id, approve, comment, NOON + 60_000)


def a_run(status: RunStatus = RunStatus.RUNNING, **changes: Any) -> RunPicture:
    picture = RunPicture(
        id=an_id(42),
        team_id="T0001",
        number=42,
        version=3,
        workflow_name="deploy",
        workflow_title="Deploy a service",
        status=status,
        outcome=status if status.is_terminal else None,
        progress=40,
        requester=ADA,
        channel_id="C0OPS",
        parameters={"service": "api", "canary": 10},
        created_at=NOON,
        started_at=NOON,
        finished_at=NOON + 72_000 if status.is_terminal else None,
        tasks=(a_task(1), a_task(2, TaskStatus.RUNNING), a_task(3, TaskStatus.PENDING)),
    )
    return replace(picture, **changes)


def a_summary(number: int = 42, **changes: Any) -> RunSummary:
    summary = RunSummary(
        id=an_id(number),
        number=number,
        workflow_name="deploy",
        workflow_title="Deploy a service",
        status=RunStatus.COMPLETED,
        progress=100,
        requester=ADA,
        created_at=NOON,
        finished_at=NOON + 72_000,
    )
    return replace(summary, **changes)


def a_parameter(name: str, kind: ParameterType = ParameterType.STRING, **changes: Any) -> Parameter:
    return replace(Parameter(name=name, type=kind, title=name.capitalize()), **changes)


def a_workflow(*parameters: Parameter, **changes: Any) -> Workflow:
    workflow = Workflow(
        name="deploy",
        title="Deploy a service",
        description="Build, test, ask, ship.",
        parameters=parameters,
        steps=(Step(id="build", title="Build", kind=StepKind.RUN, action=RunAction("true")),),
        outputs={},
        folder=".",
        source="",
        digest="d" * 64,
    )
    return replace(workflow, **changes)
