"""Access tokens: who each of them acts as, what it may do, and until when. Codes for new ones are in oauth.py."""

import secrets
import string
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from sandbox.clock import Clock
from sandbox.errors import SlackError, missing_scope
from sandbox.people import APP_ID, BOT_USER_ID
from sandbox.types import Json

TokenKind: TypeAlias = Literal["bot", "user", "app", "just_in_time", "config"]

ROTATED_SECONDS = 12 * 3600  # docs.slack.dev/authentication/using-token-rotation
JUST_IN_TIME_SECONDS = 15 * 60  # a step's token: until the step is over, or a quarter of an hour
APP_LEVEL_SCOPES = frozenset({"connections:write", "authorizations:read", "app_configurations:write"})
CONFIG_SCOPES = frozenset({"app_configurations:read", "app_configurations:write"})

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Grant:
    """What one token allows. `user_id` is who acts: a person, or the app's bot user."""

    kind: TokenKind
    user_id: str
    scopes: frozenset[str]
    expires_at: float | None = None  # seconds since 1970

    @property
    def is_bot(self) -> bool:
        return self.kind in ("bot", "just_in_time")

    @property
    def is_of_workspace(self) -> bool:
        """Whether it was given by the workspace, and ends when the app is removed from there."""
        return self.kind in ("bot", "user", "just_in_time")


@dataclass(frozen=True)
class Issued:
    """A token on its way to the app, with what renews it where tokens rotate."""

    token: str
    grant: Grant
    refresh_token: str | None = None

    def told(self, clock: Clock) -> Json:
        """The part of Slack's answer that says it."""
        kind = "user" if self.grant.kind == "user" else "bot"
        told: Json = {
            "access_token": self.token,
            "token_type": kind,
            "scope": ",".join(sorted(self.grant.scopes)),
        }
        if self.grant.expires_at is not None:
            left = round(self.grant.expires_at - clock.now())
            told |= {"expires_in": left, "refresh_token": self.refresh_token}
        return told


