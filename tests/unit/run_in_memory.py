"""A run without a database: applies transitions as the shell does, and looks at each while doing so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.core.definition import (
    Action,
    ApprovalAction,
    ForEach,
    HttpAction,
    InputAction,
    JsonValue,
    MessageAction,
    PythonAction,
    Retry,
    RunAction,
    SetAction,
    Step,
    StepKind,
    Template,
    WaitAction,
    Workflow,
    WorkflowAction,
)
from engine.core.errors import ExpressionProblem
from engine.core.events import (
    AddItems,
    ApprovalDecided,
    ApprovalStatus,
    CancelItems,
    CancelRequested,
    ChildEnded,
    CloseApproval,
    CloseInput,
    Effect,
    Event,
    InputAnswered,
    InputStatus,
    MarkItems,
    MessageSettled,
    OpenApproval,
    OpenInput,
    Outcome,
    ResetItems,
    RunAdmitted,
    RunResumed,
    RunStarted,
    StartItems,
    StartRunTimer,
    StopChild,
    StopItems,
    StopTask,
    Succeeded,
    TaskFinished,
    Transition,
    WaitEnded,
    WorkerLost,
)
from engine.core.plan import initial_tasks, plan
from engine.core.state import ApprovalState, Ballot, FanOut, RunSnapshot, RunStatus, TaskState, TaskStatus
from tests.unit.run_rules import check_round, check_state, check_transition

_KINDS: Mapping[type[Action], StepKind] = {
    RunAction: StepKind.RUN,
    HttpAction: StepKind.HTTP,
    PythonAction: StepKind.PYTHON,
    SetAction: StepKind.SET,
    WaitAction: StepKind.WAIT,
    ApprovalAction: StepKind.APPROVAL,
    InputAction: StepKind.INPUT,
    MessageAction: StepKind.MESSAGE,
    WorkflowAction: StepKind.WORKFLOW,
}


def a_step(
    step_id: str,
    *needs: str,
    action: Action | None = None,
    condition: str | None = None,
    idempotent: bool = False,
    retry: Retry | None = None,
    foreach: Template = None,
    max_parallel: int = 10,
    continue_on_error: bool = False,
    is_final: bool = False,
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
        retry=retry,
        foreach=None if foreach is None else ForEach(foreach, max_parallel),
        continue_on_error=continue_on_error,
        is_final=is_final,
    )


def a_workflow(
    *steps: Step, outputs: Mapping[str, Template] | None = None, timeout_seconds: float | None = None
) -> Workflow:
    return Workflow(
        "sample",
        "Sample",
        "",
        (),
        steps,
        outputs or {},
        ".",
        "",
        "0" * 64,
        timeout_seconds=timeout_seconds,
    )


class PlainEvaluate:
    """Text stands for itself; "$run.status" is looked up; "yes", and "$path == text" where that is so, are
    conditions that hold; whatever holds "boom" cannot be computed."""

    def value(self, template: Template, names: Mapping[str, JsonValue]) -> JsonValue:
        _refuse(template)
        if not isinstance(template, str) or not template.startswith("$"):
            return template
        found: JsonValue = dict(names)
        for key in template[1:].split("."):
            if not isinstance(found, dict) or key not in found:
                raise ExpressionProblem(f"'{key}' is unknown.")
            found = found[key]
        return found

    def condition(self, text: str, names: Mapping[str, JsonValue]) -> bool:
        _refuse(text)
        path, _, wanted = text.partition(" == ")
        return self.value(path, names) == (wanted or "yes")


def _refuse(template: Template) -> None:
    if "boom" in str(template):
        raise ExpressionProblem("'boom' is unknown.")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is under way, or could be: a step, or an item of one."""

    step_id: str
    item: int = 0


