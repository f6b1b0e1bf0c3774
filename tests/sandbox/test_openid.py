"""Sign in with Slack: the page, the signed id token, and what it says about whom."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.manifest import Manifest
from tests.sandbox.fake_app import SECRET
from tests.support.sandbox_client import BOB, GUS
from tests.support.served import served

CLIENT, CLIENT_SECRET = "111.222", "client-secret"
BACK = "http://localhost:9/back"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    def config(url: str) -> SandboxConfig:
        manifest = Manifest("Signed", redirect_urls=(BACK,))
        return SandboxConfig(
            None, "xoxb-first", SECRET, url, manifest=manifest, client_id=CLIENT, client_secret=CLIENT_SECRET
        )

    with served(lambda url: create_app(config(url))) as url:
        yield url


def asked(**more: str) -> dict[str, str]:
    given = {
        "response_type": "code",
        "client_id": CLIENT,
        "scope": "openid,email,profile",
        "redirect_uri": BACK,
    }
    return {**given, "nonce": "n-1", **more}


def code_for(base: str, user: str, **more: str) -> str:
    form = {"decision": "allow", "user": user}
    answer = httpx.post(f"{base}/openid/connect/authorize", params=asked(**more), data=form, trust_env=False)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def token_for(base: str, user: str, **more: str) -> dict[str, Any]:
    client = WebClient(base_url=f"{base}/api/")
    answer = client.openid_connect_token(
        client_id=CLIENT, client_secret=CLIENT_SECRET, code=code_for(base, user, **more), redirect_uri=BACK
    )
    return dict(answer.data)  # type: ignore[arg-type]  # bytes only for files


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(base: str, id_token: str) -> dict[str, Any]:
    """The claims, once the signature was checked with the key that the discovery document leads to."""
    found = httpx.get(f"{base}/.well-known/openid-configuration", trust_env=False).json()
    head, claims, signature = id_token.split(".")
    keys = httpx.get(found["jwks_uri"], trust_env=False).json()["keys"]
    key = next(key for key in keys if key["kid"] == json.loads(decoded(head))["kid"])
    numbers = [int.from_bytes(decoded(key[name]), "big") for name in ("e", "n")]
    public = rsa.RSAPublicNumbers(*numbers).public_key()
    public.verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    told: dict[str, Any] = json.loads(decoded(claims))
    assert told["iss"] == found["issuer"]
    return told


def test_somebody_signs_in_and_the_id_token_says_who_it_is(base: str) -> None:
    answer = token_for(base, BOB)
    assert set(answer) == {"ok", "access_token", "token_type", "id_token"}
    assert answer["token_type"] == "Bearer"
    claims = verified(base, answer["id_token"])
    assert (claims["aud"], claims["sub"], claims["nonce"]) == (CLIENT, BOB, "n-1")
    assert claims["https://slack.com/user_id"] == BOB
    assert claims["https://slack.com/team_id"] == "T0001"
    assert (claims["name"], claims["given_name"], claims["family_name"]) == ("Bob Brown", "Bob", "Brown")
    assert claims["email"] == "bob@sandbox.example"
    assert claims["exp"] - claims["iat"] == 300
    half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert decoded(claims["at_hash"]) == half


def test_a_changed_id_token_does_not_pass(base: str) -> None:
    head, _, signature = token_for(base, BOB)["id_token"].split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"sub": "U0ADA"}).encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidSignature):
        verified(base, f"{head}.{forged}.{signature}")


def test_the_token_asks_for_the_same_again_as_far_as_its_scopes_reach(base: str) -> None:
    full = WebClient(token_for(base, BOB)["access_token"], base_url=f"{base}/api/").openid_connect_userInfo()
    assert (full["sub"], full["name"], full["https://slack.com/team_domain"]) == (BOB, "Bob Brown", "sandbox")
    bare = token_for(base, GUS, scope="openid")
    little = WebClient(bare["access_token"], base_url=f"{base}/api/").openid_connect_userInfo()
    assert set(little.data) == {"ok", "sub", "https://slack.com/user_id", "https://slack.com/team_id"}
    assert "email" not in verified(base, bare["id_token"])


def test_a_bots_token_has_nobody_to_tell_of(base: str) -> None:
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        WebClient("xoxb-first", base_url=f"{base}/api/").openid_connect_userInfo()


def test_a_code_to_sign_in_is_not_one_to_install(base: str) -> None:
    client = WebClient(base_url=f"{base}/api/")
    given = {"client_id": CLIENT, "client_secret": CLIENT_SECRET, "redirect_uri": BACK}
    with pytest.raises(SlackApiError, match="oauth_authorization_url_mismatch"):
        client.oauth_v2_access(code=code_for(base, BOB), **given)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"response_type": "token"}, "invalid_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"scope": "openid chat:write"}, "invalid_scope"),
        ({"redirect_uri": "http://evil.example"}, "bad_redirect_uri"),
        ({"client_id": "nobody"}, "invalid_client_id"),
    ],
)
def test_a_wrong_question_stays_on_the_page(base: str, query: dict[str, str], code: str) -> None:
    answer = httpx.get(f"{base}/openid/connect/authorize", params=asked(**query), trust_env=False)
    assert (answer.status_code, f"<code>{code}</code>" in answer.text) == (400, True)
