"""users.*: who is there, their addresses, presence and profiles; what a guest sees of others."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.sandbox.calling import Desk, code_of
from tests.support.sandbox_client import ADA, BOB, CYD, GENERAL, GUS, SandboxClient

BOT = "U0BOT"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_address_is_told_with_its_scope_only(sandbox: SandboxClient, slack: WebClient) -> None:
    assert "email" not in slack.users_info(user=ADA)["user"]["profile"]
    sandbox.scopes(["users:read", "users:read.email"])
    assert slack.users_info(user=ADA)["user"]["profile"]["email"] == "ada@sandbox.example"
    assert "email" not in slack.users_info(user=BOT)["user"]["profile"]
    assert all(p["profile"].get("email") for p in slack.users_list()["members"] if not p["is_bot"])


def test_somebody_is_found_by_address(sandbox: SandboxClient, slack: WebClient) -> None:
    assert code_of(slack.users_lookupByEmail, email="ada@sandbox.example") == "missing_scope"
    sandbox.scopes(["users:read.email"])
    assert slack.users_lookupByEmail(email=" Ada@Sandbox.example ")["user"]["id"] == ADA
    assert code_of(slack.users_lookupByEmail, email="nobody@sandbox.example") == "users_not_found"
    assert code_of(slack.users_lookupByEmail, email="") == "invalid_arguments"
    sandbox.person(ADA, deactivated=True)
    assert code_of(slack.users_lookupByEmail, email="ada@sandbox.example") == "users_not_found"


def test_users_come_in_pages(slack: WebClient) -> None:
    pages = [page["members"] for page in slack.users_list(limit=2)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [person["id"] for page in pages for person in page] == [ADA, BOB, CYD, GUS, BOT]


def test_a_profile_names_its_parts(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["users.profile:read"])
    profile = slack.users_profile_get(user=BOB)["profile"]
    assert (profile["first_name"], profile["last_name"], profile["display_name"]) == ("Bob", "Brown", "bob")
    assert profile["title"] == "Release approver"
    own = slack.users_profile_get()["profile"]
    assert (own["bot_id"], own["api_app_id"]) == ("B0BOT", "A0APP")
    assert code_of(slack.users_profile_get, user="U404") == "user_not_found"


def test_presence_of_oneself_says_why(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["users:read", "users:write"])
    assert slack.users_getPresence(user=ADA).data == {"ok": True, "presence": "active"}
    slack.users_setPresence(presence="away")
    own = slack.users_getPresence(user=BOT)
    assert (own["presence"], own["manual_away"], own["online"]) == ("away", True, False)
    slack.users_setPresence(presence="auto")
    assert slack.api_call("users.getPresence")["presence"] == "active"
    assert code_of(slack.users_setPresence, presence="asleep") == "invalid_presence"


def test_bots_have_no_identity_and_cannot_set_a_profile(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["identity.basic", "users.profile:write"])
    assert code_of(slack.users_identity) == "not_allowed_token_type"
    assert code_of(slack.users_profile_set, name="title", value="x") == "not_allowed_token_type"


def test_an_identity_goes_as_far_as_its_scopes(desk: Desk) -> None:
    basic = desk.call("users.identity", ADA, ["identity.basic"])
    assert basic == {"user": {"name": "Ada Adams", "id": ADA}, "team": {"id": "T0001"}}
    whole = desk.call("users.identity", ADA, ["identity.basic", "identity.email", "identity.team"])
    assert whole["user"]["email"] == "ada@sandbox.example"
    assert whole["team"] == {"id": "T0001", "name": "Sandbox", "domain": "sandbox"}


def test_a_guest_sees_only_people_of_shared_channels(desk: Desk) -> None:
    assert desk.call("users.info", GUS, user=ADA)["user"]["id"] == ADA
    desk.workspace.set_member(GENERAL, ADA, False)
    assert desk.refusal("users.info", GUS, user=ADA) == "user_not_visible"
    assert ADA not in [person["id"] for person in desk.call("users.list", GUS)["members"]]
    assert desk.refusal("users.lookupByEmail", GUS, email="ada@sandbox.example") == "users_not_found"
    assert desk.call("users.info", BOB, user=ADA)["user"]["id"] == ADA


def test_a_person_sets_their_profile(desk: Desk) -> None:
    profile = {
        "title": "Lead",
        "first_name": "Adele",
        "status_text": "Away",
        "status_emoji": ":no_such_emoji:",
    }
    assert desk.refusal("users.profile.set", ADA, profile=profile).endswith("not_valid_emoji")
    profile["status_emoji"] = ":rocket:"
    answer = desk.call("users.profile.set", ADA, profile=profile)
    assert answer["username"] == "ada"
    assert answer["profile"]["real_name"] == "Adele Adams"
    assert desk.call("users.info", user=ADA)["user"]["profile"]["status_emoji"] == ":rocket:"
    kinds = [happening.event["type"] for happening in desk.events]
    assert kinds == ["user_change", "user_profile_changed", "user_status_changed"]
    assert desk.events[0].event["user"]["profile"]["title"] == "Lead"


def test_a_single_key_is_set_by_name(desk: Desk) -> None:
    desk.call("users.profile.set", ADA, name="phone", value="123")
    assert desk.call("users.profile.get", user=ADA)["profile"]["phone"] == "123"
    assert desk.call("users.profile.set", ADA, name="favourite", value="x")["profile"]["phone"] == "123"
    assert [happening.event["type"] for happening in desk.events] == ["user_change", "user_profile_changed"]


def test_a_status_gets_a_balloon_and_ends_with_its_text(desk: Desk) -> None:
    soon = {"status_text": "Lunch", "status_expiration": 1_800_003_600}
    profile = desk.call("users.profile.set", ADA, profile=soon)["profile"]
    assert (profile["status_emoji"], profile["status_expiration"]) == (":speech_balloon:", 1_800_003_600)
    cleared = desk.call("users.profile.set", ADA, profile={"status_text": "", "status_emoji": ""})["profile"]
    assert (cleared["status_text"], cleared["status_expiration"]) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "invalid_profile"),
        ({"profile": "{"}, "invalid_profile"),
        ({"profile": "[]"}, "invalid_profile"),
        ({"profile": {"title": 7}}, "invalid_profile"),
        ({"profile": {"x" * 256: "y"}}, "invalid_profile"),
        ({"profile": {str(n): "y" for n in range(51)}}, "invalid_profile"),
        ({"profile": {"status_text": "x" * 101}}, "too_long"),
        ({"profile": {"status_expiration": "soon"}}, "invalid_profile"),
        ({"profile": {"real_name": "@ada"}}, "invalid_starts_with_at"),
        ({"profile": {"display_name": "see https://x.example"}}, "name_not_allowed"),
        ({"profile": {"real_name": ""}}, "profile_set_failed"),
        ({"profile": {"email": "x@y.example"}}, "not_admin"),
        ({"profile": {"title": "x"}, "user": ADA}, "not_admin"),
    ],
)
def test_wrong_profiles_are_refused(desk: Desk, arguments: dict[str, Any], error: str) -> None:
    assert desk.refusal("users.profile.set", BOB, **arguments) == error
    assert desk.events == []


def test_profiles_outlive_a_restart(desk: Desk) -> None:
    desk.call("users.profile.set", ADA, profile={"title": "Lead"})
    other = Desk()
    other.workspace.load(desk.workspace.dump())
    assert other.call("users.info", user=ADA)["user"]["profile"]["title"] == "Lead"
    other.sandbox.reset()
    assert other.call("users.info", user=ADA)["user"]["profile"]["title"] == "Platform lead"
