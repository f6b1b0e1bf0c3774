"""`python` steps: which function is called, with what, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.core.definition import JsonValue, PythonAction
from engine.core.events import Errored, Failed, Outcome, Stopped, Succeeded
from engine.executors.base import AttemptLost
from engine.executors.dispatch import execute
from engine.lease import Lease
from tests.engine_shell.steps import Kept, is_alive, read_pid, set_later, step_context, wait_until

MODULE = """
from __future__ import annotations

import asyncio
import dataclasses
import datetime
import enum
import json
import os
import pathlib
import sys
import time
from decimal import Decimal
from typing import Annotated, Literal

import pydantic


class Color(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass
class Host:
    name: str
    port: int = 22


class Release(pydantic.BaseModel):
    version: str
    at: datetime.datetime


def echo(value=None):
    return value


def types(
    count: int, day: datetime.date, color: Color, host: Host, tags: set[str], path: pathlib.Path, price: Decimal
):
    return [repr(each) for each in (count, day, color, host, sorted(tags), path, price)]


def bounded(count: Annotated[int, pydantic.Field(ge=1)], mode: Literal["fast", "slow"] = "fast", *, note: str = ""):
    return [count, mode, note]


def deep(hosts: list[Host]):
    return len(hosts)


def positional(a: int, /):
    return a


def anything(**values: int):
    return values


async def later(count: int) -> int:
    await asyncio.sleep(0.01)
    return count + 1


def results():
    return {
        "host": Host("a"), "at": datetime.date(2026, 1, 31), "release": Release(version="1", at="2026-01-31T10:00"),
        "tuple": (1, 2), "color": Color.RED, "text": "ü🎉", "path": pathlib.Path("/tmp"),
    }


def bad_result(kind: str):
    return {"object": object(), "nan": float("nan"), "large": "x" * 300_000, "bytes": b"\\xff"}[kind]


def fails():
    raise ValueError("no such\\n  region")


def validates():
    Release.model_validate({"version": 1})


def exits(code):
    sys.exit(code)


def dies():
    os.kill(os.getpid(), 9)


def talks():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    print(json.dumps({"not": "the result"}))


def inside():
    return {
        "path_end": sys.path[-1], "first": sys.path[0], "cwd": os.getcwd(), "stdin": sys.stdin.read(),
        "env": sorted(name for name in os.environ), "main": sys.modules["__main__"].__file__,
        "engine": "engine.core" in sys.modules, "argv": len(sys.argv),
        "tmp": os.listdir(os.environ["HANDRAIL_TMP"]),
    }


def writes_output():
    pathlib.Path(os.environ["HANDRAIL_OUTPUT"]).write_text('{"own": 1}')


def sleeps(seconds: float, file: str = "pid"):
    pathlib.Path(file).write_text(str(os.getpid()))
    time.sleep(seconds)


value = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "steps.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import json\nraise RuntimeError('at import')\n")
    (tmp_path / "needs_more.py").write_text("import not_installed_anywhere\n")
    (tmp_path / "syntax.py").write_text("def f(:\n")
    return tmp_path


def call(
    name: str,
    folder: Path,
    arguments: dict[str, JsonValue] | None = None,
    kept: Kept | None = None,
    **options: object,
) -> Outcome:
    name = name if ":" in name or "." in name else f"steps:{name}"
    context = step_context(PythonAction(name, arguments or {}), kept or Kept(), folder=folder, **options)  # type: ignore[arg-type]
    return execute(context)


# --- arguments and values


