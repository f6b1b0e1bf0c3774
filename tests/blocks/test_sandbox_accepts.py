"""The sandbox, which checks JSON as Slack does, takes everything we draw."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from blocks.approval import approval_message, comment_form
from blocks.details import details, page_link
from blocks.forms import loading, picker, start_form
from blocks.lists import cancel_asked, resumed, run_list, workflow_list
from blocks.problems import help_message, message_view, unknown_error
from blocks.question import answer_form, question_message
from blocks.run import dialog, failure_message, root_message, thread_message
from blocks.said import said_message
from blocks.types import Message, View, WorkflowCard
from blocks.values import DetailsPlace, FormDraft, HistoryPlace
from engine.core.definition import JsonValue, Parameter, ParameterType, StepKind
from engine.core.events import ApprovalStatus, InputStatus
from engine.core.picture import ApprovalPicture, OutputTail, RunPage, RunPicture
from engine.core.state import RunStatus, TaskStatus
from sandbox.validation.blocks import check_blocks
from sandbox.validation.views import check_view
from tests.support.hostile import approvals, parameters, runs
from tests.support.pictures import (
    NOON,
    a_decision,
    a_parameter,
    a_question,
    a_run,
    a_summary,
    a_task,
    a_workflow,
    an_approval,
    an_id,
)

FAILED = a_run(RunStatus.FAILED, tasks=(a_task(1, TaskStatus.FAILED, error="no", stderr=OutputTail("boom")),))
LOST = a_run(RunStatus.ERROR, tasks=(a_task(1, TaskStatus.ERROR, is_unknown=True, error="lost"),))
SAYING = a_task(
    1,
    TaskStatus.WAITING,
    kind=StepKind.MESSAGE,
    arguments={"text": "<!channel> *v1* is out: https://releases.example/v1?a=1&b=2."},
)
CLOSED = an_approval(status=ApprovalStatus.APPROVED, decisions=(a_decision(comment="ok"),), closed_at=NOON)
DRAFT = FormDraft("deploy", "d" * 64, "C0OPS", 1_795_000_000)
EVERY_TYPE = a_workflow(
    *(a_parameter(kind.value, kind, options=("api", "web"), hint="a hint") for kind in ParameterType),
    a_parameter("many", ParameterType.MULTI_CHOICE, options=tuple(map(str, range(120)))),
)
FILLED: dict[str, JsonValue] = {
    "string": "x",
    "integer": 4,
    "number": 0.5,
    "boolean": True,
    "choice": "web",
    "date": "2026-01-31",
    "time": "07:30",
    "datetime": "2026-01-31T07:30:00Z",
    "users": ["U0ADA", "U0BOB"],
    "channels": ["C0OPS"],
    "email": "ada@example.com",
    "url": "https://example.com/",
    "json": {"a": [1]},
}
CARDS = [WorkflowCard(f"w{number}", f"Workflow {number}", "About it.") for number in range(130)]

MESSAGES = {
    "root": root_message(a_run()),
    "root, ended": root_message(FAILED),
    "thread": thread_message(a_run(tasks=tuple(a_task(n, result={"n": n}) for n in range(80)))),
    "thread, no steps": thread_message(a_run(tasks=())),
    "failure": failure_message(FAILED),
    "approval": approval_message(a_run(), an_approval()),
    "approval, closed": approval_message(a_run(), CLOSED),
    "question": question_message(a_run(), a_question()),
    "question, answered": question_message(
        a_run(),
        a_question(status=InputStatus.ANSWERED, answered_by="U0CYD", closed_at=NOON, values={"percent": 30}),
    ),
    "said": said_message(a_run(), SAYING, in_thread=False),
    "unknown outcome": failure_message(LOST),
    "stopping": root_message(a_run(outcome=RunStatus.CANCELLED, is_rehearsal=True, round=2)),
    "resumed": resumed(42, 2),
    "workflows": workflow_list(CARDS),
    "runs": run_list(RunPage((a_summary(42), a_summary(41)), 41), HistoryPlace(older_than=50), NOON),
    "no runs": run_list(RunPage((), None), HistoryPlace(), NOON),
    "cancel": cancel_asked(42, RunStatus.RUNNING),
    "help": help_message(["hello"]),
    "error": unknown_error("ab12"),
}
VIEWS = {
    "picker": picker(CARDS, "C0OPS"),
    "picker, empty": picker([], None),
    "form": start_form(EVERY_TYPE, FILLED, {"date": "No.", "other": "No."}, DRAFT, ask_channel=True),
    "form, no fields": start_form(a_workflow(), {}, {}, DRAFT),
    "dialog": dialog(a_run(approvals=(an_approval(),)), is_asleep=True),
    "dialog, ended": dialog(a_run(RunStatus.COMPLETED, outputs={"a": 1}, progress=100)),
    "dialog, question": dialog(a_run(questions=(a_question(),))),
    "dialog, unknown outcome": dialog(LOST),
    "answer": answer_form(an_id(88), "How far?", "It looks good.", EVERY_TYPE.parameters, FILLED),
    "details, unknown outcome": details(LOST, DetailsPlace(LOST.id, LOST.tasks[0].id)),
    "comment": comment_form(a_run(), an_approval(), True),
    "details": details(a_run(approvals=(CLOSED,)), DetailsPlace(a_run().id), with_debug=True),
    "details, task": details(FAILED, DetailsPlace(FAILED.id, FAILED.tasks[0].id)),
    "page link": page_link(a_run(), "https://handrail.example/l/abc"),
    "loading": loading(),
    "message": message_view("Not possible", "No."),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_taken(name: str) -> None:
    assert problems_of(MESSAGES[name]) == []


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_taken(name: str) -> None:
    assert view_problems(VIEWS[name]) == []


@settings(max_examples=40, deadline=None)
@given(runs, approvals)
def test_drawings_of_any_run_are_taken(picture: RunPicture, approval: ApprovalPicture) -> None:
    for message in (
        root_message(picture),
        thread_message(picture),
        failure_message(picture),
        approval_message(picture, approval),
    ):
        assert problems_of(message) == []
    assert view_problems(dialog(picture)) == []
    assert view_problems(details(picture, DetailsPlace(picture.id))) == []


@settings(max_examples=100, deadline=None)
@given(parameters)
def test_a_form_of_any_parameter_is_taken(parameter: Parameter) -> None:
    assert view_problems(start_form(a_workflow(parameter), {}, {}, DRAFT)) == []


def problems_of(message: Message) -> list[str]:
    return [str(problem) for problem in check_blocks(message.blocks, "message")]


def view_problems(view: View) -> list[str]:
    return [str(problem) for problem in check_view(view, "modal")]
