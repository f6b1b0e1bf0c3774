"""A whole engine over a SQLite file, with a real worker: what examples need to run, without Slack."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from bot.bootstrap import step_environment
from engine import commands
from engine.advance import Engine
from engine.core.definition import JsonValue
from engine.core.permission import Principal
from engine.core.picture import RunPicture, TaskPicture
from engine.core.state import RunStatus
from engine.expressions import Expressions
from engine.loops.timers import Timers
from engine.patterns import matches
from engine.registry import Registry
from engine.worker import Worker
from store import reading
from store.database import Database
from store.migrate import upgrade

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "workflows"
DEADLINE_SECONDS = 60.0

ADA = Principal("T0001", "U0ADA")
BOB = Principal("T0001", "U0BOB")
CYD = Principal("T0001", "U0CYD", frozenset({"S0ONCALL"}))


@dataclass(frozen=True, slots=True)
class House:
    engine: Engine
    worker: Worker
    timers: Timers

    def start(self, name: str, values: Mapping[str, JsonValue] | None = None) -> str:
        """Start a run as Ada; its id."""
        return commands.start_run(self.engine, ADA, name, values or {}, channel_id=None).run_id

    def picture(self, run_id: str) -> RunPicture:
        with self.engine.database.read() as c:
            picture = reading.run_picture(c, run_id)
        assert picture is not None
        return picture

    def work_until(self, run_id: str, holds: Callable[[RunPicture], bool]) -> RunPicture:
        """Do what the processes of a worker do, until the run looks as it should."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not holds(picture := self.picture(run_id)):
            assert time.monotonic() < deadline, f"not so in time: {picture}"
            self.worker.look()
            self.worker.renew()
            self.timers.tick()
            time.sleep(0.05)
        return picture

    def work_until_asked(self, run_id: str) -> str:
        """The id of the approval that the run waits for, and for nothing else."""
        picture = self.work_until(run_id, lambda picture: has_ended(picture) or is_asking(picture))
        assert is_asking(picture), picture
        return picture.approvals[-1].id

    def work_until_end(self, run_id: str) -> RunPicture:
        return self.work_until(run_id, has_ended)

    def decide(self, who: Principal, approval_id: str, *, approve: bool) -> None:
        commands.decide(self.engine, who, approval_id, approve=approve, comment="I have looked.")


def has_ended(picture: RunPicture) -> bool:
    return picture.status.is_terminal


def is_asking(picture: RunPicture) -> bool:
    return picture.status is RunStatus.WAITING_FOR_APPROVAL


def task_of(picture: RunPicture, step_id: str) -> TaskPicture:
    return next(task for task in picture.tasks if task.step_id == step_id)


def outputs(picture: RunPicture) -> Mapping[str, JsonValue]:
    assert picture.outputs is not None
    return picture.outputs


def statuses(picture: RunPicture) -> dict[str, str]:
    return {task.step_id: task.status.value for task in picture.tasks}


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """A house that keeps its database in a folder and runs the examples."""
    url = f"sqlite:///{folder / 'handrail.db'}"
    upgrade(url)
    database = Database(url)
    engine = Engine(database, Registry(WORKFLOWS), Expressions(), matches, frozenset({"U0ADA"}))
    worker = Worker(engine, environment=step_environment(), grace_seconds=1)
    try:
        yield House(engine, worker, Timers(engine))
    finally:
        assert worker.drain(10), "a step still runs"
        database.dispose()


def load_script(path: str) -> ModuleType:
    """A step's script as a module, by its path below the workflows."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, WORKFLOWS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
