"""The working copy of a run while one event is planned: what changed so far, and what it amounts to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

from engine.core.definition import JsonValue, Step, StepKind, Workflow
from engine.core.evaluate import Names, expression_names
from engine.core.events import (
    ApprovalStatus,
    CancelItems,
    CloseApproval,
    CloseInput,
    Effect,
    Fact,
    InputStatus,
    StopChild,
    StopItems,
    StopTask,
    Transition,
)
from engine.core.state import FanOut, RunSnapshot, RunStatus, TaskState, TaskStatus


class Draft:
    """Collects the changes of one transition. Properties, and methods that begin with `is_`, only look."""

    def __init__(self, workflow: Workflow, snapshot: RunSnapshot) -> None:
        self.workflow = workflow
        self.snapshot = snapshot
        self.tasks = dict(snapshot.tasks)
        self.items = dict(snapshot.items)
        self.fan_outs = dict(snapshot.fan_outs)
        self.outcome = snapshot.outcome
        self.error = snapshot.error
        self.is_queued = snapshot.is_queued
        self.is_new_round = False
        self.outputs: dict[str, JsonValue] | None = None
        self.effects: list[Effect] = []
        self.facts: list[Fact] = []
        self._names: Names | None = None

    # --- looking

    @cached_property
    def steps(self) -> dict[str, Step]:
        return {step.id: step for step in self.workflow.steps}

    @cached_property
    def dependants(self) -> dict[str, list[Step]]:
        """For each step, those that need it."""
        found: dict[str, list[Step]] = defaultdict(list)
        for step in self.workflow.steps:
            for needed in step.needs:
                found[needed].append(step)
        return found

    @property
    def names(self) -> Names:
        if self._names is None:
            self._names = expression_names(
                self.snapshot.parameters,
                self.snapshot.context,
                self.tasks,
                self.outcome,
                is_rehearsal=self.snapshot.is_rehearsal,
            )
        return self._names

    @property
    def has_started(self) -> bool:
        return self.is_queued or any(
            task.is_due or task.status is not TaskStatus.PENDING for task in self.tasks.values()
        )

    @property
    def is_active(self) -> bool:
        return not all(task.status.is_settled for task in self.tasks.values())

    @property
    def is_main_settled(self) -> bool:
        """Whether every step but the final ones is settled."""
        return all(self.tasks[step.id].status.is_settled for step in self.workflow.steps if not step.is_final)

    def task(self, step_id: str, item: int = 0) -> TaskState | None:
        return self.items.get((step_id, item)) if item else self.tasks.get(step_id)

    def is_running(self, step_id: str, attempt: int, item: int) -> bool:
        """Whether this very attempt is what runs: events of any other attempt come too late."""
        task = self.task(step_id, item)
        return task is not None and task.status is TaskStatus.RUNNING and task.attempt == attempt

    def is_waiting(self, step_id: str, kind: StepKind) -> bool:
        task = self.tasks.get(step_id)
        return task is not None and task.status is TaskStatus.WAITING and self.steps[step_id].kind is kind

    def is_given_up(self, task: TaskState) -> bool:
        """Whether nothing new may begin for this task any more."""
        return task.is_stopping or (self.outcome is not None and not self.steps[task.step_id].is_final)

    def is_ready(self, step: Step) -> bool:
        """Whether it is not scheduled yet and everything it needs is settled."""
        task = self.tasks[step.id]
        return (
            task.status is TaskStatus.PENDING
            and not task.is_due
            and all(self.tasks[needed].status.is_settled for needed in step.needs)
        )

    # --- changing

    def put(self, task: TaskState) -> None:
        if task.item:
            self.items[task.step_id, task.item] = task
        else:
            self.tasks[task.step_id] = task
            self._names = None

    def change(
        self,
        step_id: str,
        status: TaskStatus,
        *,
        is_due: bool = False,
        arguments: Mapping[str, JsonValue] | None = None,
    ) -> None:
        given = None if arguments is None else dict(arguments)
        self.put(replace(self.tasks[step_id], status=status, is_due=is_due, arguments=given))

    def settle(
        self, task: TaskState, status: TaskStatus, *, result: JsonValue = None, error: str | None = None
    ) -> None:
        self.put(replace(task, status=status, is_due=False, delay_seconds=0.0, result=result, error=error))
        if not task.item:  # a step that does not start in this round may have items of an earlier one
            self.cancel_items(task.step_id)

    def effect(self, effect: Effect) -> None:
        self.effects.append(effect)

    def fact(self, kind: str, **data: JsonValue) -> None:
        self.facts.append(Fact(kind, data))

    def fix_outcome(self, outcome: RunStatus, error: str | None) -> None:
        """How the run ends, unless something earlier fixed it. Of its main steps nothing new starts from then on;
        what only waits or is due is given up, and what runs may finish."""
        if self.outcome is not None:
            return
        self.outcome, self.error = outcome, error
        self._names = None
        for step in self.workflow.steps:
            if not step.is_final:
                self.give_up(step)

    def give_up(self, step: Step) -> None:
        """Cancel whatever of a step has not begun. A child run, and items that run, go on to their end."""
        task = self.tasks[step.id]
        if task.status is TaskStatus.PENDING:
            self.settle(task, TaskStatus.CANCELLED)
        elif task.status is not TaskStatus.WAITING:
            return
        elif step.foreach is not None:
            self.cancel_items(step.id)
            if not self.fan_outs[step.id].active:
                self.settle(task, TaskStatus.CANCELLED)
        elif step.kind is not StepKind.WORKFLOW:
            if step.kind is StepKind.APPROVAL:
                self.effect(CloseApproval(step.id, ApprovalStatus.CANCELLED))
            elif step.kind is StepKind.INPUT:
                self.effect(CloseInput(step.id, InputStatus.CANCELLED))
            self.settle(task, TaskStatus.CANCELLED)

    def cancel_items(self, step_id: str) -> None:
        """No further item of a fan-out begins."""
        fan = self.fan_outs.get(step_id, FanOut())
        count = fan.pending + fan.due
        if count:
            self.effect(CancelItems(step_id, count))
            self.fan_outs[step_id] = replace(fan, pending=0, due=0, cancelled=fan.cancelled + count)

    def stop_step(self, step: Step, *, is_forced: bool = False) -> bool:
        """Have ended what of a step is under way. False when there is nothing to tell, or it was told before."""
        task = self.tasks[step.id]
        if task.is_stopping and not is_forced:
            return False
        if task.status is TaskStatus.RUNNING:
            self.effect(StopTask(step.id, is_forced=is_forced))
        elif task.status is TaskStatus.WAITING and step.foreach is not None:
            if not self.fan_outs[step.id].running:
                return False
            self.effect(StopItems(step.id, is_forced))
        elif task.status is TaskStatus.WAITING and step.kind is StepKind.WORKFLOW:
            self.effect(StopChild(step.id, is_forced))
        else:
            return False
        return True

    # --- the answer

    def transition(self) -> Transition:
        status = self._status()
        before = self.snapshot
        return Transition(
            status=status,
            outcome=self.outcome,
            error=self.error,
            progress=self._progress(status),
            tasks=(
                *(task for step_id, task in self.tasks.items() if task != before.tasks[step_id]),
                *(task for key, task in self.items.items() if task != before.items[key]),
            ),
            effects=tuple(self.effects),
            facts=tuple(self.facts),
            outputs=self.outputs,
            is_noop=not self.facts,
            is_queued=self.is_queued,
            is_new_round=self.is_new_round,
            may_be_timed=self.workflow.timeout_seconds is not None,
        )

    def _status(self) -> RunStatus:
        if not self.facts:
            return self.snapshot.status
        if not self.is_active:
            return self.outcome or RunStatus.COMPLETED
        if self.is_queued:
            return RunStatus.PENDING
        asks = any(self.is_waiting(step_id, StepKind.APPROVAL) for step_id in self.tasks)
        if asks and not any(map(self._is_moving, self.tasks.values())):
            return RunStatus.WAITING_FOR_APPROVAL
        has_begun = any(
            task.attempt or task.status in (TaskStatus.RUNNING, TaskStatus.WAITING)
            for task in self.tasks.values()
        )
        if self.snapshot.status is RunStatus.PENDING and not has_begun:
            return RunStatus.PENDING
        return RunStatus.RUNNING

    def _is_moving(self, task: TaskState) -> bool:
        """Whether the run goes on by this task without anybody's approval."""
        if task.status is TaskStatus.WAITING:
            return self.steps[task.step_id].kind is not StepKind.APPROVAL
        return task.is_due or task.status is TaskStatus.RUNNING

    def _progress(self, status: RunStatus) -> int:
        """Percent. It never falls within a round."""
        if status is RunStatus.COMPLETED:
            return 100
        done = sum((self._share_done(task) for task in self.tasks.values()), Fraction())
        percent = min(99, int(100 * done / max(1, len(self.tasks))))
        return percent if self.is_new_round else max(percent, self.snapshot.progress)

    def _share_done(self, task: TaskState) -> Fraction:
        # what was cancelled before it ran is no progress: a run stopped early does not read "99 %"
        fan = self.fan_outs.get(task.step_id, FanOut())
        if task.status is TaskStatus.WAITING and fan.size:
            return Fraction(fan.settled - fan.cancelled, fan.size)
        return Fraction(task.status.is_settled and task.status is not TaskStatus.CANCELLED)
