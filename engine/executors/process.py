"""A step's child process, whatever it runs: its environment, its life under a supervisor, and how it ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engine.core.definition import JsonValue
from engine.core.durations import duration_text
from engine.core.events import Failed, Outcome, Stopped
from engine.executors.base import AttemptLost, CannotCarryOut, StepContext, as_text
from engine.lease import Lease
from engine.supervised import Command, Ended, Reason, StartFailed, Supervised, SupervisorLost

INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""All that a step sees of the worker's own environment."""

LONGEST_VARIABLE = 128 * 1024
"""Linux's limit for one argument or variable, with its name and a final NUL."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLL_SECONDS = 0.1
_STOP_MARGIN_SECONDS = 15.0

_EXIT_HINTS = {126: "a command is not executable", 127: "a command was not found"}


@dataclass(frozen=True, slots=True)
class Child:
    """What to start. `folder` is where; `scratch` a temporary folder, its own; `stdin` what it may read."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: str
    scratch: Path
    stdin: bytes | None = None


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for one attempt, removed after it. Raises CannotCarryOut."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="handrail-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CannotCarryOut(f"The worker could not make a temporary folder: {error.strerror}.") from None
    with folder as path:
        yield Path(path)


def output_file(scratch: Path) -> Path:
    """The file that $HANDRAIL_OUTPUT names."""
    return scratch / "output.json"


# --- the environment


