"""`run` steps that say how they are run: their interpreter, their folder, their standard input, their item."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from engine.core.definition import RunAction
from engine.core.events import Errored, Failed, Outcome, Succeeded
from engine.executors.dispatch import execute
from tests.engine_shell.steps import Kept, step_context


def run(action: RunAction, kept: Kept | None = None, **options: object) -> Outcome:
    return execute(step_context(action, kept or Kept(), **options))  # type: ignore[arg-type]


# --- another interpreter


def test_the_source_is_the_last_argument_of_another_interpreter() -> None:
    kept = Kept()
    source = "import sys, json; print(json.dumps(sys.argv))"
    outcome = run(RunAction(source, (sys.executable, "-E", "-c")), kept)
    assert outcome == Succeeded(["-c"], exit_code=0)


def test_an_interpreter_is_looked_for_on_the_path_of_the_step() -> None:
    assert run(RunAction("exit 3", ("sh", "-c"))) == Failed("exit code 3", exit_code=3)


def test_an_interpreter_may_lie_where_the_steps_own_path_leads(tmp_path: Path) -> None:
    own = tmp_path / "own-sh"
    own.write_text('#!/bin/sh\necho "own $1"\n')
    own.chmod(0o755)
    kept = Kept()
    run(RunAction("the source", ("own-sh",)), kept, env={"PATH": f"{tmp_path}:/bin:/usr/bin"})
    run(RunAction("the source", ("./own-sh",)), kept, folder=tmp_path)
    assert kept.stdout == "own the source\n" * 2


@pytest.mark.parametrize("program", ["no-such-program", "/no/such/program", "./no-such-program"])
def test_a_missing_interpreter_is_an_error(program: str, tmp_path: Path) -> None:
    assert run(RunAction("1", (program, "-e")), folder=tmp_path) == Errored(
        f"The interpreter '{program}' was not found on the worker's PATH. Install it there or choose another shell."
    )


# --- another folder


def test_a_command_starts_in_an_inner_folder(tmp_path: Path) -> None:
    inner = tmp_path / "scripts" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "link").symlink_to(inner)
    kept = Kept()
    for folder in ("scripts/deep", "./scripts/../scripts/deep/", "link", "."):
        run(RunAction("pwd -P", folder=folder), kept, folder=tmp_path)
    assert kept.stdout == f"{inner}\n" * 3 + f"{tmp_path}\n"


@pytest.mark.parametrize("folder", ["..", "../outside", "/", "/etc", "out", "inner/../../outside"])
def test_a_folder_outside_of_the_workflows_is_an_error(folder: str, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    home = tmp_path / "workflows"
    (home / "inner").mkdir(parents=True)
    (home / "out").symlink_to(tmp_path / "outside")
    assert run(RunAction("pwd", folder=folder), folder=home) == Errored(
        f"The folder '{folder}' of this step leads out of the workflow's folder, {home}. Name one below it."
    )


@pytest.mark.parametrize("folder", ["missing", "file", "loop", "a\0b"])
def test_a_folder_that_is_not_there_is_an_error(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    assert run(RunAction("pwd", folder=folder), folder=tmp_path) == Errored(
        f"The folder '{folder}' of this step is not there below {tmp_path}."
    )


# --- standard input


def test_a_command_reads_what_it_is_given() -> None:
    kept = Kept()
    run(RunAction("cat", stdin="one {{ params.x }}\nü"), kept, params={"x": 1})
    assert kept.stdout == "one 1\nü"


def test_much_input_neither_blocks_nor_is_cut() -> None:
    kept = Kept()
    text = "x" * 250_000
    outcome = run(
        RunAction("head -c 1 >/dev/null; wc -c | tr -d ' '", stdin="{{ params.x }}"),
        kept,
        params={"y": text, "x": "1"},
    )
    assert isinstance(outcome, Errored)  # PARAM_Y is longer than a variable may be
    outcome = run(RunAction("wc -c | tr -d ' '", stdin=text), kept)
    assert outcome == Succeeded(250_000, exit_code=0)


def test_input_that_nobody_reads_does_not_hold_the_step_up() -> None:
    started = time.monotonic()
    assert run(RunAction("true", stdin="x" * 250_000)) == Succeeded(exit_code=0)
    assert time.monotonic() - started < 5


def test_empty_input_is_an_end_at_once() -> None:
    assert run(RunAction('test -z "$(cat)"', stdin="")) == Succeeded(exit_code=0)


# --- what people see, and the items of a fan-out


def test_how_it_is_run_belongs_to_the_arguments(tmp_path: Path) -> None:
    kept = Kept()
    (tmp_path / "inner").mkdir()
    run(RunAction("cat", ("sh", "-c"), "inner", "{{ params.x }}"), kept, folder=tmp_path, params={"x": "in"})
    assert kept.arguments == [
        {"command": "cat", "env": {}, "shell": "sh -c", "folder": "inner", "stdin": "in"}
    ]


def test_an_item_arrives_as_variables() -> None:
    kept = Kept()
    command = RunAction("echo $HANDRAIL_INDEX $HANDRAIL_ITEM $X")
    run(command, kept, item=(0, "eu"), env={"X": "{{ item }}-{{ index }}"})
    run(command, kept, item=(12, {"host": "a b"}))
    assert kept.stdout == '0 eu eu-0\n12 {"host":"a b"}\n'


def test_without_a_fan_out_there_is_no_item() -> None:
    kept = Kept()
    run(RunAction("env | grep -c HANDRAIL_I || true"), kept)
    assert kept.stdout == "0\n"
