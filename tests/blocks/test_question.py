"""A step's question: what people read, who may answer, and what is left of it afterwards."""

from __future__ import annotations

import pytest

from blocks.ids import ActionId, CallbackId
from blocks.question import answer_form, question_message
from blocks.run import dialog
from blocks.values import QuestionRef, decode
from engine.core.definition import ParameterType
from engine.core.events import InputStatus
from engine.core.picture import QuestionPicture
from tests.support.block_limits import all_text, buttons, check_message, check_view
from tests.support.pictures import ADA, BOB, CYD, NOON, a_parameter, a_question, a_run

KNOWN = frozenset({ADA, BOB, CYD, "S0OPS"})


def test_an_open_question_says_what_is_asked_of_whom_until_when() -> None:
    message = question_message(a_run(), a_question())
    check_message(message, KNOWN)
    assert message.text == (
        "Deploy a service #42 asks: “How far do we go?”. May answer: <@U0BOB>, <!subteam^S0OPS>."
    )
    shown = all_text(message.blocks)
    assert "The canary looks good." in shown
    assert "Expires <!date^" in shown
    (answer,) = buttons(message.blocks).values()
    assert answer["action_id"] == ActionId.ANSWER
    assert decode(QuestionRef, answer["value"]) == QuestionRef(a_question().id)


def test_a_question_for_nobody_by_name_is_for_whoever_may_run_the_workflow() -> None:
    message = question_message(a_run(), a_question(people_users=(), people_groups=()))
    assert "anyone who may run this workflow" in message.text


ANSWERED = a_question(
    status=InputStatus.ANSWERED, answered_by=CYD, closed_at=NOON, values={"percent": 30, "reason": None}
)
DEFAULTS = a_question(status=InputStatus.EXPIRED, closed_at=NOON, values={"percent": 25})


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (ANSWERED, "Answered by <@U0CYD>"),
        (DEFAULTS, "the run goes on with the defaults"),
        (a_question(status=InputStatus.EXPIRED, closed_at=NOON), "Nobody answered in time."),
        (a_question(status=InputStatus.CANCELLED, closed_at=NOON), "stopped before this was answered"),
    ],
)
def test_a_closed_question_says_how_it_ended_and_has_no_button(
    question: QuestionPicture, sentence: str
) -> None:
    message = question_message(a_run(), question)
    check_message(message, KNOWN)
    assert sentence in message.text
    assert sentence in all_text(message.blocks)
    assert not buttons(message.blocks)


def test_an_answer_is_shown_with_its_values() -> None:
    shown = all_text(question_message(a_run(), ANSWERED).blocks)
    assert "percent: `30`" in shown
    assert "reason" not in shown


def test_the_form_of_an_answer_has_the_fields_with_their_first_values() -> None:
    fields = [
        a_parameter("percent", ParameterType.INTEGER, required=True),
        a_parameter("reason", required=True, show_if="params.percent > 50"),
    ]
    view = answer_form(a_question().id, "How far?", "It looks good.", fields, {"percent": 25})
    check_view(view)
    assert view["callback_id"] == CallbackId.ANSWER_FORM
    percent, reason = [block for block in view["blocks"] if block["type"] == "input"]
    assert percent["element"]["initial_value"] == "25"
    assert not percent["optional"]
    assert reason["optional"], "whether it is asked is known only when the others are answered"


def test_the_dialog_offers_open_questions_only() -> None:
    view = dialog(a_run(questions=(a_question(), ANSWERED)))
    check_view(view, KNOWN)
    assert all_text(view["blocks"]).count("Waiting for an answer") == 1
    assert buttons(view["blocks"])["Answer…"]["action_id"] == ActionId.ANSWER
