"""Installing by OAuth: the page that asks, the code, and the tokens that come of it."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth.installation_store import FileInstallationStore, Installation
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.oauth.token_rotation import TokenRotator
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.manifest import Manifest
from tests.sandbox.conftest import MovableClock
from tests.sandbox.fake_app import SECRET
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, SandboxClient
from tests.support.served import address_of, reserved, served

CLIENT, CLIENT_SECRET = "111.222", "client-secret"
BACK = "http://localhost:9/back"
HOSTILE = "<script>alert(1)</script>&\"'"
APP = Manifest(
    "Inst" + HOSTILE,
    bot_name="inst",
    bot_scopes=("chat:write",),
    redirect_urls=(BACK, "http://localhost:9/other?kind=1"),
)


class Installing:
    """A sandbox, and a browser that fills in its install page."""

    def __init__(self, base: str, clock: MovableClock) -> None:
        self.base = base
        self.clock = clock
        self.browser = httpx.Client(base_url=base, trust_env=False, timeout=10)
        self.client = WebClient(base_url=base + "/api/", retry_handlers=[])

    def ask(self, path: str = "/oauth/v2/authorize", **query: str) -> httpx.Response:
        return self.browser.get(path, params=self._query(query))

    def answer(self, decision: str = "allow", user: str = BOB, **query: str) -> dict[str, str]:
        """The query that the app's redirect address gets."""
        answer = self.post({"decision": decision, "user": user}, **query)
        assert answer.status_code == 303, answer.text
        target = urlsplit(answer.headers["location"])
        assert f"{target.scheme}://{target.netloc}{target.path}" == query.get("redirect_uri", BACK)
        return {name: values[0] for name, values in parse_qs(target.query).items()}

    def post(
        self, form: Mapping[str, str], sent: Mapping[str, str] | None = None, /, **query: str
    ) -> httpx.Response:
        return self.browser.post(
            "/oauth/v2/authorize", params=self._query(query), data=dict(form), headers=sent
        )

    def access(self, code: str, **more: Any) -> dict[str, Any]:
        given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "code": code, **more}
        answer: Any = self.client.oauth_v2_access(**given).data
        return dict(answer)

    def refused(self, code: str, **more: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            self.access(code, **more)
        return str(caught.value.response["error"])

    def _query(self, query: Mapping[str, str]) -> dict[str, str]:
        given = {"client_id": CLIENT, "scope": "chat:write,users:read", "state": "s 1&2", **query}
        return {name: value for name, value in given.items() if value != "-"}


def serving(manifest: Manifest) -> Iterator[Installing]:
    clock = MovableClock()

    def config(url: str) -> SandboxConfig:
        return SandboxConfig(
            None,
            "xoxb-first",
            SECRET,
            url,
            manifest=manifest,
            limits="off",
            client_id=CLIENT,
            client_secret=CLIENT_SECRET,
        )

    with served(lambda url: create_app(config(url), clock)) as base:
        installing = Installing(base, clock)
        with installing.browser:
            yield installing


@pytest.fixture(scope="module")
def shared() -> Iterator[Installing]:
    yield from serving(APP)


@pytest.fixture
def installing(shared: Installing) -> Installing:
    with SandboxClient(shared.base) as sandbox:
        sandbox.reset()
    return shared


@pytest.fixture
def rotating() -> Iterator[Installing]:
    yield from serving(Manifest("Rotating", redirect_urls=(BACK,), token_rotation=True, pkce=True))


# The page


def test_the_page_says_who_wants_what_and_runs_nothing_of_it(installing: Installing) -> None:
    page = installing.ask(user_scope="search:read", state=HOSTILE)
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    for words in ("chat:write", "users:read", "search:read", "Ada Adams", "http://localhost:9"):
        assert words in page.text
    assert "Gus Green" not in page.text, "guests cannot install apps"
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' http://localhost:9;" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_allowing_sends_the_browser_back_with_a_code_and_the_state(installing: Installing) -> None:
    answer = installing.answer()
    assert set(answer) == {"code", "state"}
    assert answer["state"] == "s 1&2"


def test_cancelling_sends_it_back_with_access_denied(installing: Installing) -> None:
    assert installing.answer("cancel") == {"error": "access_denied", "state": "s 1&2"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"client_id": "1.2"}, "invalid_client_id"),
        ({"client_id": "-"}, "invalid_client_id"),
        ({"redirect_uri": "http://evil.example/back"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:9/backward"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:9/back/../other"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:9/back/%2e%2e/other"}, "bad_redirect_uri"),
        ({"redirect_uri": "https://localhost:9/back"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:99999/back"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://me@localhost:9/back"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:9/back#part"}, "bad_redirect_uri"),
        ({"redirect_uri": "http://localhost:9/other?kind=2"}, "bad_redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "bad_redirect_uri"),
        ({"redirect_uri": "//localhost:9/back"}, "bad_redirect_uri"),
        ({"redirect_uri": HOSTILE}, "bad_redirect_uri"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "Everything!"}, "invalid_scope"),
        ({"code_challenge": "abc", "code_challenge_method": "S256"}, "pkce_not_enabled"),
    ],
)
def test_a_wrong_question_is_told_on_the_page_and_sends_nobody_anywhere(
    installing: Installing, query: dict[str, str], code: str
) -> None:
    for answer in (
        installing.ask(**query),
        installing.post({"decision": "allow", "user": ADA}, **query),
        installing.post({"decision": "cancel"}, **query),
    ):
        assert answer.status_code == 400
        assert f"<code>{code}</code>" in answer.text
        assert "<script" not in answer.text
        assert "location" not in answer.headers


def test_an_address_below_a_configured_one_is_right(installing: Installing) -> None:
    assert installing.answer(redirect_uri="http://localhost:9/back/more")["code"]
    answer = installing.post(
        {"decision": "allow", "user": BOB}, redirect_uri="http://localhost:9/other?kind=1", state="-"
    )
    assert answer.headers["location"].startswith("http://localhost:9/other?kind=1&code=")


def test_only_somebody_who_may_install_and_only_our_own_form_can_say_yes(installing: Installing) -> None:
    for form in (
        {"decision": "allow", "user": GUS},
        {"decision": "allow", "user": "U0NOBODY"},
        {},
        {"user": ADA},
    ):
        assert "invalid_form" in installing.post(form).text
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = installing.post({"decision": "allow", "user": ADA}, headers)
        assert (answer.status_code, "cross_site" in answer.text) == (400, True)


def test_a_closed_account_is_not_offered(installing: Installing) -> None:
    with SandboxClient(installing.base) as sandbox:
        sandbox.person(BOB, deactivated=True)
    assert "Bob Brown" not in installing.ask().text
    assert "invalid_form" in installing.post({"decision": "allow", "user": BOB}).text


def test_the_form_works_in_a_browser(installing: Installing, page: Page) -> None:
    arrived: list[str] = []

    def back(route: Any) -> None:
        arrived.append(route.request.url)
        route.fulfill(body="Thank you")

    page.route(f"{BACK}**", back)
    page.goto(f"{installing.base}/oauth/v2/authorize?client_id={CLIENT}&scope=chat:write&state=x")
    expect(page.get_by_role("heading", level=1)).to_contain_text("is asking to be let into Sandbox")
    page.get_by_role("radio", name="Bob Brown").check()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    code = parse_qs(urlsplit(arrived[0]).query)["code"][0]
    assert installing.access(code)["authed_user"] == {"id": BOB}


# The exchange


def test_a_code_becomes_tokens_for_the_bot_and_the_person(installing: Installing) -> None:
    answer = installing.access(installing.answer(user_scope="search:read,chat:write")["code"])
    person = answer.pop("authed_user")
    assert answer == {
        "ok": True,
        "access_token": "xoxb-first",
        "token_type": "bot",
        "scope": "chat:write,users:read",
        "bot_user_id": "U0BOT",
        "app_id": "A0APP",
        "team": {"id": "T0001", "name": "Sandbox"},
        "enterprise": None,
        "is_enterprise_install": False,
    }
    token = person.pop("access_token")
    assert token.startswith("xoxp-")
    assert person == {"id": BOB, "scope": "chat:write,search:read", "token_type": "user"}
    who = WebClient(token, base_url=installing.base + "/api/").auth_test()
    assert (who["user_id"], who["user"], "bot_id" in who.data) == (BOB, "bob", False)


def test_only_a_persons_scopes_give_no_token_for_the_bot(installing: Installing) -> None:
    answer = installing.access(installing.answer(scope="-", user_scope="search:read")["code"])
    assert "access_token" not in answer
    assert answer["authed_user"]["access_token"].startswith("xoxp-")


def test_id_and_secret_may_come_by_basic_authentication(installing: Installing) -> None:
    code = installing.answer()["code"]
    url = f"{installing.base}/api/oauth.v2.access"
    for secret, error in (("wrong", "bad_client_secret"), (CLIENT_SECRET, None)):
        answer = httpx.post(url, data={"code": code}, auth=(CLIENT, secret), trust_env=False).json()
        assert answer.get("error") == error


def test_a_code_works_once_and_for_ten_minutes(installing: Installing) -> None:
    code = installing.answer()["code"]
    assert installing.access(code)["ok"]
    assert installing.refused(code) == "code_already_used"
    assert installing.refused("made.up") == "invalid_code"
    late = installing.answer()["code"]
    installing.clock.skip(601)
    assert installing.refused(late) == "invalid_code"


def test_wrong_credentials_and_addresses_are_refused_and_do_not_spoil_the_code(
    installing: Installing,
) -> None:
    code = installing.answer(redirect_uri=BACK)["code"]
    assert installing.refused(code, client_id="1.2") == "invalid_client_id"
    assert installing.refused(code, client_secret="no") == "bad_client_secret"
    assert installing.refused(code, grant_type="password") == "invalid_grant_type"
    assert installing.refused(code) == "bad_redirect_uri"
    assert installing.refused(code, redirect_uri=BACK + "/more") == "bad_redirect_uri"
    assert installing.access(code, redirect_uri=BACK)["ok"]


def test_without_rotation_there_is_nothing_to_exchange(installing: Installing) -> None:
    with pytest.raises(SlackApiError, match="token_rotation_not_enabled"):
        installing.client.oauth_v2_exchange(token="xoxb-first", client_id=CLIENT, client_secret=CLIENT_SECRET)


# Rotation and PKCE


def test_rotated_tokens_expire_and_are_renewed(rotating: Installing) -> None:
    answer = rotating.access(rotating.answer(user_scope="search:read")["code"])
    assert answer["access_token"].startswith("xoxe.xoxb-1-")
    assert answer["expires_in"] == 43200
    person = answer["authed_user"]
    assert person["access_token"].startswith("xoxe.xoxp-1-")
    rotating.clock.skip(43200)
    with pytest.raises(SlackApiError, match="token_expired"):
        WebClient(answer["access_token"], base_url=rotating.base + "/api/").auth_test()
    given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    again = rotating.client.oauth_v2_access(refresh_token=answer["refresh_token"], **given)
    assert (again["token_type"], again["bot_user_id"], again["expires_in"]) == ("bot", "U0BOT", 43200)
    assert WebClient(again["access_token"], base_url=rotating.base + "/api/").auth_test()["ok"]
    persons = rotating.client.oauth_v2_access(refresh_token=person["refresh_token"], **given)
    assert (persons["token_type"], persons["user_id"]) == ("user", BOB)
    with pytest.raises(SlackApiError, match="invalid_refresh_token"):
        rotating.client.oauth_v2_access(refresh_token=answer["refresh_token"], **given)


def test_slacks_own_rotator_renews_what_is_about_to_expire(rotating: Installing, tmp_path: Any) -> None:
    answer = rotating.access(rotating.answer()["code"])
    store = FileInstallationStore(base_dir=str(tmp_path))
    installation = Installation(
        user_id=BOB,
        team_id="T0001",
        bot_token=answer["access_token"],
        bot_refresh_token=answer["refresh_token"],
        bot_token_expires_in=60,
    )
    store.save(installation)
    rotator = TokenRotator(client_id=CLIENT, client_secret=CLIENT_SECRET, client=rotating.client)
    renewed = rotator.perform_token_rotation(installation=installation)
    assert renewed is not None
    assert renewed.bot_token not in (None, answer["access_token"])


def test_a_lasting_token_is_exchanged_for_one_that_rotates(rotating: Installing) -> None:
    client = rotating.client
    given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET}
    answer = client.oauth_v2_exchange(token="xoxb-first", **given)
    assert answer["access_token"].startswith("xoxe.xoxb-1-")
    with pytest.raises(SlackApiError, match="token_already_exchanged"):
        client.oauth_v2_exchange(token="xoxb-first", **given)


def test_with_pkce_the_code_belongs_to_who_began(rotating: Installing) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    code = rotating.answer(**asked)["code"]
    assert rotating.refused(code) == "invalid_code_verifier"
    assert rotating.refused(code, code_verifier="w" * 43) == "invalid_code_verifier"
    url = f"{rotating.base}/api/oauth.v2.access"
    given = {"client_id": CLIENT, "code": code}
    assert httpx.post(url, data=given, trust_env=False).json()["error"] == "bad_client_secret"
    assert httpx.post(url, data=given | {"code_verifier": verifier}, trust_env=False).json()["ok"]
    plain = rotating.ask(code_challenge="abc", code_challenge_method="plain")
    assert "invalid_code_challenge_method" in plain.text


# Bolt's own flow


# aiohttp warns of a class that slack_sdk's async client still uses
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
def test_bolt_installs_itself_from_start_to_end(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    listener = reserved()
    app_url = address_of(listener)
    store = FileInstallationStore(base_dir=str(tmp_path / "installed"))

    def sandbox(url: str) -> Starlette:
        manifest = Manifest("Bolted", bot_name="bolted", redirect_urls=(f"{app_url}/slack/oauth_redirect",))
        return create_app(
            SandboxConfig(
                None,
                "xoxb-first",
                SECRET,
                url,
                manifest=manifest,
                client_id=CLIENT,
                client_secret=CLIENT_SECRET,
            )
        )

    def bolted(sandbox_url: str) -> Starlette:
        settings = AsyncOAuthSettings(
            client_id=CLIENT,
            client_secret=CLIENT_SECRET,
            scopes=["chat:write"],
            user_scopes=["search:read"],
            redirect_uri=f"{app_url}/slack/oauth_redirect",
            installation_store=store,
            state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=str(tmp_path / "states")),
            authorization_url=f"{sandbox_url}/oauth/v2/authorize",
        )
        client = AsyncWebClient(base_url=f"{sandbox_url}/api/")
        handler = AsyncSlackRequestHandler(
            AsyncApp(client=client, signing_secret=SECRET, oauth_settings=settings)
        )

        async def endpoint(request: Request) -> Response:
            return await handler.handle(request)

        paths = ("/slack/install", "/slack/oauth_redirect")
        return Starlette(routes=[Route(path, endpoint) for path in paths])

    with served(sandbox) as sandbox_url, served(lambda url: bolted(sandbox_url), listener):
        _walk_through(app_url, sandbox_url)
        found = store.find_installation(enterprise_id=None, team_id="T0001", user_id=ADA)
        assert found is not None
        assert (found.bot_token, found.bot_user_id, found.bot_id) == ("xoxb-first", "U0BOT", "B0BOT")
        client = WebClient(found.user_token, base_url=f"{sandbox_url}/api/")
        assert client.auth_test()["user_id"] == ADA
        posted = WebClient(found.bot_token, base_url=f"{sandbox_url}/api/").chat_postMessage(
            channel=GENERAL, text="Here I am"
        )
        assert posted["ok"]


def _walk_through(app_url: str, sandbox_url: str) -> None:
    """A browser that goes to the app's install page, says yes in the sandbox, and comes back."""
    with httpx.Client(trust_env=False) as browser:
        start = browser.get(f"{app_url}/slack/install")
        cookie = start.headers["set-cookie"].partition(";")[0]
        link = html.unescape(re.findall(r'href="(http[^"]+)"', start.text)[0])
        assert link.startswith(f"{sandbox_url}/oauth/v2/authorize")
        assert "Bolted" in browser.get(link).text
        yes = browser.post(link, data={"decision": "allow", "user": ADA})
        # The cookie is for https only; over plain http a browser on localhost still sends it.
        done = browser.get(yes.headers["location"], headers={"Cookie": cookie})
        assert done.status_code == 200, done.text
        assert "Thank you" in done.text


def test_the_answers_are_json_that_others_can_read(installing: Installing) -> None:
    answer = httpx.post(f"{installing.base}/api/oauth.v2.access", content=b"", trust_env=False)
    assert json.loads(answer.content)["error"] == "invalid_client_id"
