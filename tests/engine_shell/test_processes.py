"""`handrail up` and `handrail sandbox`: several processes live and die as one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from bot.processes import ProcessGroup
from tests.engine_shell.steps import is_alive, read_pid, wait_until


class Screen:
    """Collects what would be seen."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        assert line.endswith("\n")
        self.lines.append(line.rstrip("\n"))

    def shows(self, text: str) -> bool:
        return any(text in line for line in self.lines)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def group(screen: Screen) -> Iterator[ProcessGroup]:
    with ProcessGroup(screen.write, grace_seconds=1) as group:
        yield group


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_lines_bear_the_name_of_their_process(group: ProcessGroup, screen: Screen) -> None:
    group.start("worker", shell("echo out; echo err >&2; printf 'no end'; sleep 1000"))
    group.start("web", shell("echo up; sleep 1000"))
    wait_until(lambda: screen.shows("worker | out") and screen.shows("worker | err"))
    wait_until(lambda: screen.shows("web    | up"))
    group.stop()
    assert screen.shows("worker | no end")


def test_a_process_that_dies_is_started_again(group: ProcessGroup, screen: Screen) -> None:
    group.start("web", shell("sleep 1000"))
    first = wait_until(lambda: group.pids().get("web"))
    assert first is not None
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: group.pids().get("web", first) not in (0, first) and group.pids().get("web"))
    assert is_alive(int(second or 0))
    assert "web | was killed by signal 9; starting again in 0.2 s" in screen.lines


def test_the_pause_grows_while_a_process_keeps_dying(group: ProcessGroup, screen: Screen) -> None:
    group.start("web", shell("exit 3"))
    for pause in ("0.2", "0.4", "0.8"):
        wait_until(partial(screen.shows, f"web | ended with exit code 3; starting again in {pause} s"))


def test_a_program_that_is_not_there_is_told(group: ProcessGroup, screen: Screen) -> None:
    group.start("web", ["does-not-exist"])
    wait_until(lambda: screen.shows("could not be started (No such file or directory: does-not-exist)"))


def test_a_quiet_process_is_heard_when_it_dies(group: ProcessGroup, screen: Screen, tmp_path: Path) -> None:
    group.start("redis", shell(f"echo trouble; touch {tmp_path}/told; sleep 0.3; exit 1"), is_quiet=True)
    wait_until(lambda: (tmp_path / "told").exists())
    assert not screen.shows("trouble")
    wait_until(lambda: screen.shows("ended with exit code 1"))
    assert screen.lines[0] == "redis | trouble"


