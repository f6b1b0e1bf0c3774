"""`handrail run`: a workflow in the terminal. The same engine as with Slack; the terminal is the only surface."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.prompt import Prompt
from rich.table import Table
from rich.text import Text

from bot.bootstrap import WORKER_LOCK_SECONDS, build_engine, build_worker, migrate, worker_duties
from bot.hardening import forbid_dumps
from bot.settings import Settings
from engine import commands
from engine.advance import Engine
from engine.core.definition import ApprovalAction, JsonValue, Workflow
from engine.core.eligibility import TERMINAL_TEAM, TERMINAL_USER
from engine.core.errors import Busy, Conflict, InvalidParameters, Problem
from engine.core.parameters import parse_text_parameters
from engine.core.permission import Principal
from engine.core.picture import ApprovalPicture, RunPicture, TaskPicture
from engine.core.state import RunStatus, TaskStatus
from engine.loops.base import Loop
from engine.loops.terminal_run import HoldTerminalRun
from store import reading, terminals

PRINCIPAL = Principal(TERMINAL_TEAM, TERMINAL_USER)
LOOK_SECONDS = 1.0

_MARKS = {
    TaskStatus.PENDING: ("○", "dim"),
    TaskStatus.RUNNING: ("●", "cyan"),
    TaskStatus.WAITING: ("◐", "yellow"),
    TaskStatus.COMPLETED: ("✓", "green"),
    TaskStatus.FAILED: ("✗", "red"),
    TaskStatus.ERROR: ("✗", "red"),
    TaskStatus.REJECTED: ("✗", "red"),
    TaskStatus.SKIPPED: ("–", "dim"),
    TaskStatus.CANCELLED: ("–", "dim"),
}


def run_in_terminal(settings: Settings, name: str, words: Sequence[str]) -> int:
    """Run a workflow to its end and return the process's exit code. Raises Problem for what cannot be started."""
    forbid_dumps()
    migrate(settings)
    changed = threading.Event()
    nudge: list[Callable[[], None]] = []
    engine = build_engine(
        settings,
        WORKER_LOCK_SECONDS,
        ring=lambda: [each() for each in nudge],
        hint=lambda run_id: changed.set(),
        more_admins=frozenset({TERMINAL_USER}),
    )
    values = _values(engine, name, words)
    hang_up = HangUp()
    hang_up.listen()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = commands.start_run(engine, PRINCIPAL, name, values, channel_id=None, origin="terminal")
    worker = build_worker(settings, engine, started.run_id)
    nudge.append(worker.nudge)
    loops = [Loop(duty) for duty in (*worker_duties(worker), HoldTerminalRun(engine, started.run_id))]
    for loop in loops:
        loop.start()
    try:
        ended = Watch(engine, started.run_id, changed, hang_up).until_the_end()
    finally:
        worker.drain(5.0)
        for loop in loops:
            loop.stop()
    with suppress(Busy), engine.database.write() as c:  # what is left behind is found by any reconciler
        terminals.release_run(c, started.run_id)
    return 0 if ended.status is RunStatus.COMPLETED else 1


def _values(engine: Engine, name: str, words: Sequence[str]) -> dict[str, JsonValue]:
    workflow = commands.workflow_to_run(engine, PRINCIPAL, name)
    _require_one_approver(workflow)
    texts: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise Problem(f"{word!r} is no parameter. Write name=value.")
        texts[key] = value
    values, mistakes = parse_text_parameters(workflow, texts, engine.matches)
    if mistakes:
        raise InvalidParameters(mistakes)
    return dict(values)


def _require_one_approver(workflow: Workflow) -> None:
    for step in workflow.steps:
        if isinstance(step.action, ApprovalAction) and step.action.required > 1:
            raise Problem(
                f"{step.title!r} asks for {step.action.required} people's approval, and at a terminal there is "
                f"only one. Nothing was started; run it from Slack: /workflow run {workflow.name}"
            )


