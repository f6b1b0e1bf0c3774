"""Short-lived permissions Slack hands to an app: trigger ids and response URLs; and the making of ids."""

import secrets
import string
from dataclasses import dataclass, replace

from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.people import TEAM_ID

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5

_ID_LETTERS = string.ascii_uppercase + string.digits


def new_id(prefix: str) -> str:
    """An id in Slack's shape, such as V0K3X9Q2ZTA for the prefix 'V'."""
    return prefix + "0" + "".join(secrets.choice(_ID_LETTERS) for _ in range(9))


def short_id() -> str:
    """What Slack writes where an app left out a block_id or action_id."""
    return secrets.token_urlsafe(6)[:5]


class Timestamps:
    """Message timestamps: seconds, a dot and six digits, never twice the same and always growing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0  # microseconds

    def next(self) -> str:
        self._last = max(int(self._clock.now() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def never_before(self, ts: str) -> None:
        """Make every later timestamp larger than `ts`."""
        seconds, micros = ts.split(".")
        self._last = max(self._last, int(seconds) * 1_000_000 + int(micros))


@dataclass(frozen=True)
class Trigger:
    """Permission to show `user` one view; `view_id` is the modal the person acted in, if any."""

    user: str
    view_id: str | None
    issued_at: float
    is_used: bool = False


class Triggers:
    """Trigger ids: valid three seconds, exchanged once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        now = self._clock.now()
        # Kept for ten minutes after expiry, so that a late use is told "expired", not "invalid".
        self._triggers = {key: t for key, t in self._triggers.items() if now - t.issued_at < 600}
        trigger_id = (
            f"{secrets.randbelow(10**13):013d}.{secrets.randbelow(10**12):012d}.{secrets.token_hex(16)}"
        )
        self._triggers[trigger_id] = Trigger(user, view_id, now)
        return trigger_id

    def redeem(self, trigger_id: str) -> Trigger:
        """Use it up, or raise SlackError: invalid_, exchanged_ or expired_trigger_id."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.issued_at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        self._triggers[trigger_id] = replace(trigger, is_used=True)
        return trigger

    def forget_all(self) -> None:
        self._triggers.clear()


@dataclass
class ResponseUrl:
    """Where an app may answer one interaction without a token.

    `source_ts` is the message the answer may replace or delete: for a slash command the app's own
    latest answer, for a click the message that was clicked.
    """

    channel: str
    user: str
    issued_at: float
    is_command: bool = False
    source_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Response URLs by their secret: five uses within thirty minutes."""

    def __init__(self, clock: Clock, base_url: str) -> None:
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._urls: dict[str, ResponseUrl] = {}

    def for_command(self, channel: str, user: str) -> tuple[str, ResponseUrl]:
        """The address for a slash command, and what is known of it."""
        return self._issue("commands", ResponseUrl(channel, user, self._clock.now(), is_command=True))

    def for_message(self, channel: str, user: str, source_ts: str | None) -> str:
        """The address for something done in a message, or chosen in a modal."""
        return self._issue("actions", ResponseUrl(channel, user, self._clock.now(), source_ts=source_ts))[0]

    def _issue(self, kind: str, url: ResponseUrl) -> tuple[str, ResponseUrl]:
        secret = secrets.token_urlsafe(18)
        self._urls[secret] = url
        return f"{self._base_url}/{kind}/{TEAM_ID}/{secrets.randbelow(10**13):013d}/{secret}", url

    def known(self, secret: str) -> ResponseUrl | None:
        """The address whether or not it may still be used."""
        return self._urls.get(secret)

    def find(self, secret: str) -> ResponseUrl:
        """The address if it may still be used, or raise SlackError: expired_url or used_url."""
        url = self._urls.get(secret)
        if url is None or self._clock.now() - url.issued_at > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        return url

    def forget_all(self) -> None:
        self._urls.clear()
