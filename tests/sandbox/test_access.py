"""Tokens: which kinds there are, what each may do, and how it ends."""

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.access import AccessTokens, Grant
from sandbox.errors import SlackError
from sandbox.people import BOT_USER_ID
from tests.sandbox.conftest import TOKEN, MovableClock
from tests.support.sandbox_client import ADA, BOB, GENERAL, SandboxClient

KINDS = frozenset({"bot", "user"})


def tokens(clock: MovableClock | None = None, **more: Any) -> AccessTokens:
    return AccessTokens(clock or MovableClock(), "xoxb-first", "xapp-1", ["chat:write"], **more)


def error_of(access: AccessTokens, token: str | None, *scopes: str, kinds: frozenset[str] = KINDS) -> str:
    with pytest.raises(SlackError) as caught:
        access.check(token, kinds, scopes)
    return caught.value.error


def test_the_bot_token_allows_what_the_app_was_given() -> None:
    access = tokens()
    assert access.check("xoxb-first", KINDS, ["chat:write"]) == Grant(
        "bot", BOT_USER_ID, frozenset({"chat:write"})
    )
    assert error_of(access, None) == "not_authed"
    assert error_of(access, "xoxb-2") == "invalid_auth"


def test_a_missing_scope_is_named_with_those_that_are_there() -> None:
    with pytest.raises(SlackError) as caught:
        tokens().check("xoxb-first", KINDS, ["users:read", "users.profile:read"])
    assert caught.value.error == "missing_scope"
    assert caught.value.extra == {"needed": "users:read", "provided": "chat:write"}


def test_a_token_of_the_wrong_kind_is_not_allowed() -> None:
    access = tokens()
    user = access.install_user(BOB, ["search:read"], rotating=False).token
    assert error_of(access, "xapp-1") == "not_allowed_token_type"
    assert error_of(access, "xoxb-first", kinds=frozenset({"app"})) == "not_allowed_token_type"
    assert error_of(access, "xoxb-first", kinds=frozenset({"user"})) == "not_allowed_token_type"
    assert error_of(access, user, kinds=frozenset({"bot"})) == "not_allowed_token_type"
    assert access.check("xapp-1", frozenset({"app"}), ["connections:write"]).kind == "app"


def test_the_token_of_a_step_is_the_bots_until_it_is_taken_back_or_a_quarter_of_an_hour_is_over() -> None:
    clock = MovableClock()
    access = tokens(clock)
    first, second = access.issue_just_in_time(), access.issue_just_in_time()
    assert first.startswith("xwfp-")
    assert access.check(first, frozenset({"bot"}), ["chat:write"]).user_id == BOT_USER_ID
    access.revoke(first)
    assert error_of(access, first) == "token_revoked"
    clock.skip(15 * 60)
    assert error_of(access, second) == "token_expired"


def test_scopes_of_a_second_installation_add_up_and_the_token_stays() -> None:
    access = tokens()
    again = access.install_bot(["users:read"], rotating=False)
    assert (again.token, again.refresh_token) == ("xoxb-first", None)
    assert access.find("xoxb-first").scopes == {"chat:write", "users:read"}
    one = access.install_user(ADA, ["search:read"], rotating=False)
    two = access.install_user(ADA, ["chat:write"], rotating=False)
    assert one.token == two.token
    assert access.find(one.token).scopes == {"search:read", "chat:write"}


def test_a_rotated_token_lives_twelve_hours_and_its_refresh_token_works_once() -> None:
    clock = MovableClock()
    access = tokens(clock)
    first = access.install_bot(["chat:write"], rotating=True)
    assert first.token.startswith("xoxe.xoxb-")
    assert first.told(clock)["expires_in"] == 12 * 3600
    second = access.refresh(first.refresh_token or "")
    assert access.find(first.token)
    with pytest.raises(SlackError, match="invalid_refresh_token"):
        access.refresh(first.refresh_token or "")
    clock.skip(12 * 3600)
    assert error_of(access, first.token) == "token_expired"
    assert error_of(access, second.token) == "token_expired"
    third = access.refresh(second.refresh_token or "")
    assert access.find(third.token).scopes == {"chat:write"}


def test_a_lasting_token_is_exchanged_once_for_a_pair() -> None:
    access = tokens()
    pair = access.exchange("xoxb-first")
    assert pair.refresh_token is not None
    assert error_of(access, "xoxb-first") == "token_revoked"
    for token, error in (
        ("xoxb-first", "token_already_exchanged"),
        (pair.token, "invalid_token"),
        (None, "invalid_token"),
        ("xapp-1", "invalid_token"),
    ):
        with pytest.raises(SlackError, match=error):
            access.exchange(token)


def test_a_closed_account_takes_its_token_along() -> None:
    active = {ADA}
    access = tokens(is_active=active.__contains__)
    token = access.install_user(ADA, ["chat:write"], rotating=False).token
    assert access.find(token).user_id == ADA
    active.clear()
    assert error_of(access, token) == "account_inactive"


def test_tokens_outlive_a_restart() -> None:
    before, after = tokens(), tokens()
    user = before.install_user(ADA, ["search:read"], rotating=False).token
    pair = before.install_bot(["chat:write"], rotating=True)
    step = before.issue_just_in_time()
    before.revoke(step)
    after.load(before.dump())
    assert after.find(user) == before.find(user)
    assert error_of(after, step) == "token_revoked"
    assert after.refresh(pair.refresh_token or "").grant.kind == "bot"
    assert "xoxb-first" not in str(before.dump()["grants"])


