"""The `steps` and `finally` of a workflow file: what all steps share, and their graph. `actions` reads what
each does, `file_policies` how it is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.definition import Action, RunAction, Step, StepKind
from engine.core.evaluate import FINAL_RUN_NAMES
from engine.core.graph import ancestors, find_circle
from engine.core.text import did_you_mean, excerpt, humanize, nearest
from engine.files.actions import read_action
from engine.files.expressions import Order, Scope, Templates
from engine.files.fields import Fields
from engine.files.nodes import Entry, Mistakes, Node, Scalar, Table
from engine.files.parameters import IDENTIFIER, IDENTIFIER_HINT
from engine.files.policies import ASKING, read_continue_on_error, read_foreach, read_retry, read_timeout
from engine.files.policies import KEYS as POLICY_KEYS
from engine.files.programs import RUN_KEYS, read_env

MAX_STEPS = 1000

KINDS = tuple(kind.value for kind in StepKind)
KEYS = (*KINDS, "title", "needs", "if", "env", "idempotent", *POLICY_KEYS, *RUN_KEYS)

Written = Mapping[str, Entry]
"""Steps as they are written, by id."""


@dataclass(frozen=True, slots=True)
class _House:
    """All steps of a file: those of `steps`, and those of `finally`."""

    usual: Written
    final: Written


def read_steps(fields: Fields, templates: Templates) -> tuple[Step, ...]:
    """All steps of the file's top mapping, in its order, final ones last; and the check of every name in the
    expressions."""
    table, last = fields.sub_table("steps"), fields.sub_table("finally")
    house = _House(table.entries if table else {}, last.entries if last else {})
    if table is not None and not table.entries:
        fields.add("steps", "WF-REQUIRED", "There are no steps. Write at least one.")
    if last is not None and not last.entries:
        fields.add("finally", "WF-REQUIRED", "There are no steps in 'finally'. Write one, or take it out.")
    count = len(house.usual) + len(house.final)
    if count > MAX_STEPS:
        fields.add("steps", "WF-LIMIT", f"There are {count:,} steps; at most {MAX_STEPS:,} are allowed.")
    steps = [
        _read_step(entry.key.text, entry.node, house, templates, is_final=entries is house.final)
        for entries in (house.usual, house.final)
        for entry in entries.values()
        if _is_step(entry.key, entry.node, fields.mistakes)
    ]
    _check_ids(house, fields.mistakes)
    _check_graph(house, steps, templates, is_checkable=table is not None)
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


def _check_ids(house: _House, mistakes: Mistakes) -> None:
    for step_id, entry in house.final.items():
        earlier = house.usual.get(step_id)
        if earlier is not None:
            mistakes.add(
                entry.key.place,
                "STEP-DUP",
                f"'{excerpt(step_id)}' is a step already, in line {earlier.key.place.line}. Choose another id.",
            )


def _read_step(step_id: str, node: Node, house: _House, templates: Templates, *, is_final: bool) -> Step:
    assert isinstance(node, Table)
    fields = Fields(node, templates.mistakes, f"step '{step_id}'", KEYS)
    title = fields.text("title", longest=150) or humanize(step_id)
    kind = _read_kind(fields, is_final=is_final)
    _refuse_run_keys(fields, kind)
    scope = Scope(step_id, run_names=FINAL_RUN_NAMES) if is_final else Scope(step_id)
    inner = scope.with_items() if "foreach" in fields else scope
    action: Action = RunAction("")
    timeout: float | None = None
    if kind is not None:
        action, timeout = read_action(kind, fields, inner, title, templates)
    return Step(
        id=step_id,
        title=title,
        kind=kind or StepKind.RUN,
        action=action,
        needs=_read_needs(fields, house, is_final=is_final),
        condition=_read_condition(fields, scope, templates),
        timeout_seconds=read_timeout(fields, kind, timeout),
        env=read_env(fields, inner, kind, templates),
        idempotent=fields.boolean("idempotent") or False,
        retry=read_retry(fields, kind),
        foreach=read_foreach(fields, kind, scope, templates),
        continue_on_error=read_continue_on_error(fields, kind),
        is_final=is_final,
    )


def _read_kind(fields: Fields, *, is_final: bool) -> StepKind | None:
    found = [kind for kind in KINDS if kind in fields]
    if len(found) == 1:
        kind = StepKind(found[0])
        if is_final and kind in ASKING:
            fields.mistakes.add(
                fields.key_place(kind),
                "STEP-FINAL",
                f"Nobody is asked in 'finally', which must end by itself. Move this {kind} to 'steps'.",
            )
        return kind
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


def _refuse_run_keys(fields: Fields, kind: StepKind | None) -> None:
    for key in RUN_KEYS:
        if key in fields and kind not in (StepKind.RUN, None):
            fields.mistakes.add(
                fields.key_place(key),
                "STEP-KEY",
                f"'{key}' has no meaning for {kind}: it is for run. Take it out.",
            )


def _read_condition(fields: Fields, scope: Scope, templates: Templates) -> str | None:
    node = fields.node("if")
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text.strip():
        return templates.condition(node, scope)
    fields.add("if", "WF-TYPE", "'if' must be an expression, such as '{{ params.canary > 10 }}'.")
    return None


def _read_needs(fields: Fields, house: _House, *, is_final: bool) -> tuple[str, ...]:
    known, others = (house.final, house.usual) if is_final else (house.usual, house.final)
    needs: list[str] = []
    for scalar in fields.scalars("needs"):
        name = excerpt(scalar.text)
        if scalar.text in known:
            needs.append(scalar.text)
            continue
        if scalar.text not in others:
            sentence = f"There is no step '{name}'.{did_you_mean(scalar.text, known)}"
        elif is_final:
            sentence = (
                f"A step of 'finally' starts when all other steps have ended, '{name}' too, so it needs only "
                f"steps of 'finally'. Take '{name}' out; its result can be used all the same."
            )
        else:
            sentence = f"'{name}' is a step of 'finally', which starts after all others. Take it out."
        fields.mistakes.add(scalar.place, "STEP-NEEDS", sentence)
    return tuple(dict.fromkeys(needs))


def _check_graph(house: _House, steps: list[Step], templates: Templates, *, is_checkable: bool) -> None:
    usual: dict[str, tuple[str, ...]] = dict.fromkeys(house.usual, ())
    usual.update((step.id, step.needs) for step in steps if not step.is_final)
    final: dict[str, tuple[str, ...]] = dict.fromkeys(house.final, ())
    final.update((step.id, step.needs) for step in steps if step.is_final)
    circle = find_circle(usual) or find_circle(final)
    if circle is None and is_checkable:
        before_final = {step_id: found.union(usual) for step_id, found in ancestors(final).items()}
        fan_outs = {step.id for step in steps if step.foreach is not None}
        templates.check_names(Order({**ancestors(usual), **before_final}, house.final, fan_outs))
        return
    if circle is not None:
        entry = house.usual.get(circle[0]) or house.final[circle[0]]
        templates.mistakes.add(
            entry.key.place,
            "STEP-CYCLE",
            f"These steps wait for each other: {' needs '.join(circle)}. Take one of the needs out.",
        )
    templates.check_names(None)
