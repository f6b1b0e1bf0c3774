"""Expressions in workflow files: read at load, and checked against the names that will exist when they run."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from engine.core.definition import JsonValue, Template
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import RUN_NAMES
from engine.core.text import did_you_mean, excerpt, listed
from engine.expression_tree import Path
from engine.expressions import Compiled, compile_condition, compile_text, holds_expression, strip_braces
from engine.yaml_nodes import Items, Mistakes, Node, Place, Scalar, Table

CODE = "EXPRESSION"

ROOTS = ("params", "run", "steps")
STEP_NAMES = ("result", "status", "error")

_BRACES = re.compile(r"\$?\{\{(.*?)\}\}", re.DOTALL)
_NAMES_IN_BRACES = re.compile(
    r"\b(params|steps|run|inputs|github|item|secrets)\s*[.\[]\s*['\"]?([A-Za-z0-9_]*)"
)
_WORD = re.compile(r"\s*-?\s*([a-z][a-z0-9_]*)\s*-?\s*", re.ASCII)


@dataclass(slots=True)
class Templates:
    """Reads values that may hold expressions. Which steps an expression may ask about is known only at the end,
    so `check_names` is called when all of the file is read."""

    mistakes: Mistakes
    parameters: Collection[str]
    _uses: list[_Use] = field(default_factory=list)

    def text(self, scalar: Scalar, step_id: str | None, roots: Collection[str] = ROOTS) -> str:
        """The text itself, checked. Expressions in it may ask for these roots only."""
        try:
            self._remember(scalar.place, compile_text(scalar.text), step_id, roots)
        except ExpressionProblem as problem:
            self.mistakes.add(scalar.place, CODE, problem.sentence)
        return scalar.text

    def value(self, node: Node, step_id: str | None) -> Template:
        """A value of any shape, its texts checked."""
        match node:
            case Table(entries=entries):
                return {key: self.value(entry.node, step_id) for key, entry in entries.items()}
            case Items(nodes=nodes):
                return [self.value(item, step_id) for item in nodes]
            case Scalar(value=str()):
                return self.text(node, step_id)
            case Scalar(value=value):
                return value

    def condition(self, scalar: Scalar, step_id: str) -> str:
        """The expression of an `if`, without its braces."""
        text = strip_braces(scalar.text)
        try:
            self._remember(scalar.place, compile_condition(text), step_id, ROOTS)
        except ExpressionProblem as problem:
            self.mistakes.add(scalar.place, CODE, problem.sentence)
        return text

    def _remember(
        self, place: Place, compiled: Compiled, step_id: str | None, roots: Collection[str]
    ) -> None:
        self._uses.extend(_Use(place, path, step_id, roots) for path in compiled.references())

    def check_names(self, ancestors: Mapping[str, Collection[str]]) -> None:
        """Add a mistake for every name that will not exist. `ancestors` are the steps that are settled before
        each step starts; without them, `steps` is not checked."""
        for use in self._uses:
            sentence = self._name_mistake(use, ancestors)
            if sentence:
                self.mistakes.add(use.place, CODE, sentence)

    def _name_mistake(self, use: _Use, ancestors: Mapping[str, Collection[str]]) -> str | None:
        root = use.path[0]
        if root not in ROOTS:
            return self._unknown_root(root)
        if root not in use.roots:
            return f"'{root}' may not be used here. Allowed here: {listed(use.roots)}."
        if root == "steps":
            return _step_mistake(use, ancestors) if ancestors else None
        return _entry_mistake(use.path, self.parameters if root == "params" else RUN_NAMES)

    def _unknown_root(self, root: str) -> str:
        if root in self.parameters:
            return f"'{root}' is unknown. Write params.{root} for the parameter."
        return f"'{excerpt(root)}' is unknown.{did_you_mean(root, ROOTS)} Known are: {listed(ROOTS)}."


@dataclass(frozen=True, slots=True)
class _Use:
    """A name that an expression asks for. `step_id` is None in the outputs, where all steps are settled."""

    place: Place
    path: Path
    step_id: str | None
    roots: Collection[str]


def _entry_mistake(path: Path, known: Collection[str]) -> str | None:
    if len(path) == 1 or path[1] in known:
        return None
    what = "There is no parameter" if path[0] == "params" else f"'{path[0]}' has no"
    return f"{what} '{excerpt(path[1])}'.{did_you_mean(path[1], known)} Known are: {listed(known) or 'none'}."


def _step_mistake(use: _Use, ancestors: Mapping[str, Collection[str]]) -> str | None:
    if len(use.path) == 1:
        return "Name the step with a dot, such as steps.build.result."
    asked = use.path[1]
    if asked not in ancestors:
        return f"There is no step '{excerpt(asked)}'.{did_you_mean(asked, ancestors)}"
    if use.step_id is not None and asked not in ancestors[use.step_id]:
        return (
            f"Step '{use.step_id}' may start before '{asked}' has ended, so it cannot use its result. "
            f"Add '{asked}' to its needs."
        )
    if len(use.path) > 2 and use.path[2] not in STEP_NAMES:
        suggestion = f" Write steps.{asked}.result.{use.path[2]} for a part of its result."
        return f"A step has {listed(STEP_NAMES)}, but no '{excerpt(use.path[2])}'.{suggestion}"
    return None


# --- expressions where none may be


def refuse_in_source(scalar: Scalar, parameters: Collection[str], mistakes: Mistakes) -> None:
    """The text of a shell command is never filled in: a value could be taken for code. The mistake shows how
    to hand the value over. Braces of other languages, such as {{.Names}}, stay allowed."""
    for match in _BRACES.finditer(scalar.text):
        name = _asked_name(match[1], parameters)
        if name is None:
            continue
        variable = name.upper()
        is_parameter = name in parameters
        expression = match[0].lstrip("$") if not is_parameter else f"{{{{ params.{name} }}}}"
        also = f" The parameter is also there as $PARAM_{variable}." if is_parameter else ""
        mistakes.add(
            Place(scalar.place.line, scalar.place.column),
            "STEP-INJECT",
            f"'{excerpt(match[0])}' cannot stand in run: a value could be taken for shell code. Write it as "
            f"env: {{{variable}: '{excerpt(expression)}'}} and use \"${variable}\" here.{also}",
        )


def _asked_name(inner: str, parameters: Collection[str]) -> str | None:
    """The name that the inside of braces asks for, or None when this is no expression of ours."""
    dotted = _NAMES_IN_BRACES.search(inner)
    if dotted:
        return dotted[2] or "value"
    word = _WORD.fullmatch(inner)
    return word[1] if word and word[1] in parameters else None


def is_fixed(value: JsonValue) -> bool:
    """Whether a text holds no expression, so that its value can be judged now."""
    return not (isinstance(value, str) and holds_expression(value))