def test_children_get_their_environment_without_proxies(
    group: ProcessGroup, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTPS_PROXY", "All_Proxy", "no_proxy"):
        monkeypatch.setenv(name, "proxy.invalid")
    monkeypatch.setenv("KEPT", "kept")
    group.start("one", shell("env; echo done-one; sleep 1000"))
    group.start(
        "two", shell("env; echo done-two; sleep 1000"), env={"PATH": os.environ["PATH"], "http_proxy": "x"}
    )
    wait_until(lambda: screen.shows("done-one") and screen.shows("done-two"))
    assert not screen.shows("proxy.invalid")
    assert not screen.shows("http_proxy")
    assert screen.shows("one | KEPT=kept")
    assert not screen.shows("two | KEPT=kept")


def test_stopping_is_soft_first(group: ProcessGroup, screen: Screen) -> None:
    group.start("web", shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"))
    wait_until(lambda: screen.shows("up"))
    group.stop()
    assert screen.lines[0] == "web | up"
    assert screen.lines[-1] == "web | bye"


def test_what_resists_is_killed_after_the_grace(group: ProcessGroup, tmp_path: Path) -> None:
    group.start("web", shell(f"trap '' TERM; echo $$ > {tmp_path}/pid; sleep 1000; sleep 1000"))
    pid = read_pid(tmp_path / "pid")
    started = time.monotonic()
    group.stop()
    assert 1 <= time.monotonic() - started < 3
    assert not is_alive(pid)


def test_what_the_others_need_is_stopped_last(group: ProcessGroup, screen: Screen) -> None:
    loop = "while :; do sleep 0.02; done"
    group.start("redis", shell(f"trap 'echo redis-ends; exit' TERM; echo up1; {loop}"), stops_last=True)
    group.start("web", shell(f"trap 'sleep 0.3; echo web-ends; exit' TERM; echo up2; {loop}"))
    wait_until(lambda: screen.shows("up1") and screen.shows("up2"))
    group.stop()
    assert [line for line in screen.lines if "ends" in line] == ["web   | web-ends", "redis | redis-ends"]


def test_a_process_that_is_waiting_to_start_again_stops_at_once(group: ProcessGroup, screen: Screen) -> None:
    group.start("web", shell("exit 1"))
    wait_until(lambda: screen.shows("starting again in 0.8 s"))
    started = time.monotonic()
    group.stop()
    assert time.monotonic() - started < 0.5


def test_many_lines_of_several_processes_do_not_mix(group: ProcessGroup, screen: Screen) -> None:
    names = ("one", "two", "six")
    for name in names:
        group.start(
            name, shell(f"i=0; while [ $i -lt 2000 ]; do echo {name} $i; i=$((i+1)); done; sleep 1000")
        )
    wait_until(lambda: all(screen.shows(f"{name} | {name} 1999") for name in names))
    assert len(screen.lines) == 6000
    assert all(line.split(" | ")[1].startswith(line[:3]) for line in screen.lines)


# --- the whole program, from outside

PROGRAM = """
import os, sys
from bot.processes import ProcessGroup
group = ProcessGroup(grace_seconds=float(sys.argv[1]))
for number, script in enumerate(sys.argv[2:]):
    group.start(f"child{number}", ["sh", "-c", script])
group.wait()
try:
    print("ended well", flush=True)
except BrokenPipeError:
    os._exit(0)
"""


@contextmanager
def program(grace: float, *scripts: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(grace), *scripts], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(number: signal.Signals, tmp_path: Path) -> None:
    scripts = [f"(setsid sleep 1000 & echo $! > {tmp_path}/far); echo $$ > {tmp_path}/near; sleep 1000"]
    with program(5, *scripts) as process:
        pids = [read_pid(tmp_path / name) for name in ("far", "near")]
        process.send_signal(number)
        output, _ = process.communicate(timeout=10)
    assert output.endswith("ended well\n")
    assert process.returncode == 0
    assert not any(map(is_alive, pids))


def test_a_second_signal_hurries(tmp_path: Path) -> None:
    with program(60, f"trap '' TERM; echo $$ > {tmp_path}/pid; sleep 1000; sleep 1000") as process:
        pid = read_pid(tmp_path / "pid")
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=5)
    assert output.endswith("ended well\n")
    assert not is_alive(pid)


def test_children_die_when_the_program_is_killed_outright(tmp_path: Path) -> None:
    scripts = [
        f"(setsid sleep 1000 & echo $! > {tmp_path}/far); echo $$ > {tmp_path}/near; sleep 1000",
        f"trap '' TERM; echo $$ > {tmp_path}/stubborn; sleep 1000; sleep 1000",
    ]
    with program(0.5, *scripts) as process:
        pids = [read_pid(tmp_path / name) for name in ("far", "near", "stubborn")]
        process.kill()
        wait_until(lambda: not any(map(is_alive, pids)), 3)


def test_children_go_on_when_nobody_reads_what_they_write(tmp_path: Path) -> None:
    script = f"while :; do echo line; sleep 0.01; echo $$ > {tmp_path}/pid; done"
    with program(5, script) as process:
        pid = read_pid(tmp_path / "pid")
        assert process.stdout is not None
        process.stdout.close()
        threading.Event().wait(0.3)
        assert is_alive(pid)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    assert not is_alive(pid)
