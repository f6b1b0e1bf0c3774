"""The working copy of a run while one event is planned: what changed so far, and what it amounts to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property

from engine.core.definition import JsonValue, Step, StepKind, Workflow
from engine.core.evaluate import Names, expression_names
from engine.core.events import ApprovalStatus, CloseApproval, Effect, Fact, StopTask, Transition
from engine.core.state import RunSnapshot, RunStatus, TaskState, TaskStatus


class Draft:
    """Collects the changes of one transition. Methods that end in `_tasks` or begin with `is_` only look."""

    def __init__(self, workflow: Workflow, snapshot: RunSnapshot) -> None:
        self.workflow = workflow
        self.snapshot = snapshot
        self.tasks = dict(snapshot.tasks)
        self.outcome = snapshot.outcome
        self.error = snapshot.error
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
            self._names = expression_names(self.snapshot.parameters, self.snapshot.context, self.tasks)
        return self._names

    @property
    def has_started(self) -> bool:
        return any(task.is_due or task.status is not TaskStatus.PENDING for task in self.tasks.values())

    @property
    def is_active(self) -> bool:
        return not all(task.status.is_settled for task in self.tasks.values())

    def is_running(self, step_id: str, attempt: int) -> bool:
        """Whether this very attempt is what runs: events of any other attempt come too late."""
        task = self.tasks.get(step_id)
        return task is not None and task.status is TaskStatus.RUNNING and task.attempt == attempt

    def is_waiting(self, step_id: str, kind: StepKind) -> bool:
        task = self.tasks.get(step_id)
        return task is not None and task.status is TaskStatus.WAITING and self.steps[step_id].kind is kind

    def is_ready(self, step: Step) -> bool:
        """Whether it is not scheduled yet and everything it needs is settled."""
        task = self.tasks[step.id]
        return (
            task.status is TaskStatus.PENDING
            and not task.is_due
            and all(self.tasks[needed].status.is_settled for needed in step.needs)
        )

    # --- changing

    def change(self, step_id: str, status: TaskStatus, *, is_due: bool = False) -> None:
        self.tasks[step_id] = replace(self.tasks[step_id], status=status, is_due=is_due)

    def settle(
        self, step_id: str, status: TaskStatus, *, result: JsonValue = None, error: str | None = None
    ) -> None:
        task = self.tasks[step_id]
        self.tasks[step_id] = replace(task, status=status, is_due=False, result=result, error=error)
        self._names = None

    def effect(self, effect: Effect) -> None:
        self.effects.append(effect)

    def fact(self, kind: str, **data: JsonValue) -> None:
        self.facts.append(Fact(kind, data))

    def stop(self, outcome: RunStatus, error: str | None) -> None:
        """Fix the outcome, unless something earlier did. Nothing new starts from then on; what only waits or
        is due is given up, and what runs may finish."""
        if self.outcome is not None:
            return
        self.outcome, self.error = outcome, error
        for step_id, task in self.tasks.items():
            if self.is_waiting(step_id, StepKind.APPROVAL):
                self.effect(CloseApproval(step_id, ApprovalStatus.CANCELLED))
            if task.status in (TaskStatus.PENDING, TaskStatus.WAITING):
                self.settle(step_id, TaskStatus.CANCELLED)

    def stop_running_tasks(self) -> bool:
        """Tell workers to end what runs. False when there is none left to tell."""
        running = [task for task in self.tasks.values() if task.status is TaskStatus.RUNNING]
        told = [StopTask(task.step_id) for task in running if not task.is_stopping]
        self.effects.extend(told)
        return bool(told)

    # --- the answer

    def transition(self) -> Transition:
        status = self._status()
        return Transition(
            status=status,
            outcome=self.outcome,
            error=self.error,
            progress=_progress(status, self.tasks.values()),
            tasks=tuple(task for step_id, task in self.tasks.items() if task != self.snapshot.tasks[step_id]),
            effects=tuple(self.effects),
            facts=tuple(self.facts),
            outputs=self.outputs,
            is_noop=not self.facts,
        )

    def _status(self) -> RunStatus:
        if not self.facts:
            return self.snapshot.status
        if not self.is_active:
            return self.outcome or RunStatus.COMPLETED
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
        """Whether the run goes on by this task without anybody's decision."""
        return (
            task.is_due or task.status is TaskStatus.RUNNING or self.is_waiting(task.step_id, StepKind.WAIT)
        )


def _progress(status: RunStatus, tasks: Collection[TaskState]) -> int:
    if status is RunStatus.COMPLETED:
        return 100
    # what was cancelled before it ran is no progress: a run stopped early does not read "99 %"
    done = sum(task.status.is_settled and task.status is not TaskStatus.CANCELLED for task in tasks)
    return min(99, 100 * done // max(1, len(tasks)))
