"""Random graphs and random events: whatever happens to a run, and in whatever order, its rules hold.

`RunInMemory.put` checks the rules of every transition, every instant and every round (`run_rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.definition import (
    Action,
    ApprovalAction,
    InputAction,
    MessageAction,
    OnNoAnswer,
    OnTimeout,
    Parameter,
    ParameterType,
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
from engine.core.events import (
    ApprovalDecided,
    ApprovalExpired,
    CancelRequested,
    ChildEnded,
    Errored,
    Event,
    Failed,
    InputAnswered,
    InputExpired,
    MessageSettled,
    Outcome,
    RunAdmitted,
    RunExpired,
    RunResumed,
    RunStarted,
    Stopped,
    Succeeded,
    TaskFinished,
    WaitEnded,
    WorkerLost,
)
from engine.core.state import RESUMABLE_RUN_STATUSES, Ballot, RunStatus, TaskStatus
from tests.unit.run_in_memory import RunInMemory, a_step, a_workflow

MAX_STEPS = 6
MAX_FINAL_STEPS = 3
STEP_IDS = [f"s{number}" for number in range(MAX_STEPS)]
FINAL_IDS = [f"f{number}" for number in range(MAX_FINAL_STEPS)]
FIELDS = (Parameter("answer", ParameterType.INTEGER, "Answer", default=42),)

# --- workflows
# Every choice is one draw from a list made beforehand: most of the time goes into drawing.

MACHINES: list[Action] = [
    RunAction("true"),
    RunAction("true"),
    RunAction("true"),
    SetAction({}),
    WaitAction("1m"),
    WaitAction(until="07:30"),
    MessageAction("Done"),
    WorkflowAction("other"),
]
PEOPLE: list[Action] = [
    ApprovalAction("Go?"),
    ApprovalAction("Go?", required=3, on_timeout=OnTimeout.APPROVE),
    InputAction("How many?", "", FIELDS),
    InputAction("How many?", "", FIELDS, on_timeout=OnNoAnswer.DEFAULTS),
]
FAULTY: list[Action] = [
    WaitAction("never"),
    MessageAction("boom"),
    WorkflowAction("other", {"a": "boom"}),
]
FAULTY_PEOPLE: list[Action] = [ApprovalAction("boom"), InputAction("boom", "", ())]
ACTIONS = {
    # by whether the step is final, where nobody is asked, and whether all steps can be started
    (False, True): st.sampled_from(MACHINES + PEOPLE),
    (False, False): st.sampled_from(MACHINES + PEOPLE + FAULTY + FAULTY_PEOPLE),
    (True, True): st.sampled_from(MACHINES),
    (True, False): st.sampled_from(MACHINES + FAULTY),
}
CONDITIONS = {
    True: st.sampled_from([None, None, None, None, "yes", "no"]),
    False: st.sampled_from([None, None, None, None, "yes", "no", "boom"]),
}


@dataclass(frozen=True)
class Policy:
    """How a step is carried out. `retry` and `foreach` are for what workers do."""

    is_idempotent: bool
    is_tolerant: bool
    retry: Retry | None
    foreach: Template
    max_parallel: int


BOOLEANS = (False, True)
RETRIES = (None, Retry(2), Retry(3, 5.0, exit_codes=(7,), jitter=1.0))
ITEM_LISTS: tuple[Template, ...] = (None, None, [], [1], [1, 2], [1, 2, 3, 4])
FAULTY_LISTS: tuple[Template, ...] = ("boom", "no list")
POLICIES = {
    is_sound: st.sampled_from(
        [Policy(*choice) for choice in product(BOOLEANS, BOOLEANS, RETRIES, lists, (1, 2, 3))]
    )
    for is_sound, lists in ((True, ITEM_LISTS), (False, ITEM_LISTS + FAULTY_LISTS))
}
OUTPUTS: dict[bool, st.SearchStrategy[dict[str, Template]]] = {
    True: st.sampled_from([{}, {"a": "fine"}]),
    False: st.sampled_from([{}, {"a": "fine"}, {"a": "boom"}]),
}
NEEDS = [st.integers(0, 2**earlier - 1) for earlier in range(MAX_STEPS)]
"""A bit for each step before."""


def _random_steps(draw: st.DrawFn, ids: list[str], *, is_final: bool, is_sound: bool) -> list[Step]:
    steps = []
    for number, step_id in enumerate(ids):
        action, policy = draw(ACTIONS[is_final, is_sound]), draw(POLICIES[is_sound])
        bits = draw(NEEDS[number])
        is_carried_out = isinstance(action, RunAction | SetAction)
        step = a_step(
            step_id,
            *(needed for bit, needed in enumerate(ids[:number]) if bits >> bit & 1),
            action=action,
            condition=draw(CONDITIONS[is_sound]),
            idempotent=policy.is_idempotent,
            retry=policy.retry if is_carried_out else None,
            foreach=policy.foreach if is_carried_out else None,
            max_parallel=policy.max_parallel,
            continue_on_error=policy.is_tolerant and not isinstance(action, ApprovalAction | InputAction),
            is_final=is_final,
        )
        steps.append(step)
    return steps[::-1] if draw(st.booleans()) else steps


@st.composite
def workflows(draw: st.DrawFn) -> Workflow:
    """A graph without cycles, written from its beginning or its end. Half of them can always be carried out."""
    is_sound = draw(st.booleans())
    usual = STEP_IDS[: draw(st.integers(1, MAX_STEPS))]
    final = FINAL_IDS[: draw(st.integers(0, MAX_FINAL_STEPS))]
    return a_workflow(
        *_random_steps(draw, usual, is_final=False, is_sound=is_sound),
        *_random_steps(draw, final, is_final=True, is_sound=is_sound),
        outputs=draw(OUTPUTS[is_sound]),
        timeout_seconds=draw(st.sampled_from([None, 3600.0])),
    )


# --- what happens


@dataclass(frozen=True)
class Move:
    """The next step of whatever is under way: a worker claims, an attempt ends, a wait is over. `which` picks
    one of the things that could move."""

    which: int
    outcome: Outcome
    is_lost: bool = False
    chance: float = 0.5


OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(
    [
        Succeeded({"n": 1}),
        Succeeded({"n": 1}),
        Succeeded(),
        Succeeded("x" * 100_000),
        Failed("exit code 7", exit_code=7),
        Failed("exit code 1", exit_code=1),
        Failed("exit code 1", {"n": 1}, exit_code=1),
        Errored("no such folder"),
        Stopped(),
    ]
)
NAMES = st.sampled_from([*STEP_IDS, *FINAL_IDS])
ATTEMPTS = st.integers(0, 4)
ITEMS = st.integers(0, 5)
BALLOTS = st.builds(Ballot, st.sampled_from(["U1", "U2", "U3"]), st.booleans())
STEP_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(TaskFinished, NAMES, ATTEMPTS, OUTCOMES, ITEMS, st.floats(0, 1)),
    st.builds(WorkerLost, NAMES, ATTEMPTS, ITEMS),
    st.builds(ApprovalDecided, NAMES, BALLOTS),
    st.builds(ApprovalExpired, NAMES),
    st.builds(InputAnswered, NAMES, st.just("U1"), st.just({"answer": 1})),
    st.builds(InputExpired, NAMES),
    st.builds(WaitEnded, NAMES),
    st.builds(MessageSettled, NAMES, st.sampled_from([Succeeded(), Failed("no such channel")])),
    st.builds(ChildEnded, NAMES, OUTCOMES),
)
RUN_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(RunStarted, st.booleans()),
    st.just(RunAdmitted()),
    st.just(RunExpired()),
    st.builds(CancelRequested, st.just("U0ADA"), st.booleans()),
)
RESUMES: st.SearchStrategy[Event] = st.builds(
    RunResumed, st.just("U0BOB"), st.frozensets(NAMES), st.booleans()
)
MOVES = st.builds(Move, st.integers(0, 20), OUTCOMES, st.sampled_from([False] * 6 + [True]), st.floats(0, 1))
GOOD_MOVES = st.builds(Move, st.integers(0, 20), st.just(Succeeded({"n": 1})))
ACTS: st.SearchStrategy[Event | Move] = st.one_of(
    GOOD_MOVES, GOOD_MOVES, MOVES, MOVES, MOVES, STEP_EVENTS, RUN_EVENTS, RESUMES
)
ACTS_OF_A_ROUND: st.SearchStrategy[Event | Move] = st.one_of(
    GOOD_MOVES, GOOD_MOVES, MOVES, MOVES, STEP_EVENTS, RUN_EVENTS
)
STARTS = st.builds(RunStarted, st.booleans())


def live_through(run: RunInMemory, acts: list[Event | Move]) -> None:
    for act in acts:
        if isinstance(act, Move):
            _move(run, act)
        else:
            run.put(act)


def _move(run: RunInMemory, move: Move) -> None:
    claimable, running, waiting = run.claimable(), run.running(), run.waiting()
    parts = [*claimable, *running, *waiting]
    if not parts:
        return
    part = parts[move.which % len(parts)]
    if part in claimable:
        run.claim(part.step_id, part.item)
    elif part in waiting:
        run.put(_end_of_wait(run, part.step_id, move.outcome))
    elif move.is_lost:
        run.lose(part.step_id, part.item)
    else:
        run.finish(part.step_id, move.outcome, item=part.item, chance=move.chance)


def _end_of_wait(run: RunInMemory, step_id: str, outcome: Outcome) -> Event:
    """As good or bad as the outcome says, where that is possible."""
    good = run.good_end(step_id)
    if isinstance(outcome, Succeeded):
        return good
    match run.workflow.step(step_id).kind:
        case StepKind.APPROVAL:
            return ApprovalExpired(step_id)
        case StepKind.INPUT:
            return InputExpired(step_id)
        case StepKind.MESSAGE:
            return MessageSettled(step_id, Failed("no such channel"))
        case StepKind.WORKFLOW:
            return ChildEnded(step_id, outcome)
        case _:
            return good


# --- the rules


@settings(max_examples=250, deadline=None)
@given(workflows(), st.lists(ACTS, min_size=8, max_size=60))
def test_every_run_ends_whatever_happens_to_it(workflow: Workflow, acts: list[Event | Move]) -> None:
    run = RunInMemory(workflow)
    live_through(run, acts)
    run.put(RunStarted())
    assert run.to_the_end().is_terminal
    assert run.snapshot.approvals == {}
    assert run.open_inputs == set()
    assert all(task.status.is_settled for task in [*run.snapshot.tasks.values(), *run.items.values()])


@settings(max_examples=150, deadline=None)
@given(
    workflows(),
    STARTS,
    st.lists(ACTS, min_size=5, max_size=40),
    st.lists(ACTS_OF_A_ROUND, min_size=1, max_size=10),
)
def test_nothing_changes_a_run_that_has_ended(
    workflow: Workflow, start: Event, acts: list[Event | Move], late: list[Event | Move]
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    live_through(run, acts)
    run.to_the_end()
    ended = run.snapshot
    live_through(run, late)
    assert run.snapshot == ended


@settings(max_examples=150, deadline=None)
@given(workflows(), STARTS, st.lists(ACTS, min_size=8, max_size=60))
def test_a_run_is_completed_only_when_every_step_went_well_or_need_not(
    workflow: Workflow, start: Event, acts: list[Event | Move]
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    live_through(run, acts)
    status = run.to_the_end()
    well = {TaskStatus.COMPLETED, TaskStatus.SKIPPED}
    went_well = all(
        task.status in well
        or (task.status is TaskStatus.FAILED and workflow.step(task.step_id).continue_on_error)
        for task in run.snapshot.tasks.values()
    )
    last_round = (
        run.facts()[len(run.facts()) - run.facts()[::-1].index("run_resumed") :]
        if run.round > 1
        else run.facts()
    )
    is_stopped = bool({"cancel_requested", "cancel_forced", "run_timed_out"} & set(last_round))
    if status is RunStatus.COMPLETED:
        assert went_well
        assert not is_stopped
    elif went_well and not is_stopped:
        assert "boom" in str(workflow.outputs)


@settings(max_examples=150, deadline=None)
@given(workflows(), STARTS, st.lists(ACTS, min_size=8, max_size=60))
def test_a_step_starts_only_after_all_that_it_needs(
    workflow: Workflow, start: Event, acts: list[Event | Move]
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    for act in acts:
        before = run.snapshot
        live_through(run, [act])
        for step in workflow.steps:
            task = run.task(step.id)
            if (task.is_due or task.status is TaskStatus.WAITING) and not before.tasks[step.id].is_due:
                assert all(_lets_others_start(run, needed) for needed in step.needs)
                assert not step.is_final or all(
                    run.task(main.id).status.is_settled for main in workflow.steps if not main.is_final
                )


def _lets_others_start(run: RunInMemory, step_id: str) -> bool:
    status, step = run.task(step_id).status, run.workflow.step(step_id)
    return status is TaskStatus.COMPLETED or (status is TaskStatus.FAILED and step.continue_on_error)


@settings(max_examples=150, deadline=None)
@given(workflows(), STARTS, st.lists(ACTS, min_size=5, max_size=40), st.booleans())
def test_a_cancel_leaves_only_what_runs_and_each_is_told_to_stop(
    workflow: Workflow, start: Event, acts: list[Event | Move], is_forced: bool
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    live_through(run, acts)
    run.cancel(is_forced=is_forced)
    told = [step.id for step in workflow.steps if is_forced or not step.is_final]
    active = [run.task(step_id) for step_id in told if not run.task(step_id).status.is_settled]
    active += [task for task in run.items.values() if task.step_id in told and not task.status.is_settled]
    for task in active:
        is_child = workflow.step(task.step_id).kind is StepKind.WORKFLOW
        has_items = workflow.step(task.step_id).foreach is not None and not task.item
        wanted = TaskStatus.WAITING if is_child or has_items else TaskStatus.RUNNING
        assert (task.status, task.is_stopping) == (wanted, True)


@settings(max_examples=150, deadline=None)
@given(workflows(), STARTS, st.lists(ACTS, min_size=8, max_size=60))
def test_a_step_is_attempted_only_as_often_as_it_may_be(
    workflow: Workflow, start: Event, acts: list[Event | Move]
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    live_through(run, acts)
    run.to_the_end()
    for (_, step_id, _), count in run.claims.items():
        step = workflow.step(step_id)
        attempts = step.retry.attempts if step.retry else 1
        assert count <= attempts + (2 if step.idempotent else 0)


@settings(max_examples=150, deadline=None)
@given(
    workflows(),
    STARTS,
    st.lists(ACTS_OF_A_ROUND, min_size=5, max_size=40),
    st.frozensets(NAMES),
    st.booleans(),
)
def test_a_run_that_is_taken_up_again_keeps_what_completed_and_can_be_brought_to_a_good_end(
    workflow: Workflow, start: Event, acts: list[Event | Move], done: frozenset[str], is_queued: bool
) -> None:
    run = RunInMemory(workflow)
    run.put(start)
    live_through(run, acts)
    run.to_the_end()
    mains = [step.id for step in workflow.steps if not step.is_final]
    kept = {step_id: run.task(step_id) for step_id in mains if _lets_others_start(run, step_id)}
    kept_items = {
        key: task
        for key, task in run.items.items()
        if key[0] in mains and task.status is TaskStatus.COMPLETED
    }
    can_be_resumed = run.snapshot.status in RESUMABLE_RUN_STATUSES

    transition = run.put(RunResumed("U0BOB", done, is_queued))

    assert transition.is_noop != can_be_resumed
    status = run.to_the_end()
    assert {step_id: run.task(step_id) for step_id in kept} == kept
    assert {key: run.items[key] for key in kept_items} == kept_items
    if "boom" not in str(workflow) and not _cannot_start(workflow) and "x" * 99 not in str(run.items):
        assert status is RunStatus.COMPLETED


def _cannot_start(workflow: Workflow) -> bool:
    return "never" in str(workflow) or "no list" in str(workflow)
