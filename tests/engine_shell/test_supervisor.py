"""A command runs under a supervisor, and nothing of it is left behind: not when it is stopped, not when its
owner dies or freezes, whatever the command does against it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.lease import LeaseTerms
from engine.supervised import FOR_EVER, Command, Ended, Reason, StartFailed, Supervised, SupervisorLost
from tests.engine_shell.steps import is_alive, read_pid, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

NORMAL_END = Ended(0, None, Reason.NONE, False)


@contextmanager
def supervised(script: str, folder: Path, grace: float = 0.5, timeout: float = 60) -> Iterator[Supervised]:
    with started(shell(script, folder, grace, timeout), folder) as process:
        yield process


def shell(script: str, folder: Path, grace: float = 0.5, timeout: float = 60) -> Command:
    return Command(
        ("/bin/sh", "-e", "-c", script, "step"),
        {"PATH": os.environ["PATH"]},
        str(folder),
        timeout_seconds=timeout,
        grace_seconds=grace,
    )


@contextmanager
def started(command: Command, folder: Path, lease: LeaseTerms = FOR_EVER) -> Iterator[Supervised]:
    with open(folder / "out.txt", "wb") as out:
        process = Supervised(command, stdout=out.fileno(), stderr=out.fileno(), lease=lease)
    try:
        yield process
    finally:
        process.close()


def run(script: str, folder: Path) -> Ended | None:
    with supervised(script, folder) as process:
        return process.wait(20)


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("exit 0", NORMAL_END),
        ("exit 3", Ended(3, None, Reason.NONE, False)),
        ("kill -9 $$", Ended(None, signal.SIGKILL, Reason.NONE, False)),
        ("kill -15 $$", Ended(None, signal.SIGTERM, Reason.NONE, False)),
    ],
)
def test_how_a_command_ended_is_reported(script: str, ended: Ended, tmp_path: Path) -> None:
    assert run(script, tmp_path) == ended


def test_the_command_sees_its_environment_and_folder_and_nothing_else(tmp_path: Path) -> None:
    command = Command(("/usr/bin/env",), {"A": "1", "GREETING": "grüße\nzwei"}, str(tmp_path))
    with open(tmp_path / "out.txt", "wb") as out:
        process = Supervised(command, stdout=out.fileno(), stderr=out.fileno())
    assert process.wait(20) == NORMAL_END
    process.close()
    assert (tmp_path / "out.txt").read_text() == "A=1\nGREETING=grüße\nzwei\n"


def test_the_command_starts_with_ordinary_signals_and_no_extra_files(tmp_path: Path) -> None:
    script = "yes | head -1; ls -l /proc/self/fd | grep -c socket || true; cat; pwd"
    assert run(script, tmp_path) == NORMAL_END
    assert (tmp_path / "out.txt").read_text().splitlines() == ["y", "0", str(tmp_path)]


@pytest.mark.parametrize(
    ("argv", "folder", "sentence"),
    [
        (("/does/not/exist",), "/", "No such file or directory: /does/not/exist"),
        (("/bin/sh",), "/does/not/exist", "No such file or directory: /does/not/exist"),
        (("/bin/sh", "-c", "x" * 200_000), "/", "Argument list too long: /bin/sh"),
    ],
)
def test_a_command_that_cannot_start_says_why(argv: tuple[str, ...], folder: str, sentence: str) -> None:
    with open(os.devnull, "wb") as out, pytest.raises(StartFailed, match=sentence):
        Supervised(Command(argv, {}, folder), stdout=out.fileno(), stderr=out.fileno())


def test_a_large_environment_reaches_the_command(tmp_path: Path) -> None:
    environment = {f"LARGE_{number}": "x" * 100_000 for number in range(10)}
    command = Command(("/bin/sh", "-c", "test ${#LARGE_9} = 100000"), environment, str(tmp_path))
    with open(os.devnull, "wb") as out:
        process = Supervised(command, stdout=out.fileno(), stderr=out.fileno())
    assert process.wait(20) == NORMAL_END
    process.close()


def test_stopping_ends_the_whole_group_softly(tmp_path: Path) -> None:
    script = "trap 'echo bye > bye; exit 7' TERM; sleep 1000 & echo $! > child; echo $$ > pid; wait"
    with supervised(script, tmp_path, grace=10) as process:
        child = read_pid(tmp_path / "child")
        read_pid(tmp_path / "pid")
        process.stop()
        assert process.wait(5) == Ended(7, None, Reason.STOP, False)
    assert (tmp_path / "bye").exists()
    assert not is_alive(child)


def test_a_time_limit_is_kept(tmp_path: Path) -> None:
    started = time.monotonic()
    with supervised("sleep 1000", tmp_path, timeout=0.3) as process:
        ended = process.wait(10)
    assert ended == Ended(None, signal.SIGTERM, Reason.TIMEOUT, False)
    assert 0.3 <= time.monotonic() - started < 2


NASTY = {
    "ignores SIGTERM": "trap '' TERM; echo $$ > pid; sleep 1000 & wait; sleep 1000",
    "ignores SIGTERM in a child": "(trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000)",
    "opens a session": "setsid sh -c 'echo $$ > pid; trap \"\" TERM; sleep 1000; sleep 1000'; sleep 1000",
    "forks twice": "(setsid sh -c 'echo $$ > pid; trap \"\" TERM; sleep 1000; sleep 1000' &) ; sleep 1000",
    "closes its output": "exec >&- 2>&-; trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000",
    "stops itself": "echo $$ > pid; kill -STOP $$; sleep 1000",
    "goes on after a daemon's fashion": (
        "(setsid sh -c '(setsid sh -c \"echo \\$\\$ > pid; trap : TERM; while :; do sleep 1; done\" &)' &);"
        " trap '' TERM; sleep 1000; sleep 1000"
    ),
}


@pytest.mark.parametrize("script", NASTY.values(), ids=NASTY.keys())
def test_nasty_commands_are_gone_after_the_grace_and_a_second(script: str, tmp_path: Path) -> None:
    with supervised(script, tmp_path, grace=0.5) as process:
        nasty = read_pid(tmp_path / "pid")
        assert is_alive(nasty)
        started = time.monotonic()
        process.stop()
        ended = process.wait(10)
        assert ended is not None
        assert ended.reason is Reason.STOP
        assert time.monotonic() - started < 0.5 + 1.0
        assert not is_alive(nasty)


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    script = "(setsid sh -c 'echo $$ > pid; sleep 1000' &); while ! test -s pid; do sleep 0.01; done; exit 4"
    started = time.monotonic()
    assert run(script, tmp_path) == Ended(4, None, Reason.NONE, True)
    assert time.monotonic() - started < 1.5  # it did not resist, so it was not waited for
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_what_ends_soon_by_itself_is_not_disturbed(tmp_path: Path) -> None:
    script = "(trap 'echo asked' TERM; sleep 0.1; echo last words) & exit 0"
    assert run(script, tmp_path) == NORMAL_END
    assert (tmp_path / "out.txt").read_text() == "last words\n"


def test_what_resists_after_the_command_is_killed_too(tmp_path: Path) -> None:
    script = "(setsid sh -c 'trap \"\" TERM; echo $$ > pid; sleep 1000; sleep 1000' &);" + (
        "while ! test -s pid; do sleep 0.01; done"
    )
    assert run(script, tmp_path) == Ended(0, None, Reason.NONE, True)
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_killing_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    with supervised("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", tmp_path, grace=60) as process:
        read_pid(tmp_path / "pid")
        process.kill()
        ended = process.wait(2)
    assert ended == Ended(None, signal.SIGKILL, Reason.STOP, False)


def test_closing_ends_a_command_that_still_runs(tmp_path: Path) -> None:
    with supervised("echo $$ > pid; sleep 1000", tmp_path) as process:
        pid = read_pid(tmp_path / "pid")
    assert process.pid == pid
    assert not is_alive(pid)


def test_a_killed_supervisor_is_noticed_and_its_command_dies(tmp_path: Path) -> None:
    with supervised("echo $PPID > supervisor; sleep 1000 & echo $! > pid; wait", tmp_path) as process:
        child = read_pid(tmp_path / "pid")
        os.kill(read_pid(tmp_path / "supervisor"), signal.SIGKILL)
        with pytest.raises(SupervisorLost):
            process.wait(10)
        wait_until(lambda: not is_alive(child) and not is_alive(process.pid), 1)


def test_sigterm_to_the_supervisor_stops_its_command(tmp_path: Path) -> None:
    with supervised("echo $PPID > supervisor; sleep 1000", tmp_path) as process:
        os.kill(read_pid(tmp_path / "supervisor"), signal.SIGTERM)
        assert process.wait(5) == Ended(None, signal.SIGTERM, Reason.STOP, False)


def test_a_lease_that_is_renewed_keeps_a_command_running(tmp_path: Path) -> None:
    with supervised("sleep 1; exit 5", tmp_path) as process:
        for _ in range(8):
            now = time.monotonic()
            process.follow(LeaseTerms(now + 0.5, now + 0.9))
            if (ended := process.wait(0.2)) is not None:
                break
        assert ended == Ended(5, None, Reason.NONE, False)


def test_a_lease_that_is_not_renewed_ends_a_command_before_the_lease_ends(tmp_path: Path) -> None:
    with supervised("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", tmp_path, grace=60) as process:
        pid = read_pid(tmp_path / "pid")
        started = time.monotonic()
        process.follow(LeaseTerms(started + 0.3, started + 0.6))
        ended = process.wait(5)
        took = time.monotonic() - started
    assert ended == Ended(None, signal.SIGKILL, Reason.LEASE, False)
    assert 0.6 <= took < 0.9
    assert not is_alive(pid)


def test_a_command_that_nobody_speaks_of_after_its_start_ends_with_its_first_lease(tmp_path: Path) -> None:
    """As when its owner is frozen in the very moment of the start."""
    now = time.monotonic()
    command = shell("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", tmp_path, grace=60)
    with started(command, tmp_path, LeaseTerms(now + 0.6, now + 0.9)) as process:
        pid = read_pid(tmp_path / "pid")
        assert process.wait(5) == Ended(None, signal.SIGKILL, Reason.LEASE, False)
    assert 0.9 <= time.monotonic() - now < 1.5
    assert not is_alive(pid)


def test_a_command_is_not_begun_when_its_lease_is_over(tmp_path: Path) -> None:
    """Its owner was frozen before the start, and somebody else may have begun it meanwhile."""
    now = time.monotonic()
    with started(shell("touch began", tmp_path), tmp_path, LeaseTerms(now - 0.1, now + 10)) as process:
        ended = process.wait(5)
    assert ended is not None
    assert ended.reason is Reason.LEASE
    assert not (tmp_path / "began").exists()


OWNER = """
import os, sys, time
from engine.lease import Lease
from engine.supervised import FOR_EVER, Command, Supervised
out = os.open(os.devnull, os.O_WRONLY)
command = Command(("/bin/sh", "-c", sys.argv[1]), {"PATH": os.environ["PATH"]}, sys.argv[2], grace_seconds=0.5)
process = Supervised(command, stdout=out, stderr=out)
lease = Lease(1.5, time.monotonic())
with lease.followed_by(process.follow):
    while process.wait(0.2) is None:
        lease.renewed(time.monotonic())
