"""What nobody planned for: definitions that cannot be read any more, late answers, repeated refusals."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from engine import commands
from engine.attempts import claim_next, give_up
from engine.core.errors import Conflict, Refused
from engine.core.permission import Principal
from engine.core.state import RunStatus, TaskStatus
from engine.registry import Registry
from engine.versions import Versions
from engine.worker import Worker
from tests.engine_shell.workshop import ADA, BOB, CYD, Workshop


def test_a_run_whose_definition_cannot_be_read_any_more_ends_as_error(shop: Workshop) -> None:
    run_id = shop.start("ask")
    with shop.database.write() as c:
        c.execute(text("UPDATE workflow_version SET source = 'name: ask'"))
    engine = replace(shop.engine, versions=Versions())  # as after an upgrade and a restart

    commands.cancel_run(engine, ADA, run_id)

    picture = shop.picture(run_id)
    assert picture.status is RunStatus.ERROR
    assert "cannot be read any more" in str(picture.error)
    assert {task.status for task in picture.tasks} == {TaskStatus.CANCELLED}
    assert not picture.open_approvals
    with pytest.raises(Conflict, match="has ended already"):
        commands.cancel_run(engine, ADA, run_id)


def test_an_answer_after_its_time_does_not_count_although_the_timer_is_late(shop: Workshop) -> None:
    run_id = shop.start("ask")
    with shop.database.write() as c:
        c.execute(text("UPDATE approval SET expires_at = 1"))

    with pytest.raises(Conflict, match="time for this answer is up"):
        commands.decide(shop.engine, BOB, shop.picture(run_id).approvals[0].id, approve=True)

    assert shop.picture(run_id).approvals[0].decisions == ()


def test_a_refused_start_stays_refused_when_it_is_delivered_again(shop: Workshop) -> None:
    guest = Principal(ADA.team_id, "U0GUS", is_guest=True)
    admin = replace(shop.engine, admins=frozenset({"U0GUS"}))
    with pytest.raises(Exception, match="no workflow named") as first:
        commands.start_run(shop.engine, guest, "ask", {}, channel_id=None, delivery_key="k")

    with pytest.raises(type(first.value), match="no workflow named"):
        commands.start_run(admin, guest, "ask", {}, channel_id=None, delivery_key="k")


def test_a_started_run_stays_started_when_its_workflow_is_gone_at_the_repetition(shop: Workshop) -> None:
    first = commands.start_run(shop.engine, ADA, "ask", {}, channel_id=None, delivery_key="k")
    empty = shop.engine.registry.folder / "empty"
    empty.mkdir()
    forgetful = replace(shop.engine, registry=Registry(empty))

    again = commands.start_run(forgetful, ADA, "ask", {}, channel_id=None, delivery_key="k")

    assert again == first


def test_an_attempt_that_was_given_up_before_it_began_does_not_begin(shop: Workshop) -> None:
    worker = Worker(shop.engine)
    run_id = shop.start("chain")
    claim = claim_next(shop.engine, worker.name)
    assert claim is not None
    give_up(shop.engine, claim)

    worker._follow(claim, time.monotonic())

    (task,) = [task for task in shop.picture(run_id).tasks if task.step_id == claim.step_id]
    assert task.stdout.text == ""
    assert task.status is TaskStatus.ERROR


def test_a_refusal_names_people_again(shop: Workshop) -> None:
    approval_id = shop.picture(shop.start("ask")).approvals[0].id
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            commands.decide(shop.engine, ADA, approval_id, approve=True, delivery_key="k")
        assert set(caught.value.people) >= {BOB.user_id, CYD.user_id}
