"""The steps of a workflow file that start a process: `run` and `python`, and their environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from engine.core.definition import DEFAULT_SHELL, PythonAction, RunAction, StepKind, Template
from engine.core.text import did_you_mean, excerpt, listed
from engine.files.expressions import Scope, Templates, is_fixed, refuse_in_source
from engine.files.fields import Fields
from engine.files.nodes import Items, Scalar, Table

SHELLS: Mapping[str, tuple[str, ...]] = {
    "sh": DEFAULT_SHELL,
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "zsh": ("zsh", "-euo", "pipefail", "-c"),
    "python": ("python", "-u", "-c"),
    "python3": ("python3", "-u", "-c"),
    "node": ("node", "-e"),
    "ruby": ("ruby", "-e"),
    "perl": ("perl", "-e"),
    "pwsh": ("pwsh", "-NoProfile", "-NonInteractive", "-Command"),
}
"""Programs by name, with what makes them take the source as their last argument and stop at the first failure."""

RUN_KEYS = ("shell", "working_directory", "stdin")
"""Keys of a step that belong to `run` alone."""

PYTHON_KEYS = ("function", "arguments")
FUNCTION = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*(?::[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)?", re.ASCII)

_READING = {
    "python": 'os.environ["{}"]',
    "python3": 'os.environ["{}"]',
    "node": "process.env.{}",
    "ruby": 'ENV["{}"]',
    "perl": "$ENV{{{}}}",
    "pwsh": "$env:{}",
}
"""How a source reads a variable; in the shells it is "$NAME"."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_OWN_ENV = ("HANDRAIL_", "PARAM_")
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


# --- run


def read_run(fields: Fields, scope: Scope, templates: Templates) -> RunAction:
    shell, reading = _read_shell(fields)
    return RunAction(
        command=_read_source(fields, scope, templates, reading),
        shell=shell,
        folder=_read_folder(fields),
        stdin=_read_stdin(fields, scope, templates),
    )


def _read_source(fields: Fields, scope: Scope, templates: Templates, reading: str) -> str:
    command = fields.text("run", longest=64 * 1024)
    node = fields.node("run")
    if command is None or not isinstance(node, Scalar):
        return ""
    if not command.strip():
        fields.add("run", "WF-REQUIRED", "'run' is empty. Write the shell command of this step.")
    has_items = "item" in scope.roots
    refuse_in_source(node, templates.parameters, templates.mistakes, reading, has_items=has_items)
    return command


def _read_shell(fields: Fields) -> tuple[tuple[str, ...], str]:
    """The program and its arguments, and how its sources read a variable."""
    if isinstance(fields.node("shell"), Items):
        return _read_own_shell(fields), "the environment variable {}"
    name = fields.text("shell") or "sh"
    if name not in SHELLS:
        fields.add(
            "shell",
            "STEP-SHELL",
            f"'{excerpt(name)}' is no shell that is known.{did_you_mean(name, SHELLS)} Choose from: "
            f"{listed(SHELLS)}. Or write a program and its arguments as a list, such as [php, -r].",
        )
    return SHELLS.get(name, DEFAULT_SHELL), _READING.get(name, '"${}"')


def _read_own_shell(fields: Fields) -> tuple[str, ...]:
    words = fields.texts("shell")
    if not words or not words[0].strip():
        fields.add("shell", "STEP-SHELL", "'shell' names no program. Write one, such as [php, -r].")
    for scalar in fields.scalars("shell"):
        _refuse_expression(fields, scalar, "STEP-SHELL", "Which program runs is fixed text")
    return words


def _refuse_expression(fields: Fields, scalar: Scalar, code: str, reason: str) -> None:
    if not is_fixed(scalar.text):
        fields.mistakes.add(
            scalar.place, code, f"{reason}, so no expression may stand in '{excerpt(scalar.text)}'."
        )


def _read_folder(fields: Fields) -> str | None:
    text, node = fields.text("working_directory"), fields.node("working_directory")
    if text is None or not isinstance(node, Scalar):
        return None
    path = PurePosixPath(text)
    if not is_fixed(text):
        _refuse_expression(fields, node, "STEP-PATH", "Where a step runs is fixed text")
    elif not text.strip() or path.is_absolute() or ".." in path.parts or text.startswith("~"):
        fields.add(
            "working_directory",
            "STEP-PATH",
            f"'{excerpt(text)}' is not a folder below the workflow file's own. "
            "Write a relative path without '..', such as scripts.",
        )
    return str(path)


def _read_stdin(fields: Fields, scope: Scope, templates: Templates) -> str | None:
    node = fields.node("stdin")
    if fields.text("stdin", longest=64 * 1024) is None or not isinstance(node, Scalar):
        return None
    return templates.text(node, scope.with_secrets())


# --- python


def read_python(fields: Fields, scope: Scope, templates: Templates) -> PythonAction:
    """The name of a function, or a mapping that also says its arguments."""
    if not isinstance(fields.node("python"), Table):
        return PythonAction(_read_function(fields, "python"))
    table = fields.sub_table("python")
    assert table is not None
    python = Fields(table, fields.mistakes, "'python'", PYTHON_KEYS)
    python.require("function", "ops.certs:renew")
    return PythonAction(_read_function(python, "function"), _read_arguments(python, scope, templates))


def _read_function(fields: Fields, key: str) -> str:
    name, node = fields.text(key), fields.node(key)
    if name is None or not isinstance(node, Scalar):
        return ""
    if not is_fixed(name):
        _refuse_expression(fields, node, "STEP-INJECT", "Which function is called is fixed text")
    elif not FUNCTION.fullmatch(name):
        fields.add(
            key,
            "PYTHON-NAME",
            f"'{excerpt(name)}' does not name a function. Write its module and name, such as ops.certs:renew, "
            "or the name under which an installed package registers it.",
        )
    return name


def _read_arguments(python: Fields, scope: Scope, templates: Templates) -> Mapping[str, Template]:
    arguments: dict[str, Template] = {}
    for key, node in python.entries("arguments"):
        if not _ARGUMENT.fullmatch(key.text):
            python.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be the name of an argument. Use letters, digits and _.",
            )
        arguments[key.text] = templates.value(node, scope.with_secrets())
    return arguments


# --- env


def read_env(fields: Fields, scope: Scope, kind: StepKind | None, templates: Templates) -> Mapping[str, str]:
    """The environment of a step that starts a process."""
    if "env" in fields and kind not in (StepKind.RUN, StepKind.PYTHON, None):
        fields.mistakes.add(
            fields.key_place("env"),
            "STEP-ENV",
            f"Only run and python steps have an environment; this is {kind}. Take env out.",
        )
    scalars = fields.text_table("env", "STEP-ENV")
    for name, scalar in scalars.items():
        if not _ENV_NAME.fullmatch(name):
            fields.mistakes.add(
                scalar.place,
                "STEP-ENV",
                f"'{excerpt(name)}' cannot be the name of an environment variable. Use letters, digits and _.",
            )
        elif name.startswith(_OWN_ENV):
            fields.mistakes.add(
                scalar.place, "STEP-ENV", f"'{excerpt(name)}' is set by Handrail itself. Choose another name."
            )
    return {name: templates.text(scalar, scope.with_secrets()) for name, scalar in scalars.items()}
