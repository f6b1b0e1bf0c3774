"""The question that an input step asks: before it is answered, its form, and afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from blocks.fields import NO_GROUPS, Groups, field
from blocks.ids import ActionId, BlockPrefix, CallbackId, block_id
from blocks.parts import actions, button, modal
from blocks.summary import parameter_sections, run_name
from blocks.text import context, header, mention, mentions, one_line, plain_section, safe, section, when
from blocks.types import Block, Message, View
from blocks.values import QuestionRef
from engine.core.definition import JsonValue, Parameter
from engine.core.events import InputStatus
from engine.core.picture import QuestionPicture, RunPicture


def question_message(picture: RunPicture, question: QuestionPicture) -> Message:
    """With a button while the question is open, with its answer afterwards."""
    blocks = [header(one_line(question.title))]
    if question.message.strip():
        blocks.append(plain_section(question.message, 2000))
    blocks.append(
        section(f"Asked by {safe(run_name(picture), 300)}, started by {mention(picture.requester)}")
    )
    blocks += _open_blocks(picture, question) if _is_open(question) else _closed_blocks(question)
    return Message(_sentence(picture, question), blocks)


def _is_open(question: QuestionPicture) -> bool:
    return question.status is InputStatus.OPEN


def _sentence(picture: RunPicture, question: QuestionPicture) -> str:
    title, name = safe(question.title, 300), safe(run_name(picture), 300)
    if _is_open(question):
        return f"{name} asks: “{title}”. {may_answer(picture, question)}"
    return f"{name} asked: “{title}”. {closing(question)}"


def may_answer(picture: RunPicture, question: QuestionPicture) -> str:
    """Who may answer, as mrkdwn."""
    people = mentions((*question.people_users, *question.people_groups))
    return f"May answer: {people or 'anyone who may run this workflow'}."


def closing(question: QuestionPicture) -> str:
    """How a question ended: who answered, or what followed from nobody doing so."""
    at = f" {when(question.closed_at)}" if question.closed_at is not None else ""
    match question.status:
        case InputStatus.ANSWERED:
            by = f" by {mention(question.answered_by)}" if question.answered_by else ""
            return f"Answered{by}{at}. The run goes on."
        case InputStatus.EXPIRED if question.values is not None:
            return f"Expired{at}. Nobody answered in time, so the run goes on with the defaults."
        case InputStatus.EXPIRED:
            return f"Expired{at}. Nobody answered in time."
        case _:
            return f"Cancelled{at}. The run stopped before this was answered."


def _open_blocks(picture: RunPicture, question: QuestionPicture) -> list[Block]:
    return [
        section(may_answer(picture, question)),
        context(f"Expires {when(question.expires_at)}"),
        _answer_button(picture, question),
    ]


def _answer_button(picture: RunPicture, question: QuestionPicture) -> Block:
    spoken = f"Answer {picture.workflow_name} #{picture.number}"
    answer = button("Answer…", ActionId.ANSWER, QuestionRef(question.id), style="primary", spoken=spoken)
    return actions(answer, block_id=block_id(BlockPrefix.QUESTION, question.id))


def _closed_blocks(question: QuestionPicture) -> list[Block]:
    values = parameter_sections(question.values, 2500) if question.values else []
    return [section(closing(question)), *values]


def open_question(picture: RunPicture, question: QuestionPicture) -> list[Block]:
    """The question in a run's dialog."""
    return [
        plain_section(f"Waiting for an answer: {one_line(question.title)}", 500),
        context(may_answer(picture, question)),
        _answer_button(picture, question),
    ]


def answer_form(
    question_id: str,
    title: str,
    message: str,
    fields: Sequence[Parameter],
    values: Mapping[str, JsonValue],
    groups: Groups = NO_GROUPS,
) -> View:
    """The modal in which the question is answered; its submit is the answer. Its fields start with `values`.

    A field that is asked only after certain answers may be left empty: whether it is needed is checked afterwards.
    """
    blocks = [header(one_line(title))]
    if message.strip():
        blocks.append(plain_section(message, 2000))
    blocks += [field(question_id, _asked(each), values.get(each.name), groups=groups) for each in fields]
    metadata = QuestionRef(question_id)
    return modal("Answer", blocks, CallbackId.ANSWER_FORM, metadata=metadata, submit="Answer")


def _asked(parameter: Parameter) -> Parameter:
    return parameter if parameter.show_if is None else replace(parameter, required=False)
