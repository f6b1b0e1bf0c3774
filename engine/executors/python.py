"""`python` steps: a function of an installed package, or of a module beside the workflow, in a child process.

The child is Handrail's own Python. It is told what to call on its standard input, see `python_child.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from engine.core.definition import JsonValue, PythonAction
from engine.core.events import Errored, Failed, Outcome, Succeeded
from engine.executors.base import StepContext, compact_json
from engine.executors.process import (
    Child,
    cut_short,
    end_text,
    environment_of,
    folder_of,
    output_file,
    run_child,
    temporary_folder,
)
from engine.executors.results import BadResult, result_of_file
from engine.supervised import LOADER_VARIABLES, Ended

RUNNER = Path(__file__).with_name("python_child.py")

_ARGV = (sys.executable, "-P", "-B", "-u", "-X", "utf8", str(RUNNER))
"""Without the runner's folder among those of modules, without writing compiled ones, prints shown at once."""


def execute(context: StepContext) -> Outcome:
    """Call the function. Raises CannotCarryOut, ExpressionProblem, AttemptLost."""
    action = context.step.action
    assert isinstance(action, PythonAction)
    own = {name: context.text(template) for name, template in context.step.env.items()}
    arguments = {name: context.value(template) for name, template in action.arguments.items()}
    shown: dict[str, JsonValue] = {"function": action.function, "arguments": arguments}
    context.record_arguments({**shown, "env": dict(own)} if own else shown)
    if context.is_rehearsal:
        return context.rehearsed(f"call {_call_text(action.function, arguments)}")
    with temporary_folder() as scratch:
        child = _child(context, action, arguments, own, scratch)
        return _outcome(context, run_child(context, child), scratch)


def _child(
    context: StepContext,
    action: PythonAction,
    arguments: Mapping[str, JsonValue],
    own: Mapping[str, str],
    scratch: Path,
) -> Child:
    folder = folder_of(context)
    call = {
        "function": action.function,
        "arguments": dict(arguments),
        "folder": folder,
        "output": str(output_file(scratch)),
        "problem": str(_problem_file(scratch)),
    }
    base = context.base_environment
    for_interpreter = {name: base[name] for name in LOADER_VARIABLES if name in base}
    return Child(
        argv=_ARGV,
        environment=for_interpreter | environment_of(context, own, scratch),
        folder=folder,
        scratch=scratch,
        stdin=json.dumps(call).encode(),
    )


def _problem_file(scratch: Path) -> Path:
    return scratch / "problem.json"


def _outcome(context: StepContext, ended: Ended, scratch: Path) -> Outcome:
    if (early := cut_short(context, ended)) is not None:
        return early
    try:
        problem = result_of_file(_problem_file(scratch))
        result = result_of_file(output_file(scratch))
    except BadResult as bad:
        return Failed(str(bad), exit_code=ended.exit_code)
    match problem:
        case {"kind": "errored", "sentence": str(sentence)}:
            return Errored(sentence)
        case {"sentence": str(sentence)}:
            return Failed(sentence, exit_code=ended.exit_code)
    if ended.exit_code == 0:
        return Succeeded(result, exit_code=0)
    return Failed(end_text(ended), result, ended.exit_code)


def _call_text(function: str, arguments: Mapping[str, JsonValue]) -> str:
    given = ", ".join(f"{name}={compact_json(value)}" for name, value in arguments.items())
    return f"{function}({given})"