def environment_of(context: StepContext, own: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """All variables of the child; `own` are those the step sets. Raises CannotCarryOut."""
    base = context.base_environment
    environment = {"PATH": _DEFAULT_PATH} | {name: base[name] for name in INHERITED if name in base}
    environment |= {
        _parameter_variable(name): as_text(value) for name, value in _names(context, "params").items()
    }
    environment |= own
    environment |= {
        "HANDRAIL_RUN_ID": context.run_id,
        "HANDRAIL_RUN_NUMBER": str(context.run_number),
        "HANDRAIL_STEP": context.step.id,
        "HANDRAIL_ATTEMPT": str(context.attempt),
        "HANDRAIL_REQUESTER": as_text(_names(context, "run").get("requester")),
        "HANDRAIL_OUTPUT": str(output_file(scratch)),
        "HANDRAIL_TMP": str(scratch),
    }
    if context.index is not None:
        environment |= {
            "HANDRAIL_ITEM": as_text(context.names["item"]),
            "HANDRAIL_INDEX": str(context.index),
        }
    for name, value in environment.items():
        _check_variable(name, value)
    return {name: value.encode("utf-8", "replace").decode() for name, value in environment.items()}


def _names(context: StepContext, name: str) -> Mapping[str, JsonValue]:
    value = context.names.get(name)
    return value if isinstance(value, dict) else {}


def _parameter_variable(name: str) -> str:
    return "PARAM_" + re.sub(r"[^A-Z0-9_]", "_", name.upper())


def _check_variable(name: str, value: str) -> None:
    if not name or "=" in name or "\0" in name:
        raise CannotCarryOut(f"'{name}' cannot be the name of an environment variable. Rename it below env.")
    if "\0" in value:
        raise CannotCarryOut(
            f"The value of {name} holds a NUL character, which no environment variable can hold."
        )
    size = len(name) + len(value.encode("utf-8", "replace")) + 2
    if size > LONGEST_VARIABLE:
        raise CannotCarryOut(
            f"The value of {name} is {size // 1024} KiB long, more than the 128 KiB an environment variable "
            "can hold. Pass a shorter value, or the place where the step finds it."
        )


# --- its folder


def folder_of(context: StepContext, inner: str | None = None) -> str:
    """Where the child starts: the workflow's folder, or an inner one. Raises CannotCarryOut."""
    outer = Path(context.workflow.folder)
    if not outer.is_dir():
        raise CannotCarryOut(
            f"The folder of the workflow, {outer}, is not there on this worker. "
            "Put the workflow files there, or start the worker where they are."
        )
    if inner is None:
        return str(outer)
    try:
        root = outer.resolve()
        found = (root / inner).resolve()
        is_there = found.is_dir()
    except (OSError, RuntimeError, ValueError):  # a link that leads to itself, a NUL
        is_there = False
    if not is_there:
        raise CannotCarryOut(f"The folder '{inner[:200]}' of this step is not there below {outer}.")
    if not found.is_relative_to(root):
        raise CannotCarryOut(
            f"The folder '{inner[:200]}' of this step leads out of the workflow's folder, {outer}. "
            "Name one below it."
        )
    return str(found)


# --- its life


def run_child(context: StepContext, child: Child) -> Ended:
    """Run it to its end, its output going where the context says. Raises CannotCarryOut, AttemptLost."""
    command = Command(
        argv=child.argv,
        env=child.environment,
        folder=child.folder,
        scratch=str(child.scratch),
        timeout_seconds=context.step.timeout_seconds,
        grace_seconds=context.grace_seconds,
    )
    with _readable(child.stdin) as stdin:
        stdout, stderr = context.output.open()
        try:
            process = _start(command, context.lease, stdin, stdout, stderr)
            try:
                with context.lease.followed_by(process.follow):
                    ended = _wait(context, process)
            except SupervisorLost:
                raise AttemptLost("The process that watched over the step was killed.") from None
            finally:
                process.close()
        finally:
            context.output.close()
    if ended.had_leftovers:
        context.output.note("What this step left running was ended with it.")
    return ended


@contextmanager
def _readable(data: bytes | None) -> Iterator[int]:
    """A file descriptor to read the data from: a file without a name, so that nobody waits for its reader."""
    if data is None:
        yield subprocess.DEVNULL
        return
    try:
        file = _nameless_file()
        file.write(data)
        file.seek(0)
    except OSError as error:
        raise CannotCarryOut(f"The standard input of the step could not be kept: {error.strerror}.") from None
    with file:
        yield file.fileno()


def _nameless_file() -> IO[bytes]:
    """In memory where the system can do that, since it may hold secrets."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("handrail-stdin"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _start(command: Command, lease: Lease, stdin: int, stdout: int, stderr: int) -> Supervised:
    try:
        return Supervised(command, stdin=stdin, stdout=stdout, stderr=stderr, lease=lease.terms)
    except SupervisorLost:
        raise AttemptLost("The process that watches over the step was killed at its start.") from None
    except (StartFailed, OSError) as error:
        raise CannotCarryOut(f"The command could not be started: {error}.") from None
    finally:
        os.close(stdout)
        os.close(stderr)


def _wait(context: StepContext, process: Supervised) -> Ended:
    while not context.stop.is_set():
        if (ended := process.wait(_POLL_SECONDS)) is not None:
            return ended
    process.stop()
    give_up_at = time.monotonic() + context.grace_seconds + _STOP_MARGIN_SECONDS
    is_killed = False
    while time.monotonic() < give_up_at:
        if context.kill.is_set() and not is_killed:
            process.kill()
            is_killed = True
        if (ended := process.wait(_POLL_SECONDS)) is not None:
            return ended
    raise AttemptLost("The step did not end although it was killed.")


# --- its end


def cut_short(context: StepContext, ended: Ended) -> Outcome | None:
    """The outcome of a child that did not end by itself; None when it did. Raises AttemptLost."""
    match ended.reason:
        case Reason.STOP:
            if context.stop.is_set():
                return Stopped()
            raise AttemptLost("Something outside of Handrail ended the step.")
        case Reason.LEASE | Reason.OWNER:
            raise AttemptLost("The worker was held up for too long, so the step was stopped.")
        case Reason.TIMEOUT:
            return Failed(f"did not end within {duration_text(context.step.timeout_seconds)}, stopped")
    return None


def end_text(ended: Ended) -> str:
    """How it ended by itself, for people."""
    if ended.signal_number is not None:
        hint = " (out of memory?)" if ended.signal_number == signal.SIGKILL else ""
        return f"killed by {_signal_name(ended.signal_number)}{hint}"
    code = ended.exit_code or 0
    hint = _EXIT_HINTS.get(code, "")
    if code > 128:
        hint = f"a command was killed by {_signal_name(code - 128)}"
    return f"exit code {code}: {hint}" if hint else f"exit code {code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
