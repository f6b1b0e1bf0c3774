"""A whole engine over a SQLite file, with a real worker: what examples need to run, without Slack. What steps say
to people is taken as Slack would take it, and kept to look at."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from bot.bootstrap import step_environment
from engine import commands
from engine.advance import Engine
from engine.core.definition import JsonValue, StepKind
from engine.core.events import Succeeded
from engine.core.permission import Principal
from engine.core.picture import RunPicture, TaskPicture
from engine.core.state import RunStatus, TaskStatus
from engine.expressions import Expressions
from engine.loops.followers import Followers
from engine.loops.timers import Timers
from engine.patterns import matches
from engine.registry import Registry
from engine.worker import Worker
from store import children, reading
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
    followers: Followers
    scratch: Path
    """Where steps make their temporary folders."""
    said: list[JsonValue] = field(default_factory=list)
    """The arguments of every message, in their order."""

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
            self.followers.tick()
            self._take_messages(run_id)
            time.sleep(0.05)
        return picture

    def _take_messages(self, run_id: str) -> None:
        """What the projector does, when Slack takes everything."""
        for picture in self.family(run_id):
            for task in picture.tasks:
                if task.kind is StepKind.MESSAGE and task.status is TaskStatus.WAITING:
                    self.said.append(task.arguments)
                    sent = Succeeded({"channel": "C0GENERAL", "ts": f"1767225600.{len(self.said):06}"})
                    commands.settle_message(self.engine, picture.id, task.step_id, sent)

    def family(self, run_id: str) -> list[RunPicture]:
        """A run and all that its steps have started."""
        with self.engine.database.read() as c:
            ids = list(children.family(c, run_id))
        return [self.picture(each) for each in ids]

    def work_until_asked(self, run_id: str) -> str:
        """The id of the approval that the run waits for, and for nothing else."""
        picture = self.work_until(run_id, lambda picture: has_ended(picture) or is_asking(picture))
        assert is_asking(picture), picture
        return picture.approvals[-1].id

    def work_until_questioned(self, run_id: str) -> str:
        """The id of the question that the run, or one that its steps have started, waits for."""
        picture = self.work_until(run_id, lambda picture: has_ended(picture) or bool(self._questions(run_id)))
        assert self._questions(run_id), picture
        return self._questions(run_id)[-1]

    def _questions(self, run_id: str) -> list[str]:
        return [question.id for picture in self.family(run_id) for question in picture.open_questions]

    def work_until_end(self, run_id: str) -> RunPicture:
        return self.work_until(run_id, has_ended)

    def decide(self, who: Principal, approval_id: str, *, approve: bool) -> None:
        commands.decide(self.engine, who, approval_id, approve=approve, comment="I have looked.")

    def answer(self, who: Principal, question_id: str, values: Mapping[str, JsonValue]) -> None:
        commands.answer_question(self.engine, who, question_id, values)

    def cancel(self, run_id: str) -> None:
        commands.cancel_run(self.engine, ADA, run_id)

    def child(self, run_id: str, step_id: str) -> RunPicture:
        """The run that a step has started."""
        child = task_of(self.picture(run_id), step_id).child
        assert child is not None
        return self.picture(child.id)

    def processes(self, run_id: str) -> list[int]:
        """Of the run and of all that its steps have started."""
        ids = {picture.id for picture in self.family(run_id)}
        return [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _run_of_process(folder) in ids
        ]


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


def _run_of_process(folder: Path) -> str:
    try:
        environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # it has ended just now, or is somebody else's
        return ""
    name = "HANDRAIL_RUN_ID="
    return next((entry.removeprefix(name) for entry in environment if entry.startswith(name)), "")


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """A house that keeps its database in a folder and runs the examples."""
    url = f"sqlite:///{folder / 'handrail.db'}"
    upgrade(url)
    database = Database(url)
    engine = Engine(database, Registry(WORKFLOWS), Expressions(), matches, frozenset({"U0ADA"}))
    scratch = folder / "scratch"
    scratch.mkdir()
    environment = step_environment() | {"TMPDIR": str(scratch)}
    worker = Worker(engine, environment=environment, grace_seconds=1)
    try:
        yield House(engine, worker, Timers(engine), Followers(engine), scratch)
    finally:
        assert worker.drain(10), "a step still runs"
        database.dispose()


def closed_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def load_script(path: str) -> ModuleType:
    """A step's script as a module, by its path below the workflows."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, WORKFLOWS / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
