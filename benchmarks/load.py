"""Sends requests over several connections at once and says how long each answer took.

A process of its own, so that it shares no interpreter with what it measures: `python -m benchmarks.load` reads an
`Order` as JSON from stdin and writes `Answers` as JSON to stdout.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import uvloop

from benchmarks import slack_requests

LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Order:
    """`workflow` and `digest` name a form to submit; without them a command is sent, with this `text`.
    Every answer must be 200 and hold `expected`."""

    port: int
    secret: str
    count: int
    connections: int
    expected: str
    text: str = "help"
    workflow: str = ""
    digest: str = ""

    def body(self) -> bytes:
        if self.workflow:
            return slack_requests.submission(self.workflow, self.digest)
        return slack_requests.command(self.text)


@dataclass(frozen=True, slots=True)
class Answers:
    """`milliseconds` of each answer, and `seconds` for all of them."""

    milliseconds: list[float]
    seconds: float


def send(order: Order) -> Answers:
    """Carry out an order in another process. Raises CalledProcessError with its last words."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(order)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=2 * LONGEST_SECONDS,
    )
    return Answers(**json.loads(done.stdout))


async def _send_all(order: Order) -> Answers:
    requests = iter([slack_requests.http(order.secret, order.body()) for _ in range(order.count)])
    taken: list[float] = []
    connections = [await _connect(order.port) for _ in range(order.connections)]
    began = time.perf_counter()
    async with asyncio.timeout(LONGEST_SECONDS), asyncio.TaskGroup() as group:
        for reader, writer in connections:
            group.create_task(_send_some(reader, writer, requests, order.expected.encode(), taken))
    seconds = time.perf_counter() - began
    for _, writer in connections:
        writer.close()
    return Answers(taken, seconds)


async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def _send_some(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    requests: Iterator[bytes],
    expected: bytes,
    taken: list[float],
) -> None:
    for request in requests:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        taken.append((time.perf_counter() - began) * 1000)
        if b" 200 " not in head[:16] or expected not in body:
            raise RuntimeError(f"unexpected answer: {head + body!r}")


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


if __name__ == "__main__":
    answers = uvloop.run(_send_all(Order(**json.load(sys.stdin))))
    json.dump(asdict(answers), sys.stdout)