def test_arguments_are_made_what_the_annotations_say(folder: Path) -> None:
    arguments: dict[str, JsonValue] = {
        "count": "{{ params.count }}",
        "day": "2026-01-31",
        "color": "red",
        "host": {"name": "a"},
        "tags": ["x", "y", "x"],
        "path": "/tmp/x",
        "price": "2.50",
    }
    assert call("types", folder, arguments, params={"count": 3}) == Succeeded(
        ["3", "datetime.date(2026, 1, 31)", "<Color.RED: 'red'>", "Host(name='a', port=22)", "['x', 'y']",
         "PosixPath('/tmp/x')", "Decimal('2.50')"],
        exit_code=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "text ü\n", [1, [2]], {"a": {"b": None}}, "{{ not computed again }}"[3:-3]]
)
def test_json_goes_in_and_comes_out(value: JsonValue, folder: Path) -> None:
    assert call("echo", folder, {"value": "{{ params.v }}"}, params={"v": value}) == Succeeded(
        value, exit_code=0
    )


def test_values_become_json(folder: Path) -> None:
    assert call("results", folder) == Succeeded(
        {
            "host": {"name": "a", "port": 22},
            "at": "2026-01-31",
            "release": {"version": "1", "at": "2026-01-31T10:00:00"},
            "tuple": [1, 2],
            "color": "red",
            "text": "ü🎉",
            "path": "/tmp",
        },
        exit_code=0,
    )


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        (
            "bounded",
            {"count": "x"},
            "the argument 'count' is wrong: Input should be a valid integer, unable to parse",
        ),
        (
            "bounded",
            {"count": 0},
            "the argument 'count' is wrong: Input should be greater than or equal to 1",
        ),
        (
            "bounded",
            {"count": 1, "mode": "odd"},
            "the argument 'mode' is wrong: Input should be 'fast' or 'slow'",
        ),
        ("bounded", {}, "the argument 'count' is missing"),
        ("bounded", {"count": 1, "speed": 2}, "the function takes no argument 'speed'"),
        ("bounded", {"mode": "odd"}, "the argument 'count' is missing; the argument 'mode' is wrong"),
        ("deep", {"hosts": [{"name": "a"}, {"port": "x"}]}, "the argument 'hosts.1.name'"),
        ("later", {"count": None}, "the argument 'count' is wrong: Input should be a valid integer"),
        ("anything", {"a": "x"}, "the argument 'a' is wrong"),
        ("fails", {"a": 1}, "the function takes no argument 'a'"),
    ],
)
def test_a_wrong_argument_fails_the_step_by_its_name(
    name: str, arguments: dict[str, JsonValue], sentence: str, folder: Path
) -> None:
    kept = Kept()
    outcome = call(name, folder, arguments, kept)
    assert isinstance(outcome, Failed)
    assert sentence in outcome.error
    assert kept.stderr == ""


def test_arguments_by_name_and_defaults(folder: Path) -> None:
    assert call("bounded", folder, {"note": "n", "count": "7"}) == Succeeded([7, "fast", "n"], exit_code=0)
    assert call("anything", folder, {"a": 1, "b": "2"}) == Succeeded({"a": 1, "b": 2}, exit_code=0)


def test_a_coroutine_is_awaited(folder: Path) -> None:
    assert call("later", folder, {"count": 1}) == Succeeded(2, exit_code=0)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("object", "what it returned cannot be written as JSON: "),
        ("nan", "what it returned cannot be written as JSON: "),
        ("bytes", "what it returned cannot be written as JSON: "),
        ("large", "what it returned is larger than 256 KiB of JSON; return less"),
    ],
)
def test_a_value_that_is_no_result_fails_the_step(kind: str, sentence: str, folder: Path) -> None:
    outcome = call("bad_result", folder, {"kind": kind})
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(sentence)


def test_what_it_writes_to_the_output_file_counts_when_it_returns_nothing(folder: Path) -> None:
    assert call("writes_output", folder) == Succeeded({"own": 1}, exit_code=0)


# --- how it ends


def test_an_exception_fails_the_step_with_its_traceback_in_stderr(folder: Path) -> None:
    kept = Kept()
    assert call("fails", folder, kept=kept) == Failed("ValueError: no such region", exit_code=1)
    assert f'File "{folder}/steps.py"' in kept.stderr
    assert "python_child" not in kept.stderr
    assert kept.stderr.startswith("Traceback (most recent call last):")


