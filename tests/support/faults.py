"""What happens to processes, and only to those of a test's own stack: they are killed, frozen, joined by others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import redis
from sqlalchemy import text

from engine.core.errors import Busy
from engine.embedded_redis import embedded_redis
from engine.redis_connection import connect
from store.database import Database
from tests.support.stack import Stack, wait_until

PATIENCE = 60.0


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def kill_worker(stack: Stack) -> int:
    """kill -9, as the kernel does when memory runs out; the id of the process that was killed."""
    return _kill(stack.worker_pids()[-1], "worker")


def kill_web(stack: Stack) -> int:
    return _kill(stack.web_pids()[-1], "web")


def wait_for_new_worker(stack: Stack, old: int) -> None:
    wait_until(lambda: stack.worker_pids()[-1] != old, PATIENCE, lambda: "".join(stack.output[-40:]))


def wait_for_new_web(stack: Stack, old: int) -> None:
    """Until another web process takes requests."""
    wait_until(lambda: stack.web_pids()[-1] != old, PATIENCE, lambda: "".join(stack.output[-40:]))
    stack.wait_until_said(r"web +\| .* (Uvicorn running on)", len(stack.web_pids()))


def _kill(pid: int, command: str) -> int:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    assert words[-2:] == [command.encode(), b""], f"{pid} is none of ours: {words}"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), PATIENCE)
    return pid


# --- freezing


@contextmanager
def frozen_worker(stack: Stack) -> Iterator[int]:
    """The worker does nothing, though it lives, until the end of the block; its process id.

    Not in the middle of a transaction: that the others then wait for it is another matter.
    """
    pid = stack.worker_pids()[-1]
    wait_until(lambda: _freeze(pid, stack.database_url), PATIENCE)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGCONT)


def _freeze(pid: int, database_url: str) -> bool:
    os.kill(pid, signal.SIGSTOP)
    if _nobody_writes(database_url):
        return True
    os.kill(pid, signal.SIGCONT)
    return False


def _nobody_writes(database_url: str) -> bool:
    """Whether all locks can be had, at least after a second, in which whoever lives has ended what it did."""
    database = Database(database_url, lock_timeout_seconds=1.0)
    try:
        with database.write() as c:
            if not database.is_sqlite:
                c.execute(text("LOCK TABLE run, task, attempt, lease IN EXCLUSIVE MODE"))
    except Busy:
        return False
    finally:
        database.dispose()
    return True


# --- Redis


@contextmanager
def redis_of(stack: Stack) -> Iterator[redis.Redis]:
    with connect(embedded_redis(stack.home).url, timeout_seconds=5.0) as client:
        yield client


def kill_redis(stack: Stack) -> None:
    """It comes back empty: it keeps nothing on disk."""
    pid = _redis_pid(stack)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), PATIENCE)


def flush_redis(stack: Stack) -> None:
    with redis_of(stack) as client:
        client.flushall()


@contextmanager
def frozen_redis(stack: Stack) -> Iterator[None]:
    pid = _redis_pid(stack)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _redis_pid(stack: Stack) -> int:
    """The server behind the socket in the stack's own home folder."""
    with redis_of(stack) as client:
        info = client.info("server")
    assert isinstance(info, dict)
    return int(info["process_id"])


# --- more processes


@contextmanager
def second_worker(stack: Stack) -> Iterator[int]:
    """Another worker beside the stack's own, until the end of the block; its process id."""
    environment = stack.environment | {"REDIS_URL": embedded_redis(stack.home).url}
    lines: list[str] = []
    with command_line(environment, "worker") as process:
        assert process.stdout is not None
        reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
        reader.start()
        wait_until(lambda: any("worker_started" in line for line in lines), PATIENCE, lambda: "".join(lines))
        yield process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, "".join(lines)
        reader.join(PATIENCE)


@contextmanager
def command_line(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """`handrail ...` in a process of its own, which does not outlive the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "bot.cli", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _read(output: IO[str], lines: list[str]) -> None:
    for line in output:
        lines.append(line)
