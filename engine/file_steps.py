"""The `steps` of a workflow file: what all steps share, and their graph. `file_actions` reads what each does."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.core.definition import (
    DEFAULT_STEP_TIMEOUT_SECONDS,
    Action,
    ApprovalAction,
    RunAction,
    Step,
    StepKind,
    WaitAction,
)
from engine.core.graph import ancestors, find_circle
from engine.core.text import did_you_mean, excerpt, humanize, nearest
from engine.file_actions import DEFAULT_APPROVAL_SECONDS, read_action, read_env
from engine.file_expressions import Templates
from engine.file_parameters import IDENTIFIER, IDENTIFIER_HINT
from engine.yaml_fields import Fields
from engine.yaml_nodes import Entry, Mistakes, Node, Scalar, Table

MAX_STEPS = 1000

KINDS = tuple(kind.value for kind in StepKind)
KEYS = (*KINDS, "title", "needs", "if", "timeout", "env", "idempotent")


def read_steps(fields: Fields, templates: Templates) -> tuple[Step, ...]:
    """All steps of the file's top mapping, in its order; and the check of every name in the expressions."""
    table = fields.sub_table("steps")
    if table is None:
        return ()
    written = table.entries
    if not written:
        fields.add("steps", "WF-REQUIRED", "There are no steps. Write at least one.")
    if len(written) > MAX_STEPS:
        fields.add(
            "steps", "WF-LIMIT", f"There are {len(written):,} steps; at most {MAX_STEPS:,} are allowed."
        )
    steps = [
        _read_step(entry.key.text, entry.node, written, templates)
        for entry in written.values()
        if _is_step(entry.key, entry.node, fields.mistakes)
    ]
    _check_graph(written, steps, templates)
    return tuple(steps)


def _is_step(key: Scalar, node: Node, mistakes: Mistakes) -> bool:
    if not IDENTIFIER.fullmatch(key.text):
        mistakes.add(key.place, "WF-NAME", f"'{excerpt(key.text)}' cannot be a step's id. {IDENTIFIER_HINT}")
        return False
    if not isinstance(node, Table):
        mistakes.add(
            node.place, "WF-TYPE", f"Write step '{key.text}' as a mapping, such as {{run: ./{key.text}.sh}}."
        )
        return False
    return True


def _read_step(step_id: str, node: Node, written: Collection[str], templates: Templates) -> Step:
    assert isinstance(node, Table)
    fields = Fields(node, templates.mistakes, f"step '{step_id}'", KEYS)
    title = fields.text("title", longest=150) or humanize(step_id)
    kind = _read_kind(fields)
    action: Action = RunAction("")
    timeout: float | None = None
    if kind is not None:
        action, timeout = read_action(kind, fields, step_id, title, templates)
    return Step(
        id=step_id,
        title=title,
        kind=kind or StepKind.RUN,
        action=action,
        needs=_read_needs(fields, written),
        condition=_read_condition(fields, step_id, templates),
        timeout_seconds=_read_timeout(fields, action, timeout),
        env=read_env(fields, step_id, kind, templates),
        idempotent=fields.boolean("idempotent") or False,
    )


def _read_kind(fields: Fields) -> StepKind | None:
    found = [kind for kind in KINDS if kind in fields]
    if len(found) == 1:
        return StepKind(found[0])
    if found:
        fields.mistakes.add(
            fields.key_place(found[1]),
            "STEP-KIND",
            f"A step does one thing, and {fields.where} has {' and '.join(found)}. Make it {len(found)} steps.",
        )
    elif not any(nearest(key, KEYS) in KINDS for key in fields.table.entries if key not in KEYS):
        # a misspelled kind is a mistake of its own already
        fields.mistakes.add(
            fields.table.place,
            "STEP-KIND",
            f"Nothing says what {fields.where} does. Write one of: {', '.join(KINDS)}.",
        )
    return None


def _read_condition(fields: Fields, step_id: str, templates: Templates) -> str | None:
    node = fields.node("if")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text.strip():
        return templates.condition(node, step_id)
    fields.add("if", "WF-TYPE", "'if' must be an expression, such as '{{ params.canary > 10 }}'.")
    return None


def _read_timeout(fields: Fields, action: Action, own: float | None) -> float:
    if isinstance(action, ApprovalAction):
        if "timeout" in fields:
            fields.add(
                "timeout",
                "STEP-TIMEOUT",
                "Write the timeout of an approval inside it: approval: {timeout: 4h}.",
            )
        return own or DEFAULT_APPROVAL_SECONDS
    if isinstance(action, WaitAction) and "timeout" in fields:
        fields.add("timeout", "STEP-TIMEOUT", "A wait ends after its duration. Leave the timeout out.")
    return fields.duration("timeout") or DEFAULT_STEP_TIMEOUT_SECONDS


def _read_needs(fields: Fields, written: Collection[str]) -> tuple[str, ...]:
    needs: list[str] = []
    for scalar in fields.scalars("needs"):
        if scalar.text in written:
            needs.append(scalar.text)
        else:
            fields.mistakes.add(
                scalar.place,
                "STEP-NEEDS",
                f"There is no step '{excerpt(scalar.text)}'.{did_you_mean(scalar.text, written)}",
            )
    return tuple(dict.fromkeys(needs))


def _check_graph(written: Mapping[str, Entry], steps: list[Step], templates: Templates) -> None:
    needs: dict[str, tuple[str, ...]] = dict.fromkeys(written, ())
    needs.update((step.id, step.needs) for step in steps)
    circle = find_circle(needs)
    if circle is None:
        templates.check_names(ancestors(needs))
        return
    templates.mistakes.add(
        written[circle[0]].key.place,
        "STEP-CYCLE",
        f"These steps wait for each other: {' needs '.join(circle)}. Take one of the needs out.",
    )
    templates.check_names({})
