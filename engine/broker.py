"""The bell: Dramatiq over Redis, telling workers that there is work, and nothing more.

What to do is found in the database. So nothing that a message says is looked at, and bells may be lost,
repeated, late or forged; Redis may be flushed, frozen or gone. Then work starts a little later, by the workers'
own looking.

An idle consumer of Dramatiq polls; here it sleeps in BLPOP on a short list beside the queue, onto which each ring
pushes a token, and so hears a ring at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import dramatiq
import redis
from dramatiq import Broker, Message, Middleware, Worker
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DecodeError

from engine.redis_connection import connect

logger = logging.getLogger(__name__)

NAMESPACE = "handrail"
QUEUE = "bell"
ACTOR = "ring"
WAKE_KEY = f"{NAMESPACE}:{QUEUE}:wake"
CHANGED_CHANNEL = f"{NAMESPACE}:changed"

_QUEUE_KEY = f"{NAMESPACE}:{QUEUE}"
_MOST_WAITING = 256
"""More waiting bells or tokens would wake nobody sooner."""

_HEARTBEAT_TIMEOUT_MS = 10_000
_ALWAYS = 1_000_000
_SLEEP_SECONDS = 2
_SLEEPING_TIMEOUT_SECONDS = 5.0
_ASKING_TIMEOUT_SECONDS = 0.3
_PAUSE_SECONDS = 1.0
_CLOSING_SECONDS = 0.02


def make_broker(redis_url: str, on_ring: Callable[[], None] | None = None) -> BellBroker:
    """The broker of this process. With `on_ring` it can also be worked for (`dramatiq.Worker(broker)`): the
    function is called for each bell, must be quick, and is not told anything. Connects to nothing yet."""
    broker = BellBroker(redis_url)
    if on_ring is not None:
        _declare_actor(broker, on_ring)
    return broker


def ring(broker: BellBroker) -> bool:
    """Tell some worker that there is work; whether Redis took it. Never raises, never takes over a second."""
    return broker.attempt(lambda: _ring(broker))


def publish_hints(broker: BellBroker, run_ids: Iterable[str]) -> bool:
    """Tell whoever shows runs that these changed; whether Redis took it. As `ring`, it never raises."""
    hints = broker.client.pipeline(transaction=False)
    for run_id in run_ids:
        hints.publish(CHANGED_CHANNEL, run_id)
    return broker.attempt(hints.execute)


def _ring(broker: BellBroker) -> None:
    waiting = broker.client.llen(_QUEUE_KEY)
    assert isinstance(waiting, int)
    if waiting < _MOST_WAITING:
        broker.enqueue(_bell())


def _bell() -> Message[None]:
    return Message(QUEUE, ACTOR, (), {}, {})


def _declare_actor(broker: BellBroker, on_ring: Callable[[], None]) -> None:
    @dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)
    def ring_actor() -> None:
        on_ring()


class BellBroker(RedisBroker):
    """Dramatiq's Redis broker without delays, retries and trust.

    `client` gives up soon, because requests of people wait for it; `sleeper` is for BLPOP alone. After a
    failure nothing is attempted for a second, so that a frozen Redis does not hold people up again and again.
    """

    def __init__(self, redis_url: str) -> None:
        super().__init__(  # type: ignore[no-untyped-call]  # Dramatiq annotates it in part
            client=connect(redis_url, timeout_seconds=_ASKING_TIMEOUT_SECONDS),
            middleware=[_WakeAtShutdown()],
            namespace=NAMESPACE,
            heartbeat_timeout=_HEARTBEAT_TIMEOUT_MS,
            maintenance_chance=_ALWAYS,
        )
        self.sleeper = connect(redis_url, timeout_seconds=_SLEEPING_TIMEOUT_SECONDS)
        self.is_closing = threading.Event()
        self._is_silent = False
        self._silent_until = 0.0

    def declare_queue(self, queue_name: str) -> None:
        """As Dramatiq's, but without a queue for delayed messages: what is due later is a row in SQL."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        return BellConsumer(self)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Put a bell into the queue, and wake one sleeper. Raises redis.RedisError."""
        if delay is not None:
            raise ValueError("A bell rings now. What is due later is a row in the database.")
        enqueued = super().enqueue(message)
        wake = self.client.pipeline(transaction=False)
        wake.lpush(WAKE_KEY, 1)
        wake.ltrim(WAKE_KEY, 0, _MOST_WAITING - 1)
        wake.execute()
        return enqueued

    def attempt(self, command: Callable[[], object]) -> bool:
        """Do something with Redis if it seems to be there; whether that worked."""
        if time.monotonic() < self._silent_until:
            return False
        try:
            command()
        except (redis.RedisError, OSError) as error:
            self._note_silence(error)
            return False
        if self._is_silent:
            self._is_silent = False
            logger.info("bell.heard_again")
        return True

    def sleep(self) -> None:
        """Wait for a ring, for the end of this worker, or for a while. A frozen Redis ends the wait too: its
        silence only means that nothing came."""
        try:
            self.sleeper.blpop([self._own_wake_key, WAKE_KEY], _SLEEP_SECONDS)
        except redis.TimeoutError:
            logger.debug("bell.sleep_timed_out")

    def wake_own_sleepers(self) -> None:
        """End the sleep of this process's consumers."""
        wake = self.client.pipeline(transaction=False)
        wake.lpush(self._own_wake_key, 1)
        wake.expire(self._own_wake_key, _SLEEP_SECONDS * 2)
        self.attempt(wake.execute)

    @property
    def _own_wake_key(self) -> str:
        return f"{WAKE_KEY}:{self.broker_id}"

    def _note_silence(self, error: Exception) -> None:
        self._silent_until = time.monotonic() + _PAUSE_SECONDS
        if not self._is_silent:
            self._is_silent = True
            logger.warning("bell.silent error=%s (work goes on; it may start a little later)", error)