def test_a_validation_of_its_own_is_an_exception_like_others(folder: Path) -> None:
    outcome = call("validates", folder)
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("ValidationError: 2 validation errors for Release")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, Succeeded(exit_code=0)),
        (None, Succeeded(exit_code=0)),
        (3, Failed("exit code 3", exit_code=3)),
        ("sorry", Failed("exit code 1", exit_code=1)),
    ],
)
def test_an_exit_is_an_exit(code: JsonValue, outcome: Outcome, folder: Path) -> None:
    kept = Kept()
    assert call("exits", folder, {"code": code}, kept) == outcome
    assert kept.stderr == ("sorry\n" if code == "sorry" else "")


def test_a_death_is_told(folder: Path) -> None:
    assert call("dies", folder) == Failed("killed by SIGKILL (out of memory?)")


def test_prints_are_output_and_not_the_result(folder: Path) -> None:
    kept = Kept()
    assert call("talks", folder, kept=kept) == Succeeded(None, exit_code=0)
    assert kept.stdout == 'to stdout\n{"not": "the result"}\n'
    assert kept.stderr == "to stderr\n"


def test_a_timeout_and_a_stop_end_the_function(folder: Path) -> None:
    outcome = call("sleeps", folder, {"seconds": 1000}, timeout_seconds=1.5, grace_seconds=1)
    assert outcome == Failed("did not end within 1.5s, stopped")
    assert not is_alive(read_pid(folder / "pid"))
    stop = threading.Event()
    with set_later(stop, lambda: (folder / "other").exists()):
        assert call("sleeps", folder, {"seconds": 1000, "file": "other"}, stop=stop) == Stopped()
    assert not is_alive(read_pid(folder / "other"))


def test_a_lease_that_is_not_renewed_loses_the_attempt(folder: Path) -> None:
    with pytest.raises(AttemptLost):
        call("sleeps", folder, {"seconds": 1000}, lease=Lease(1, time.monotonic()), grace_seconds=0.1)


WORKER = """
import sys
from engine.core.definition import PythonAction
from engine.executors.dispatch import execute
from tests.engine_shell.steps import Kept, step_context
execute(step_context(PythonAction("steps:sleeps", {"seconds": 1000}), Kept(), folder=sys.argv[1]))
"""


def test_the_function_dies_with_its_worker(folder: Path) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(folder)])
    try:
        pid = read_pid(folder / "pid")
        worker.kill()
        wait_until(lambda: not is_alive(pid), 2.0)
    finally:
        worker.kill()
        worker.wait()


# --- which function


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "nothing_here:f",
            "There is no module 'nothing_here' on this worker. Install its package there, or put it",
        ),
        ("json.nothing:f", "There is no module 'json.nothing' on this worker."),
        ("steps:missing", "The module 'steps' has no function 'missing'."),
        ("steps:Host.missing", "The module 'steps' has no function 'Host.missing'."),
        ("steps:value", "'steps:value' is not a function."),
        ("broken:f", "The module 'broken' could not be imported: RuntimeError: at import"),
        ("syntax:f", "The module 'syntax' could not be imported: SyntaxError: "),
        (
            "needs_more:f",
            "The module 'needs_more' could not be imported: ModuleNotFoundError: No module named 'not_",
        ),
        (
            "company.deploy",
            "No installed package has a step 'company.deploy' on this worker (entry points of the",
        ),
        ("steps:positional", "the argument '0' is missing"),
    ],
)
def test_a_function_that_is_not_there_is_told(name: str, sentence: str, folder: Path) -> None:
    outcome = call(name, folder)
    assert isinstance(outcome, Failed if "argument" in sentence else Errored)
    assert outcome.error.startswith(sentence)


