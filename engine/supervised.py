"""A command under a supervisor process: the owner's side of `engine/supervisor.py`."""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from engine.lease import LeaseTerms

SUPERVISOR = Path(__file__).with_name("supervisor.py")

LOADER_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All that an interpreter of ours may need of our environment to start; commands do not see them."""

_START_SECONDS = 30.0
_FINISH_SECONDS = 2.0


class Reason(StrEnum):
    """What a command was ended for; NONE when it ended by itself."""

    NONE = "none"
    STOP = "stop"
    TIMEOUT = "timeout"
    LEASE = "lease"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: `argv[0]` is a path, and `env` the whole environment. `grace_seconds` lie between SIGTERM
    and SIGKILL. `scratch` is a folder that is removed should this process die before it does so itself."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    scratch: str = ""
    timeout_seconds: float = math.inf
    grace_seconds: float = 10.0

    def encode(self, lease: LeaseTerms) -> bytes:
        head = (
            self.folder,
            self.scratch,
            str(self.timeout_seconds),
            str(self.grace_seconds),
            str(lease.stop_at),
            str(lease.kill_at),
            str(len(self.argv)),
        )
        entries = (f"{name}={value}" for name, value in self.env.items())
        data = "\0".join((*head, *self.argv, *entries)).encode("utf-8", "surrogateescape")
        return b"setup %d\n%s" % (len(data), data)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: with an exit code, or by a signal. `had_leftovers`: it ended by itself, and what it
    had started did not, so that was ended too."""

    exit_code: int | None
    signal_number: int | None
    reason: Reason
    had_leftovers: bool


class StartFailed(Exception):
    """The command could not be started at all; the text says why."""


class SupervisorLost(Exception):
    """The supervisor was killed, so how the command ended is not known. Its process group was killed."""


FOR_EVER = LeaseTerms(math.inf, math.inf)


class Supervised:
    """One running command. It dies with this process, whatever kills it. `close` ends it if it still runs."""

    def __init__(
        self,
        command: Command,
        *,
        stdout: int,
        stderr: int,
        stdin: int = subprocess.DEVNULL,
        lease: LeaseTerms = FOR_EVER,
    ) -> None:
        """Start it, with these file descriptors (which stay the caller's). Unless a later lease is passed on, it is
        ended by the terms of this one; is it over already, the command is not begun. Raises StartFailed."""
        self._received = b""
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._supervisor = _start_supervisor(theirs.fileno(), stdin, stdout, stderr)
        self.pid = 0
        try:
            self._socket.sendall(command.encode(lease))
            self._wait_for_start()
        except OSError as error:
            self.close()
            raise StartFailed(f"the supervisor ended early ({error.strerror})") from error
        except BaseException:
            self.close()
            raise

    def follow(self, terms: LeaseTerms) -> None:
        """Pass on a renewed lease. Neither blocks nor raises, so that a lease can be followed."""
        self._say(f"lease {terms.stop_at!r} {terms.kill_at!r}")

    def stop(self) -> None:
        """Ask the command to end: SIGTERM, and SIGKILL after its grace."""
        self._say("stop")

    def kill(self) -> None:
        """SIGKILL at once."""
        self._say("kill")

    def wait(self, seconds: float | None = None) -> Ended | None:
        """How it ended, or None when it still runs after so many seconds. Raises SupervisorLost."""
        line = self._read_line(seconds)
        if line is None:
            return None
        _, kind, number, reason, leftovers = line.split()
        is_exit = kind == "exit"
        return Ended(
            exit_code=int(number) if is_exit else None,
            signal_number=None if is_exit else int(number),
            reason=Reason(reason),
            had_leftovers=leftovers == "1",
        )

    def close(self) -> None:
        """Let go of it. Should it still run, its supervisor takes that for our death and ends it."""
        self._socket.close()
        try:
            self._supervisor.wait(_FINISH_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_all()

    def _wait_for_start(self) -> None:
        while (line := self._read_line(_START_SECONDS)) is not None:
            kind, _, rest = line.partition(" ")
            if kind == "started":
                return
            if kind == "failed":
                raise StartFailed(rest)
            self.pid = int(rest)
        self._kill_all()
        raise StartFailed(f"the supervisor did not answer within {_START_SECONDS:.0f} s")

    def _read_line(self, seconds: float | None) -> str | None:
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while b"\n" not in self._received:
            left = None if deadline == math.inf else max(0.0, deadline - time.monotonic()) * 1000
            if not poll.poll(left):
                return None
            self._receive()
        line, _, self._received = self._received.partition(b"\n")
        return line.decode()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(4096)
        except ConnectionError:
            data = b""
        if not data:
            self._kill_all()
            raise SupervisorLost
        self._received += data

    def _say(self, line: str) -> None:
        try:
            self._socket.send(line.encode() + b"\n", socket.MSG_DONTWAIT)
        except OSError:
            return  # it has ended, or will notice our silence

    def _kill_all(self) -> None:
        if self.pid:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                self.pid = 0
        self._supervisor.kill()
        self._supervisor.wait()


def _start_supervisor(channel: int, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our own script, by its path
        [sys.executable, "-I", "-S", str(SUPERVISOR), str(channel)],
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd="/",
        env={name: os.environ[name] for name in LOADER_VARIABLES if name in os.environ},
        pass_fds=[channel],
        start_new_session=True,
    )
