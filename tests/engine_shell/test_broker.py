"""The bell is heard at once; whatever happens to Redis, nobody is held up, and it is heard again."""

from __future__ import annotations

import asyncio
import logging
import socket
import statistics
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import pytest
from dramatiq import Message, Worker

from engine.broker import ACTOR, NAMESPACE, QUEUE, BellBroker, make_broker, publish_hints, ring
from engine.hints import changed_runs
from engine.redis_connection import connect
from tests.engine_shell.redis_server import RedisServer, running_redis
from tests.engine_shell.steps import wait_until


class Ears:
    """Counts the bells that a worker heard."""

    def __init__(self) -> None:
        self.heard = 0
        self.last_at = 0.0
        self.hears = threading.Event()

    def __call__(self) -> None:
        self.heard += 1
        self.last_at = time.monotonic()
        self.hears.set()


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@contextmanager
def listening(url: str, ears: Ears) -> Iterator[Worker]:
    broker = make_broker(url, ears)
    worker = Worker(broker, worker_threads=1, worker_timeout=100)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()
        close(broker)


def close(broker: BellBroker) -> None:
    broker.client.close()
    broker.sleeper.close()


@contextmanager
def ringing(url: str) -> Iterator[BellBroker]:
    broker = make_broker(url)
    try:
        yield broker
    finally:
        close(broker)


def consumers_live(worker: Worker) -> bool:
    return all(thread.is_alive() for thread in worker.consumers.values())


def ring_until_heard(broker: BellBroker, ears: Ears, seconds: float) -> None:
    """Ring again and again, as the reconciler does, until somebody hears."""
    before = ears.heard

    def is_heard() -> bool:
        ring(broker)
        return ears.heard > before

    wait_until(is_heard, seconds)


def test_an_idle_worker_hears_a_bell_within_milliseconds(server: RedisServer) -> None:
    ears = Ears()
    delays = []
    with listening(server.url, ears), ringing(server.url) as broker:
        ring_until_heard(broker, ears, 5)
        for _ in range(20):
            ears.hears.clear()
            threading.Event().wait(0.02)  # so that the consumer sleeps again
            started = time.monotonic()
            assert ring(broker)
            assert ears.hears.wait(5)
            delays.append(ears.last_at - started)
    assert statistics.median(delays) < 0.05


def test_every_bell_is_heard_and_none_is_left(server: RedisServer) -> None:
    ears = Ears()
    with listening(server.url, ears), ringing(server.url) as broker:
        for _ in range(100):
            assert ring(broker)
        wait_until(lambda: ears.heard == 100)
        assert broker.client.llen(f"{NAMESPACE}:{QUEUE}") == 0
        assert broker.client.hlen(f"{NAMESPACE}:{QUEUE}.msgs") == 0
        assert broker.client.keys(f"{NAMESPACE}:__acks__*") == []


def test_one_bell_wakes_one_worker(server: RedisServer) -> None:
    first, second = Ears(), Ears()
    with listening(server.url, first), listening(server.url, second), ringing(server.url) as broker:
        for _ in range(20):
            assert ring(broker)
        wait_until(lambda: first.heard + second.heard == 20)


def test_bells_that_nobody_hears_do_not_pile_up(server: RedisServer) -> None:
    with ringing(server.url) as broker:
        for _ in range(400):
            assert ring(broker)
        for key in (f"{NAMESPACE}:{QUEUE}", f"{NAMESPACE}:{QUEUE}:wake"):
            waiting = broker.client.llen(key)
            assert isinstance(waiting, int)
            assert waiting <= 256


def test_a_worker_that_stops_does_not_wait_for_a_sleeping_consumer(server: RedisServer) -> None:
    ears = Ears()
    with listening(server.url, ears) as worker, ringing(server.url) as broker:
        ring_until_heard(broker, ears, 5)
        threading.Event().wait(0.05)
        started = time.monotonic()
        worker.stop()
        assert time.monotonic() - started < 1.0


def test_a_broker_can_be_worked_for_again_after_a_stop(server: RedisServer) -> None:
    ears = Ears()
    broker = make_broker(server.url, ears)
    for _ in range(2):
        worker = Worker(broker, worker_threads=1, worker_timeout=100)
        worker.start()
        ring_until_heard(broker, ears, 5)
        worker.stop()
    close(broker)


def test_delayed_bells_are_refused(server: RedisServer) -> None:
    with ringing(server.url) as broker, pytest.raises(ValueError, match="A bell rings now"):
        broker.enqueue(Message(QUEUE, ACTOR, (), {}, {}), delay=10)


# --- hostile and failing Redis

FORGED = [
    b"not json",
    b"",
    b"[]",
    b"{}",
    b'{"queue_name": "bell"}',
    b"\xff\xfe",
    Message("bell", "rm_rf", ("/",), {}, {"redis_message_id": "x"}).encode(),
    Message("bell", "ring", ("unwanted",), {"x": 1}, {"redis_message_id": ["x"]}).encode(),
    Message("bell", "ring", (), {}, {"eta": 99999999999999, "redis_message_id": "x"}).encode(),
    Message("bell", "ring", (), {}, {"pipe_target": {"actor_name": "x"}}).encode(),
]


