"""Who may list, run, view, cancel and approve: asked of the commands themselves, with and without a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine import commands
from engine.advance import Engine
from engine.core.errors import NotFound, Problem, Refused
from engine.core.permission import Principal
from engine.expressions import Expressions
from engine.patterns import matches
from engine.registry import Registry
from store import approvals
from store.database import Database

ADA = Principal("T0001", "U0ADA")
BOB = Principal("T0001", "U0BOB")
CYD = Principal("T0001", "U0CYD", frozenset({"S0ONCALL"}))
GUS = Principal("T0001", "U0GUS", is_guest=True)
EVE = Principal("T0001", "U0EVE", is_external=True)
STRANGER = Principal("T0002", "U0ADA")

OPEN = "name: open\nsteps: {ask: {approval: {title: 'Go on?'}}}"
NAMED = "name: named\nsteps: {ask: {approval: {title: 'Go on?', approvers: {users: [U0BOB], groups: [S0ONCALL]}}}}"
GRANTS = """
grants:
  - to: {users: [U0BOB]}
    workflows: [open]
    allow: [LIST_WORKFLOWS, RUN_WORKFLOW, VIEW_WORKFLOW_RUN]
  - to: {groups: [S0ONCALL]}
    workflows: '*'
    allow: [LIST_WORKFLOWS, VIEW_WORKFLOW_RUN, CANCEL_WORKFLOW_RUN, APPROVE_WORKFLOW_STEP]
  - to: {everyone: true}
    workflows: [named]
    allow: [LIST_WORKFLOWS]
"""


@pytest.fixture
def engine(database: Database, tmp_path: Path) -> Engine:
    (tmp_path / "open.yml").write_text(OPEN)
    (tmp_path / "named.yml").write_text(NAMED)
    return Engine(database, Registry(tmp_path), Expressions(), matches, frozenset({"U0ADA"}))


@pytest.fixture
def engine_with_grants(engine: Engine, tmp_path: Path) -> Engine:
    (tmp_path / "permissions.yml").write_text(GRANTS)
    registry = Registry(tmp_path)
    assert registry.mistakes() == ()
    return Engine(engine.database, registry, engine.evaluate, matches, frozenset({"U0ADA"}))


def start(engine: Engine, who: Principal, name: str) -> str:
    return commands.start_run(engine, who, name, {}, channel_id=None).run_id


def approval_of(engine: Engine, run_id: str) -> str:
    with engine.database.read() as c:
        return approvals.open_approval_id(c, run_id, "ask")


def allowed(attempt: Callable[[], object]) -> bool:
    """Whether it is done; anything but a refusal or a 'there is no such thing' is an error of the test."""
    try:
        attempt()
    except (Refused, NotFound):
        return False
    return True


@pytest.mark.parametrize(("who", "may"), [(ADA, True), (BOB, True), (CYD, True), (GUS, False), (EVE, False)])
def test_without_a_file_full_members_list_and_run(engine: Engine, who: Principal, may: bool) -> None:
    assert bool(commands.visible_workflows(engine, who)) is may
    assert allowed(lambda: start(engine, who, "open")) is may


@pytest.mark.parametrize(("who", "may"), [(ADA, True), (BOB, True), (CYD, False), (GUS, False), (EVE, False)])
def test_without_a_file_the_requester_and_admins_cancel(engine: Engine, who: Principal, may: bool) -> None:
    run_id = start(engine, BOB, "open")

    assert allowed(lambda: commands.cancel_run(engine, who, run_id)) is may


@pytest.mark.parametrize(
    ("who", "may"), [(ADA, False), (BOB, False), (CYD, True), (GUS, False), (EVE, False)]
)
def test_named_approvers_decide_and_nobody_else_not_even_an_admin(
    engine: Engine, who: Principal, may: bool
) -> None:
    run_id = start(engine, BOB, "named")  # Bob is named, and may still not approve his own run
    approval_id = approval_of(engine, run_id)

    assert allowed(lambda: commands.decide(engine, who, approval_id, approve=True)) is may


@pytest.mark.parametrize(
    ("who", "may"), [(ADA, True), (BOB, False), (CYD, False), (GUS, False), (EVE, False)]
)
def test_where_nobody_is_named_the_capability_decides(engine: Engine, who: Principal, may: bool) -> None:
    approval_id = approval_of(engine, start(engine, BOB, "open"))

    assert allowed(lambda: commands.decide(engine, who, approval_id, approve=True)) is may


def test_groups_that_could_not_be_looked_up_count_as_no(engine: Engine) -> None:
    approval_id = approval_of(engine, start(engine, ADA, "named"))
    unknown = Principal("T0001", "U0CYD", groups=None)

    with pytest.raises(Refused, match="could not be verified"):
        commands.decide(engine, unknown, approval_id, approve=True)


def test_another_workspace_sees_nothing(engine: Engine) -> None:
    run_id = start(engine, ADA, "named")

    for attempt in (
        lambda: commands.viewable_run(engine, STRANGER, run_id),
        lambda: commands.find_viewable_run(engine, STRANGER, 1),
        lambda: commands.cancel_run(engine, STRANGER, run_id),
        lambda: commands.decide(engine, STRANGER, approval_of(engine, run_id), approve=True),
    ):
        with pytest.raises(NotFound):
            attempt()


@pytest.mark.parametrize(
    ("who", "listed"),
    [(ADA, ["named", "open"]), (BOB, ["named", "open"]), (CYD, ["named", "open"]), (GUS, []), (EVE, [])],
)
def test_with_a_file_people_see_what_it_grants_them(
    engine_with_grants: Engine, who: Principal, listed: list[str]
) -> None:
    seen = commands.visible_workflows(engine_with_grants, who)

    assert [workflow.name for workflow in seen] == listed


@pytest.mark.parametrize(
    ("who", "name", "may"),
    [(BOB, "open", True), (BOB, "named", False), (CYD, "open", False), (ADA, "named", True)],
)
def test_with_a_file_running_needs_its_grant(
    engine_with_grants: Engine, who: Principal, name: str, may: bool
) -> None:
    assert allowed(lambda: start(engine_with_grants, who, name)) is may


def test_a_workflow_one_may_not_list_does_not_exist(engine_with_grants: Engine) -> None:
    dora = Principal("T0001", "U0DORA")

    with pytest.raises(NotFound, match="no workflow named 'open'"):
        start(engine_with_grants, dora, "open")


@pytest.mark.parametrize(("who", "may"), [(CYD, True), (BOB, True), (Principal("T0001", "U0DORA"), False)])
def test_with_a_file_viewing_and_cancelling_need_their_grants(
    engine_with_grants: Engine, who: Principal, may: bool
) -> None:
    run_id = start(engine_with_grants, BOB, "open")

    assert allowed(lambda: commands.viewable_run(engine_with_grants, who, run_id)) is may
    assert allowed(lambda: commands.cancel_run(engine_with_grants, who, run_id)) is may


def test_a_refusal_says_what_is_missing_and_whom_to_ask(engine_with_grants: Engine) -> None:
    with pytest.raises(Problem) as caught:
        start(engine_with_grants, CYD, "open")

    assert "RUN_WORKFLOW" in caught.value.sentence
    assert caught.value.people == ("U0BOB", "U0ADA")