class HangUp:
    """SIGHUP: the terminal was closed. Nothing can be read from it or shown there any more, and trying to would
    fail: it becomes /dev/null. More than one may come, at any time, so none of them interrupts anything."""

    def __init__(self) -> None:
        self._terminal = [descriptor for descriptor in (0, 1, 2) if os.isatty(descriptor)]
        self._is_news = False

    def listen(self) -> None:
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as `nohup` sets it
            signal.signal(signal.SIGHUP, self._come)

    def take(self) -> bool:
        """Whether it has come since the last call."""
        is_news, self._is_news = self._is_news, False
        return is_news

    def _come(self, number: int, frame: FrameType | None) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in self._terminal:
            os.dup2(nothing, descriptor)
        os.close(nothing)
        self._is_news = True


@dataclass(slots=True)
class Watch:
    """Draws a run until it has ended, and asks for approvals in between. Ctrl-C cancels the run, and so does the
    end of the input: Ctrl-D, or a terminal that was closed."""

    engine: Engine
    run_id: str
    changed: threading.Event
    hang_up: HangUp
    console: Console = field(default_factory=Console)

    def until_the_end(self) -> RunPicture:
        while True:
            try:
                picture = self._follow()
                if not picture.is_active:
                    break
                self._ask(picture, picture.open_approvals[0])
            except (KeyboardInterrupt, EOFError):
                self._cancel()
        self._tell_the_end(picture)
        return picture

    def _follow(self) -> RunPicture:
        """Draw until a person is needed or the run has ended."""
        with Live(console=self.console, refresh_per_second=8, transient=True) as live:
            while True:
                self.changed.clear()
                picture = self._picture()
                live.update(draw(picture))
                if not picture.is_active or picture.open_approvals:
                    return picture
                if self.hang_up.take():
                    raise EOFError
                self.changed.wait(LOOK_SECONDS)

    def _ask(self, picture: RunPicture, approval: ApprovalPicture) -> None:
        if not self.console.is_terminal:
            self.console.print("An approval is needed, and nobody is at this terminal: the run is cancelled.")
            self._cancel()
            return
        self.console.print(draw(picture))
        self.console.print(Text(f"\n{approval.title}", style="bold"))
        if approval.message:
            self.console.print(Text(approval.message))
        answer = Prompt.ask("Approve", choices=["yes", "no"], console=self.console)
        comment = Prompt.ask("Comment", default="", show_default=False, console=self.console)
        try:
            commands.decide(self.engine, PRINCIPAL, approval.id, approve=answer == "yes", comment=comment)
        except Conflict as conflict:  # its time ran out while the question stood there
            self.console.print(conflict.sentence)

    def _cancel(self) -> None:
        try:
            commands.cancel_run(self.engine, PRINCIPAL, self.run_id)
        except Conflict:
            return  # it has ended by itself meanwhile
        self.console.print("Cancelling; running steps are being ended.")

    def _tell_the_end(self, picture: RunPicture) -> None:
        self.console.print(draw(picture))
        failing = picture.failing_task
        if failing is not None and failing.stderr.text.strip():
            self.console.print(Text(f"\nThe end of what {failing.title} wrote to stderr:", style="bold"))
            self.console.print(Text(failing.stderr.text.strip()))
        if picture.outputs:
            self.console.print_json(data=dict(picture.outputs))

    def _picture(self) -> RunPicture:
        with self.engine.database.read() as c:
            picture = reading.run_picture(c, self.run_id)
        assert picture is not None, "a run that was started is there"
        return picture


def draw(picture: RunPicture) -> RenderableType:
    """The run as a few lines: status, progress, each step."""
    status = f"{picture.status.label}, stopping" if picture.is_stopping else picture.status.label
    head = Text.assemble((f"{picture.workflow_title} #{picture.number}", "bold"), f"  {status}")
    bar = Table.grid(padding=(0, 1))
    bar.add_row(ProgressBar(total=100, completed=picture.progress, width=40), f"{picture.progress} %")
    parts: list[RenderableType] = [head, bar, _steps(picture.tasks)]
    if picture.error:
        parts.append(Text(picture.error, style="red"))
    return Group(*parts)


def _steps(tasks: Sequence[TaskPicture]) -> Table:
    table = Table.grid(padding=(0, 1))
    for task in tasks:
        mark, style = _MARKS[task.status]
        table.add_row(Text(mark, style), Text(task.title), Text(task.status.label, style), _took(task))
    return table


def _took(task: TaskPicture) -> str:
    if task.started_at is None:
        return ""
    end = task.finished_at if task.finished_at is not None else int(time.time() * 1000)
    return f"{max(0, end - task.started_at) / 1000:.1f} s"
