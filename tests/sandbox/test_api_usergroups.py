"""usergroups.*: groups that people are mentioned by, and the events about them."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, GUS, SandboxClient

ONCALL = "S0ONCALL"


@pytest.fixture
def manager(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    sandbox.scopes(["usergroups:read", "usergroups:write"])
    return slack


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_new_group_can_be_filled(manager: WebClient) -> None:
    group = manager.usergroups_create(name="Release crew", description="They ship")["usergroup"]
    assert group["id"].startswith("S")
    assert (group["handle"], group["description"], group["users"]) == ("release-crew", "They ship", [])
    assert (group["created_by"], group["date_delete"], group["deleted_by"]) == ("U0BOT", 0, None)
    filled = manager.usergroups_users_update(usergroup=group["id"], users=[ADA, BOB], include_count=True)
    assert (filled["usergroup"]["users"], filled["usergroup"]["user_count"]) == ([ADA, BOB], 2)
    assert manager.usergroups_users_list(usergroup=group["id"])["users"] == [ADA, BOB]


def test_the_list_tells_what_is_asked_for(manager: WebClient) -> None:
    (bare,) = manager.usergroups_list()["usergroups"]
    assert "users" not in bare
    assert "user_count" not in bare
    (full,) = manager.usergroups_list(include_users=True, include_count=True)["usergroups"]
    assert (full["users"], full["user_count"]) == ([BOB, CYD], 2)


def test_a_disabled_group_is_hidden_until_it_is_enabled(manager: WebClient) -> None:
    gone = manager.usergroups_disable(usergroup=ONCALL)["usergroup"]
    assert gone["date_delete"] > 1_600_000_000
    assert gone["deleted_by"] == "U0BOT"
    assert manager.usergroups_list()["usergroups"] == []
    assert len(manager.usergroups_list(include_disabled=True)["usergroups"]) == 1
    assert code_of(manager.usergroups_users_list, usergroup=ONCALL) == "no_such_subteam"
    assert manager.usergroups_users_list(usergroup=ONCALL, include_disabled=True)["users"] == [BOB, CYD]
    assert manager.usergroups_enable(usergroup=ONCALL)["usergroup"]["date_delete"] == 0
    assert len(manager.usergroups_list()["usergroups"]) == 1


def test_an_update_changes_only_what_is_given(manager: WebClient) -> None:
    changed = manager.usergroups_update(usergroup=ONCALL, name="Duty", channels=[GENERAL])["usergroup"]
    assert (changed["name"], changed["handle"], changed["users"]) == ("Duty", "oncall", [BOB, CYD])
    assert changed["prefs"] == {"channels": [GENERAL], "groups": []}
    assert changed["channel_count"] == 1
    same = manager.usergroups_update(usergroup=ONCALL, handle="@oncall", name="Duty")["usergroup"]
    assert same["handle"] == "oncall"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "invalid_arguments"),
        ({"name": " "}, "missing_subteam_name"),
        ({"name": "x" * 81}, "name_too_long"),
        ({"name": "on CALL"}, "name_already_exists"),
        ({"name": "x", "handle": "on call"}, "bad_handle"),
        ({"name": "x", "handle": "y" * 22}, "bad_handle"),
        ({"name": "漢字"}, "bad_handle"),
        ({"name": "x", "handle": "here"}, "forbidden_handle"),
        ({"name": "x", "handle": "oncall"}, "handle_already_exists"),
        ({"name": "x", "handle": "ada"}, "handle_already_exists"),
        ({"name": "x", "handle": "general"}, "handle_already_exists"),
        ({"name": "x", "description": "y" * 141}, "description_too_long"),
        ({"name": "x", "channels": "C404"}, "invalid_channel_provided"),
    ],
)
def test_wrong_groups_are_refused(manager: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert code_of(manager.api_call, api_method="usergroups.create", json=arguments) == error
    assert len(manager.usergroups_list()["usergroups"]) == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"usergroup": "S404", "users": ADA}, "no_such_subteam"),
        ({"usergroup": ONCALL}, "no_users_provided"),
        ({"usergroup": ONCALL, "users": ""}, "no_users_provided"),
        ({"usergroup": ONCALL, "users": "U404"}, "invalid_users"),
        ({"usergroup": ONCALL, "users": f"{ADA},U0BOT"}, "invalid_users"),
        ({"users": ADA}, "invalid_arguments"),
    ],
)
def test_wrong_members_are_refused(manager: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert code_of(manager.api_call, api_method="usergroups.users.update", json=arguments) == error
    assert manager.usergroups_users_list(usergroup=ONCALL)["users"] == [BOB, CYD]


def test_a_closed_account_is_in_no_group(sandbox: SandboxClient, manager: WebClient) -> None:
    sandbox.person(GUS, deactivated=True)
    assert code_of(manager.usergroups_users_update, usergroup=ONCALL, users=GUS) == "invalid_users"


def test_reading_scopes_change_nothing(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["usergroups:read"])
    assert code_of(slack.usergroups_create, name="x") == "missing_scope"
    for method in (slack.usergroups_enable, slack.usergroups_disable, slack.usergroups_update):
        assert code_of(method, usergroup=ONCALL) == "missing_scope"


def test_guests_change_no_groups(desk: Desk) -> None:
    assert desk.refusal("usergroups.create", GUS, name="x") == "permission_denied"
    assert desk.refusal("usergroups.disable", GUS, usergroup=ONCALL) == "permission_denied"


def test_every_change_is_told(desk: Desk) -> None:
    made = desk.call("usergroups.create", name="Crew")["usergroup"]["id"]
    desk.clock.time += 60
    desk.call("usergroups.users.update", usergroup=ONCALL, users=[CYD, ADA])
    desk.call("usergroups.users.update", usergroup=ONCALL, users=[ADA, CYD])
    kinds = [happening.event["type"] for happening in desk.events]
    assert kinds == ["subteam_created", "subteam_updated", "subteam_members_changed", "subteam_updated"]
    assert desk.heard("subteam_created")[0]["subteam"]["id"] == made
    assert desk.heard("subteam_members_changed") == [
        {
            "type": "subteam_members_changed",
            "subteam_id": ONCALL,
            "team_id": "T0001",
            "date_previous_update": 0,
            "date_update": 1_800_000_060,
            "added_users": [ADA],
            "added_users_count": 1,
            "removed_users": [BOB],
            "removed_users_count": 1,
        }
    ]


def test_groups_outlive_a_restart_and_go_with_a_reset(desk: Desk) -> None:
    made = desk.call("usergroups.create", name="Crew", channels=GENERAL)["usergroup"]["id"]
    other = Desk()
    other.workspace.load(desk.workspace.dump())
    assert other.call("usergroups.list")["usergroups"] == desk.call("usergroups.list")["usergroups"]
    other.sandbox.reset()
    assert other.refusal("usergroups.users.list", usergroup=made) == "no_such_subteam"
