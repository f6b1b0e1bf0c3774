"""Runs one command and ends it, with all it started, when its owner says so, dies or freezes.

Run as a script of its own by `engine/supervised.py`, so it imports little, to start in some 20 ms. It speaks
with its owner in lines over a socket, whose number is its argument:

    owner: setup <bytes>, followed by that many bytes (see `Setup`), then any of
           lease <stop at> <kill at> (monotonic seconds), stop, kill
    supervisor: pid <process id of the command>, started or failed <sentence>, then
           ended <exit|signal> <number> <reason> <0|1: something outlived the command and was asked to end>

The reason is `none` when the command ended by itself, else what it was ended for: `stop`, `timeout`, `lease`
(not renewed in time: the owner is frozen) or `owner` (the socket ended: the owner is dead).
"""

from __future__ import annotations

import ctypes
import os
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal  # the same without its enums, whose making takes a third of our start

LEFTOVER_PATIENCE = 0.25
"""Seconds that what outlived the command has to end by itself, such as the `tee` that takes its last lines."""

LEFTOVER_GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL for what outlived the command."""

GIVE_UP_AFTER = 5.0
"""Seconds of SIGKILL after which a process that cannot die (stuck in the kernel) is not waited for."""

_NEVER = float("inf")
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"


class Setup:
    """What to run: fields separated by NUL, in the order of the attributes; `arguments` and `environment`
    share the rest, split by their count. `scratch` is a folder to remove should the owner not live to do it; the
    lease is the one that the owner had when it said so."""

    def __init__(self, data: bytes) -> None:
        folder, scratch, timeout, grace, lease_stop_at, lease_kill_at, count, *rest = data.split(b"\0")
        self.folder = folder
        self.scratch = scratch
        self.timeout = float(timeout)
        self.grace = float(grace)
        self.lease_stop_at = float(lease_stop_at)
        self.lease_kill_at = float(lease_kill_at)
        self.arguments = rest[: int(count)]
        entries = (entry.partition(b"=") for entry in rest[int(count) :])
        self.environment = {name: value for name, _, value in entries}


class Supervisor:
    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.has_owner = True
        self.received = b""
        self.pid = 0
        self.status: int | None = None
        self.reason = "none"
        self.grace = 0.0
        self.timeout_at = _NEVER
        self.lease_stop_at = _NEVER
        self.lease_kill_at = _NEVER
        self.kill_at = _NEVER
        self.wakeup = wake_on_signals(self.on_terminate)

    def run(self) -> None:
        forbid_dumps()
        setup = self.read_setup()
        if setup is None:
            return
        # The owner may have been frozen before it told us, and somebody else be about to begin.
        if time.monotonic() >= setup.lease_stop_at:
            self.tell("started")
            self.tell(f"ended signal {signal.SIGTERM} lease 0")
            return
        self.lease_stop_at, self.lease_kill_at = setup.lease_stop_at, setup.lease_kill_at
        adopt_orphans()
        try:
            self.pid = start(setup, lambda pid: self.tell(f"pid {pid}"))
        except OSError as error:
            self.tell(f"failed {error.strerror}: {os.fsdecode(error.filename or b'')}")
            return
        self.tell("started")
        release_output()
        self.grace = setup.grace
        self.timeout_at = time.monotonic() + setup.timeout
        while self.status is None:
            self.listen(self.next_deadline())
            self.reap()
            self.look_at_clock()
        had_leftovers = self.end_leftovers()
        kind = "exit" if os.WIFEXITED(self.status) else "signal"
        number = os.WEXITSTATUS(self.status) if kind == "exit" else os.WTERMSIG(self.status)
        self.tell(f"ended {kind} {number} {self.reason} {int(had_leftovers)}")
        if not self.has_owner and setup.scratch:
            remove_folder(setup.scratch)

    # --- the owner

    def read_setup(self) -> Setup | None:
        """The setup, or None when the owner died before it was told whole."""
        while b"\n" not in self.received:
            if not self.receive():
                return None
        head, _, self.received = self.received.partition(b"\n")
        size = int(head.removeprefix(b"setup "))
        while len(self.received) < size:
            if not self.receive():
                return None
        data, self.received = self.received[:size], self.received[size:]
        return Setup(data)

    def receive(self) -> bool:
        try:
            data = os.read(self.owner, 65536)
        except OSError:
            data = b""
        self.received += data
        return bool(data)

    def tell(self, line: str) -> None:
        try:
            os.write(self.owner, line.replace("\n", " ").encode(errors="replace") + b"\n")
        except OSError:
            return  # it has gone: that is noticed where it is listened to

    def listen(self, until: float) -> None:
        """Wait for the owner, for a signal or for a deadline, and do what the owner says."""
        watched = [self.wakeup, self.owner] if self.has_owner else [self.wakeup]
        timeout = None if until == _NEVER else max(0.0, until - time.monotonic())
        ready, _, _ = select.select(watched, [], [], timeout)
        if self.wakeup in ready:
            os.read(self.wakeup, 512)
        if self.owner in ready and not self.receive():
            self.has_owner = False
            self.end("owner")
        while b"\n" in self.received:
            line, _, self.received = self.received.partition(b"\n")
            self.obey(line.decode().split())

    def obey(self, words: list[str]) -> None:
        match words:
            case ["lease", stop_at, kill_at]:
                self.lease_stop_at, self.lease_kill_at = float(stop_at), float(kill_at)
            case ["stop"]:
                self.end("stop")
            case ["kill"]:
                self.end("stop")
                self.kill_at = time.monotonic()

    def on_terminate(self) -> None:
        if self.pid:
            self.end("stop")

    # --- the command

    def next_deadline(self) -> float:
        if self.reason == "none":
            return min(self.timeout_at, self.lease_stop_at)
        return min(self.kill_at, self.lease_kill_at)

    def look_at_clock(self) -> None:
        now = time.monotonic()
        if self.status is not None:
            return
        if self.reason == "none" and now >= self.lease_stop_at:
            self.end("lease")
        if self.reason == "none" and now >= self.timeout_at:
            self.end("timeout")
        if self.reason != "none" and now >= min(self.kill_at, self.lease_kill_at):
            signal_group(self.pid, signal.SIGKILL)
            self.kill_at = now + 0.1  # again, should the group have grown meanwhile

    def end(self, reason: str) -> None:
        """Ask the whole group to end. It is killed after the grace, or before another owner may begin."""
        if self.reason == "none" and self.status is None:
            self.reason = reason
            self.kill_at = time.monotonic() + self.grace
            signal_group(self.pid, signal.SIGTERM)
            signal_group(self.pid, signal.SIGCONT)

    def reap(self) -> bool:
        """Take the status of everything that has died; whether anything lives still."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not _IS_LINUX and signal_group(self.pid, 0)
            if pid == 0:
                return True
            if pid == self.pid:
                self.status = status

    def end_leftovers(self) -> bool:
        """End what the command left running; whether that had to be asked to end although nobody had asked
        the command. On Linux that is everything it ever started, adopted by us; elsewhere its process group."""
        if self.reason == "none":
            self.wait_for_leftovers(time.monotonic() + LEFTOVER_PATIENCE)
        term_until = min(time.monotonic() + LEFTOVER_GRACE, self.kill_at, self.lease_kill_at)
        asked: set[int] = set()
        while self.reap() and time.monotonic() < min(term_until, self.kill_at):
            fresh = children(self.pid) - asked
            for pid in fresh:
                signal_process(pid, signal.SIGTERM)
                signal_process(pid, signal.SIGCONT)
            asked |= fresh
            self.listen(min(term_until, time.monotonic() + 0.05))
        give_up_at = time.monotonic() + GIVE_UP_AFTER
        while self.reap() and time.monotonic() < give_up_at:
            for pid in children(self.pid):
                signal_process(pid, signal.SIGKILL)
            self.listen(time.monotonic() + 0.01)
        return self.reason == "none" and bool(asked)

    def wait_for_leftovers(self, until: float) -> None:
        while self.reap() and time.monotonic() < until:
            self.listen(min(until, time.monotonic() + 0.05))