def test_somebody_elses_file_is_refused() -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        tokens().load(
            {"grants": [{"token": "a", "kind": "king", "user_id": "", "scopes": [], "expires_at": None}]}
        )


# Over the Web API


def refused(client: WebClient, method: str, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=arguments)
    answer: dict[str, Any] = caught.value.response.data
    return answer


def test_the_headers_tell_the_scopes_of_the_very_token(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["chat:write", "commands"])
    answer = refused(slack, "users.list")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
    raw = httpx.post(
        f"{sandbox.base_url}/api/users.list", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False
    )
    assert raw.headers["x-oauth-scopes"] == "chat:write,commands"
    assert raw.headers["x-accepted-oauth-scopes"] == "users:read"


def test_an_app_level_token_belongs_to_the_app(sandbox: SandboxClient, slack: WebClient) -> None:
    token = app_of(sandbox)["app_token"]
    client = WebClient(token, base_url=sandbox.base_url + "/api/")
    assert client.auth_test().data == {"ok": True, "app_id": "A0APP", "app_name": "Test App"}
    assert (
        refused(client, "chat.postMessage", channel="C0GENERAL", text="hi")["error"]
        == "not_allowed_token_type"
    )
    assert refused(slack, "apps.connections.open")["error"] == "not_allowed_token_type"


def test_a_revoked_token_is_good_for_nothing_until_the_day_begins_again(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    assert slack.auth_revoke(test=True)["revoked"] is False
    assert slack.auth_test()["ok"]
    assert slack.auth_revoke(test=False)["revoked"] is True
    assert refused(slack, "auth.test")["error"] == "token_revoked"
    sandbox.reset()
    assert slack.auth_test()["ok"]


def test_an_app_that_is_uninstalled_loses_all_its_tokens(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.limits("off")
    app = app_of(sandbox)
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    assert (
        refused(slack, "apps.uninstall", **secrets | {"client_secret": "x"})["error"] == "bad_client_secret"
    )
    assert refused(slack, "apps.uninstall", **secrets | {"client_id": "x"})["error"] == "invalid_client_id"
    assert slack.apps_uninstall(**secrets)["ok"]
    assert refused(slack, "auth.test")["error"] == "token_revoked"


def test_a_person_whose_account_is_closed_can_do_nothing_by_their_token(sandbox: SandboxClient) -> None:
    manifest = {
        "display_information": {"name": "Signing"},
        "oauth_config": {"redirect_urls": ["http://localhost:9/"], "scopes": {"user": ["chat:write"]}},
    }
    httpx.post(f"{sandbox.base_url}/control/app", json={"manifest": manifest}, trust_env=False)
    token = token_of(sandbox, BOB)
    client = WebClient(token, base_url=sandbox.base_url + "/api/", retry_handlers=[])
    posted = client.chat_postMessage(channel=GENERAL, text="As myself")
    assert (posted["message"]["user"], sandbox.messages()[-1]["user"]) == (BOB, BOB)
    sandbox.person(BOB, deactivated=True)
    assert refused(client, "auth.test")["error"] == "account_inactive"
    sandbox.person(BOB, deactivated=False)
    assert client.auth_revoke()["revoked"] is True
    assert refused(client, "auth.test")["error"] == "token_revoked"


def test_the_teams_of_a_token_are_listed(slack: WebClient) -> None:
    answer = slack.auth_teams_list()
    assert answer["teams"] == [{"id": "T0001", "name": "Sandbox"}]
    assert answer["response_metadata"]["next_cursor"] == ""


def test_a_manifest_is_checked_and_shown_with_the_authors_token(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    author = WebClient(
        app_of(sandbox)["config_token"], base_url=sandbox.base_url + "/api/", retry_handlers=[]
    )
    fine = '{"display_information": {"name": "Fine"}}'
    assert author.apps_manifest_validate(manifest=fine)["errors"] == []
    answer = refused(author, "apps.manifest.validate", manifest='{"display_information": {}, "x": 1}')
    assert answer["error"] == "invalid_manifest"
    assert [each["pointer"] for each in answer["errors"]] == ["/display_information", "/x"]
    assert author.apps_manifest_export(app_id="A0APP")["manifest"] == {}
    assert refused(author, "apps.manifest.export", app_id="A1")["error"] == "invalid_app_id"
    assert refused(slack, "apps.manifest.export", app_id="A0APP")["error"] == "not_allowed_token_type"


def token_of(sandbox: SandboxClient, user: str) -> str:
    """A person's token, got by OAuth."""
    app = app_of(sandbox)
    query = {"client_id": app["client_id"], "user_scope": "chat:write"}
    url = f"{sandbox.base_url}/oauth/v2/authorize"
    yes = httpx.post(url, params=query, data={"decision": "allow", "user": user}, trust_env=False)
    code = httpx.URL(yes.headers["location"]).params["code"]
    client = WebClient(base_url=f"{sandbox.base_url}/api/", retry_handlers=[])
    given = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    token: str = client.oauth_v2_access(code=code, **given)["authed_user"]["access_token"]
    return token


def app_of(sandbox: SandboxClient) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{sandbox.base_url}/control/app", trust_env=False).json()["app"]
    return found