class BellConsumer(Consumer):
    """Hears one bell at a time. A bell counts as answered when it is heard: should this process die of it,
    others find the work in the database. Whatever goes wrong with Redis, the consumer lives on."""

    def __init__(self, broker: BellBroker) -> None:
        self._broker = broker
        self._is_free = threading.Event()
        self._is_free.set()

    def __next__(self) -> MessageProxy | None:
        if self._broker.is_closing.is_set():
            time.sleep(_CLOSING_SECONDS)
            return None
        if not self._is_free.wait(_PAUSE_SECONDS):
            return None
        is_rung = False

        def hear() -> None:
            nonlocal is_rung
            is_rung = self._fetch()
            if not is_rung:
                self._broker.sleep()

        if not self._broker.attempt(hear):
            self._broker.is_closing.wait(_PAUSE_SECONDS)
        if not is_rung:
            return None
        self._is_free.clear()
        return MessageProxy(_bell())

    def ack(self, message: MessageProxy) -> None:
        self._is_free.set()

    def nack(self, message: MessageProxy) -> None:
        self._is_free.set()

    def _fetch(self) -> bool:
        """Take one bell from the queue; whether there was one."""
        for body in self._broker.do_fetch(QUEUE, 1):
            message_id = _message_id(body)
            if message_id is not None:
                self._broker.do_ack(QUEUE, message_id)
            return True
        return False


class _WakeAtShutdown(Middleware):
    """Lets a stopping worker end at once, although its consumer sleeps."""

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        assert isinstance(broker, BellBroker)
        broker.is_closing.clear()

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        assert isinstance(broker, BellBroker)
        broker.is_closing.set()
        broker.wake_own_sleepers()


def _message_id(body: bytes | None) -> str | None:
    """The id by which a message is acknowledged: all that is read of it."""
    try:
        message_id = Message.decode(body or b"").options["redis_message_id"]
    except (DecodeError, LookupError, TypeError):
        return None
    return message_id if isinstance(message_id, str) else None