# --- starting


def wake_on_signals(on_terminate: Callable[[], None]) -> int:
    """Make the death of a child and SIGTERM end a wait: a pipe that becomes readable."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: on_terminate())
    return reader


def forbid_dumps() -> None:
    """On Linux, no process of this user reads our memory, where environments of others lie. Ends with exec."""
    if _IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def adopt_orphans() -> None:
    """On Linux, whatever the command starts stays ours, also when it forks twice or opens a session."""
    if _IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(setup: Setup, tell_pid: Callable[[int], None]) -> int:
    """Start the command in a session of its own; its process id. OSError when it could not be started.

    The id is told before the command may do anything: should it kill us, the owner knows whom to kill.
    """
    parent = os.getpid()
    told_reader, told_writer = os.pipe()
    problem_reader, problem_writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(told_writer)
            os.read(told_reader, 1)  # ends when our parent closes its end
            become(setup, parent)
        except OSError as error:
            filename = error.filename or setup.arguments[0]
            os.write(problem_writer, b"%d\0%s" % (error.errno or 0, os.fsencode(filename)))
        finally:
            os._exit(127)
    tell_pid(pid)
    for end in (told_reader, told_writer, problem_writer):
        os.close(end)
    problem = os.read(problem_reader, 8192)  # empty once the command runs: the pipe is not inherited
    os.close(problem_reader)
    if problem:
        os.waitpid(pid, 0)
        number, _, filename = problem.partition(b"\0")
        raise OSError(int(number), os.strerror(int(number)), filename)
    return pid


def become(setup: Setup, parent: int) -> None:
    """In the child: turn into the command."""
    os.setsid()
    if _IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(127)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and that would be inherited
        signal.signal(number, signal.SIG_DFL)
    os.chdir(setup.folder)
    os.execve(setup.arguments[0], setup.arguments, setup.environment)  # noqa: S606  # that is our duty


def release_output() -> None:
    """Let go of the command's stdout and stderr, so that their readers see the end when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def remove_folder(path: bytes) -> None:
    import shutil  # hardly ever needed

    shutil.rmtree(os.fsdecode(path), ignore_errors=True)


# --- signals


def signal_group(group: int, number: int) -> bool:
    """Signal a process group; whether it exists."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def signal_process(pid: int, number: int) -> None:
    """Signal one process, or on systems other than Linux the group `pid` stands for."""
    try:
        if _IS_LINUX:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return  # it has gone, or is not ours to end


def children(group: int) -> set[int]:
    """Our children: orphans of the command that we have adopted. Where there is no adoption, its group."""
    if not _IS_LINUX:
        return {group}
    me = os.getpid()
    return {int(name) for name in os.listdir("/proc") if name.isdigit() and parent_of(name) == me}


def parent_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    inherited = int(sys.argv[1])
    own = os.dup(inherited)  # a low number, as select needs, and closed in the command
    os.close(inherited)
    Supervisor(own).run()
    os._exit(0)  # nothing is left to tidy up, and the owner waits for us
