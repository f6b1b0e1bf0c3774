"""Steps that wait: for somebody's values, for Slack to take a message, for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine import commands
from engine.core.errors import Conflict, InvalidParameters, Refused
from engine.core.events import Failed, InputStatus, Succeeded
from engine.core.permission import Principal
from engine.core.state import RunStatus, TaskStatus
from tests.engine_shell.workshop import ADA, BOB, CYD, GUS, TEAM, Workshop, at_once
from tests.features.traces import question_of, statuses, wait_for_step

ASKING = """
name: asking
steps:
  ask:
    input:
      title: How far, {{ run.requester }}?
      message: Of a hundred.
      fields:
        percent: {type: integer, min: 1, max: 100, default: 25, required: true}
        reason: {type: text}
        regions: {type: multi_choice, options: [eu, us]}
      people: {users: [U0BOB], groups: [S0ONCALL]}
  widen:
    needs: [ask]
    run: echo "[$PERCENT]"
    env: {PERCENT: '{{ steps.ask.result.percent + 1 }}'}
"""

ANYBODY = """
name: anybody
steps:
  ask: {input: {title: 'How far?', fields: {percent: {type: integer, required: true}}}}
"""

EXPIRING = """
name: NAME
steps:
  ask:
    input:
      title: How far?
      fields: {percent: {type: integer, default: 25}, reason: {type: text}}
      timeout: 1s
      on_timeout: POLICY
  after: {needs: [ask], set: {percent: '{{ steps.ask.result.percent }}'}}
"""

SAYING = """
name: saying
parameters: {wait: {type: string, default: 5m}}
steps:
  say: {message: {channel: '#releases', text: 'Run {{ run.number }} says hello.'}}
  after: {needs: [say], set: {ts: '{{ steps.say.result.ts }}'}}
"""

UNHEARD = """
name: unheard
steps:
  say: {message: 'Hello.', timeout: 1s}
"""

WAITING = """
name: waiting
parameters: {until: {type: string}}
steps:
  pause: {wait: {until: '{{ params.until }}', zone: Europe/Berlin}}
  after: {needs: [pause], run: 'true'}
"""

PAUSE = """
name: pause
parameters: {seconds: {type: number}}
steps:
  pause: {wait: {duration: '{{ params.seconds }}'}}
