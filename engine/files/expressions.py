"""Expressions in workflow files: read at load, and checked against the names that will exist when they run."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from engine.core.definition import JsonValue, Template
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import FINAL_RUN_NAMES, RUN_NAMES
from engine.core.text import did_you_mean, excerpt, listed
from engine.expression_tree import Path
from engine.expressions import Compiled, compile_condition, compile_text, holds_expression, strip_braces
from engine.files.nodes import Items, Mistakes, Node, Place, Scalar, Table

CODE = "EXPRESSION"

ROOTS = ("params", "run", "steps")
ITEM_ROOTS = ("item", "index")
ALL_ROOTS = (*ROOTS, "secrets", *ITEM_ROOTS)
STEP_NAMES = ("result", "status", "error")

_BRACES = re.compile(r"\$?\{\{(.*?)\}\}", re.DOTALL)
_NAMES_IN_BRACES = re.compile(
    r"\b(params|steps|run|inputs|github|item|secrets)\s*[.\[]\s*['\"]?([A-Za-z0-9_]*)"
)
_WORD = re.compile(r"\s*-?\s*([a-z][a-z0-9_]*)\s*-?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands, which decides the names that it may ask for. `step_id` is None outside of
    steps. `run_names` is what `run` has there."""

    step_id: str | None = None
    roots: tuple[str, ...] = ROOTS
    run_names: tuple[str, ...] = RUN_NAMES

    def with_secrets(self) -> Self:
        """For what workers alone see."""
        return replace(self, roots=(*self.roots, "secrets"))

    def with_items(self) -> Self:
        """For what is computed once for each item of a fan-out."""
        return replace(self, roots=(*self.roots, *ITEM_ROOTS))

    def at_start(self) -> Self:
        """For what no step may choose."""
        return replace(self, roots=("params", "run"))


OUTPUTS = Scope(run_names=FINAL_RUN_NAMES)


@dataclass(frozen=True, slots=True)
class Order:
    """The steps that are settled before each step starts; those of `finally`; and those that are done for each
    item of a list."""

    ancestors: Mapping[str, Collection[str]]
    final: Collection[str] = ()
    fan_outs: Collection[str] = ()


@dataclass(slots=True)
class Templates:
    """Reads values that may hold expressions. Which steps an expression may ask about is known only at the end,
    so `check_names` is called when all of the file is read."""

    mistakes: Mistakes
    parameters: Collection[str]
    secrets: Collection[str] = ()
    _uses: list[_Use] = field(default_factory=list)

    def text(self, scalar: Scalar, scope: Scope) -> str:
        """The text itself, checked."""
        if holds_expression(scalar.text):
            try:
                self._remember(scalar.place, compile_text(scalar.text), scope)
            except ExpressionProblem as problem:
                self.mistakes.add(scalar.place, CODE, problem.sentence)
        return scalar.text

    def value(self, node: Node, scope: Scope) -> Template:
        """A value of any shape, its texts checked."""
        match node:
            case Table(entries=entries):
                return {key: self.value(entry.node, scope) for key, entry in entries.items()}
            case Items(nodes=nodes):
                return [self.value(item, scope) for item in nodes]
            case Scalar(value=str()):
                return self.text(node, scope)
            case Scalar(value=value):
                return value

    def condition(self, scalar: Scalar, scope: Scope) -> str:
        """The expression of an `if`, without its braces."""
        text = strip_braces(scalar.text)
        try:
            self._remember(scalar.place, compile_condition(text), scope, is_condition=True)
        except ExpressionProblem as problem:
            self.mistakes.add(scalar.place, CODE, problem.sentence)
        return text

    def _remember(
        self, place: Place, compiled: Compiled, scope: Scope, *, is_condition: bool = False
    ) -> None:
        self._uses.extend(_Use(place, path, scope, is_condition) for path in compiled.references)

    def check_names(self, order: Order | None) -> None:
        """Add a mistake for every name that will not exist. Without an order, `steps` is not checked."""
        for use in self._uses:
            sentence = self._name_mistake(use, order)
            if sentence:
                self.mistakes.add(use.place, CODE, sentence)

    def _name_mistake(self, use: _Use, order: Order | None) -> str | None:
        root = use.path[0]
        if root not in ALL_ROOTS:
            return self._unknown_root(root, use.scope.roots)
        if root not in use.scope.roots:
            return _misplaced_root(root, use)
        match root:
            case "steps":
                return _step_mistake(use, order) if order else None
            case "params":
                return _entry_mistake(use.path, self.parameters, "There is no parameter")
            case "secrets":
                return self._secret_mistake(use.path)
            case "run":
                return _run_mistake(use)
        return None

    def _unknown_root(self, root: str, roots: Collection[str]) -> str:
        if root in self.parameters:
            return f"'{root}' is unknown. Write params.{root} for the parameter."
        return f"'{excerpt(root)}' is unknown.{did_you_mean(root, roots)} Known are: {listed(roots)}."

    def _secret_mistake(self, path: Path) -> str | None:
        if len(path) == 1:
            return "Name the secret with a dot, such as secrets.deploy_token."
        if path[1] in self.secrets:
            return None
        suggestion = did_you_mean(path[1], self.secrets)
        return (
            f"The secret '{excerpt(path[1])}' is not declared.{suggestion} "
            f"Write 'secrets: [{excerpt(path[1])}]' at the top of the file."
        )


