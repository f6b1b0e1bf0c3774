"""How soon work begins on an idle system: from a submitted form, and from a click on Approve, to a step.

The real web process, a worker, and a local Slack. The step writes into a named pipe as soon as its command runs;
when it was claimed, the database says, in whole milliseconds.
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue

from benchmarks import slack_requests
from benchmarks.house import HOST, SECRET, House, Place, house
from benchmarks.plain import Plain
from benchmarks.report import Row, compare
from benchmarks.sizes import Sizes
from benchmarks.workflow_files import ASK, MARKED_STEP, START

PATIENCE_SECONDS = 20.0
REST_SECONDS = 0.15
"""Between samples: until everybody sleeps again."""
BESIDE = "plain Dramatiq, from sending a message to its actor running"
SUBMIT, CLICK = "form to first step", "Approve to next step"

Samples = dict[str, list[float]]


def measure(place: Place, sizes: Sizes) -> list[Row]:
    samples: Samples = {}
    yardstick: list[float] = []
    with house(place) as built:
        for _ in range(sizes.rounds):
            with (
                built.workers(),
                built.web() as port,
                _stamps(built) as stamps,
                closing(_Sender(port)) as sender,
            ):
                _measure_handrail(built, sender, stamps, sizes.samples, samples)
            with built.plain() as plain:
                yardstick += [_touch(plain) for _ in range(sizes.samples)]
    return [
        row
        for name, values in samples.items()
        for row in compare(place.name, name, values, yardstick, BESIDE)
    ]


def _measure_handrail(
    built: House, sender: _Sender, stamps: SimpleQueue[float], count: int, samples: Samples
) -> None:
    workflows = built.engine.registry.workflows()

    def submit(name: str) -> None:
        sender.post(slack_requests.submission(name, workflows[name].digest))

    def approve() -> None:
        approval_id = built.scalar("SELECT id FROM approval WHERE status = 'open'")
        _sample(built, stamps, CLICK, lambda: sender.post(slack_requests.approval(approval_id)), samples)

    submit(START)  # the first of everything is slower, and no idle system is new
    stamps.get(timeout=PATIENCE_SECONDS)
    for _ in range(count):
        _sample(built, stamps, SUBMIT, lambda: submit(START), samples)
        submit(ASK)
        time.sleep(REST_SECONDS)
        approve()


def _sample(
    built: House, stamps: SimpleQueue[float], name: str, act: Callable[[], None], samples: Samples
) -> None:
    time.sleep(REST_SECONDS)
    wall, began = time.time() * 1000, time.perf_counter()
    act()
    runs = (stamps.get(timeout=PATIENCE_SECONDS) - began) * 1000
    claimed = built.scalar(f"SELECT MAX(started_at) FROM task WHERE step_id = '{MARKED_STEP}'") - wall
    samples.setdefault(f"{name}, claimed", []).append(max(0.0, claimed))
    samples.setdefault(f"{name}, command runs", []).append(runs)


def _touch(plain: Plain) -> float:
    time.sleep(REST_SECONDS)
    began = time.perf_counter()
    plain.touch()
    plain.wait_for_end()
    return (time.perf_counter() - began) * 1000


class _Sender:
    """Sends signed requests over one connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        self._connection.close()

    def post(self, body: bytes) -> None:
        self._connection.request("POST", slack_requests.PATH, body, slack_requests.headers(SECRET, body))
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"unexpected answer {answer.status}: {text!r}")


@contextmanager
def _stamps(built: House) -> Iterator[SimpleQueue[float]]:
    """When each line came out of the named pipe, by the clock of `time.perf_counter`."""
    stamps: SimpleQueue[float] = SimpleQueue()
    pipe = os.open(built.started, os.O_RDWR)  # for writing too: so it never comes to its end

    def listen() -> None:
        while os.read(pipe, 1) == b"\n":
            stamps.put(time.perf_counter())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield stamps
    finally:
        os.write(pipe, b"!")
        listener.join(PATIENCE_SECONDS)
        os.close(pipe)
