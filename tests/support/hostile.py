"""Hypothesis strategies for pictures in which every text may be hostile, huge or empty."""

from __future__ import annotations

from hypothesis import strategies as st

from blocks.types import WorkflowCard
from engine.core.definition import Parameter, ParameterType, StepKind
from engine.core.events import ApprovalStatus, InputStatus
from engine.core.picture import (
    ApprovalPicture,
    ChildPicture,
    DecisionPicture,
    FanOutPicture,
    OutputTail,
    ParentPicture,
    QuestionPicture,
    QueuePicture,
    RunPicture,
    RunSummary,
    TaskPicture,
)
from engine.core.state import RunStatus, TaskStatus
from tests.support.pictures import ADA, BOB, NOON, an_id

HOSTILE = (
    "",
    " ",
    "\n\n",
    "<!channel>",
    "<!subteam^S666>",
    "<@U666>",
    "<https://evil|Approve>",
    "```\n<!here>\n```",
    "`x` *Approved* by _Bob_ ~no~",
    "\u202egnp.exe\u2066\u200b",
    "\x00\x1b[2J\ud800",
    "&lt;!channel&gt; &",
    ":tada: 🚀",
    "<" * 10_000,
    "`" * 5_000,
    "\u202e" * 3_000,
    "long " * 2_000,
    "line\n" * 2_000,
    "漢" * 10_000,
    '"\\' * 3_000,
)


def _hostile(number: int) -> str:
    """By number, so that no strategy has all these texts in its own description."""
    return HOSTILE[number]


texts = st.integers(0, len(HOSTILE) - 1).map(_hostile) | st.text(max_size=60)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
times = st.integers(NOON, NOON + 10**10)
people = st.sampled_from([ADA, BOB, "terminal", "<!channel>"])
ids = st.integers(0, 2**128 - 1).map(an_id)


@st.composite
def task_pictures(draw: st.DrawFn) -> tuple[TaskPicture, ...]:
    """A few different tasks, repeated up to 500 times."""
    patterns = draw(st.lists(tasks, max_size=6))
    count = draw(st.sampled_from([0, 1, 3, 60, 500]))
    return tuple(
        TaskPicture(**{field: getattr(pattern, field) for field in pattern.__slots__} | {"id": an_id(number)})
        for number, pattern in enumerate(patterns * count)
        if number < 500
    )