def test_a_module_that_breaks_shows_where(folder: Path) -> None:
    kept = Kept()
    call("broken:f", folder, kept=kept)
    assert f'File "{folder}/broken.py", line 2' in kept.stderr
    assert "python_child" not in kept.stderr


def test_an_installed_package_registers_steps_by_name(folder: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "company-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "company_steps.py").write_text("def deploy(count: int): return count * 2\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: company\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handrail.steps]\ncompany.deploy = company_steps:deploy\ncompany.gone = company_steps:gone\n"
    )
    env = {"PYTHONPATH": str(site)}
    assert call("company.deploy", folder, {"count": "21"}, env=env) == Succeeded(42, exit_code=0)
    gone = call("company.gone", folder, env=env)
    assert isinstance(gone, Errored)
    assert gone.error.startswith("The step 'company.gone' could not be loaded: AttributeError")
    other = call("company.other", folder, env=env)
    assert isinstance(other, Errored)
    assert "known are: company.deploy, company.gone" in other.error


def test_no_file_beside_the_workflow_stands_in_for_an_installed_module(folder: Path) -> None:
    (folder / "json.py").write_text("def dumps(value): return 'mine'\n")
    (folder / "pydantic.py").write_text("raise RuntimeError('mine')\n")
    assert call("json:dumps", folder, {"obj": [1]}) == Succeeded("[1]", exit_code=0)


# --- its surroundings


def test_what_a_function_finds(folder: Path) -> None:
    base = {"PATH": "/bin", "SLACK_BOT_TOKEN": "x", "HANDRAIL_SECRET_A": "abcdef"}
    outcome = call(
        "inside",
        folder,
        params={"x": 1},
        env={"OWN": "{{ params.x }}"},
        base_environment=base,
        item=(3, "eu"),
    )
    assert isinstance(outcome, Succeeded)
    found = outcome.result
    assert isinstance(found, dict)
    assert found["path_end"] == found["cwd"] == str(folder)
    assert not str(found["first"]).endswith("executors")
    assert (found["stdin"], found["engine"], found["argv"], found["tmp"]) == ("", False, 1, [])
    assert isinstance(found["env"], list)
    assert {str(name) for name in found["env"]} - {"LC_CTYPE"} == {
        "PATH", "PARAM_X", "OWN", "HANDRAIL_RUN_ID", "HANDRAIL_RUN_NUMBER", "HANDRAIL_STEP", "HANDRAIL_ATTEMPT",
        "HANDRAIL_REQUESTER", "HANDRAIL_OUTPUT", "HANDRAIL_TMP", "HANDRAIL_ITEM", "HANDRAIL_INDEX",
    }  # fmt: skip


def test_nothing_is_left_beside_the_workflow(folder: Path) -> None:
    before = sorted(folder.iterdir())
    call("echo", folder)
    assert sorted(folder.iterdir()) == before


def test_the_arguments_are_recorded_resolved_and_masked(folder: Path) -> None:
    kept = Kept()
    arguments: dict[str, JsonValue] = {"value": ["{{ params.v }}", "secret-value"]}
    outcome = call("echo", folder, arguments, kept, params={"v": 3}, env={"A": "b"}, secrets=["secret-value"])
    assert kept.arguments == [
        {"function": "steps:echo", "arguments": {"value": [3, "***"]}, "env": {"A": "b"}}
    ]
    assert outcome == Succeeded([3, "***"], exit_code=0)


def test_a_missing_folder_is_an_error() -> None:
    outcome = call("json:dumps", Path("/no/such/folder"))
    assert isinstance(outcome, Errored)
    assert outcome.error.startswith(
        "The folder of the workflow, /no/such/folder, is not there on this worker."
    )


def test_large_arguments_arrive(folder: Path) -> None:
    text = "ü" * 60_000 + "x" * 90_000
    assert call("steps:echo", folder, {"value": [text]}) == Succeeded([text], exit_code=0)