@dataclass(frozen=True, slots=True)
class _Use:
    """A name that an expression asks for."""

    place: Place
    path: Path
    scope: Scope
    is_condition: bool


def _misplaced_root(root: str, use: _Use) -> str:
    if root == "secrets":
        return (
            "A secret may not be used here: people would see it, or it would be stored. It may stand in env and "
            "stdin, in the url, headers and body of http, and in the arguments of python."
        )
    if root in ITEM_ROOTS and use.is_condition:
        return (
            f"'{root}' is not known in 'if', which is decided once, before the items are taken. "
            "Leave items out of the list of 'foreach' instead."
        )
    if root in ITEM_ROOTS:
        return f"'{root}' is known only in what a step with 'foreach' does."
    return f"'{root}' may not be used here: no step may choose this. Allowed here: {listed(use.scope.roots)}."


def _run_mistake(use: _Use) -> str | None:
    if use.path[1:2] == ("status",) and "status" not in use.scope.run_names:
        return "How the run ends is known only in 'finally' and 'outputs', so 'run.status' cannot stand here."
    return _entry_mistake(use.path, use.scope.run_names, "'run' has no")


def _entry_mistake(path: Path, known: Collection[str], what: str) -> str | None:
    if len(path) == 1 or path[1] in known:
        return None
    return f"{what} '{excerpt(path[1])}'.{did_you_mean(path[1], known)} Known are: {listed(known) or 'none'}."


def _step_mistake(use: _Use, order: Order) -> str | None:
    if len(use.path) == 1:
        return "Name the step with a dot, such as steps.build.result."
    asked, step_id, parts = use.path[1], use.scope.step_id, use.path[2:]
    if asked not in order.ancestors:
        return f"There is no step '{excerpt(asked)}'.{did_you_mean(asked, order.ancestors)}"
    if step_id is not None and asked not in order.ancestors[step_id]:
        return _too_early(asked, step_id, order)
    if parts and parts[0] not in STEP_NAMES:
        suggestion = f" Write steps.{asked}.result.{parts[0]} for a part of its result."
        return f"A step has {listed(STEP_NAMES)}, but no '{excerpt(parts[0])}'.{suggestion}"
    if parts[:1] == ("result",) and len(parts) > 1 and asked in order.fan_outs:
        return (
            f"The result of '{asked}' is a list, with an entry for each item of its 'foreach', so it has no "
            f"'{excerpt(parts[1])}'. Write steps.{asked}.result[0].{excerpt(parts[1])} for that of the first item."
        )
    return None


def _too_early(asked: str, step_id: str, order: Order) -> str:
    if asked in order.final and step_id not in order.final:
        return f"'{asked}' is a step of 'finally', which starts after all others. Its result comes too late."
    return (
        f"Step '{step_id}' may start before '{asked}' has ended, so it cannot use its result. "
        f"Add '{asked}' to its needs."
    )


# --- expressions where none may be


def refuse_in_source(
    scalar: Scalar, parameters: Collection[str], mistakes: Mistakes, reading: str, *, has_items: bool
) -> None:
    """The source of a command is never filled in: a value could be taken for code. The mistake shows how to hand
    the value over; `reading` is how the source reads a variable, such as '"${}"'. Braces of other languages,
    such as {{.Names}}, stay allowed."""
    for match in _BRACES.finditer(scalar.text):
        asked = _asked_name(match[1], parameters, has_items=has_items)
        if asked is None:
            continue
        name, is_parameter = asked
        variable = name.upper()
        expression = f"{{{{ params.{name} }}}}" if is_parameter else match[0].lstrip("$")
        also = f" The parameter is also there as $PARAM_{variable}." if is_parameter else ""
        mistakes.add(
            scalar.place,
            "STEP-INJECT",
            f"'{excerpt(match[0])}' cannot stand in run: a value could be taken for code. Write it as "
            f"env: {{{variable}: '{excerpt(expression)}'}} and use {reading.format(variable)} here.{also}",
        )


def _asked_name(inner: str, parameters: Collection[str], *, has_items: bool) -> tuple[str, bool] | None:
    """The name that the inside of braces asks for, and whether a parameter is meant; None when this is no
    expression of ours."""
    dotted = _NAMES_IN_BRACES.search(inner)
    if dotted:
        name = dotted[2] or "value"
        return name, dotted[1] in ("params", "inputs") and name in parameters
    word = _WORD.fullmatch(inner)
    if word and word[1] in parameters:
        return word[1], True
    return (word[1], False) if word and has_items and word[1] in ITEM_ROOTS else None


def is_fixed(value: JsonValue) -> bool:
    """Whether a text holds no expression, so that its value can be judged now."""
    return not (isinstance(value, str) and holds_expression(value))


def is_all_fixed(template: Template) -> bool:
    """Whether no text in a value of any shape holds an expression."""
    match template:
        case dict():
            return all(is_all_fixed(value) for value in template.values())
        case list():
            return all(is_all_fixed(value) for value in template)
        case _:
            return is_fixed(template)
