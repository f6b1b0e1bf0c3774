"""Random graphs and random events: whatever happens to a run, and in whatever order, its rules hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.definition import Action, ApprovalAction, OnTimeout, RunAction, Step, WaitAction, Workflow
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    CancelRequested,
    Errored,
    Event,
    Failed,
    RunStarted,
    Stopped,
    Succeeded,
    TaskFinished,
    WaitEnded,
    WorkerLost,
)
from engine.core.state import Ballot, RunStatus, TaskStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow

MAX_STEPS = 7
STEP_IDS = [f"s{number}" for number in range(MAX_STEPS)]


@st.composite
def actions(draw: st.DrawFn) -> Action:
    kind = draw(st.sampled_from(["run", "run", "wait", "approval"]))
    if kind == "run":
        return RunAction("true")
    if kind == "wait":
        return WaitAction(draw(st.sampled_from(["1m", "1m", "never", "boom"])))
    return ApprovalAction(
        title=draw(st.sampled_from(["Go?", "Go?", "Go?", "boom"])),
        required=draw(st.integers(1, 3)),
        on_timeout=draw(st.sampled_from(OnTimeout)),
    )


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """A graph without cycles, its steps written in any order."""
    steps: list[Step] = []
    for step_id in STEP_IDS[: draw(st.integers(1, MAX_STEPS))]:
        needs = draw(st.lists(st.sampled_from([step.id for step in steps]), unique=True)) if steps else []
        condition = draw(st.sampled_from([None, None, None, "yes", "no", "boom"]))
        steps.append(
            a_step(
                step_id, *needs, action=draw(actions()), condition=condition, idempotent=draw(st.booleans())
            )
        )
    outputs = draw(st.sampled_from([{}, {"a": "fine"}, {"a": "boom"}]))
    return a_workflow(*draw(st.permutations(steps)), outputs=outputs)


OUTCOMES = st.sampled_from(
    [Succeeded({"n": 1}), Succeeded(), Failed("exit code 1"), Errored("lost"), Stopped()]
)
NAMES = st.sampled_from(STEP_IDS)
ATTEMPTS = st.integers(0, 4)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.just(RunStarted()),
    st.builds(TaskFinished, NAMES, ATTEMPTS, OUTCOMES),
    st.builds(WorkerLost, NAMES, ATTEMPTS),
    st.builds(ApprovalDecided, NAMES, st.builds(Ballot, st.sampled_from(["U1", "U2", "U3"]), st.booleans())),
    st.builds(ApprovalExpired, NAMES),
    st.builds(WaitEnded, NAMES),
    st.just(CancelRequested("U0ADA")),
)


ACTS: st.SearchStrategy[Event | str] = st.one_of(EVENTS, EVENTS, NAMES)
"""Something that happens, or the id of a step that a worker tries to claim."""


def _live_through(run: RunInMemory, acts: list[Event | str]) -> None:
    for act in acts:
        if isinstance(act, str):
            if act in run.due():
                run.claim(act)
        elif getattr(act, "step_id", None) is None or getattr(act, "step_id", None) in run.snapshot.tasks:
            run.put(act)


@settings(max_examples=250, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=40))
def test_every_run_ends_whatever_happens_to_it(workflow: Workflow, acts: list[Event | str]) -> None:
    run = RunInMemory(workflow)
    _live_through(run, acts)
    run.put(RunStarted())
    assert run.to_the_end().is_terminal
    assert run.snapshot.approvals == {}
    assert all(task.status.is_settled for task in run.snapshot.tasks.values())


@settings(max_examples=150, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=20), st.lists(EVENTS, min_size=1, max_size=10))
def test_nothing_changes_a_run_that_has_ended(
    workflow: Workflow, acts: list[Event | str], late: list[Event]
) -> None:
    run = RunInMemory(workflow)
    _live_through(run, acts)
    run.put(RunStarted())
    run.to_the_end()
    ended = run.snapshot
    for event in late:
        assert run.put(event).is_noop
    assert run.snapshot == ended


@settings(max_examples=150, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=40))
def test_a_run_is_completed_only_when_every_step_went_well(
    workflow: Workflow, acts: list[Event | str]
) -> None:
    run = RunInMemory(workflow)
    _live_through(run, acts)
    run.put(RunStarted())
    status = run.to_the_end()
    went_well = {task.status for task in run.snapshot.tasks.values()} <= {
        TaskStatus.COMPLETED,
        TaskStatus.SKIPPED,
    }
    outputs_fail = "boom" in str(workflow.outputs)
    assert (status is RunStatus.COMPLETED) == (went_well and not outputs_fail)


@settings(max_examples=150, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=40))
def test_a_step_starts_only_after_all_that_it_needs(workflow: Workflow, acts: list[Event | str]) -> None:
    run = RunInMemory(workflow)
    _live_through(run, acts)
    for step in workflow.steps:
        task = run.task(step.id)
        if task.attempt or task.is_due or task.status is TaskStatus.WAITING:
            assert all(run.task(needed).status is TaskStatus.COMPLETED for needed in step.needs)


@settings(max_examples=100, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=30))
def test_a_cancel_leaves_only_running_steps_and_each_is_told_to_stop(
    workflow: Workflow, acts: list[Event | str]
) -> None:
    run = RunInMemory(workflow)
    run.put(RunStarted())
    _live_through(run, acts)
    run.put(CancelRequested("U0ADA"))
    active = [task for task in run.snapshot.tasks.values() if not task.status.is_settled]
    assert all(task.status is TaskStatus.RUNNING and task.is_stopping for task in active)


@settings(max_examples=100, deadline=None)
@given(workflows(), st.lists(ACTS, max_size=30))
def test_a_step_that_may_not_be_repeated_is_started_at_most_once(
    workflow: Workflow, acts: list[Event | str]
) -> None:
    run = RunInMemory(workflow)
    run.put(RunStarted())
    _live_through(run, acts)
    run.to_the_end()
    for step in workflow.steps:
        assert run.task(step.id).attempt <= (3 if step.idempotent else 1)