outputs = st.builds(OutputTail, text=texts, is_cut=st.booleans())
numbers = st.integers(1, 10**9)
items = st.builds(
    TaskPicture,
    id=ids,
    step_id=st.just("build"),
    title=texts,
    kind=st.just(StepKind.RUN),
    status=st.sampled_from(TaskStatus),
    attempt=st.integers(0, 99),
    error=st.none() | texts,
    item=st.integers(1, 1000),
    item_value=json_values,
    stdout=outputs,
    stderr=outputs,
)
tasks = st.builds(
    TaskPicture,
    id=ids,
    step_id=st.sampled_from(["build", "ask"]),
    title=texts,
    kind=st.sampled_from(StepKind),
    status=st.sampled_from(TaskStatus),
    attempt=st.integers(0, 99),
    is_scheduled=st.booleans(),
    failures=st.integers(0, 9),
    most_attempts=st.none() | st.integers(1, 10),
    pause_ms=st.none() | st.integers(0, 10**7),
    is_unknown=st.booleans(),
    stop_forced=st.booleans(),
    is_final=st.booleans(),
    fan_out=st.none() | st.builds(FanOutPicture, running=numbers, completed=numbers, failed=numbers),
    items=st.lists(items, max_size=2).map(tuple),
    child=st.none()
    | st.builds(
        ChildPicture, id=ids, number=numbers, step_id=st.just("build"), status=st.sampled_from(RunStatus)
    ),
    arguments=json_values,
    result=json_values,
    error=st.none() | texts,
    exit_code=st.none() | st.integers(-9, 255),
    scheduled_at=st.none() | times,
    started_at=st.none() | times,
    finished_at=st.none() | times,
    stdout=outputs,
    stderr=outputs,
)
decisions = st.builds(DecisionPicture, user_id=people, approve=st.booleans(), comment=texts, at=times)
approvals = st.builds(
    ApprovalPicture,
    id=ids,
    step_id=st.sampled_from(["build", "ask"]),
    title=texts,
    message=texts,
    status=st.sampled_from(ApprovalStatus),
    approver_users=st.lists(people, max_size=40).map(tuple),
    approver_groups=st.lists(st.sampled_from(["S0OPS", "<!here>"]), max_size=3).map(tuple),
    required=st.integers(1, 5),
    created_at=times,
    expires_at=times,
    closed_at=st.none() | times,
    decisions=st.lists(decisions, max_size=15).map(tuple),
)
questions = st.builds(
    QuestionPicture,
    id=ids,
    step_id=st.sampled_from(["build", "ask"]),
    title=texts,
    message=texts,
    status=st.sampled_from(InputStatus),
    people_users=st.lists(people, max_size=40).map(tuple),
    people_groups=st.lists(st.sampled_from(["S0OPS", "<!here>"]), max_size=3).map(tuple),
    created_at=times,
    expires_at=times,
    closed_at=st.none() | times,
    answered_by=st.none() | people,
    values=st.none() | st.dictionaries(texts, json_values, max_size=20),
)
runs = st.builds(
    RunPicture,
    id=ids,
    team_id=st.just("T0001"),
    number=st.integers(1, 10**9),
    version=st.integers(1, 10**6),
    workflow_name=st.sampled_from(["deploy", "d" * 64]),
    workflow_title=texts,
    status=st.sampled_from(RunStatus),
    outcome=st.none() | st.sampled_from(RunStatus),
    progress=st.integers(0, 100),
    requester=people,
    channel_id=st.none() | st.just("C0OPS"),
    parameters=st.dictionaries(texts, json_values, max_size=30),
    created_at=times,
    started_at=st.none() | times,
    finished_at=st.none() | times,
    cancelled_by=st.none() | people,
    error=st.none() | texts,
    outputs=st.none() | st.dictionaries(texts, json_values, max_size=5),
    tasks=task_pictures(),
    approvals=st.lists(approvals, max_size=12, unique_by=lambda approval: approval.id).map(tuple),
    questions=st.lists(questions, max_size=12, unique_by=lambda question: question.id).map(tuple),
    round=st.integers(1, 99),
    resumed_by=st.none() | people,
    is_rehearsal=st.booleans(),
    queue=st.none() | st.builds(QueuePicture, place=numbers, behind=st.none() | numbers),
    parent=st.none()
    | st.builds(ParentPicture, id=ids, number=numbers, workflow_title=texts, step_id=st.just("sub")),
    facts=st.lists(st.dictionaries(texts, json_values, max_size=2), max_size=20).map(tuple),
)

summaries = st.builds(
    RunSummary,
    id=ids,
    number=st.integers(1, 10**9),
    workflow_name=st.just("deploy"),
    workflow_title=texts,
    status=st.sampled_from(RunStatus),
    progress=st.integers(0, 100),
    requester=people,
    created_at=times,
    finished_at=st.none() | times,
    is_queued=st.booleans(),
    is_rehearsal=st.booleans(),
)


cards = st.lists(
    st.builds(
        WorkflowCard, name=st.integers(0, 10**6).map(lambda n: f"w{n}"), title=texts, description=texts
    ),
    max_size=120,
    unique_by=lambda card: card.name,
)


parameters = st.builds(
    Parameter,
    name=st.integers(0, 10**6).map(lambda n: f"p{n}"),
    type=st.sampled_from(ParameterType),
    title=texts,
    hint=texts,
    required=st.booleans(),
    default=json_values,
    options=st.lists(texts, min_size=1, max_size=130, unique=True).map(tuple),
    minimum=st.none() | st.integers(-100, 0),
    maximum=st.none() | st.floats(0, 1e300),
    min_length=st.none() | st.integers(0, 10),
    max_length=st.none() | st.integers(10, 10_000),
)
