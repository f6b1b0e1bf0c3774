"""Another app takes the place of the first while the sandbox runs; its addresses have to prove themselves."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect
from slack_sdk import WebClient

from tests.sandbox.conftest import TOKEN
from tests.sandbox.fake_app import SECRET, FakeApp
from tests.support.sandbox_client import ADA, GENERAL, SandboxClient
from tests.support.served import address_of, reserved, served
from tests.support.stack import wait_until

MANIFEST = """
display_information: {name: Weather}
features:
  bot_user: {display_name: weather}
  slash_commands:
    - {command: /weather, description: Tell, usage_hint: "[city]", should_escape: false}
    - {command: /rain, description: Tell of rain, should_escape: true}
oauth_config: {scopes: {bot: [commands, "app_mentions:read"]}}
settings:
  event_subscriptions: {bot_events: [app_mention]}
  socket_mode_enabled: true
"""


def install(sandbox: SandboxClient, **body: Any) -> dict[str, Any]:
    answer = httpx.post(f"{sandbox.base_url}/control/app", json=body, trust_env=False, timeout=20)
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def app_url(served_app: tuple[FakeApp, str], app: FakeApp) -> str:
    return served_app[1]


def test_the_app_is_shown_with_all_it_needs_to_start(sandbox: SandboxClient) -> None:
    app = httpx.get(f"{sandbox.base_url}/control/app", trust_env=False).json()["app"]
    assert (app["name"], app["bot_token"], app["signing_secret"]) == ("Test App", TOKEN, SECRET)
    assert app["app_token"].startswith("xapp-1-A0APP-")
    assert app["api_url"] == sandbox.base_url + "/api/"
    assert all(app[name] for name in ("client_id", "client_secret", "config_token"))
    assert app["commands"][0]["command"] == "/workflow"


def test_another_app_takes_its_place_with_its_own_name_scopes_and_commands(
    sandbox: SandboxClient, app: FakeApp, app_url: str, slack: WebClient
) -> None:
    answer = install(sandbox, manifest=MANIFEST, app_url=app_url)
    assert answer["app"]["name"] == "Weather"
    assert answer["app"]["scopes"] == ["app_mentions:read", "commands"]
    assert slack.auth_test()["user"] == "weather"
    assert slack.auth_test().headers["x-oauth-scopes"] == "app_mentions:read,commands"
    sandbox.command(ADA, "/weather Oslo & <@U0BOB> @bob")
    assert app.last("command")["text"] == "Oslo & <@U0BOB> @bob", "as it was typed"
    sandbox.command(ADA, "/rain @bob")
    assert (app.last("command")["command"], app.last("command")["text"]) == ("/rain", "<@U0BOB|bob>")
    unknown = sandbox.command(ADA, "/workflow", check=False)
    assert unknown["error"] == "unknown_command"
    assert unknown["message"].startswith(
        "/workflow is not a valid command. In Slack, all messages that start"
    )


def test_the_first_app_is_back_after_a_reset(sandbox: SandboxClient, app_url: str, slack: WebClient) -> None:
    install(sandbox, manifest=MANIFEST, app_url=app_url)
    sandbox.reset()
    assert slack.auth_test()["user"] == "test_app"
    assert "chat:write" in slack.auth_test().headers["x-oauth-scopes"]


def test_the_events_address_is_asked_to_prove_itself(
    sandbox: SandboxClient, app: FakeApp, app_url: str
) -> None:
    answer = install(sandbox, manifest=MANIFEST, app_url=app_url)
    sent = next(request for request in app.requests if "ssl_check" not in request.payload)
    assert sent.is_signed()
    problem, probe = answer["checks"]
    assert (problem["url"], problem["check"], problem["ok"]) == (app_url, "url_verification", False)
    assert "did not answer with the value" in problem["message"]
    assert (probe["check"], probe["ok"]) == ("ssl_check", True)
    assert app.requests[-1].payload["ssl_check"] == "1"


def test_an_address_where_nobody_is_is_named_and_the_app_is_installed_all_the_same(
    sandbox: SandboxClient,
) -> None:
    with reserved() as listener:
        url = address_of(listener)
    answer = install(sandbox, manifest=MANIFEST, app_url=url)
    assert answer["ok"]
    assert {check["ok"] for check in answer["checks"]} == {False}
    assert all(url in check["message"] for check in answer["checks"])


def test_an_app_of_bolt_passes_both(sandbox: SandboxClient) -> None:
    from slack_bolt import App
    from slack_bolt.adapter.starlette import SlackRequestHandler
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    handler = SlackRequestHandler(App(token=TOKEN, signing_secret=SECRET, token_verification_enabled=False))

    async def endpoint(request: Request) -> Response:
        return await handler.handle(request)

    with served(lambda url: Starlette(routes=[Route("/", endpoint, methods=["POST"])])) as url:
        answer = install(sandbox, manifest=MANIFEST, app_url=url)
    assert [(check["check"], check["ok"]) for check in answer["checks"]] == [
        ("url_verification", True),
        ("ssl_check", True),
    ]


def test_with_socket_mode_no_address_is_asked(sandbox: SandboxClient) -> None:
    answer = install(sandbox, manifest=MANIFEST)
    assert (answer["app"]["socket_mode"], answer["checks"]) == (True, [])


def test_addresses_can_be_asked_again_and_moved(sandbox: SandboxClient, app: FakeApp, app_url: str) -> None:
    install(sandbox, manifest=MANIFEST)
    assert [check["url"] for check in install(sandbox, app_url=app_url)["checks"]] == [app_url, app_url]
    assert len(install(sandbox)["checks"]) == 2


def test_what_cannot_be_installed_is_refused_with_all_its_mistakes(
    sandbox: SandboxClient, slack: WebClient
) -> None:
    answer = install(sandbox, manifest={"display_information": {}, "x": 1})
    assert answer["error"] == "invalid_manifest"
    assert [each["pointer"] for each in answer["errors"]] == ["/display_information", "/x"]
    assert "missing required field: name" in answer["message"]
    assert install(sandbox, manifest=3)["error"] == "bad_argument"
    for url in ("localhost", "ftp://localhost", "http://", "http://[", "http://a:99999"):
        assert install(sandbox, app_url=url)["error"] == "bad_argument"
    assert slack.auth_test()["user"] == "test_app"


def test_tokens_given_by_oauth_end_with_the_app_they_were_for(sandbox: SandboxClient, app_url: str) -> None:
    manifest = {
        "display_information": {"name": "Signing"},
        "oauth_config": {"redirect_urls": ["http://localhost:9/"], "scopes": {"user": ["search:read"]}},
    }
    app = install(sandbox, manifest=manifest)["app"]
    query = {"client_id": app["client_id"], "user_scope": "search:read"}
    url = f"{sandbox.base_url}/oauth/v2/authorize"
    yes = httpx.post(url, params=query, data={"decision": "allow", "user": ADA}, trust_env=False)
    code = httpx.URL(yes.headers["location"]).params["code"]
    client = WebClient(base_url=f"{sandbox.base_url}/api/", retry_handlers=[])
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    token = client.oauth_v2_access(code=code, **secrets)["authed_user"]["access_token"]
    user = WebClient(token, base_url=f"{sandbox.base_url}/api/", retry_handlers=[])
    assert user.auth_test()["user_id"] == ADA
    install(sandbox, manifest=MANIFEST, app_url=app_url)
    answer = httpx.post(
        f"{sandbox.base_url}/api/auth.test", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert answer.json()["error"] == "invalid_auth"


def test_an_open_page_turns_to_the_app_that_was_installed(
    sandbox: SandboxClient, app_url: str, page: Page
) -> None:
    page.goto(sandbox.base_url)
    expect(page.locator("#app[data-live]")).to_be_attached()
    install(sandbox, manifest=MANIFEST, app_url=app_url)
    options = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(page.locator("#app[data-live]:has([data-command='/weather'])")).to_be_attached()
    page.get_by_role("textbox", name="Message #general").press_sequentially("/")
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("/weather [city]")
    page.keyboard.type("rai")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message #general")).to_have_value("/rain ")


def test_the_page_offers_the_commands_of_the_app_that_is_installed(
    sandbox: SandboxClient, app_url: str
) -> None:
    install(sandbox, manifest=MANIFEST, app_url=app_url)
    page = httpx.get(f"{sandbox.base_url}/?channel={GENERAL}", trust_env=False).text
    assert 'data-fill="/weather"' in page
    assert 'data-fill="/rain"' in page
    assert "[city]" in page
    assert "/workflow" not in page


def test_an_app_that_is_uninstalled_is_told_so(
    sandbox: SandboxClient, app: FakeApp, app_url: str, slack: WebClient
) -> None:
    subscribed = "bot_events: [app_mention, app_uninstalled, tokens_revoked]"
    answer = install(
        sandbox, manifest=MANIFEST.replace("bot_events: [app_mention]", subscribed), app_url=app_url
    )
    secrets = {name: answer["app"][name] for name in ("client_id", "client_secret")}
    assert slack.apps_uninstall(**secrets)["ok"]
    events = wait_until(
        lambda: (
            found
            if len(
                found := [
                    row["payload"]["event"] for row in sandbox.deliveries() if "event" in row["payload"]
                ]
            )
            == 2
            else None
        )
    )
    told = {event["type"]: event for event in events}
    assert told["tokens_revoked"]["tokens"] == {"oauth": [], "bot": ["U0BOT"]}
    assert "app_uninstalled" in told
