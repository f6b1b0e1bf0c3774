"""Workflows that start each other: that they exist, get what they need, and come to an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from engine.core.definition import MAX_NESTING, Parameter, Workflow, WorkflowAction
from engine.core.errors import Mistake
from engine.core.graph import find_circle
from engine.core.parameter_text import normal_value
from engine.core.parameter_values import is_blank, value_mistake
from engine.core.text import did_you_mean, excerpt, listed
from engine.files.expressions import is_all_fixed
from engine.files.nodes import START, Mistakes, Node, Place, Table, read_nodes
from engine.patterns import matches

Workflows = Mapping[str, Workflow]
"""By name."""


@dataclass(frozen=True, slots=True)
class LinkMistake:
    """A mistake in the step of a workflow that starts another; `parameter` is the one it is about."""

    workflow: str
    step_id: str
    code: str
    sentence: str
    parameter: str | None = None

    def in_file(self, file: str, source: str) -> Mistake:
        """The mistake with its place in the text of the workflow's file."""
        place = _place_in(source, self.step_id, self.parameter)
        return Mistake(file, place.line, place.column, self.code, self.sentence)


@dataclass(frozen=True, slots=True)
class _Call:
    """A step that starts another workflow."""

    workflow: str
    step_id: str
    action: WorkflowAction

    def mistake(self, code: str, sentence: str, parameter: str | None = None) -> LinkMistake:
        return LinkMistake(self.workflow, self.step_id, code, sentence, parameter)


def settle(present: Workflows, earlier: Workflows) -> tuple[dict[str, Workflow], list[LinkMistake]]:
    """The workflows that can be offered, and what is wrong with the others. `present` is what the files say now;
    where that has a mistake, the version in `earlier` stays in force, if that has none."""
    in_force, told = dict(present), list[LinkMistake]()
    while found := _mistakes(in_force, present):
        told.extend(each for each in found if in_force[each.workflow] is present[each.workflow])
        for name in {each.workflow for each in found}:
            before = earlier.get(name)
            if before is None or before.digest == in_force[name].digest:
                del in_force[name]
            else:
                in_force[name] = before
    return in_force, told


def _mistakes(workflows: Workflows, present: Workflows) -> list[LinkMistake]:
    calls = {name: list(_calls(workflow)) for name, workflow in workflows.items()}
    found = [
        mistake
        for name in workflows
        for call in calls[name]
        for mistake in _call_mistakes(call, workflows, present)
    ]
    if any(calls.values()):
        graph = {name: [call.action.name for call in made] for name, made in calls.items()}
        circles = _circles(graph)
        found += [mistake for circle in circles for mistake in _circle_mistakes(circle, calls)]
        in_circles = {name for circle in circles for name in circle}
        found += _depth_mistakes({name: graph[name] for name in graph if name not in in_circles}, calls)
    return found


def _calls(workflow: Workflow) -> Iterator[_Call]:
    for step in workflow.steps:
        if isinstance(step.action, WorkflowAction):
            yield _Call(workflow.name, step.id, step.action)


# --- one step


def _call_mistakes(call: _Call, workflows: Workflows, present: Workflows) -> Iterator[LinkMistake]:
    child = workflows.get(call.action.name)
    if child is None:
        name = excerpt(call.action.name)
        sentence = (
            f"Workflow '{name}' cannot be started, because it has a mistake of its own. Correct that one first."
            if call.action.name in present
            else f"There is no workflow '{name}'.{did_you_mean(call.action.name, workflows)} "
            f"Known are: {listed(workflows)}."
        )
        yield call.mistake("SUB-NAME", sentence)
        return
    known = {parameter.name: parameter for parameter in child.parameters}
    for name in call.action.parameters:
        if name not in known:
            suggestion = did_you_mean(name, known)
            sentence = (
                f"'{child.name}' has no parameter '{excerpt(name)}'.{suggestion} "
                f"It has: {listed(known) or 'none'}."
            )
            yield call.mistake("SUB-PARAM", sentence, name)
    for parameter in child.parameters:
        yield from _parameter_mistakes(call, parameter)


def _parameter_mistakes(call: _Call, parameter: Parameter) -> Iterator[LinkMistake]:
    child, given, name = call.action.name, call.action.parameters, parameter.name
    if name in given and not is_blank(parameter, given[name]):
        value = normal_value(parameter.type, given[name]) if is_all_fixed(given[name]) else None
        sentence = value_mistake(parameter, value, matches) if value is not None else None
        if sentence:
            yield call.mistake("SUB-PARAM", f"'{name}' of '{child}': {sentence}", name)
    elif _must_be_given(parameter):
        sentence = (
            f"'{child}' needs the parameter '{name}'. "
            f"Write workflow: {{name: {child}, parameters: {{{name}: ...}}}}."
        )
        yield call.mistake("SUB-PARAM", sentence, name if name in given else None)


def _must_be_given(parameter: Parameter) -> bool:
    has_default = parameter.default is not None or parameter.computed is not None
    return parameter.required and not has_default and parameter.show_if is None


# --- all of them


def _circles(graph: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Circles that share no workflow, each without its first one again at the end."""
    left, found = dict(graph), list[tuple[str, ...]]()
    while circle := find_circle(left):
        found.append(circle[:-1])
        left = {name: started for name, started in left.items() if name not in circle}
    return found


def _circle_mistakes(circle: tuple[str, ...], calls: Mapping[str, Sequence[_Call]]) -> Iterator[LinkMistake]:
    for n, name in enumerate(circle):
        following = (*circle[n + 1 :], *circle[: n + 1])
        call = next(call for call in calls[name] if call.action.name == following[0])
        path = " starts ".join((name, *following))
        yield call.mistake(
            "SUB-CYCLE", f"These workflows start each other without end: {path}. Take one of the steps out."
        )


def _depth_mistakes(
    graph: Mapping[str, Sequence[str]], calls: Mapping[str, Sequence[_Call]]
) -> Iterator[LinkMistake]:
    longest: dict[str, tuple[str, ...]] = {}
    for name in TopologicalSorter(graph).static_order():
        below = max((longest[child] for child in graph.get(name, ())), key=len, default=())
        longest[name] = (name, *below)
        if len(longest[name]) > MAX_NESTING:
            call = next(call for call in calls[name] if call.action.name == below[0])
            yield call.mistake(
                "SUB-DEPTH",
                f"{len(longest[name])} workflows would run one within another: {' starts '.join(longest[name])}. "
                f"At most {MAX_NESTING} are allowed.",
            )


# --- places


def _place_in(source: str, step_id: str, parameter: str | None) -> Place:
    """Where a step that starts a workflow says so in the text of a file that was read without a mistake."""
    root = read_nodes(source, Mistakes(""))
    step = _entry(_entry(root, "steps"), step_id) or _entry(_entry(root, "finally"), step_id)
    action = _entry(step, "workflow")
    node = _entry(_entry(action, "parameters"), parameter) if parameter else _entry(action, "name")
    found = node or action
    return found.place if found else START


def _entry(node: Node | None, key: str) -> Node | None:
    entry = node.entries.get(key) if isinstance(node, Table) else None
    return entry.node if entry else None
