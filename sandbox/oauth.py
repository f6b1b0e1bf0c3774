"""Codes that an app exchanges for tokens, and what it may ask for on the way to one."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlencode, urlsplit, urlunsplit

from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.manifest import Manifest
from sandbox.manifest_shape import is_scope

Flow: TypeAlias = Literal["install", "sign_in"]

CODE_SECONDS = 10 * 60  # docs.slack.dev/authentication/installing-with-oauth
OPENID_SCOPES = frozenset({"openid", "email", "profile"})


class Refused(Exception):
    """A person is told on the page why an app cannot go on; nothing is sent anywhere. `code` is Slack's."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Request:
    """What an app asks of a person. `challenge` is PKCE's, hashed by SHA-256; `nonce` goes into the id token."""

    flow: Flow
    bot_scopes: tuple[str, ...]
    user_scopes: tuple[str, ...]
    redirect_uri: str
    sends_redirect_uri: bool
    state: str | None = None
    challenge: str | None = None
    nonce: str | None = None

    def answer_url(self, **answer: str) -> str:
        """Where the browser goes next, with the answer and the app's own state."""
        parts = urlsplit(self.redirect_uri)
        state = {} if self.state is None else {"state": self.state}
        query = "&".join(part for part in (parts.query, urlencode({**answer, **state})) if part)
        return urlunsplit(parts._replace(query=query))

    @property
    def origin(self) -> str:
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass
class _Code:
    request: Request
    user_id: str
    issued_at: float
    is_used: bool = False


class Codes:
    """Codes that persons' consent has earned: good for ten minutes and one exchange."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._codes: dict[str, _Code] = {}

    def issue(self, request: Request, user_id: str) -> str:
        numbers = f"{secrets.randbelow(10**12):012d}.{secrets.randbelow(10**13):013d}"
        code = f"{numbers}.{secrets.token_hex(32)}"
        self._codes[code] = _Code(request, user_id, self._clock.now())
        return code

    def redeem(
        self, code: str | None, flow: Flow, redirect_uri: str | None, verifier: str | None
    ) -> tuple[Request, str]:
        """What was asked and who said yes; uses the code up, or raises SlackError."""
        found = self._codes.get(code or "")
        if found is None or self._clock.now() - found.issued_at > CODE_SECONDS:
            raise SlackError("invalid_code")
        if found.is_used:
            raise SlackError("code_already_used")
        if found.request.flow != flow:
            raise SlackError("oauth_authorization_url_mismatch")
        sent = found.request.redirect_uri if found.request.sends_redirect_uri else None
        if redirect_uri != sent and not (sent is None and redirect_uri == found.request.redirect_uri):
            raise SlackError("bad_redirect_uri")
        if found.request.challenge is not None and not _fits(found.request.challenge, verifier):
            raise SlackError("invalid_code_verifier")
        found.is_used = True
        return found.request, found.user_id

    def forget_all(self) -> None:
        self._codes.clear()


def _fits(challenge: str, verifier: str | None) -> bool:
    digest = hashlib.sha256((verifier or "").encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(made.encode(), challenge.encode())


def read_request(query: Mapping[str, str], flow: Flow, manifest: Manifest, client_id: str) -> Request:
    """What an app asks for, from the address a browser was sent to; raises Refused."""
    if query.get("client_id") != client_id:
        raise Refused(
            "invalid_client_id",
            f"No app here has the client id {query.get('client_id', '')!r}. GET /control/app shows the right one.",
        )
    redirect_uri = _redirect_uri(query.get("redirect_uri") or None, manifest.redirect_urls)
    bot, user = _scopes(query.get("scope", "")), _scopes(query.get("user_scope", ""))
    if flow == "sign_in":
        bot, user = (), _openid_scopes(query, bot)
    if not bot and not user:
        raise Refused("invalid_scope", "No scopes are asked for: name some in scope or user_scope.")
    return Request(
        flow,
        bot,
        user,
        redirect_uri,
        sends_redirect_uri=bool(query.get("redirect_uri")),
        state=query.get("state"),
        challenge=_challenge(query, manifest),
        nonce=query.get("nonce") or None,
    )


def _scopes(asked: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(asked.replace(",", " ").split()))
    for scope in scopes:
        if not is_scope(scope):
            raise Refused("invalid_scope", f"{scope!r} is no scope.")
    return scopes


def _openid_scopes(query: Mapping[str, str], asked: tuple[str, ...]) -> tuple[str, ...]:
    if query.get("response_type") != "code":
        raise Refused("invalid_response_type", "response_type has to be code.")
    if "openid" not in asked or not set(asked) <= OPENID_SCOPES:
        raise Refused("invalid_scope", "scope has to be openid, and may have email and profile besides.")
    return asked


def _challenge(query: Mapping[str, str], manifest: Manifest) -> str | None:
    challenge = query.get("code_challenge") or None
    if challenge is None:
        return None
    if not manifest.pkce:
        raise Refused(
            "pkce_not_enabled", "A code_challenge needs oauth_config.pkce_enabled in the app's manifest."
        )
    if query.get("code_challenge_method") != "S256":
        raise Refused("invalid_code_challenge_method", "code_challenge_method has to be S256.")
    return challenge


def _redirect_uri(asked: str | None, configured: Sequence[str]) -> str:
    """The address to go back to: one of the manifest's, or one below it."""
    if not configured:
        raise Refused(
            "bad_redirect_uri", "The app's manifest has no oauth_config.redirect_urls to go back to."
        )
    uri = configured[0] if asked is None else asked
    if not _is_address(uri) or not any(_is_below(urlsplit(uri), url) for url in configured):
        raise Refused(
            "bad_redirect_uri", f"redirect_uri did not match any configured URIs. Passed URI: {uri}"
        )
    return uri


def _is_address(uri: str) -> bool:
    """An absolute web address in plain characters that every browser reads the same way."""
    if not uri.isascii() or not uri.isprintable() or any(sign in uri for sign in ' \\"<>'):
        return False
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises for one that is no number
    except ValueError:
        return False
    is_plain = "@" not in parts.netloc and not parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain


def _is_below(parts: SplitResult, configured: str) -> bool:
    if not _is_address(configured):
        return False
    allowed = urlsplit(configured)
    same_place = (parts.scheme, parts.netloc.lower()) == (allowed.scheme, allowed.netloc.lower())
    if not same_place or ".." in parts.path or "%" in parts.path:
        return False
    root = allowed.path.rstrip("/")
    is_below = parts.path.rstrip("/") == root or parts.path.startswith(root + "/")
    return is_below and (not allowed.query or parts.query == allowed.query)
