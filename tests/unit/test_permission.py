"""Who may do what: Ada is an admin, Bob and Cyd are members, Gus is a guest."""

from __future__ import annotations

import pytest

from engine.core.permission import Capability, Grant, Policy, Principal

ADMINS = frozenset({"U0ADA"})
ADA = Principal("T0001", "U0ADA")
BOB = Principal("T0001", "U0BOB")
CYD = Principal("T0001", "U0CYD", frozenset({"S0OPS"}))
GUS = Principal("T0001", "U0GUS", is_guest=True)
STRANGER = Principal("T0002", "U0ADA", is_external=True)

RUN, VIEW, APPROVE = (
    Capability.RUN_WORKFLOW,
    Capability.VIEW_WORKFLOW_RUN,
    Capability.APPROVE_WORKFLOW_STEP,
)


def grant(subject: str, *capabilities: Capability, workflow: str = "deploy") -> Grant:
    return Grant(frozenset({subject}), frozenset({workflow}), frozenset(capabilities))


def test_without_a_file_members_list_run_and_view_and_guests_do_nothing() -> None:
    policy = Policy(ADMINS)
    allowed = {capability for capability in Capability if policy.may(BOB, capability, "deploy")}
    assert allowed == {
        Capability.LIST_WORKFLOWS,
        Capability.RUN_WORKFLOW,
        Capability.LIST_WORKFLOW_RUNS,
        Capability.VIEW_WORKFLOW_RUN,
    }
    assert not any(policy.may(GUS, capability, "deploy") for capability in Capability)


@pytest.mark.parametrize("policy", [Policy(ADMINS), Policy(ADMINS, ())])
def test_admins_may_do_everything(policy: Policy) -> None:
    assert all(policy.may(ADA, capability, "deploy") for capability in Capability)


def test_people_of_other_workspaces_may_do_nothing_even_with_an_admins_id() -> None:
    policy = Policy(ADMINS, (grant("everyone", RUN), grant("U0ADA", RUN)))
    assert not any(policy.may(STRANGER, capability, "deploy") for capability in Capability)


def test_a_grant_holds_for_its_workflow_only() -> None:
    policy = Policy(ADMINS, (grant("U0BOB", RUN),))
    assert policy.may(BOB, RUN, "deploy")
    assert not policy.may(BOB, RUN, "report")
    assert not policy.may(BOB, VIEW, "deploy")
    assert not policy.may(CYD, RUN, "deploy")


def test_a_star_grants_all_workflows() -> None:
    assert Policy(ADMINS, (grant("U0BOB", RUN, workflow="*"),)).may(BOB, RUN, "report")


def test_a_group_grants_its_members() -> None:
    policy = Policy(ADMINS, (grant("S0OPS", APPROVE),))
    assert policy.may(CYD, APPROVE, "deploy")
    assert not policy.may(BOB, APPROVE, "deploy")


def test_a_group_that_could_not_be_looked_up_means_no() -> None:
    unknown = Principal("T0001", "U0CYD", groups=None)
    assert not Policy(ADMINS, (grant("S0OPS", APPROVE),)).may(unknown, APPROVE, "deploy")


def test_everyone_means_members_and_a_guest_must_be_named() -> None:
    assert Policy(ADMINS, (grant("everyone", RUN),)).may(BOB, RUN, "deploy")
    assert not Policy(ADMINS, (grant("everyone", RUN),)).may(GUS, RUN, "deploy")
    assert Policy(ADMINS, (grant("U0GUS", RUN),)).may(GUS, RUN, "deploy")


def test_a_guest_holds_nothing_through_a_group() -> None:
    guest = Principal("T0001", "U0GUS", frozenset({"S0OPS"}), is_guest=True)
    assert not Policy(ADMINS, (grant("S0OPS", RUN),)).may(guest, RUN, "deploy")


def test_who_can_be_asked_are_those_named_and_then_the_admins() -> None:
    policy = Policy(
        ADMINS, (grant("U0BOB", RUN), grant("S0OPS", RUN), grant("everyone", RUN), grant("U0CYD", VIEW))
    )
    assert policy.holders(RUN, "deploy") == ("S0OPS", "U0BOB", "U0ADA")
    assert policy.holders(RUN, "report") == ("U0ADA",)