def test_forged_messages_are_bells_and_nothing_more(server: RedisServer) -> None:
    ears = Ears()
    with connect(server.url, timeout_seconds=5) as client:
        for number, body in enumerate(FORGED):
            client.hset(f"{NAMESPACE}:{QUEUE}.msgs", str(number), body)
            client.rpush(f"{NAMESPACE}:{QUEUE}", str(number))
        client.rpush(f"{NAMESPACE}:{QUEUE}", "without a body")
    with listening(server.url, ears) as worker, ringing(server.url) as broker:
        wait_until(lambda: ears.heard == len(FORGED) + 1, 5)
        started = time.monotonic()
        ring_until_heard(broker, ears, 5)
        assert time.monotonic() - started < 1  # healthy work is not delayed
        assert consumers_live(worker)


def test_wrong_types_of_keys_are_survived(server: RedisServer) -> None:
    ears = Ears()
    with connect(server.url, timeout_seconds=5) as client, listening(server.url, ears) as worker:
        client.set(f"{NAMESPACE}:{QUEUE}", "a text")
        client.set(f"{NAMESPACE}:{QUEUE}:wake", "a text")
        with ringing(server.url) as broker:
            assert ring(broker) is False
            client.flushall()
            ring_until_heard(broker, ears, 10)
        assert consumers_live(worker)


def test_bells_are_heard_after_everything_was_flushed(server: RedisServer) -> None:
    ears = Ears()
    with listening(server.url, ears) as worker, ringing(server.url) as broker:
        ring_until_heard(broker, ears, 5)
        broker.client.flushall()
        broker.client.script_flush()
        ring_until_heard(broker, ears, 5)
        assert consumers_live(worker)


def test_bells_are_heard_after_redis_was_killed_and_started_again(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    ears = Ears()
    caplog.set_level(logging.INFO)
    with listening(server.url, ears) as worker, ringing(server.url) as broker:
        ring_until_heard(broker, ears, 5)
        server.kill()
        started = time.monotonic()
        assert not any(ring(broker) for _ in range(1000))
        assert time.monotonic() - started < 1.0
        wait_until(lambda: len(silences(caplog)) == 2)  # the ringer's and the listener's, once each
        server.start()
        ring_until_heard(broker, ears, 5)
        assert consumers_live(worker)
    assert len(silences(caplog)) == 2
    assert "CRITICAL" not in {record.levelname for record in caplog.records}


def silences(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith("bell.silent")]


def test_a_frozen_redis_holds_nobody_up_and_is_heard_again(server: RedisServer) -> None:
    """Frozen for longer than BLPOP's timeout, at which Dramatiq's own consumer would be lost."""
    ears = Ears()
    with listening(server.url, ears) as worker, ringing(server.url) as broker:
        ring_until_heard(broker, ears, 5)
        server.freeze()
        frozen = time.monotonic()
        longest = 0.0
        while time.monotonic() - frozen < 7:
            started = time.monotonic()
            ring(broker)
            longest = max(longest, time.monotonic() - started)
            threading.Event().wait(0.1)
        server.thaw()
        assert longest < 1.0
        ring_until_heard(broker, ears, 10)
        assert consumers_live(worker)


def test_a_black_hole_holds_nobody_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=1) as hole,
        ringing(f"redis://127.0.0.1:{hole.getsockname()[1]}/0") as broker,
    ):
        for _ in range(3):
            started = time.monotonic()
            assert ring(broker) is False
            assert publish_hints(broker, ["x"]) is False
            assert time.monotonic() - started < 1.0


def test_a_worker_starts_and_stops_without_redis(server: RedisServer) -> None:
    server.kill()
    ears = Ears()
    with listening(server.url, ears) as worker:
        threading.Event().wait(0.1)
        assert consumers_live(worker)
        server.start()
        with ringing(server.url) as broker:
            ring_until_heard(broker, ears, 10)


# --- hints


def test_a_hint_reaches_who_listens_also_after_redis_was_away(server: RedisServer) -> None:
    async def listen() -> list[str]:
        heard: list[str] = []
        runs = changed_runs(server.url)
        with ringing(server.url) as broker:
            heard.append(await hint_until_heard(broker, "run-1", runs.__anext__()))
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            heard.append(await hint_until_heard(broker, "run-2", runs.__anext__()))
        return heard

    async def hint_until_heard(broker: BellBroker, run_id: str, following: Awaitable[str]) -> str:
        heard = asyncio.ensure_future(following)
        deadline = time.monotonic() + 10
        while not heard.done() and time.monotonic() < deadline:
            await asyncio.to_thread(publish_hints, broker, [run_id])
            await asyncio.wait({heard}, timeout=0.05)
        return heard.result()

    heard = asyncio.run(listen())
    assert heard[0] == "run-1"
    assert heard[1] in ("run-1", "run-2")
