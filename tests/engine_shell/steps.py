"""Contexts for executors, built without a database: what they record and write is kept in lists."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from engine.addresses import Reach
from engine.core.definition import (
    Action,
    HttpAction,
    JsonValue,
    PythonAction,
    RunAction,
    SetAction,
    Step,
    StepKind,
    Template,
    Workflow,
)
from engine.core.errors import ExpressionProblem
from engine.core.log import LogChunk
from engine.executors.base import StepContext
from engine.lease import Lease
from engine.masking import Mask
from engine.output import Output, OutputLimits
from engine.secrets import Secrets

T = TypeVar("T")

_WHOLE = re.compile(r"\{\{ *([a-z_.]+) *\}\}")
_KINDS = {
    RunAction: StepKind.RUN,
    HttpAction: StepKind.HTTP,
    PythonAction: StepKind.PYTHON,
    SetAction: StepKind.SET,
}


class DottedNames:
    """Computes `{{ params.service }}` and nothing more: executors know only that something does."""

    def value(self, template: Template, names: Mapping[str, JsonValue]) -> JsonValue:
        match template:
            case str() if whole := _WHOLE.fullmatch(template):
                return self._look_up(whole[1], names)
            case str():
                return _WHOLE.sub(lambda match: str(self._look_up(match[1], names)), template)
            case list():
                return [self.value(item, names) for item in template]
            case dict():
                return {key: self.value(item, names) for key, item in template.items()}
        return template

    def condition(self, text: str, names: Mapping[str, JsonValue]) -> bool:
        return bool(self._look_up(text, names))

    def _look_up(self, path: str, names: Mapping[str, JsonValue]) -> JsonValue:
        value: JsonValue = dict(names)
        for part in path.split("."):
            if not isinstance(value, dict) or part not in value:
                raise ExpressionProblem(f"There is no {path}.")
            value = value[part]
        return value


@dataclass
class Kept:
    """What an attempt wrote and recorded."""

    chunks: list[LogChunk] = field(default_factory=list)
    arguments: list[JsonValue] = field(default_factory=list)
    batches: int = 0

    def keep(self, chunks: Sequence[LogChunk]) -> None:
        self.chunks += chunks
        self.batches += 1

    @property
    def stdout(self) -> str:
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        return self._text("stderr")

    def _text(self, stream: str) -> str:
        return "".join(chunk.text for chunk in self.chunks if chunk.stream == stream)


def step_context(
    action: Action,
    kept: Kept,
    *,
    params: Mapping[str, JsonValue] | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path | str = "/",
    timeout_seconds: float = 60,
    grace_seconds: float = 10,
    lease: Lease | None = None,
    secrets: Sequence[str] = (),
    stop: threading.Event | None = None,
    limits: OutputLimits | None = None,
    base_environment: Mapping[str, str] | None = None,
    declared: Sequence[str] = (),
    known_secrets: Secrets | None = None,
    reach: Reach | None = None,
    item: tuple[int, JsonValue] | None = None,
    is_rehearsal: bool = False,
) -> StepContext:
    """`secrets` are Handrail's own, `declared` the names of the workflow's, whose values `known_secrets` has.
    `item` is an index and what a fan-out has there."""
    step = Step(
        "build", "Build", _KINDS[type(action)], action, timeout_seconds=timeout_seconds, env=env or {}
    )
    mask = Mask(secrets)
    return StepContext(
        run_id="0123456789abcdef0123456789abcdef",
        run_number=1042,
        task_id="fedcba9876543210fedcba9876543210",
        team_id="T0001",
        attempt=2,
        step=step,
        workflow=Workflow(
            "deploy", "Deploy", "", (), (step,), {}, str(folder), "", "0" * 64, tuple(declared)
        ),
        names={
            "params": dict(params or {}),
            "run": {"requester": "U0ADA"},
            "steps": {},
            **({"index": item[0], "item": item[1]} if item else {}),
        },
        evaluate=DottedNames(),
        output=Output(kept.keep, mask, limits),
        lease=lease or Lease(3600, time.monotonic()),
        record_arguments=kept.arguments.append,
        stop=stop or threading.Event(),
        mask=mask,
        base_environment=base_environment if base_environment is not None else dict(os.environ),
        grace_seconds=grace_seconds,
        secrets=known_secrets or Secrets(),
        reach=reach or Reach(),
        is_rehearsal=is_rehearsal,
    )


def wait_until(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """The first true answer of a condition; a failed test when it does not come in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds} s: {condition}"
        time.sleep(0.01)
    return answer


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def read_pid(path: Path) -> int:
    """A process id that a script writes to a file, once it is there."""
    return int(wait_until(lambda: path.read_text().strip() if path.exists() else ""))


@contextmanager
def set_later(event: threading.Event, condition: Callable[[], object]) -> Iterator[None]:
    """Set an event from another thread once a condition holds."""

    def watch() -> None:
        wait_until(condition)
        event.set()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join()
