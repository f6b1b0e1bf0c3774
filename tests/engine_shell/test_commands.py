"""What people ask for in the same instant, again and again, or too late: one effect, and one story of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle, islice

import pytest
from sqlalchemy import text

from engine import commands
from engine.commands import CancelAsked, Decided, Started
from engine.core.errors import Conflict, NotFound, Refused
from engine.core.events import ApprovalStatus
from engine.core.permission import Principal
from engine.core.picture import ApprovalPicture
from engine.core.state import RunStatus, TaskStatus
from engine.loops.timers import Timers
from tests.engine_shell.steps import wait_until
from tests.engine_shell.workshop import ADA, BOB, CYD, GUS, PATIENCE, Workshop, at_once

ROUNDS = 20
THREADS = 8


def approval_of(shop: Workshop, run_id: str) -> ApprovalPicture:
    (approval,) = shop.picture(run_id).approvals
    return approval


def decide(
    shop: Workshop, run_id: str, who: Principal, approve: bool, key: str | None = None
) -> Callable[[], Decided]:
    approval_id = approval_of(shop, run_id).id
    return lambda: commands.decide(shop.engine, who, approval_id, approve=approve, delivery_key=key)


def make_timers_due(shop: Workshop) -> None:
    with shop.database.write() as c:
        c.execute(text("UPDATE timer SET due_at = 1"))


# --- in the same instant


@pytest.mark.parametrize("answers", [(True,), (True, False)], ids=["all approve", "some reject"])
def test_of_people_who_decide_in_the_same_instant_one_does_and_the_others_are_told(
    shop: Workshop, answers: tuple[bool, ...]
) -> None:
    for _ in range(ROUNDS):
        run_id = shop.start("ask")
        people = islice(zip(cycle([BOB, CYD]), cycle([*answers, *reversed(answers)]), strict=False), THREADS)

        results = at_once([decide(shop, run_id, who, approve) for who, approve in people])

        (decided,) = [result for result in results if isinstance(result, Decided)]
        refusals = [result for result in results if isinstance(result, Conflict)]
        assert len(refusals) == THREADS - 1, results
        approval = approval_of(shop, run_id)
        (decision,) = approval.decisions
        assert decision.approve == decided.approve
        assert {refusal.people for refusal in refusals} == {(decision.user_id,)}
        assert approval.status.value == decided.status == ("approved" if decided.approve else "rejected")
        assert shop.facts(run_id).count("decision_made") == 1


APPROVED = ("decision_made", "approval_approved", "step_scheduled")
CANCELLED = ("cancel_requested", "run_cancelled")
STORIES = {
    # what the trail tells after the question was asked: how the approval and the run stand then
    APPROVED: (ApprovalStatus.APPROVED, RunStatus.RUNNING),
    (*APPROVED, *CANCELLED): (ApprovalStatus.APPROVED, RunStatus.CANCELLED),
    ("decision_made", "approval_rejected", "run_rejected"): (ApprovalStatus.REJECTED, RunStatus.REJECTED),
    ("approval_expired", "run_rejected"): (ApprovalStatus.EXPIRED, RunStatus.REJECTED),
    CANCELLED: (ApprovalStatus.CANCELLED, RunStatus.CANCELLED),
}


def test_approving_rejecting_cancelling_and_running_out_of_time_make_one_legal_story(shop: Workshop) -> None:
    seen = set()
    for round_ in range(ROUNDS):
        run_id = shop.start("ask")
        make_timers_due(shop)
        things: list[Callable[[], object]] = [
            decide(shop, run_id, BOB, True),
            decide(shop, run_id, CYD, False),
            partial(commands.cancel_run, shop.engine, ADA, run_id),
            Timers(shop.engine).tick,
        ]
        first = round_ % len(things)  # whoever is asked first has the best chance

        results = at_once([*things[first:], *things[:first]] * 2)

        begun, story = shop.facts(run_id)[:3], tuple(shop.facts(run_id)[3:])
        assert begun == ["run_started", "step_scheduled", "approval_requested"]
        approval, picture = approval_of(shop, run_id), shop.picture(run_id)
        assert STORIES[story] == (approval.status, picture.status)
        assert len(approval.decisions) == story.count("decision_made")
        assert len([r for r in results if isinstance(r, Decided)]) == story.count("decision_made")
        assert len([r for r in results if isinstance(r, CancelAsked)]) == story.count("cancel_requested")
        assert all(r is None or isinstance(r, Decided | CancelAsked | Conflict) for r in results), results
        seen.add(story)
    assert len(seen) > 1, f"the same won every time: {seen}"


def test_a_cancel_and_the_end_of_a_step_make_one_legal_story(shop: Workshop) -> None:
    with shop.worker(slots=2):
        for round_ in range(ROUNDS):
            run_id = shop.start("chain")
            wait_until(partial(has_completed, shop, run_id, round_ % 4), PATIENCE)

            (result,) = at_once([partial(commands.cancel_run, shop.engine, ADA, run_id)])

            picture, facts = shop.wait_for_end(run_id), shop.facts(run_id)
            if isinstance(result, CancelAsked):
                assert picture.status is RunStatus.CANCELLED
                assert facts[-1] == "run_cancelled"
                assert "step_scheduled" not in facts[facts.index("cancel_requested") :]
                ends = {task.status for task in picture.tasks}
                assert ends <= {TaskStatus.COMPLETED, TaskStatus.CANCELLED}
            else:
                assert isinstance(result, Conflict)
                assert picture.status is RunStatus.COMPLETED


def has_completed(shop: Workshop, run_id: str, count: int) -> bool:
    """Whether so many steps of the run have ended well."""
    return [task.status for task in shop.picture(run_id).tasks].count(TaskStatus.COMPLETED) >= count


# --- again and again


def test_a_submit_that_arrives_many_times_at_once_starts_one_run(shop: Workshop) -> None:
    def start() -> Started:
        return commands.start_run(shop.engine, ADA, "chain", {}, channel_id=None, delivery_key="submit:1")

    first, *others = at_once([start] * THREADS)

    assert isinstance(first, Started)
    assert others == [first] * (THREADS - 1)
    assert first.number == 1
    again = commands.start_run(shop.engine, ADA, "chain", {}, channel_id=None, delivery_key="submit:2")
    assert again.number == 2


def test_a_decision_that_arrives_many_times_at_once_counts_once(shop: Workshop) -> None:
    run_id = shop.start("ask")

    first, *others = at_once([decide(shop, run_id, BOB, True, "click:1")] * THREADS)

    assert isinstance(first, Decided)
    assert others == [first] * (THREADS - 1)
    assert shop.facts(run_id).count("decision_made") == 1


def test_a_cancel_that_arrives_many_times_at_once_is_one_cancel(shop: Workshop) -> None:
    run_id = shop.start("ask")

    def cancel() -> CancelAsked:
        return commands.cancel_run(shop.engine, ADA, run_id, delivery_key="click:1")

    first, *others = at_once([cancel] * THREADS)

    assert isinstance(first, CancelAsked)
    assert others == [first] * (THREADS - 1)
    assert shop.facts(run_id).count("cancel_requested") == 1


def test_what_was_refused_does_not_happen_later_because_its_request_is_repeated(shop: Workshop) -> None:
    """Somebody keeps a signed request and sends it again once it would be allowed."""
    run_id = shop.start("ask")
    unknown = replace(GUS, groups=None)
    member = replace(GUS, groups=frozenset({"S0ONCALL"}))
    with pytest.raises(Refused) as first:
        decide(shop, run_id, unknown, True, "click:1")()

    with pytest.raises(Refused) as again:
        decide(shop, run_id, member, True, "click:1")()

    assert again.value.sentence == first.value.sentence
    assert approval_of(shop, run_id).status is ApprovalStatus.OPEN
    assert decide(shop, run_id, member, True, "click:2")().status == "approved"


def test_a_replayed_click_changes_nothing_and_is_answered_as_before(shop: Workshop) -> None:
    run_id = shop.start("ask")
    decided = decide(shop, run_id, BOB, True, "click:1")
    with pytest.raises(NotFound):
        commands.cancel_run(shop.engine, ADA, "no such run", delivery_key="click:2")
    first = decided()
    facts = shop.facts(run_id)

    assert decided() == first
    with pytest.raises(Conflict, match="was approved by U0BOB already"):
        decide(shop, run_id, CYD, False, "click:3")()
    with pytest.raises(NotFound):
        commands.cancel_run(shop.engine, ADA, run_id, delivery_key="click:2")

    assert shop.facts(run_id) == facts
    assert shop.picture(run_id).status is RunStatus.RUNNING


def test_a_person_who_answers_twice_is_told_so(shop: Workshop) -> None:
    run_id = shop.start("ask")
    decide(shop, run_id, BOB, False)()

    with pytest.raises(Conflict, match="was rejected by U0BOB already; your answer changed nothing"):
        decide(shop, run_id, BOB, True)()
