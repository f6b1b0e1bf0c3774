"""Whatever people, steps and services write: every drawing keeps Slack's limits and no text becomes markup."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.approval import approval_message, comment_form
from blocks.details import details
from blocks.forms import picker, start_form
from blocks.lists import run_list, workflow_list
from blocks.problems import help_message, problem_message
from blocks.question import answer_form, question_message
from blocks.run import dialog, failure_message, root_message, thread_message
from blocks.said import said_message
from blocks.types import Block, Message, WorkflowCard
from blocks.values import DetailsPlace, FormDraft, HistoryPlace
from engine.core.definition import JsonValue, Parameter, StepKind
from engine.core.errors import Problem
from engine.core.picture import (
    ApprovalPicture,
    OutputTail,
    QuestionPicture,
    RunPage,
    RunPicture,
    RunSummary,
)
from engine.core.state import RunStatus, TaskStatus
from tests.support.block_limits import check_message, check_view
from tests.support.hostile import (
    HOSTILE,
    approvals,
    cards,
    json_values,
    parameters,
    questions,
    runs,
    summaries,
    texts,
)
from tests.support.pictures import ADA, BOB, NOON, a_decision, a_run, a_task, a_workflow, an_approval

KNOWN = frozenset({ADA, BOB, "S0OPS", "C0OPS"})

thorough = settings(max_examples=30, deadline=None)


@thorough
@given(runs)
def test_messages_of_any_run_keep_the_limits(picture: RunPicture) -> None:
    for message in (root_message(picture), thread_message(picture), failure_message(picture)):
        check_message(message, KNOWN)


@thorough
@given(runs, st.booleans())
def test_the_dialog_of_any_run_keeps_the_limits(picture: RunPicture, is_asleep: bool) -> None:
    check_view(dialog(picture, is_asleep=is_asleep), KNOWN)


@thorough
@given(runs, st.integers(0, 300), st.booleans())
def test_the_details_of_any_run_keep_the_limits(picture: RunPicture, page: int, with_debug: bool) -> None:
    task_ids = [None, *(task.id for task in picture.tasks[::100])]
    for task_id in task_ids:
        place = DetailsPlace(picture.id, task_id, page)
        check_view(details(picture, place, with_debug=with_debug), KNOWN)


@thorough
@given(runs, approvals, st.booleans())
def test_any_approval_keeps_the_limits(picture: RunPicture, approval: ApprovalPicture, approve: bool) -> None:
    check_message(approval_message(picture, approval), KNOWN)
    check_view(comment_form(picture, approval, approve), KNOWN)


@thorough
@given(runs, questions, st.lists(parameters, max_size=20, unique_by=lambda parameter: parameter.name))
def test_any_question_keeps_the_limits(
    picture: RunPicture, question: QuestionPicture, fields: list[Parameter]
) -> None:
    check_message(question_message(picture, question), KNOWN)
    check_view(answer_form(question.id, question.title, question.message, fields, {}))


@thorough
@given(runs, texts, st.booleans())
def test_anything_that_a_step_says_keeps_the_limits(picture: RunPicture, text: str, in_thread: bool) -> None:
    task = a_task(1, TaskStatus.WAITING, kind=StepKind.MESSAGE, arguments={"text": text})
    message = said_message(picture, task, in_thread=in_thread)
    for block in message.blocks:  # its addresses are links that show themselves, and no others are alive
        if block["type"] == "section":
            block["text"]["text"] = re.sub(r"<(https?://[^|>]+)>", r"\1", block["text"]["text"])
    plain = [block | {"text": plain_text(block)} if "text" in block else block for block in message.blocks]
    check_message(Message(message.text, plain), KNOWN)


def plain_text(block: Block) -> Block:
    """Marks such as a backtick are the author's to use: what is left to look for are brackets."""
    markup: str = block["text"]["text"]
    assert not re.search(r"[<>]", markup), markup
    return {"type": "plain_text", "text": markup}


@thorough
@given(
    st.lists(summaries, max_size=60, unique_by=lambda run: run.number),
    st.none() | st.integers(1, 10**9),
    st.sampled_from([None, "deploy", "d" * 64]),
)
def test_any_page_of_history_keeps_the_limits(
    page: list[RunSummary], older_than: int | None, workflow: str | None
) -> None:
    message = run_list(RunPage(tuple(page), older_than), HistoryPlace(workflow, None, 5), NOON)
    check_message(message, KNOWN)


@thorough
@given(cards)
def test_any_list_of_workflows_keeps_the_limits(workflows: list[WorkflowCard]) -> None:
    check_message(workflow_list(workflows))
    check_view(picker(workflows, "C0OPS"))
    check_message(help_message([card.name for card in workflows]))


@thorough
@given(
    st.lists(parameters, max_size=120, unique_by=lambda parameter: parameter.name),
    texts,
    json_values,
    texts,
    st.booleans(),
)
def test_any_form_keeps_the_limits(
    declared: list[Parameter], title: str, value: JsonValue, mistake: str, ask_channel: bool
) -> None:
    workflow = a_workflow(*declared, title=title, description=title)
    values = {parameter.name: value for parameter in declared[::2]}
    mistakes = {parameter.name: mistake for parameter in declared[::3]} | {"other": mistake}
    draft = FormDraft("deploy", "d" * 64, "C0OPS", 1_795_000_000)
    check_view(start_form(workflow, values, mistakes, draft, ask_channel=ask_channel))


@given(texts)
def test_any_problem_keeps_the_limits(sentence: str) -> None:
    message = problem_message(Problem(sentence.replace("`", "") + "."))
    check_message(message)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_run_that_is_hostile_everywhere_is_drawn_harmlessly(hostile: str) -> None:
    """The random runs may never combine the same text in all places; this one does."""
    picture = a_run(
        RunStatus.FAILED,
        workflow_title=hostile,
        parameters={hostile or "x": hostile},
        error=hostile,
        outputs={"x": hostile},
        tasks=tuple(
            a_task(
                n, TaskStatus.FAILED, title=hostile, error=hostile, result=hostile, stderr=OutputTail(hostile)
            )
            for n in range(500)
        ),
    )
    for message in (root_message(picture), thread_message(picture), failure_message(picture)):
        check_message(message, KNOWN)
    check_view(dialog(picture), KNOWN)
    check_view(details(picture, DetailsPlace(picture.id, picture.tasks[0].id)), KNOWN)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_approval_before_hostile_steps_is_drawn_harmlessly(hostile: str) -> None:
    later = tuple(a_task(n, TaskStatus.PENDING, title=hostile, arguments={"x": hostile}) for n in range(50))
    approval = an_approval(title=hostile, message=hostile, decisions=(a_decision(comment=hostile),))
    picture = a_run(parameters={"x": hostile}, tasks=later, approvals=(approval,))
    check_message(approval_message(picture, approval), KNOWN)
    check_view(comment_form(picture, approval, True), KNOWN)
    check_view(dialog(picture), KNOWN)
