"""The Events API: which of the things that happen an app is told of, in what wrapper, and how often."""

import asyncio
import base64
import json
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.access import Grant
from sandbox.audience import Audience, authorization
from sandbox.changes import Happening
from sandbox.clock import Clock, sleep_until
from sandbox.delivery import Delivery
from sandbox.event_types import MESSAGE_SUBSCRIPTIONS
from sandbox.payloads import VERIFICATION_TOKEN
from sandbox.people import APP_ID, TEAM_ID
from sandbox.tokens import new_id
from sandbox.transport import Retry
from sandbox.types import Json
from sandbox.workspace import Workspace

log = logging.getLogger(__name__)

# All from docs.slack.dev/apis/events-api.
RETRY_DELAYS = (0.0, 60.0, 300.0)  # seconds after the try before: almost at once, a minute, five minutes
MOST_AN_HOUR = 30_000
FAILING_SHARE = 0.95  # of an hour's deliveries; above it the subscription is switched off
FEWEST_TO_JUDGE = 1_000  # an app that gets less in an hour is let be

HOUR = 3600.0
MOST_AT_ONCE = 50  # requests with events that are on their way at the same time


@dataclass(frozen=True)
class EventLimits:
    """Slack's figures; tests make them smaller."""

    most_an_hour: int = MOST_AN_HOUR
    fewest_to_judge: int = FEWEST_TO_JUDGE


class LastHour:
    """How the deliveries of the last sixty minutes went."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: deque[float] = deque()
        self._ended: deque[tuple[float, bool]] = deque()

    @property
    def sent(self) -> int:
        horizon = self._clock.now() - HOUR
        while self._sent and self._sent[0] <= horizon:
            self._sent.popleft()
        return len(self._sent)

    def outcomes(self) -> tuple[int, int]:
        """How many were answered or given up, and how many of them failed."""
        horizon = self._clock.now() - HOUR
        while self._ended and self._ended[0][0] <= horizon:
            self._ended.popleft()
        return len(self._ended), sum(has_failed for _, has_failed in self._ended)

    def count_sent(self) -> None:
        self._sent.append(self._clock.now())

    def count_outcome(self, *, has_failed: bool) -> None:
        self._ended.append((self._clock.now(), has_failed))

    def clear(self) -> None:
        self._sent.clear()
        self._ended.clear()


class Events:
    """Hears what happens in the workspace and tells the app what it subscribed to and may know.

    `is_enabled` is False after Slack switched the subscription off, or somebody did; then nothing is told.
    """

    def __init__(
        self,
        workspace: Workspace,
        delivery: Delivery,
        clock: Clock,
        audience: Audience,
        is_limited: Callable[[], bool],
    ) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._clock = clock
        self._audience = audience
        self._is_limited = is_limited
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(MOST_AT_ONCE)
        self._limited_minute = 0
        self.last_hour = LastHour(clock)
        self.limits = EventLimits()
        self.is_enabled = True

    def hear(self, happening: Happening) -> None:
        """Something happened; if the app should know, it is told as soon as possible."""
        hearing = self._hearing(happening)
        if isinstance(hearing, str):
            return
        if self._is_limited() and self.last_hour.sent >= self.limits.most_an_hour:
            self._tell_of_limit()
            return
        self._start(self._wrapped(self._completed(happening), hearing))

    def state(self) -> Json:
        """For people: whether events are sent, and how the last hour's went."""
        ended, failed = self.last_hour.outcomes()
        return {
            "enabled": self.is_enabled,
            "under_way": len(self._tasks),
            "sent_last_hour": self.last_hour.sent,
            "ended_last_hour": ended,
            "failed_last_hour": failed,
            "most_an_hour": self.limits.most_an_hour,
        }

    def enable(self, is_enabled: bool) -> None:
        """Switch the subscription on again, or off; the failures until now no longer count."""
        self.is_enabled = is_enabled
        self.last_hour.clear()

    def reset(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._limited_minute = 0
        self.enable(True)

    async def close(self) -> None:
        """Give up what is still to be repeated."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def why_unheard(self, happening: Happening) -> str | None:
        """Why the app is not told of this, in a sentence; None when it is told."""
        hearing = self._hearing(happening)
        return hearing if isinstance(hearing, str) else None

    def _hearing(self, happening: Happening) -> Grant | str:
        """By whose permission the app is told, or why it is not."""
        if not self.is_enabled:
            return "The event subscription is switched off."
        if not self._delivery.takes_events():
            return "The app has named no address for events."
        return self._audience.hearing(happening)

    def _completed(self, happening: Happening) -> Json:
        """The event with its time and, for a message, the sort of conversation."""
        event = dict(happening.event)
        event.setdefault("event_ts", self._workspace.timestamps.next())
        if event["type"] == "message" and happening.channel is not None:
            event.setdefault("ts", event["event_ts"])
            event["channel_type"] = MESSAGE_SUBSCRIPTIONS[self._workspace.channels[happening.channel].kind][1]
        return event

    def _wrapped(self, event: Json, hearing: Grant) -> Json:
        context = {"et": event["type"], "tid": TEAM_ID, "aid": APP_ID, "cid": _channel_id(event)}
        return {
            "token": VERIFICATION_TOKEN,
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self._clock.now()),
            "authorizations": [authorization(hearing)],
            "is_ext_shared_channel": False,
            "event_context": "4-" + base64.b64encode(json.dumps(context).encode()).decode(),
        }

    def _tell_of_limit(self) -> None:
        """Too many this hour: say so once a minute instead."""
        minute = int(self._clock.now() // 60 * 60)
        if minute == self._limited_minute:
            return
        self._limited_minute = minute
        self._start(
            {
                "token": VERIFICATION_TOKEN,
                "type": "app_rate_limited",
                "team_id": TEAM_ID,
                "minute_rate_limited": minute,
                "api_app_id": APP_ID,
            }
        )

    def _start(self, wrapper: Json) -> None:
        self.last_hour.count_sent()
        task = asyncio.get_running_loop().create_task(self._deliver(wrapper))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, wrapper: Json) -> None:
        """Tell the app until it has heard, at most four times."""
        retry: Retry | None = None
        for number, delay in enumerate((*RETRY_DELAYS, None), start=1):
            async with self._slots:
                reply = await self._delivery.send_event(wrapper, retry)
            self._judge(has_failed=reply.problem is not None)
            if reply.problem is None or reply.forbids_retry or delay is None:
                return
            retry = Retry(number, reply.retry_reason or "unknown_error")
            await sleep_until(self._clock, self._clock.now() + delay)
            if not self.is_enabled:
                return

    def _judge(self, *, has_failed: bool) -> None:
        """Switch the subscription off when nearly all of an hour's deliveries failed."""
        self.last_hour.count_outcome(has_failed=has_failed)
        ended, failed = self.last_hour.outcomes()
        if self.is_enabled and ended >= self.limits.fewest_to_judge and failed > ended * FAILING_SHARE:
            self.is_enabled = False
            log.warning("event_subscription_switched_off failed=%s of=%s", failed, ended)


def _channel_id(event: Json) -> str | None:
    channel = event.get("channel")
    return channel if isinstance(channel, str) else None