class AccessTokens:
    """All tokens of the one app. The first bot token and the app-level token stay the same as long as it lives, and
    so does `config_token`, by which its author reads the manifest.

    `is_active` says whether a person's account is open; `changed` is called when what `dump` gives has changed.
    """

    def __init__(
        self,
        clock: Clock,
        bot_token: str,
        app_token: str,
        scopes: Iterable[str],
        is_active: Callable[[str], bool] = lambda user_id: True,
        changed: Callable[[], object] = lambda: None,
        config_token: str | None = None,
    ) -> None:
        self.clock = clock
        self.bot_token = bot_token
        self.app_token = app_token
        self.config_token = config_token or new_config_token()
        self._is_active = is_active
        self._changed = changed
        self.reset(scopes)

    def reset(self, scopes: Iterable[str]) -> None:
        """Only the first two tokens are left, the bot's with exactly these scopes."""
        self._bot_scopes = frozenset(scopes)
        self._grants: dict[str, Grant] = {
            self.app_token: Grant("app", "", APP_LEVEL_SCOPES),
            self.config_token: Grant("config", "", CONFIG_SCOPES),
            self.bot_token: Grant("bot", BOT_USER_ID, self._bot_scopes),
        }
        self._revoked: set[str] = set()
        self._renews: dict[str, str] = {}  # refresh token -> access token
        self._exchanged: set[str] = set()
        self._changed()

    @property
    def bot_scopes(self) -> frozenset[str]:
        return self._bot_scopes

    def grant_bot(self, scopes: Iterable[str]) -> None:
        """Give every token of the bot exactly these scopes."""
        self._bot_scopes = frozenset(scopes)
        for token, grant in self._grants.items():
            if grant.is_bot:
                self._grants[token] = replace(grant, scopes=self._bot_scopes)
        self._changed()

    def find(self, token: str | None) -> Grant:
        """What a token allows now, or raise SlackError for one that allows nothing any more."""
        if not token:
            raise SlackError("not_authed")
        grant = self._grants.get(token)
        if grant is None:
            raise SlackError("invalid_auth")
        if token in self._revoked:
            raise SlackError("token_revoked")
        if grant.expires_at is not None and self.clock.now() >= grant.expires_at:
            raise SlackError("token_expired")
        if grant.kind == "user" and not self._is_active(grant.user_id):
            raise SlackError("account_inactive")
        return grant

    def live_grants(self) -> list[Grant]:
        """What the tokens that are good now allow."""
        return [grant for token, grant in self._grants.items() if self._is_live(token)]

    def _is_live(self, token: str) -> bool:
        try:
            self.find(token)
        except SlackError:
            return False
        return True

    def check(self, token: str | None, kinds: Collection[str], scopes: Collection[str]) -> Grant:
        """What a token allows, if it is of one of `kinds` and has any one of `scopes` (when there are some).

        The token of a custom step passes for the bot's.
        """
        grant = self.find(token)
        if grant.kind not in kinds and not (grant.is_bot and "bot" in kinds):
            raise SlackError("not_allowed_token_type")
        if scopes and not grant.scopes & set(scopes):
            raise missing_scope(next(iter(scopes)), grant.scopes)
        return grant

    # Giving out

    def install_bot(self, scopes: Iterable[str], *, rotating: bool) -> Issued:
        """The app is installed (again): scopes add up, and without rotation the token stays the same."""
        self.grant_bot(self._bot_scopes | set(scopes))
        grant = Grant("bot", BOT_USER_ID, self._bot_scopes)
        if rotating:
            return self._rotated(grant)
        self._revoked.discard(self.bot_token)
        return self._issue(self.bot_token, grant)

    def install_user(self, user_id: str, scopes: Iterable[str], *, rotating: bool) -> Issued:
        """A person lets the app act as them: scopes add up, and without rotation the token stays the same."""
        own = {token: g for token, g in self._grants.items() if g.kind == "user" and g.user_id == user_id}
        live = {token: g for token, g in own.items() if token not in self._revoked}
        grant = Grant("user", user_id, frozenset(scopes).union(*(g.scopes for g in live.values())))
        if rotating:
            return self._rotated(grant)
        lasting = next((token for token, g in live.items() if g.expires_at is None), None)
        return self._issue(lasting or new_user_token(), grant)

    def issue_just_in_time(self) -> str:
        """The bot's token for one custom step; `revoke` it when the step is over."""
        token = f"xwfp-{_digits(12)}-{_digits(13)}-{_word(32)}"
        expires_at = self.clock.now() + JUST_IN_TIME_SECONDS
        self._grants[token] = Grant("just_in_time", BOT_USER_ID, self._bot_scopes, expires_at)
        return token

    def refresh(self, refresh_token: str) -> Issued:
        """A new pair for a refresh token, which is good for one time only; the old access token lives on
        until it expires. Raises SlackError."""
        token = self._renews.pop(refresh_token, None)
        if token is None or token in self._revoked:
            raise SlackError("invalid_refresh_token")
        return self._rotated(self._grants[token])

    def exchange(self, token: str | None) -> Issued:
        """A pair that rotates for a token that did not, which no longer is good for anything. Raises SlackError."""
        if token in self._exchanged:
            raise SlackError("token_already_exchanged")
        grant = self._grants.get(token or "")
        if token is None or grant is None or grant.expires_at is not None or not grant.is_of_workspace:
            raise SlackError("invalid_token")
        if token in self._revoked:
            raise SlackError("authorization_not_found")
        self._exchanged.add(token)
        self._revoked.add(token)
        return self._rotated(grant)

    def revoke(self, token: str) -> None:
        self._revoked.add(token)
        self._changed()

    def revoke_all(self) -> list[Grant]:
        """The app is removed: what was good until now. App-level tokens belong to the app, and stay."""
        ended = {t: g for t, g in self._grants.items() if g.is_of_workspace and t not in self._revoked}
        self._revoked |= ended.keys()
        self._changed()
        return list(ended.values())

    def _rotated(self, grant: Grant) -> Issued:
        kind = "xoxp" if grant.kind == "user" else "xoxb"
        lasting = replace(grant, expires_at=self.clock.now() + ROTATED_SECONDS)
        return self._issue(f"xoxe.{kind}-1-{_word(130)}", lasting, f"xoxe-1-{_word(130)}")

    def _issue(self, token: str, grant: Grant, refresh_token: str | None = None) -> Issued:
        self._grants[token] = grant
        if refresh_token is not None:
            self._renews[refresh_token] = token
        self._changed()
        return Issued(token, grant, refresh_token)

    # Keeping

    def dump(self) -> Json:
        """What outlives a restart, as JSON. The first two tokens come from the configuration each time."""
        grants = [
            {"token": token, **vars(grant), "scopes": sorted(grant.scopes)}
            for token, grant in self._grants.items()
            if token not in (self.bot_token, self.app_token, self.config_token)
        ]
        return {
            "grants": grants,
            "revoked": sorted(self._revoked),
            "renews": dict(self._renews),
            "exchanged": sorted(self._exchanged),
        }

    def load(self, data: Json) -> None:
        """Take over what `dump` gave; raises KeyError, TypeError or ValueError when it is something else."""
        for row in data["grants"]:
            if row["kind"] not in get_args(TokenKind):
                raise ValueError(f"{row['kind']!r} is no kind of token")
            grant = Grant(row["kind"], row["user_id"], frozenset(row["scopes"]), row["expires_at"])
            self._grants[row["token"]] = replace(grant, scopes=self._bot_scopes) if grant.is_bot else grant
        self._revoked |= set(data["revoked"])
        self._renews |= {str(key): str(value) for key, value in data["renews"].items()}
        self._exchanged |= set(data["exchanged"])


def new_bot_token() -> str:
    return f"xoxb-{_digits(12)}-{_digits(13)}-{_word(24)}"


def new_user_token() -> str:
    return f"xoxp-{_digits(12)}-{_digits(12)}-{_digits(13)}-{secrets.token_hex(16)}"


def new_app_token() -> str:
    return f"xapp-1-{APP_ID}-{_digits(13)}-{secrets.token_hex(32)}"


def new_config_token() -> str:
    return f"xoxe.xoxp-1-{_word(130)}"


def new_client_id() -> str:
    return f"{_digits(12)}.{_digits(13)}"


def _digits(count: int) -> str:
    return "".join(secrets.choice(string.digits) for _ in range(count))


def _word(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
