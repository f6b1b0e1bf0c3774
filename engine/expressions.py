"""Texts that hold expressions, `{{ ... }}`, and their values.

A text that is one expression keeps the type of its value; otherwise values are put into the text. Values are
never read as expressions themselves. A compiled text is kept for the next time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from engine.core.definition import JsonValue, Template
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Names
from engine.core.rehearsal import is_rehearsed, readable
from engine.core.text import as_plain_text, excerpt
from engine.expression_filters import MAX_SIZE, as_json, bounded
from engine.expression_tree import Path, check, references, whole_value

MAX_EXPRESSION_TEXT = 20_000
"""Characters of one text that holds expressions."""

_SIMPLE_EXPRESSION = re.compile(r"\{\{(?![-+])([^{}%#'\"]*)(?<!-)\}\}")
"""Without texts, mappings, comments, statements and signs that cut spaces: its end is the first '}}'."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A text in parts: plain text, and the trees of its expressions. `references` are the names that these ask
    for."""

    parts: tuple[str | nodes.Expr, ...]
    references: frozenset[Path] = frozenset()

    @property
    def is_single_expression(self) -> bool:
        return len(self.parts) == 1 and isinstance(self.parts[0], nodes.Expr)


def holds_expression(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def compile_text(text: str) -> Compiled:
    """ExpressionProblem says what is wrong with the text."""
    return _compile(text) if holds_expression(text) else Compiled((text,))


def compile_condition(text: str) -> Compiled:
    """The same for the text of one expression without its braces."""
    compiled = _compile("{{ " + text + " }}")
    if not compiled.is_single_expression:
        raise ExpressionProblem("A condition is one expression, such as '{{ params.canary > 10 }}'.")
    return compiled


def strip_braces(text: str) -> str:
    """The expression in "{{ expression }}"; a text without such braces as it is."""
    stripped = text.strip()
    if stripped.startswith("{{") and stripped.endswith("}}"):
        return stripped[2:-2].strip("-").strip()
    return stripped


@lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    """Only for its parser: what is parsed is never turned into code."""
    return SandboxedEnvironment(keep_trailing_newline=True)


@lru_cache(maxsize=4096)
def _compile(text: str) -> Compiled:
    """Most texts are plain text around simple expressions, which many texts share: each of these is parsed once.
    All others are left to the parser as a whole."""
    if len(text) > MAX_EXPRESSION_TEXT:
        raise ExpressionProblem(f"A text with expressions has at most {MAX_EXPRESSION_TEXT:,} characters.")
    pieces = _SIMPLE_EXPRESSION.split(text)
    plain, expressions = pieces[::2], pieces[1::2]
    if "\r" in text or any(holds_expression(piece) or piece.endswith("{") for piece in plain):
        return _parse(text)
    found = [_parse("{{" + expression + "}}") for expression in expressions]
    trees = [parsed.parts[0] for parsed in found]
    parts = [part for pair in zip_longest(plain, trees, fillvalue="") for part in pair if part != ""]
    return Compiled(tuple(parts), frozenset(path for parsed in found for path in parsed.references))


@lru_cache(maxsize=4096)
def _parse(text: str) -> Compiled:
    try:
        template = _environment().parse(text)
        parts = tuple(part for statement in template.body for part in _parts(statement))
    except TemplateSyntaxError as error:
        raise ExpressionProblem(f"This expression cannot be read: {excerpt(error.message or '')}.") from error
    except RecursionError as error:
        raise ExpressionProblem("This expression is nested too deep.") from error
    except ValueError as error:  # such as a number of thousands of digits
        raise ExpressionProblem(f"This expression cannot be read: {excerpt(error)}.") from error
    trees = [part for part in parts if isinstance(part, nodes.Expr)]
    return Compiled(parts, frozenset(path for tree in trees for path in references(tree)))


def _parts(statement: nodes.Node) -> list[str | nodes.Expr]:
    if not isinstance(statement, nodes.Output):
        name = type(statement).__name__.lower()
        raise ExpressionProblem(
            f"Only expressions in {{{{ }}}} are allowed, no statements such as {{% {name} %}}."
        )
    found: list[str | nodes.Expr] = []
    for part in statement.nodes:
        if isinstance(part, nodes.TemplateData):
            found.append(part.data)
        else:
            check(part)
            found.append(part)
    return found


class Expressions:
    """Computes expressions for planning and for executors. Holds nothing, so one serves all threads."""

    def value(self, template: Template, names: Names) -> JsonValue:
        """See `engine.core.evaluate.Evaluate`. The whole value has at most 256 KiB of JSON."""
        value = _fill(template, names)
        try:
            size = len(as_json(bounded(value)).encode("utf-8", "surrogatepass"))
        except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
            raise ExpressionProblem("The value cannot be written as JSON.") from error
        if size > MAX_SIZE:
            raise ExpressionProblem(
                f"The value of '{excerpt(template)}' is larger than {MAX_SIZE // 1024} KiB."
            )
        return value

    def condition(self, text: str, names: Names) -> bool:
        compiled = compile_condition(text)
        return bool(_compute(compiled.parts[0], names, text))


def values_made_of(root: str, text: str, names: Names) -> list[JsonValue]:
    """The values of those expressions in a text that ask for `root`. Raises ExpressionProblem."""
    compiled = compile_text(text)
    if all(path[0] != root for path in compiled.references):
        return []
    trees = [part for part in compiled.parts if isinstance(part, nodes.Expr)]
    return [
        _compute(tree, names, text) for tree in trees if any(path[0] == root for path in references(tree))
    ]


def _fill(template: Template, names: Names) -> JsonValue:
    match template:
        case str():
            return _fill_text(template, names)
        case list():
            return [_fill(item, names) for item in template]
        case dict():
            return {key: _fill(item, names) for key, item in template.items()}
        case _:
            return template


def _fill_text(text: str, names: Names) -> JsonValue:
    compiled = compile_text(text)
    if compiled.is_single_expression:
        return _compute(compiled.parts[0], names, text)
    filled, size = [], 0
    for part in compiled.parts:
        filled.append(_as_text(_compute(part, names, text), names))
        size += len(filled[-1])
        if size > MAX_SIZE:
            raise ExpressionProblem(f"The value of '{excerpt(text)}' is larger than {MAX_SIZE // 1024} KiB.")
    return "".join(filled)


def _as_text(value: JsonValue, names: Names) -> str:
    return as_plain_text(readable(value) if is_rehearsed(names) else value)


def _compute(part: str | nodes.Expr, names: Names, text: str) -> JsonValue:
    if isinstance(part, str):
        return part
    try:
        return whole_value(part, names)
    except ExpressionProblem as problem:
        raise ExpressionProblem(f"In '{excerpt(text)}': {problem.sentence}") from problem
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ExpressionProblem(f"'{excerpt(text)}' cannot be computed: {excerpt(error)}.") from error
