"""How fast runs go: one on an idle system, and many at once, beside plain Dramatiq actors.

Runs are started by the engine in this process, without Slack; workers are real processes. Steps are `set` steps,
which start no process; what a process costs is a figure of its own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.house import PRINCIPAL, THREADS, House, Place, house
from benchmarks.plain import Plain
from benchmarks.report import Row, compare, percentile
from benchmarks.sizes import Sizes
from benchmarks.workflow_files import CHAIN, SHELL_CHAIN, STEPS
from engine.commands import start_run

PROCESSES = (1, 2)
PATIENCE_SECONDS = 120.0
REST_SECONDS = 0.1
LOOK_SECONDS = 0.02
BESIDE_RUN = "plain Dramatiq actors, one raw commit a step, same Redis, database, processes and threads"
BESIDE_SHELL = "`/bin/sh -e -c :`, started from Python and waited for"
_UNENDED = "SELECT COUNT(*) FROM run WHERE finished_at IS NULL"


@dataclass(slots=True)
class Figures:
    """Milliseconds of single things, and steps per second by the number of worker processes."""

    run: list[float] = field(default_factory=list)
    plain_run: list[float] = field(default_factory=list)
    shell_step: list[float] = field(default_factory=list)
    plain_shell: list[float] = field(default_factory=list)
    rates: dict[int, list[float]] = field(default_factory=dict)
    plain_rates: dict[int, list[float]] = field(default_factory=dict)


def measure(place: Place, sizes: Sizes) -> list[Row]:
    figures = Figures()
    with house(place) as built:
        for _ in range(sizes.rounds):
            for processes in PROCESSES:
                _measure_handrail(built, processes, sizes, figures)
                _measure_plain(built, processes, sizes, figures)
    return _rows(place.name, sizes, figures)


def _measure_handrail(built: House, processes: int, sizes: Sizes, figures: Figures) -> None:
    with built.workers(processes):
        _run_one(built, CHAIN)  # the first of everything is slower, and no idle system is new
        if processes == 1:
            figures.run += [_run_one(built, CHAIN) for _ in range(sizes.samples)]
            shell_runs = [_run_one(built, SHELL_CHAIN) for _ in range(max(1, sizes.samples // 2))]
            figures.shell_step += [milliseconds / STEPS for milliseconds in shell_runs]
        rate = _rate(lambda: _run_many(built, sizes.runs), sizes.runs)
        figures.rates.setdefault(processes, []).append(rate)


def _measure_plain(built: House, processes: int, sizes: Sizes, figures: Figures) -> None:
    with built.plain(processes) as plain:
        _run_many_plain(plain, 1)
        if processes == 1:
            runs = range(sizes.samples)
            figures.plain_run += [_milliseconds(lambda: _run_many_plain(plain, 1)) for _ in runs]
            figures.plain_shell += [_milliseconds(_run_shell) for _ in runs]
        rate = _rate(lambda: _run_many_plain(plain, sizes.runs), sizes.runs)
        figures.plain_rates.setdefault(processes, []).append(rate)


def _rows(database: str, sizes: Sizes, figures: Figures) -> list[Row]:
    name = f"one run of {STEPS} `set` steps"
    rows = compare(database, name, figures.run, figures.plain_run, BESIDE_RUN)
    name = "one `run: ':'` step"
    rows += compare(database, name, figures.shell_step, figures.plain_shell, BESIDE_SHELL)
    for processes in PROCESSES:
        workers = f"{processes} worker{'s' if processes > 1 else ''}"
        rates = figures.rates[processes]
        name = f"{sizes.runs} such runs at once, {workers}"
        yardstick = percentile(figures.plain_rates[processes], 50)
        rows.append(Row(database, name, percentile(rates, 50), "steps/s", len(rates), yardstick, BESIDE_RUN))
    return rows


def _run_one(built: House, workflow: str) -> float:
    """Milliseconds from before a run is started until somebody who looks each millisecond finds it ended."""
    time.sleep(REST_SECONDS)
    began = time.perf_counter()
    run_id = _start(built, workflow)
    while built.scalar(f"SELECT finished_at FROM run WHERE id = '{run_id}'") is None:  # hexadecimal, our own
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError(f"a run of {workflow} did not end")
        time.sleep(0.001)
    return (time.perf_counter() - began) * 1000


def _run_many(built: House, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: _start(built, CHAIN), range(count)))
    while built.scalar(_UNENDED):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{built.scalar(_UNENDED)} of {count} runs did not end")
        time.sleep(LOOK_SECONDS)


def _run_many_plain(plain: Plain, count: int) -> None:
    for number in range(count):
        plain.start_run(f"run {number}")
    for _ in range(count):
        plain.wait_for_end()


def _start(built: House, workflow: str) -> str:
    return start_run(built.engine, PRINCIPAL, workflow, {}, channel_id=None).run_id


def _run_shell() -> None:
    subprocess.run(["/bin/sh", "-e", "-c", ":"], check=True)


def _milliseconds(act: Callable[[], None]) -> float:
    time.sleep(REST_SECONDS)
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _rate(act: Callable[[], None], runs: int) -> float:
    """Steps per second, from the first start to the last end."""
    return runs * STEPS * 1000 / _milliseconds(act)
