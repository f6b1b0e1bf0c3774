"""Messages that wait for their time: chat.scheduleMessage."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sandbox.changes import Change
from sandbox.clock import Clock
from sandbox.errors import SlackError
from sandbox.tokens import new_id
from sandbox.types import Json

# docs.slack.dev/reference/methods/chat.scheduleMessage, "Restrictions", and chat.deleteScheduledMessage
FARTHEST_SECONDS = 120 * 24 * 3600
WINDOW_SECONDS = 300
MOST_IN_WINDOW = 30
FIXED_SECONDS = 60  # so shortly before its time a message cannot be withdrawn any more


@dataclass(frozen=True)
class Scheduled:
    """One waiting message; `given` are the arguments it was scheduled with."""

    id: str
    channel: str
    post_at: int
    created: int
    user: str
    given: Json

    def row(self) -> Json:
        row = {
            "id": self.id,
            "channel_id": self.channel,
            "post_at": self.post_at,
            "date_created": self.created,
        }
        return row | ({"text": self.given["text"]} if self.given.get("text") else {})


class ScheduledMessages:
    """All waiting messages, soonest first."""

    def __init__(self, clock: Clock, publish: Callable[[Change], None]) -> None:
        self._clock = clock
        self._publish = publish
        self._waiting: dict[str, Scheduled] = {}

    def add(self, channel: str, post_at: int, user: str, given: Json) -> Scheduled:
        now = self._clock.now()
        if post_at <= now:
            raise SlackError("time_in_past")
        if post_at > now + FARTHEST_SECONDS:
            raise SlackError("time_too_far")
        self._check_crowd(channel, post_at)
        message = Scheduled(new_id("Q"), channel, post_at, int(now), user, given)
        self._waiting[message.id] = message
        self._publish(Change("scheduled", channel))
        return message

    def of(self, user: str) -> list[Scheduled]:
        """Those that this user scheduled, soonest first."""
        mine = (message for message in self._waiting.values() if message.user == user)
        return sorted(mine, key=lambda message: message.post_at)

    def withdraw(self, channel: str, message_id: str, user: str) -> None:
        """Raises SlackError when there is none, or when it is about to be posted."""
        message = self._waiting.get(message_id)
        is_mine = message is not None and (message.channel, message.user) == (channel, user)
        if message is None or not is_mine or message.post_at - self._clock.now() < FIXED_SECONDS:
            raise SlackError("invalid_scheduled_message_id")
        del self._waiting[message_id]
        self._publish(Change("scheduled", channel))

    def take_due(self) -> list[Scheduled]:
        """Those whose time has come, soonest first; they wait no more."""
        now = self._clock.now()
        due = sorted((m for m in self._waiting.values() if m.post_at <= now), key=lambda m: m.post_at)
        for message in due:
            del self._waiting[message.id]
            self._publish(Change("scheduled", message.channel))
        return due

    def clear(self) -> None:
        self._waiting.clear()

    def dump(self) -> Json:
        return {"waiting": [asdict(message) for message in self._waiting.values()]}

    def load(self, data: Json) -> None:
        """Take over what `dump` gave; raises KeyError or TypeError when it is something else."""
        self._waiting = {row["id"]: Scheduled(**row) for row in data["waiting"]}

    def _check_crowd(self, channel: str, post_at: int) -> None:
        """At most 30 in any five minutes that contain `post_at`."""
        times = [m.post_at for m in self._waiting.values() if m.channel == channel] + [post_at]
        near = [time for time in times if abs(time - post_at) < WINDOW_SECONDS]
        starts = [time for time in near if time <= post_at]
        if any(sum(s <= t < s + WINDOW_SECONDS for t in near) > MOST_IN_WINDOW for s in starts):
            raise SlackError("restricted_too_many")