"""

FILES = (
    ASKING,
    ANYBODY,
    EXPIRING.replace("NAME", "failing").replace("POLICY", "fail"),
    EXPIRING.replace("NAME", "defaulting").replace("POLICY", "defaults"),
    SAYING,
    UNHEARD,
    WAITING,
    PAUSE,
)


def test_an_answer_is_data_for_later_steps(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("asking")
        question = question_of(shop, run_id)
        assert (question.title, question.message) == ("How far, U0ADA?", "Of a hundred.")
        assert shop.picture(run_id).status is RunStatus.RUNNING
        answered = commands.answer_question(shop.engine, BOB, question.id, {"percent": 40, "regions": ["us"]})
        assert (answered.run_id, answered.number) == (run_id, 1)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "ask").result == {"percent": 40, "reason": None, "regions": ["us"]}
    assert shop.task(run_id, "widen").result == [41]
    assert question_of(shop, run_id).status is InputStatus.ANSWERED
    assert question_of(shop, run_id).answered_by == "U0BOB"
    facts = shop.facts(run_id)
    assert facts.index("input_requested") < facts.index("input_answered")


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"percent": 101}, "percent", "100"),
        ({"percent": "many"}, "percent", "whole number"),
        ({"regions": ["moon"]}, "regions", "moon"),
        ({"prcent": 3}, "prcent", ""),
    ],
)
def test_values_that_do_not_fit_are_refused_with_a_sentence_and_the_question_stays_open(
    shop: Workshop, values: dict[str, object], field: str, words: str
) -> None:
    run_id = shop.start("asking")
    question = question_of(shop, run_id)
    with pytest.raises(InvalidParameters) as refused:
        commands.answer_question(shop.engine, BOB, question.id, values)  # type: ignore[arg-type]
    assert words in refused.value.mistakes[field]
    assert question_of(shop, run_id).status is InputStatus.OPEN


def test_only_who_was_asked_may_answer(shop: Workshop) -> None:
    question = question_of(shop, shop.start("asking"))
    with pytest.raises(Refused, match=r"only the people named on it may decide\. Ask U0BOB, S0ONCALL"):
        commands.answer_question(shop.engine, ADA, question.id, {"percent": 1})
    on_call = Principal(TEAM, "U0CYD", frozenset({"S0ONCALL"}))
    assert not commands.may_answer(shop.engine, GUS, question)
    assert commands.may_answer(shop.engine, on_call, question)
    assert commands.answer_question(shop.engine, on_call, question.id, {"percent": 1})


def test_where_nobody_is_named_whoever_may_run_the_workflow_answers_and_guests_do_not(shop: Workshop) -> None:
    question = question_of(shop, shop.start("anybody"))
    with pytest.raises(Refused):
        commands.answer_question(shop.engine, Principal(TEAM, "U0GUEST", is_guest=True), question.id, {})
    with pytest.raises(InvalidParameters):
        commands.answer_question(shop.engine, CYD, question.id, {})
    assert commands.answer_question(shop.engine, CYD, question.id, {"percent": 3})


def test_of_two_answers_in_the_same_instant_one_counts_and_the_other_is_told(shop: Workshop) -> None:
    run_id = shop.start("anybody")
    question = question_of(shop, run_id)
    answers = at_once(
        [
            lambda who=who, number=number: commands.answer_question(  # type: ignore[misc]
                shop.engine, who, question.id, {"percent": number}
            )
            for number, who in enumerate((BOB, CYD), 1)
        ]
    )
    (refused,) = [each for each in answers if isinstance(each, Conflict)]
    assert "has answered this for run #1 already; your answer changed nothing." in refused.sentence
    assert shop.picture(run_id).status is RunStatus.COMPLETED


def test_a_question_that_nobody_answers_fails_its_step(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("failing")
        question = question_of(shop, run_id)
        picture = shop.wait_for_end(run_id)
    assert (picture.status, picture.error) == (RunStatus.FAILED, "Ask failed: Nobody answered in time.")
    with pytest.raises(Conflict, match="expired already"):
        commands.answer_question(shop.engine, ADA, question.id, {"percent": 1})


def test_a_question_that_nobody_answers_may_go_on_with_its_defaults(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("defaulting")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "ask").result == {"percent": 25, "reason": None}
    assert question_of(shop, run_id).status is InputStatus.EXPIRED


def test_a_cancel_closes_the_question(shop: Workshop) -> None:
    run_id = shop.start("asking")
    question = question_of(shop, run_id)
    assert commands.cancel_run(shop.engine, ADA, run_id).status == "cancelled"
    assert question_of(shop, run_id).status is InputStatus.CANCELLED
    with pytest.raises(Conflict, match="cancelled already"):
        commands.answer_question(shop.engine, BOB, question.id, {"percent": 1})


# --- messages


def test_a_message_that_slack_has_taken_completes_its_step(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("saying")
        wait_for_step(shop, run_id, "say", TaskStatus.WAITING)
        assert shop.task(run_id, "say").arguments == {
            "channel": "#releases",
            "user": None,
            "text": "Run 1 says hello.",
        }
        commands.settle_message(shop.engine, run_id, "say", Succeeded({"channel": "C1", "ts": "1.2"}))
        commands.settle_message(shop.engine, run_id, "say", Failed("too late"))
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    assert shop.task(run_id, "after").result == {"ts": "1.2"}


def test_a_message_that_slack_refuses_fails_its_step(shop: Workshop) -> None:
    run_id = shop.start("saying")
    commands.settle_message(shop.engine, run_id, "say", Failed("There is no channel #releases."))
    picture = shop.picture(run_id)
    assert (picture.status, picture.error) == (
        RunStatus.FAILED,
        "Say failed: There is no channel #releases.",
    )


def test_a_message_that_slack_does_not_take_in_time_fails_its_step(shop: Workshop) -> None:
    with shop.worker():
        picture = shop.wait_for_end(shop.start("unheard"))
    assert (picture.status, picture.error) == (
        RunStatus.FAILED,
        "Say failed: Slack did not take the message in time.",
    )


# --- waits


def test_a_wait_until_a_time_ends_then(shop: Workshop) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat(timespec="milliseconds")
    with shop.worker():
        run_id = shop.start("waiting", until=until)
        assert statuses(shop.picture(run_id))["pause"] == "waiting"
        picture = shop.wait_for_end(run_id)
    assert picture.status is RunStatus.COMPLETED
    ended = shop.task(run_id, "pause").finished_at
    assert ended is not None
    assert 0 <= ended - datetime.fromisoformat(until).timestamp() * 1000 < 30_000


def test_a_wait_until_a_time_that_is_over_completes(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("waiting", until="2020-01-31T07:30")
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED


def test_a_wait_until_a_time_of_day_is_the_next_one_in_its_zone(shop: Workshop) -> None:
    run_id = shop.start("waiting", until="07:30")
    waits_until = shop.task(run_id, "pause").waits_until
    assert waits_until
    then = datetime.fromtimestamp(waits_until / 1000, UTC)
    assert (then.minute, then.hour in (5, 6)) == (30, True)
    assert timedelta(0) < then - datetime.now(UTC) <= timedelta(hours=25)


def test_a_time_that_is_none_ends_the_run_in_error(shop: Workshop) -> None:
    picture = shop.picture(shop.start("waiting", until="soon"))
    assert (picture.status, "'soon' is no time." in str(picture.error)) == (RunStatus.ERROR, True)


def test_a_wait_may_be_computed(shop: Workshop) -> None:
    with shop.worker():
        run_id = shop.start("pause", seconds=0.5)
        assert shop.wait_for_end(run_id).status is RunStatus.COMPLETED
    task = shop.task(run_id, "pause")
    assert task.started_at
    assert task.finished_at
    assert task.finished_at - task.started_at >= 500
