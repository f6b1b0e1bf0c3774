"""`run` steps: a command in a process group of its own, under a supervisor.

Without a shell of its own the command is given to `/bin/sh -e -c`: the same shell on every machine, ending at the
first command that fails. Values arrive as environment variables and on standard input only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from engine.core.definition import DEFAULT_SHELL, JsonValue, RunAction
from engine.core.events import Failed, Outcome, Succeeded
from engine.executors.base import CannotCarryOut, StepContext
from engine.executors.process import (
    LONGEST_VARIABLE,
    Child,
    cut_short,
    end_text,
    environment_of,
    folder_of,
    output_file,
    run_child,
    temporary_folder,
)
from engine.executors.results import BadResult, result_of_file, result_of_line
from engine.supervised import Ended


def execute(context: StepContext) -> Outcome:
    """Run the command to its end. Raises CannotCarryOut, ExpressionProblem, AttemptLost."""
    action = context.step.action
    assert isinstance(action, RunAction)
    own = {name: context.text(template) for name, template in context.step.env.items()}
    stdin = None if action.stdin is None else context.text(action.stdin)
    context.record_arguments(_shown(action, own, stdin))
    if context.is_rehearsal:
        return context.rehearsed(f"run {action.command}")
    with temporary_folder() as scratch:
        child = _child(context, action, environment_of(context, own, scratch), scratch, stdin)
        return _outcome(context, run_child(context, child), output_file(scratch))


def _shown(action: RunAction, own: Mapping[str, str], stdin: str | None) -> JsonValue:
    """The arguments for people: those that are not as usual only when they are there."""
    shown: dict[str, JsonValue] = {"command": action.command, "env": dict(own)}
    if action.shell != DEFAULT_SHELL:
        shown["shell"] = " ".join(action.shell)
    if action.folder is not None:
        shown["folder"] = action.folder
    if stdin is not None:
        shown["stdin"] = stdin
    return shown


def _child(
    context: StepContext, action: RunAction, environment: Mapping[str, str], scratch: Path, stdin: str | None
) -> Child:
    if len(action.command.encode("utf-8", "replace")) >= LONGEST_VARIABLE:
        raise CannotCarryOut("The command is longer than 128 KiB. Put it into a script file and run that.")
    folder = folder_of(context, action.folder)
    program, *options = action.shell
    # With a name of its own, sh begins its complaints with that. Other programs would take it for an argument.
    name = (context.step.id,) if action.shell == DEFAULT_SHELL else ()
    return Child(
        argv=(_interpreter(context, program, environment["PATH"]), *options, action.command, *name),
        environment=environment,
        folder=folder,
        scratch=scratch,
        stdin=None if stdin is None else stdin.encode("utf-8", "replace"),
    )


def _interpreter(context: StepContext, program: str, path: str) -> str:
    """The program's path: looked for where the step looks, then where the worker does."""
    worker_path = context.base_environment.get("PATH", "")
    if "/" in program:
        found = shutil.which(str(Path(context.workflow.folder, program)))
    else:
        found = shutil.which(program, path=os.pathsep.join(filter(None, (path, worker_path))))
    if found is None:
        raise CannotCarryOut(
            f"The interpreter '{program}' was not found on the worker's PATH. "
            "Install it there or choose another shell."
        )
    return found


def _outcome(context: StepContext, ended: Ended, output: Path) -> Outcome:
    if (early := cut_short(context, ended)) is not None:
        return early
    try:
        result = result_of_file(output)
        if result is None:
            result = result_of_line(context.output.last_line())
    except BadResult as problem:
        if ended.exit_code == 0:
            return Failed(str(problem), exit_code=0)
        result = None
    if ended.exit_code == 0:
        return Succeeded(result, exit_code=0)
    return Failed(end_text(ended), result, ended.exit_code)
