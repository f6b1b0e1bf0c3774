"""Several processes as one: started, restarted, listened to and ended together."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from engine.supervised import Command, Ended, StartFailed, Supervised, SupervisorLost

GRACE_SECONDS = 12.0

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_HEALTHY_AFTER = 10.0
_POLL_SECONDS = 0.1
_KILL_MARGIN = 5.0
_LONGEST_LINE = 64 * 1024
_KEPT_LINES = 10
_PROXY_VARIABLES = frozenset({"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy"})
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ProcessGroup:
    """Children that live and die together, also when this process is killed outright.

    Each runs in a session of its own, so that Ctrl-C reaches only us. One that dies is started again, after a
    pause that grows while it keeps dying. Their lines are written with their name before them.
    """

    def __init__(
        self, write: Callable[[str], object] | None = None, *, grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """`write` takes whole lines, by default to standard output."""
        self._write = write or _write_to_stdout
        self._lock = threading.Lock()
        self._grace = grace_seconds
        self._children: list[_Child] = []

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        is_quiet: bool = False,
        stops_last: bool = False,
    ) -> None:
        """Start a child with this environment (by default ours), always without proxies. Of a quiet one,
        lines are written only when it dies unasked. `stops_last` is for what the others still need at their
        end. Returns at once; what goes wrong is written and tried again."""
        command = Command(
            argv=(shutil.which(argv[0]) or argv[0], *argv[1:]),
            env=_without_proxies(os.environ if env is None else env),
            folder=str(Path.cwd()),
            grace_seconds=self._grace,
        )
        child = _Child(name, command, self._say, is_quiet=is_quiet, stops_last=stops_last)
        self._children.append(child)
        child.thread.start()

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run now."""
        return {child.name: child.pid for child in self._children if child.pid}

    def wait(self) -> None:
        """Wait in the main thread for SIGINT, SIGTERM or SIGHUP, then end all; at a second signal, at once."""
        signals: SimpleQueue[int] = SimpleQueue()
        before = {
            number: signal.signal(number, lambda number, frame: signals.put(number)) for number in _SIGNALS
        }
        try:
            signals.get()
            self.stop(is_hurried=lambda: not signals.empty())
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self, is_hurried: Callable[[], bool] = lambda: False) -> None:
        """End all: SIGTERM, after the grace (or when hurried) SIGKILL. Returns when nothing is left."""
        for are_last in (False, True):
            ending = [child for child in self._children if child.stops_last is are_last]
            for child in ending:
                child.stopping.set()
            for child in ending:
                child.join(is_hurried)
        self._children.clear()

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _say(self, name: str, line: str) -> None:
        width = max((len(child.name) for child in self._children), default=0)
        with self._lock:
            self._write(f"{name:<{width}} | {line}\n")


class _Child:
    """One name, and the processes that bear it one after another."""

    def __init__(
        self,
        name: str,
        command: Command,
        say: Callable[[str, str], None],
        *,
        is_quiet: bool,
        stops_last: bool,
    ) -> None:
        self.name = name
        self.stops_last = stops_last
        self.pid = 0
        self.stopping = threading.Event()
        self.hurried = threading.Event()
        self.thread = threading.Thread(target=self._keep_running, name=f"child-{name}", daemon=True)
        self._command = command
        self._say = say
        self._is_quiet = is_quiet
        self._kept: deque[str] = deque(maxlen=_KEPT_LINES)

    def join(self, is_hurried: Callable[[], bool]) -> None:
        while self.thread.is_alive():
            self.thread.join(_POLL_SECONDS)
            if is_hurried():
                self.hurried.set()

    def _keep_running(self) -> None:
        pause = _FIRST_PAUSE
        while not self.stopping.is_set():
            began = time.monotonic()
            how = self._run_once()
            if self.stopping.is_set():
                return
            if time.monotonic() - began >= _HEALTHY_AFTER:
                pause = _FIRST_PAUSE
            self._complain(f"{how}; starting again in {pause:g} s")
            self.stopping.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _complain(self, sentence: str) -> None:
        while self._kept:
            self._say(self.name, self._kept.popleft())
        self._say(self.name, sentence)

    def _run_once(self) -> str:
        """Run one process to its end; how it ended."""
        reader, writer = os.pipe()
        listener = threading.Thread(target=self._listen, args=(reader,), daemon=True)
        listener.start()
        try:
            process = Supervised(self._command, stdout=writer, stderr=writer)
        except (StartFailed, SupervisorLost, OSError) as error:
            return f"could not be started ({error})"
        finally:
            os.close(writer)
        try:
            self.pid = process.pid
            return _how(self._wait(process))
        except SupervisorLost:
            return "its supervisor was killed"
        finally:
            self.pid = 0
            process.close()
            listener.join(_KILL_MARGIN)

    def _wait(self, process: Supervised) -> Ended | None:
        while not self.stopping.is_set():
            if (ended := process.wait(_POLL_SECONDS)) is not None:
                return ended
        process.stop()
        give_up_at = time.monotonic() + self._command.grace_seconds + _KILL_MARGIN
        while time.monotonic() < give_up_at:
            if (ended := process.wait(_POLL_SECONDS)) is not None:
                return ended
            if self.hurried.is_set():
                process.kill()
        return None

    def _listen(self, reader: int) -> None:
        with open(reader, "rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if self._is_quiet:
                    self._kept.append(text)
                else:
                    self._say(self.name, text)


def _how(ended: Ended | None) -> str:
    if ended is None:
        return "did not end although it was killed"
    if ended.exit_code is not None:
        return f"ended with exit code {ended.exit_code}"
    return f"was killed by signal {ended.signal_number}"


def _without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.lower() not in _PROXY_VARIABLES}


def _write_to_stdout(line: str) -> None:
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except (OSError, ValueError):
        return  # nobody reads any more; the children go on
