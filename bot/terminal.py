"""`handrail run`: a workflow in the terminal. The same engine as with Slack; the terminal is the only surface."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from rich.console import Console
from rich.live import Live
from rich.prompt import Prompt
from rich.text import Text

from blocks.said import said_text
from blocks.tasks import task_name
from bot.bootstrap import WORKER_LOCK_SECONDS, build_engine, build_worker, migrate, tools_of, worker_duties
from bot.hardening import forbid_dumps
from bot.settings import Settings
from bot.terminal_asking import ask_fields
from bot.terminal_view import draw_family, plain
from engine import commands
from engine.advance import Engine
from engine.asking import asking_of
from engine.core.definition import ApprovalAction, JsonValue, StepKind, Workflow
from engine.core.eligibility import TERMINAL_TEAM, TERMINAL_USER
from engine.core.errors import Busy, Conflict, InvalidParameters, Problem
from engine.core.events import Succeeded
from engine.core.options import Option
from engine.core.parameters import parse_text_parameters
from engine.core.permission import Principal
from engine.core.picture import ApprovalPicture, QuestionPicture, RunPicture
from engine.core.state import RunStatus, TaskStatus
from engine.look_ups import Tools, find_all_options
from engine.loops.base import Loop
from engine.loops.terminal_run import HoldTerminalRun
from engine.pictures import look_at_run
from store import children, questions, terminals

PRINCIPAL = Principal(TERMINAL_TEAM, TERMINAL_USER)
LOOK_SECONDS = 1.0

SAID_HERE: dict[str, JsonValue] = {"channel": "terminal", "ts": None}


def run_in_terminal(
    settings: Settings, name: str, words: Sequence[str], *, is_rehearsal: bool = False
) -> int:
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
    options = _options(engine, tools_of(build_worker(settings, engine)), name, values)
    hang_up = HangUp()
    hang_up.listen()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = commands.start_run(
        engine,
        PRINCIPAL,
        name,
        values,
        channel_id=None,
        origin="terminal",
        is_rehearsal=is_rehearsal,
        options=options,
    )
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


def _options(
    engine: Engine, tools: Tools, name: str, values: Mapping[str, JsonValue]
) -> dict[str, tuple[Option, ...]]:
    """The computed options that these values have to be among."""
    workflow = commands.workflow_to_run(engine, PRINCIPAL, name)
    with engine.database.read() as c:
        asking = asking_of(c, PRINCIPAL, workflow, None)
    return find_all_options(tools, workflow, values, asking, engine.matches)


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
    """Draws a run and those that its steps start until it has ended; asks for approvals and values in between, and
    prints what steps say. Ctrl-C cancels the run, and so does the end of the input: Ctrl-D, or a terminal that was
    closed. The second time forces it."""

    engine: Engine
    run_id: str
    changed: threading.Event
    hang_up: HangUp
    console: Console = field(default_factory=Console)
    _was_cancelled: bool = False

    def until_the_end(self) -> RunPicture:
        while True:
            try:
                family = self._follow()
                if not family[0].is_active:
                    break
                self._ask_somebody(family)
            except (KeyboardInterrupt, EOFError):
                self._cancel(is_forced=self._was_cancelled)
                self._was_cancelled = True
        self._tell_the_end(family)
        return family[0]

    def _follow(self) -> list[RunPicture]:
        """Draw until a person is needed or the run has ended. The run itself is the first."""
        with Live(console=self.console, refresh_per_second=8, transient=True) as live:
            while True:
                self.changed.clear()
                family = self._family()
                live.update(draw_family(family))
                for picture in family:
                    self._say(picture)
                if not family[0].is_active or any(_needs_somebody(picture) for picture in family):
                    return family
                if self.hang_up.take():
                    raise EOFError
                self.changed.wait(LOOK_SECONDS)

    def _say(self, picture: RunPicture) -> None:
        """Print what steps say; nobody else will."""
        for task in picture.tasks:
            if task.kind is StepKind.MESSAGE and task.status is TaskStatus.WAITING:
                self.console.print(plain(f"{task.title}: {said_text(task.arguments) or ''}"))
                commands.settle_message(self.engine, picture.id, task.step_id, Succeeded(SAID_HERE))

    def _ask_somebody(self, family: Sequence[RunPicture]) -> None:
        picture = next(picture for picture in family if _needs_somebody(picture))
        if not self.console.is_terminal:
            what = "An approval is needed" if picture.open_approvals else "Values are needed"
            self.console.print(f"{what}, and nobody is at this terminal: the run is cancelled.")
            self._cancel()
            return
        self.console.print(draw_family(family))
        try:
            if picture.open_approvals:
                self._ask_for_approval(picture.open_approvals[0])
            else:
                self._ask_for_values(picture.open_questions[0])
        except Conflict as conflict:  # its time ran out while the question stood there
            self.console.print(conflict.sentence)

    def _ask_for_approval(self, approval: ApprovalPicture) -> None:
        self._print_question(approval.title, approval.message)
        answer = Prompt.ask("Approve", choices=["yes", "no"], console=self.console)
        comment = Prompt.ask("Comment", default="", show_default=False, console=self.console)
        commands.decide(self.engine, PRINCIPAL, approval.id, approve=answer == "yes", comment=comment)

    def _ask_for_values(self, question: QuestionPicture) -> None:
        self._print_question(question.title, question.message)
        with self.engine.database.read() as c:
            key = questions.find_question(c, question.id)
        if key is None:
            return
        fields = commands.question_fields(self.engine, key)
        try:
            values = ask_fields(self.console, self.engine, fields)
            commands.answer_question(self.engine, PRINCIPAL, question.id, values)
        except InvalidParameters as problem:
            self.console.print(plain(problem.sentence, "red"))

    def _print_question(self, title: str, message: str) -> None:
        self.console.print(plain(f"\n{title}", "bold"))
        if message:
            self.console.print(plain(message))

    def _cancel(self, *, is_forced: bool = False) -> None:
        try:
            commands.cancel_run(self.engine, PRINCIPAL, self.run_id, is_forced=is_forced)
        except Conflict:
            return  # it has ended by itself meanwhile
        if is_forced:
            self.console.print("Stopping by force; final steps do not run.")
        else:
            self.console.print("Cancelling; running steps are being ended. Once more stops it by force.")

    def _tell_the_end(self, family: Sequence[RunPicture]) -> None:
        self.console.print(draw_family(family))
        for picture in family:
            failing = picture.failing_task
            failing = failing.failing_item or failing if failing is not None else None
            if failing is not None and failing.stderr.text.strip():
                title = f"\nThe end of what {task_name(failing)} wrote to stderr:"
                self.console.print(plain(title, "bold"))
                self.console.print(Text(failing.stderr.text.strip()))
        if family[0].outputs:
            self.console.print_json(data=dict(family[0].outputs))

    def _family(self) -> list[RunPicture]:
        with self.engine.database.read() as c:
            run_ids = [
                self.run_id,
                *(each for each in children.family(c, self.run_id) if each != self.run_id),
            ]
        pictures = [look_at_run(self.engine, run_id) for run_id in run_ids]
        return [picture for picture in pictures if picture is not None]


def _needs_somebody(picture: RunPicture) -> bool:
    return bool(picture.open_approvals or picture.open_questions)
