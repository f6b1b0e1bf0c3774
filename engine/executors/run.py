"""`run` steps: a shell command in a process group of its own, under a supervisor.

The command is given to `/bin/sh -e -c`: the same shell on every machine, ending at the first command that
fails. Whoever wants another shell starts it there. Values arrive as environment variables only.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.core.definition import JsonValue, RunAction
from engine.core.events import Failed, Outcome, Stopped, Succeeded
from engine.executors.base import AttemptLost, CannotCarryOut, StepContext, as_text, duration_text
from engine.executors.results import BadResult, result_of_file, result_of_line
from engine.supervised import Command, Ended, Reason, StartFailed, Supervised, SupervisorLost

SHELL = "/bin/sh"

INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""All that a step sees of the worker's own environment."""

LONGEST_VARIABLE = 128 * 1024
"""Linux's limit for one argument or variable, with its name and a final NUL."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLL_SECONDS = 0.1
_STOP_MARGIN_SECONDS = 15.0

_EXIT_HINTS = {126: "a command is not executable", 127: "a command was not found"}


def execute(context: StepContext) -> Outcome:
    """Run the command to its end. Raises CannotCarryOut, ExpressionProblem, AttemptLost."""
    action = context.step.action
    assert isinstance(action, RunAction)
    own = {name: context.text(template) for name, template in context.step.env.items()}
    context.record_arguments({"command": action.command, "env": dict(own)})
    with _temporary_folder() as folder:
        output_file = Path(folder, "output.json")
        environment = _environment(context, own, Path(folder), output_file)
        ended = _run(context, _command(context, action, environment))
        if ended.had_leftovers:
            context.output.note("What this step left running was ended with it.")
        return _outcome(context, ended, output_file)


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="handrail-", ignore_cleanup_errors=True)
    except OSError as error:
        raise CannotCarryOut(f"The worker could not make a temporary folder: {error.strerror}.") from None


def _environment(context: StepContext, own: Mapping[str, str], folder: Path, output: Path) -> dict[str, str]:
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
        "HANDRAIL_OUTPUT": str(output),
        "HANDRAIL_TMP": str(folder),
    }
    for name, value in environment.items():
        _check_variable(name, value)
    return environment


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


def _command(context: StepContext, action: RunAction, environment: Mapping[str, str]) -> Command:
    if len(action.command.encode("utf-8", "replace")) >= LONGEST_VARIABLE:
        raise CannotCarryOut("The command is longer than 128 KiB. Put it into a script file and run that.")
    if not Path(context.workflow.folder).is_dir():
        raise CannotCarryOut(
            f"The folder of the workflow, {context.workflow.folder}, is not there on this worker. "
            "Put the workflow files there, or start the worker where they are."
        )
    return Command(
        argv=(SHELL, "-e", "-c", action.command, context.step.id),
        env={name: value.encode("utf-8", "replace").decode() for name, value in environment.items()},
        folder=context.workflow.folder,
        scratch=environment["HANDRAIL_TMP"],
        timeout_seconds=context.step.timeout_seconds,
        grace_seconds=context.grace_seconds,
    )


def _run(context: StepContext, command: Command) -> Ended:
    stdout, stderr = context.output.open()
    try:
        process = _start(command, stdout, stderr)
        try:
            with context.lease.followed_by(process.follow):
                return _wait(context, process)
        except SupervisorLost:
            raise AttemptLost("The process that watched over the step was killed.") from None
        finally:
            process.close()
    finally:
        context.output.close()


def _start(command: Command, stdout: int, stderr: int) -> Supervised:
    try:
        return Supervised(command, stdout=stdout, stderr=stderr)
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
    ended = process.wait(context.grace_seconds + _STOP_MARGIN_SECONDS)
    if ended is None:
        raise AttemptLost("The step did not end although it was killed.")
    return ended


def _outcome(context: StepContext, ended: Ended, output_file: Path) -> Outcome:
    match ended.reason:
        case Reason.STOP:
            if context.stop.is_set():
                return Stopped()
            raise AttemptLost("Something outside of Handrail ended the step.")
        case Reason.LEASE | Reason.OWNER:
            raise AttemptLost("The worker was held up for too long, so the step was stopped.")
        case Reason.TIMEOUT:
            return Failed(f"did not end within {duration_text(context.step.timeout_seconds)}, stopped")
    try:
        result = result_of_file(output_file)
        if result is None:
            result = result_of_line(context.output.last_line())
    except BadResult as problem:
        if ended.exit_code == 0:
            return Failed(str(problem), exit_code=0)
        result = None
    if ended.exit_code == 0:
        return Succeeded(result, exit_code=0)
    return Failed(_end_text(ended), result, ended.exit_code)


def _end_text(ended: Ended) -> str:
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