class RunInMemory:
    """Holds one run. Every event that is put in must obey the rules that hold for all events.

    `round` counts from 1; `claims` are counted by round, step and item."""

    def __init__(self, workflow: Workflow, *, is_rehearsal: bool = False, now: int = 0) -> None:
        self.workflow = workflow
        self.evaluate = PlainEvaluate()
        self.items: dict[tuple[str, int], TaskState] = {}
        self.values: dict[tuple[str, int], JsonValue] = {}
        self.open_inputs: set[str] = set()
        self.transitions: list[Transition] = []
        self.round = 1
        self.claims: Counter[tuple[int, str, int]] = Counter()
        self.timer_seconds: float | None = None
        self.snapshot = RunSnapshot(
            RunStatus.PENDING,
            {},
            "U0ADA",
            {task.step_id: task for task in initial_tasks(workflow)},
            is_rehearsal=is_rehearsal,
            now=now,
        )

    # --- looking

    def task(self, step_id: str, item: int = 0) -> TaskState:
        return self.items[step_id, item] if item else self.snapshot.tasks[step_id]

    def items_of(self, step_id: str) -> list[TaskState]:
        return [task for (owner, _), task in sorted(self.items.items()) if owner == step_id]

    def statuses(self) -> dict[str, str]:
        return {step_id: task.status.value for step_id, task in self.snapshot.tasks.items()}

    def item_statuses(self, step_id: str) -> list[str]:
        return [task.status.value for task in self.items_of(step_id)]

    def facts(self) -> list[str]:
        return [fact.kind for transition in self.transitions for fact in transition.facts]

    def effects(self) -> list[Effect]:
        return [effect for transition in self.transitions for effect in transition.effects]

    def due(self) -> list[str]:
        return [step_id for step_id, task in self.snapshot.tasks.items() if task.is_due]

    def due_items(self, step_id: str) -> list[int]:
        return [task.item for task in self.items_of(step_id) if task.is_due]

    def claimable(self) -> list[Part]:
        return [Part(task.step_id, task.item) for task in self._all_tasks() if task.is_due]

    def running(self) -> list[Part]:
        running = TaskStatus.RUNNING
        return [Part(task.step_id, task.item) for task in self._all_tasks() if task.status is running]

    def waiting(self) -> list[Part]:
        """Steps that wait for people, time, Slack or another run."""
        return [
            Part(step_id)
            for step_id, task in self.snapshot.tasks.items()
            if task.status is TaskStatus.WAITING and self.workflow.step(step_id).foreach is None
        ]

    def _all_tasks(self) -> list[TaskState]:
        return [*self.snapshot.tasks.values(), *(task for _, task in sorted(self.items.items()))]

    # --- acting

    def put(self, event: Event) -> Transition:
        """Plan, check, apply; then check that the same event again is ignored."""
        before = self._seen_by(event)
        transition = plan(self.workflow, before, event, self.evaluate)
        is_resumed = isinstance(event, RunResumed) and not transition.is_noop
        check_transition(self.workflow, before, transition, is_resumed=is_resumed)
        self._apply(transition, event)
        self.transitions.append(transition)
        check_state(self.workflow, self.snapshot, self.items, transition, self.open_inputs)
        if self.snapshot.status.is_terminal:
            check_round(self.workflow, self._transitions_of_round())
        self._check_repetition(event)
        return transition

    def claim(self, step_id: str, item: int = 0) -> int:
        """What a worker does: returns the number of the attempt."""
        task = self.task(step_id, item)
        assert task.status is TaskStatus.PENDING
        assert task.is_due
        assert self.snapshot.status in (RunStatus.PENDING, RunStatus.RUNNING)
        claimed = replace(task, status=TaskStatus.RUNNING, is_due=False, attempt=task.attempt + 1)
        self._change([claimed])
        self.snapshot = replace(self.snapshot, status=RunStatus.RUNNING)
        self.claims[self.round, step_id, item] += 1
        return claimed.attempt

    def finish(
        self, step_id: str, outcome: Outcome | None = None, *, item: int = 0, chance: float = 0.5
    ) -> Transition:
        """Claim the step or item unless it runs already, and report its outcome."""
        if self.task(step_id, item).status is not TaskStatus.RUNNING:
            self.claim(step_id, item)
        attempt = self.task(step_id, item).attempt
        return self.put(TaskFinished(step_id, attempt, outcome or Succeeded(), item, chance))

    def lose(self, step_id: str, item: int = 0) -> Transition:
        """Claim the step or item unless it runs already, and lose its worker."""
        if self.task(step_id, item).status is not TaskStatus.RUNNING:
            self.claim(step_id, item)
        return self.put(WorkerLost(step_id, self.task(step_id, item).attempt, item))

    def decide(self, step_id: str, user_id: str, *, approve: bool = True) -> Transition:
        return self.put(ApprovalDecided(step_id, Ballot(user_id, approve)))

    def cancel(self, *, is_forced: bool = False) -> Transition:
        return self.put(CancelRequested("U0ADA", is_forced))

    def resume(self, *done: str, is_queued: bool = False) -> Transition:
        return self.put(RunResumed("U0BOB", frozenset(done), is_queued))

    def to_the_end(self) -> RunStatus:
        """Let everybody do their part, and count that it takes no more acts than there is to do."""
        for _ in range(30 * len(self.workflow.steps) + 30):
            act = next(self._open_acts(), None)
            if act is None:
                break
            self.put(act)
        return self.snapshot.status

    def _open_acts(self) -> Iterator[Event]:
        if self.snapshot.is_queued:
            yield RunAdmitted()
        for part in self.running():
            yield TaskFinished(
                part.step_id, self.task(part.step_id, part.item).attempt, Succeeded(), part.item
            )
        for part in self.claimable():
            yield TaskFinished(part.step_id, self.claim(part.step_id, part.item), Succeeded(), part.item)
        for part in self.waiting():
            yield self.good_end(part.step_id)

    def good_end(self, step_id: str) -> Event:
        """What a waiting step waits for, as one hopes for it."""
        match self.workflow.step(step_id).kind:
            case StepKind.APPROVAL:
                voters = {ballot.user_id for ballot in self.snapshot.approvals[step_id].ballots}
                fresh = next(f"U{number}" for number in range(99) if f"U{number}" not in voters)
                return ApprovalDecided(step_id, Ballot(fresh, approve=True))
            case StepKind.INPUT:
                return InputAnswered(step_id, "U0BOB", {"answer": 42})
            case StepKind.MESSAGE:
                return MessageSettled(step_id, Succeeded({"ts": "1.0"}))
            case StepKind.WORKFLOW:
                return ChildEnded(step_id, Succeeded({"number": 7}))
            case _:
                return WaitEnded(step_id)

    # --- the shell

    def _seen_by(self, event: Event) -> RunSnapshot:
        """The snapshot as the shell loads it: the event's own item, and counts of the others."""
        key = getattr(event, "step_id", ""), getattr(event, "item", 0)
        own = {key: self.items[key]} if key in self.items else {}
        may_join = not isinstance(getattr(event, "outcome", None), Succeeded)
        fan_outs = {
            step_id: self._count(step_id, may_join=may_join)
            for step_id in dict.fromkeys(step_id for step_id, _ in self.items)
        }
        return replace(self.snapshot, items=own, fan_outs=fan_outs)

    def _count(self, step_id: str, *, may_join: bool) -> FanOut:
        """Results are there only when the event may settle the last item: a bad end gives up what is pending."""
        items = self.items_of(step_id)
        statuses = Counter(task.status for task in items)
        due = sum(task.is_due for task in items)
        pending, running = statuses[TaskStatus.PENDING] - due, statuses[TaskStatus.RUNNING]
        is_last = due + running <= 1 and (may_join or not pending)
        completed = [task for task in items if task.status is TaskStatus.COMPLETED]
        return FanOut(
            pending=pending,
            due=due,
            running=running,
            completed=len(completed),
            failed=statuses[TaskStatus.FAILED],
            errored=statuses[TaskStatus.ERROR],
            cancelled=statuses[TaskStatus.CANCELLED],
            unknown=sum(task.is_unknown for task in items),
            results={task.item: task.result for task in completed} if is_last else {},
        )

    def _apply(self, transition: Transition, event: Event) -> None:
        if transition.is_new_round:
            self.round += 1
        self._change(replace(task, arguments=None) for task in transition.tasks)
        approvals = dict(self.snapshot.approvals)
        if isinstance(event, ApprovalDecided) and not transition.is_noop:
            asked = approvals[event.step_id]
            approvals[event.step_id] = replace(asked, ballots=(*asked.ballots, event.ballot))
        self.snapshot = replace(
            self.snapshot,
            status=transition.status,
            outcome=transition.outcome,
            error=transition.error,
            progress=transition.progress,
            is_queued=transition.is_queued,
            approvals=approvals,
        )
        for effect in transition.effects:
            self._carry_out(effect, approvals)

    def _carry_out(self, effect: Effect, approvals: dict[str, ApprovalState]) -> None:
        match effect:
            case OpenApproval(step_id, action):
                assert step_id not in approvals
                approvals[step_id] = ApprovalState(step_id, action.required)
            case CloseApproval(step_id, status):
                assert status is not ApprovalStatus.OPEN
                del approvals[step_id]
            case OpenInput(step_id):
                assert step_id not in self.open_inputs
                self.open_inputs.add(step_id)
            case CloseInput(step_id, input_status):
                assert input_status is not InputStatus.OPEN
                self.open_inputs.remove(step_id)
            case StopTask(step_id, item):
                assert self.task(step_id, item).status is TaskStatus.RUNNING
                self._change([replace(self.task(step_id, item), is_stopping=True)])
            case StopChild(step_id):
                assert self.task(step_id).status is TaskStatus.WAITING
                self._change([replace(self.task(step_id), is_stopping=True)])
            case StartRunTimer(seconds):
                assert not self.snapshot.is_queued, "the timeout counts from when the run may begin"
                self.timer_seconds = seconds
            case AddItems() | StartItems() | CancelItems() | StopItems() | ResetItems() | MarkItems():
                self._carry_out_items(effect)

    def _carry_out_items(
        self, effect: AddItems | StartItems | CancelItems | StopItems | ResetItems | MarkItems
    ) -> None:
        items = self.items_of(effect.step_id)
        pending = [task for task in items if task.status is TaskStatus.PENDING]
        match effect:
            case AddItems(step_id, values):
                assert values
                assert not items, "a fan-out has its items already"
                self.values |= {(step_id, number): value for number, value in enumerate(values, 1)}
                added = range(1, len(values) + 1)
                self._change(TaskState(step_id, TaskStatus.PENDING, item=number) for number in added)
            case StartItems(_, count):
                fresh = [task for task in pending if not task.is_due]
                assert 0 < count <= len(fresh), "only so many items can start as there are"
                self._change(replace(task, is_due=True) for task in fresh[:count])
            case CancelItems(_, count):
                assert 0 < count == len(pending), f"{count} items are to be cancelled of {len(pending)}"
                self._change(
                    replace(task, status=TaskStatus.CANCELLED, is_due=False, delay_seconds=0.0)
                    for task in pending
                )
            case StopItems(step_id):
                running = [task for task in items if task.status is TaskStatus.RUNNING]
                assert running, "no item runs that could be stopped"
                owner = self.task(step_id)
                self._change(replace(task, is_stopping=True) for task in [owner, *running])
            case MarkItems(_, count):
                unknown = [task for task in items if task.is_unknown]
                assert 0 < count == len(unknown), f"{count} items are marked of {len(unknown)}"
                done = TaskStatus.COMPLETED
                self._change(replace(task, status=done, error=None, is_unknown=False) for task in unknown)
            case ResetItems(step_id, count, is_all):
                unfinished = [
                    task
                    for task in items
                    if task.status.is_settled and (is_all or task.status is not TaskStatus.COMPLETED)
                ]
                assert 0 < count == len(unfinished), f"{count} items are reset of {len(unfinished)}"
                self._change(
                    TaskState(step_id, TaskStatus.PENDING, task.attempt, item=task.item)
                    for task in unfinished
                )

    def _change(self, changed: Iterable[TaskState]) -> None:
        tasks = dict(self.snapshot.tasks)
        for task in changed:
            if task.item:
                self.items[task.step_id, task.item] = task
            else:
                tasks[task.step_id] = task
        self.snapshot = replace(self.snapshot, tasks=tasks)

    # --- more rules

    def _transitions_of_round(self) -> list[Transition]:
        starts = [number for number, each in enumerate(self.transitions) if each.is_new_round]
        return self.transitions[starts[-1] if starts else 0 :]

    def _check_repetition(self, event: Event) -> None:
        """The same event again is ignored. A forced cancel may be repeated: it tells the same steps to end once
        more. So may taking up a run that has ended again at once."""
        again = plan(self.workflow, self._seen_by(event), event, self.evaluate)
        if isinstance(event, CancelRequested) and event.is_forced:
            assert again.tasks == ()
            assert all(isinstance(effect, StopTask | StopItems | StopChild) for effect in again.effects)
            assert (again.status, again.outcome) == (self.snapshot.status, self.snapshot.outcome)
        elif not (isinstance(event, RunResumed) and self.snapshot.status.is_terminal):
            assert again.is_noop, f"{event} twice is not ignored"


def started(run: RunInMemory) -> RunInMemory:
    run.put(RunStarted())
    return run