"""


@contextmanager
def owner_of(script: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, script, str(folder)])
    try:
        yield owner
    finally:
        owner.kill()
        owner.wait()


def test_a_command_dies_within_a_second_when_its_owner_is_killed(tmp_path: Path) -> None:
    script = "sleep 1000 & echo $! > child; (setsid sh -c 'echo $$ > far; sleep 1000' &); echo $$ > pid; wait"
    with owner_of(script, tmp_path) as owner:
        pids = [read_pid(tmp_path / name) for name in ("child", "far", "pid")]
        owner.kill()
        wait_until(lambda: not any(map(is_alive, pids)), 1.0)


def test_a_resisting_command_dies_after_the_grace_when_its_owner_is_killed(tmp_path: Path) -> None:
    with owner_of("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", tmp_path) as owner:
        pid = read_pid(tmp_path / "pid")
        owner.kill()
        wait_until(lambda: not is_alive(pid), 1.5)


def test_a_command_dies_before_the_lease_ends_when_its_owner_freezes(tmp_path: Path) -> None:
    with owner_of("trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000", tmp_path) as owner:
        pid = read_pid(tmp_path / "pid")
        owner.send_signal(signal.SIGSTOP)
        frozen = time.monotonic()
        wait_until(lambda: not is_alive(pid), 1.5)
        assert time.monotonic() - frozen > 0.5  # it was not the freezing itself
        assert is_alive(owner.pid)


def test_a_command_lives_on_when_its_owner_freezes_for_a_moment(tmp_path: Path) -> None:
    with owner_of("echo $$ > pid; sleep 1000", tmp_path) as owner:
        pid = read_pid(tmp_path / "pid")
        owner.send_signal(signal.SIGSTOP)
        time.sleep(0.4)  # shorter than two thirds of the lease of 1.5 s
        owner.send_signal(signal.SIGCONT)
        with pytest.raises(subprocess.TimeoutExpired):
            owner.wait(1.5)
        assert is_alive(pid)


def test_a_command_that_is_given_time_to_end_may_be_killed_meanwhile(tmp_path: Path) -> None:
    script = "trap 'echo asked > asked' TERM; echo $$ > pid; while :; do sleep 0.05 || :; done"
    with supervised(script, tmp_path, grace=60) as process:
        pid = read_pid(tmp_path / "pid")
        process.stop()
        wait_until((tmp_path / "asked").exists)
        assert is_alive(pid)
        process.kill()
        ended = process.wait(5)
    assert ended == Ended(None, signal.SIGKILL, Reason.STOP, False)


def test_killing_does_not_wait_for_what_the_command_left_running_either(tmp_path: Path) -> None:
    script = "(trap '' TERM; echo $$ > pid; sleep 1000; sleep 1000) & trap 'exit 7' TERM; wait"
    with supervised(script, tmp_path, grace=60) as process:
        read_pid(tmp_path / "pid")
        process.stop()
        began = time.monotonic()
        process.kill()
        assert process.wait(5) is not None
    assert time.monotonic() - began < 1.5
