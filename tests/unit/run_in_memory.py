"""A run without a database: applies transitions as the shell does, and looks at each while doing so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.core.definition import (
    Action,
    ApprovalAction,
    JsonValue,
    RunAction,
    SetAction,
    Step,
    StepKind,
    Template,
    WaitAction,
    Workflow,
)
from engine.core.errors import ExpressionProblem
from engine.core.events import (
    ApprovalDecided,
    ApprovalStatus,
    CloseApproval,
    Event,
    OpenApproval,
    Outcome,
    StopTask,
    Succeeded,
    TaskFinished,
    Transition,
    WaitEnded,
)
from engine.core.plan import initial_tasks, plan
from engine.core.state import (
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    ApprovalState,
    Ballot,
    RunSnapshot,
    RunStatus,
    TaskState,
    TaskStatus,
)

_KINDS: Mapping[type[Action], StepKind] = {
    RunAction: StepKind.RUN,
    SetAction: StepKind.SET,
    WaitAction: StepKind.WAIT,
    ApprovalAction: StepKind.APPROVAL,
}


def a_step(
    step_id: str,
    *needs: str,
    action: Action | None = None,
    condition: str | None = None,
    idempotent: bool = False,
) -> Step:
    action = action or RunAction("true")
    return Step(
        step_id,
        step_id.capitalize(),
        _KINDS[type(action)],
        action,
        needs=needs,
        condition=condition,
        idempotent=idempotent,
    )


def a_workflow(*steps: Step, outputs: Mapping[str, Template] | None = None) -> Workflow:
    return Workflow("sample", "Sample", "", (), steps, outputs or {}, ".", "", "0" * 64)


class PlainEvaluate:
    """Text stands for itself; "yes" and "no" are conditions; whatever holds "boom" cannot be computed."""

    def value(self, template: Template, names: Mapping[str, JsonValue]) -> JsonValue:
        _refuse(template)
        return template

    def condition(self, text: str, names: Mapping[str, JsonValue]) -> bool:
        _refuse(text)
        return text == "yes"


def _refuse(template: Template) -> None:
    if "boom" in str(template):
        raise ExpressionProblem("'boom' is unknown.")


class RunInMemory:
    """Holds one run. Every event that is put in must obey the rules that hold for all events."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.evaluate = PlainEvaluate()
        self.snapshot = RunSnapshot(
            RunStatus.PENDING, {}, "U0ADA", {task.step_id: task for task in initial_tasks(workflow)}
        )
        self.transitions: list[Transition] = []
        self.progress = 0

    def task(self, step_id: str) -> TaskState:
        return self.snapshot.tasks[step_id]

    def statuses(self) -> dict[str, str]:
        return {step_id: task.status.value for step_id, task in self.snapshot.tasks.items()}

    def facts(self) -> list[str]:
        return [fact.kind for transition in self.transitions for fact in transition.facts]

    def due(self) -> list[str]:
        return [step_id for step_id, task in self.snapshot.tasks.items() if task.is_due]

    def put(self, event: Event) -> Transition:
        """Plan, check, apply; then check that the same event again is ignored."""
        transition = plan(self.workflow, self.snapshot, event, self.evaluate)
        self._check(transition)
        self._apply(transition, event)
        self.transitions.append(transition)
        again = plan(self.workflow, self.snapshot, event, self.evaluate)
        assert again.is_noop, f"{event} twice is not ignored"
        return transition

    def claim(self, step_id: str) -> int:
        """What a worker does: returns the number of the attempt."""
        task = self.task(step_id)
        assert task.status is TaskStatus.PENDING
        assert task.is_due
        claimed = replace(task, status=TaskStatus.RUNNING, is_due=False, attempt=task.attempt + 1)
        status = self.snapshot.status
        assert status in (RunStatus.PENDING, RunStatus.RUNNING)
        self.snapshot = replace(
            self.snapshot, status=RunStatus.RUNNING, tasks={**self.snapshot.tasks, step_id: claimed}
        )
        return claimed.attempt

    def finish(self, step_id: str, outcome: Outcome | None = None) -> Transition:
        """Claim the step unless it runs already, and report its outcome."""
        if self.task(step_id).status is not TaskStatus.RUNNING:
            self.claim(step_id)
        return self.put(TaskFinished(step_id, self.task(step_id).attempt, outcome or Succeeded()))

    def decide(self, step_id: str, user_id: str, *, approve: bool = True) -> Transition:
        return self.put(ApprovalDecided(step_id, Ballot(user_id, approve)))

    def to_the_end(self) -> RunStatus:
        """Let everybody do their part, and count that it takes no more acts than there is to do."""
        for _ in range(20 * len(self.workflow.steps) + 20):
            act = next(self._open_acts(), None)
            if act is None:
                break
            self.put(act)
        return self.snapshot.status

    def _open_acts(self) -> Iterator[Event]:
        for step_id, task in self.snapshot.tasks.items():
            if task.status is TaskStatus.RUNNING:
                yield TaskFinished(step_id, task.attempt, Succeeded())
            elif task.is_due:
                yield TaskFinished(step_id, self.claim(step_id), Succeeded())
            elif task.status is TaskStatus.WAITING and step_id in self.snapshot.approvals:
                voters = {ballot.user_id for ballot in self.snapshot.approvals[step_id].ballots}
                fresh = next(f"U{number}" for number in range(99) if f"U{number}" not in voters)
                yield ApprovalDecided(step_id, Ballot(fresh, approve=True))
            elif task.status is TaskStatus.WAITING:
                yield WaitEnded(step_id)

    def _check(self, transition: Transition) -> None:
        before = self.snapshot
        allowed = RUN_TRANSITIONS[before.status] | {before.status}
        assert transition.status in allowed, f"run: {before.status} -> {transition.status}"
        for task in transition.tasks:
            old = before.tasks[task.step_id].status
            assert task.status in TASK_TRANSITIONS[old] | {old}, f"{task.step_id}: {old} -> {task.status}"
        if before.outcome is not None:
            assert (transition.outcome, transition.error) == (before.outcome, before.error)
        if transition.is_noop:
            assert (transition.status, transition.outcome) == (before.status, before.outcome)
            assert (transition.tasks, transition.effects, transition.facts) == ((), (), ())

    def _apply(self, transition: Transition, event: Event) -> None:
        tasks = {**self.snapshot.tasks, **{task.step_id: task for task in transition.tasks}}
        approvals = dict(self.snapshot.approvals)
        if isinstance(event, ApprovalDecided) and not transition.is_noop:
            asked = approvals[event.step_id]
            approvals[event.step_id] = replace(asked, ballots=(*asked.ballots, event.ballot))
        for effect in transition.effects:
            match effect:
                case OpenApproval(step_id, action):
                    assert step_id not in approvals
                    approvals[step_id] = ApprovalState(step_id, action.required)
                case CloseApproval(step_id, status):
                    assert status is not ApprovalStatus.OPEN
                    del approvals[step_id]
                case StopTask(step_id):
                    tasks[step_id] = replace(tasks[step_id], is_stopping=True)
        self.snapshot = replace(
            self.snapshot,
            status=transition.status,
            outcome=transition.outcome,
            error=transition.error,
            tasks=tasks,
            approvals=approvals,
        )
        self._check_state(transition)

    def _check_state(self, transition: Transition) -> None:
        """What is true of a run at every instant."""
        snapshot = self.snapshot
        tasks = snapshot.tasks.values()
        waiting = {task.step_id for task in tasks if task.status is TaskStatus.WAITING}
        questions = {step for step in waiting if self.workflow.step(step).kind is StepKind.APPROVAL}
        running = [task for task in tasks if task.status is TaskStatus.RUNNING]
        due = [task for task in tasks if task.is_due]
        assert set(snapshot.approvals) == questions, "an approval is open if and only if its task waits"
        assert all(task.status is TaskStatus.PENDING for task in due)
        assert snapshot.status.is_terminal == all(task.status.is_settled for task in tasks)
        if snapshot.outcome is not None:
            assert not due, "nothing starts in a run that is stopping"
            assert not waiting, "nothing waits in a run that is stopping"
        moves = bool(running or due or waiting - questions)
        if not snapshot.status.is_terminal:
            has_started = "run_started" in self.facts() or bool(transition.facts)
            assert moves or questions or not has_started, "a run that is not over waits for something"
            assert (snapshot.status is RunStatus.WAITING_FOR_APPROVAL) == (bool(questions) and not moves)
        assert transition.progress >= self.progress, "progress never falls"
        assert (transition.progress == 100) == (snapshot.status is RunStatus.COMPLETED)
        self.progress = transition.progress
