"""Expressions as trees: what may stand in one, which names it asks for, and its value.

Jinja2 parses; the tree is computed here, node by node, on plain JSON values. So an expression can do what
this file does and nothing else: no attribute of a Python object, no call, no code. What grows is bounded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import singledispatch

from jinja2 import nodes

from engine.core.definition import JsonValue
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Names
from engine.core.rehearsal import first_unknown, is_rehearsed, path_of, unknown
from engine.core.text import as_plain_text, did_you_mean, excerpt, listed
from engine.expression_filters import FILTERS, TESTS, Later, NotYet, Unknown, Value, bounded, kind, known

MAX_RANGE = 10_000
MAX_EXPONENT = 128

Path = tuple[str, ...]
"""A name and what is asked of it: `steps.build.result` is ("steps", "build", "result")."""

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.List,
    nodes.Tuple,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Pow,
    nodes.Concat,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
)


# --- what may stand in an expression


def check(tree: nodes.Node) -> None:
    """ExpressionProblem unless everything in the tree is allowed."""
    if not isinstance(tree, _ALLOWED):
        raise ExpressionProblem("Only expressions are allowed here, no statements.")
    match tree:
        case nodes.Filter(name=name) if name not in FILTERS:
            raise ExpressionProblem(f"There is no filter '{excerpt(name)}'.{did_you_mean(name, FILTERS)}")
        case nodes.Test(name=name) if name not in TESTS:
            raise ExpressionProblem(f"There is no test '{excerpt(name)}'.{did_you_mean(name, TESTS)}")
        case nodes.Test(name=name, args=[_, *_]):
            raise ExpressionProblem(f"The test '{name}' takes no arguments.")
        case nodes.Getattr(attr=name) if name.startswith("_"):
            raise ExpressionProblem(f"'{excerpt(name)}' cannot be asked for: names do not begin with '_'.")
        case nodes.Call() if not _is_range(tree):
            raise ExpressionProblem(
                "Nothing can be called but range(). Use a filter, such as 'name | upper'."
            )
    if getattr(tree, "dyn_args", None) or getattr(tree, "dyn_kwargs", None):
        raise ExpressionProblem("Arguments written with * or ** are not allowed.")
    for child in tree.iter_child_nodes():
        check(child)


def _is_range(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name == "range" and not call.kwargs


def references(tree: nodes.Node) -> Iterator[Path]:
    """Every name that the tree asks for, with as much of its path as is fixed."""
    path = _path(tree)
    if path:
        yield path
        return
    children = tree.args if isinstance(tree, nodes.Call) else tree.iter_child_nodes()
    for child in children:
        yield from references(child)


def _path(tree: nodes.Node) -> Path:
    match tree:
        case nodes.Name(name=name):
            return (name,)
        case nodes.Getattr(node=inner, attr=name):
            return (*path, name) if (path := _path(inner)) else ()
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str(name))):
            return (*path, name) if (path := _path(inner)) else ()
        case _:
            return ()


# --- computing


def whole_value(tree: nodes.Node, names: Names) -> JsonValue:
    """The value of a tree that was checked, in a rehearsal with what is unknown in it. ExpressionProblem says why
    there is none."""
    value = compute(tree, names)
    return unknown(value.path) if isinstance(value, Later) else known(value)


def compute(tree: nodes.Node, names: Names) -> Value:
    """The value of a tree that was checked. What needs a value that is only there later, is so itself."""
    try:
        return _compute(tree, names)
    except NotYet as problem:
        return Later(problem.path)


@singledispatch
def _compute(tree: nodes.Node, names: Names) -> Value:
    raise ExpressionProblem(f"'{type(tree).__name__}' is not allowed in an expression.")


def value_of(tree: nodes.Node, names: Names) -> JsonValue:
    """The value of a part with which something is done: all of it has to be known, else NotYet is raised."""
    return _wholly_known(compute(tree, names), names)


def _wholly_known(found: Value, names: Names) -> JsonValue:
    value = known(found)
    if isinstance(value, list | dict) and is_rehearsed(names):
        path = first_unknown(value)
        if path is not None:
            raise NotYet(path)
    return value


def _read(value: JsonValue, names: Names) -> Value:
    path = path_of(value)
    return value if path is None or not is_rehearsed(names) else Later(path)


@_compute.register
def _const(tree: nodes.Const, names: Names) -> Value:
    return bounded(tree.value)


@_compute.register
def _name(tree: nodes.Name, names: Names) -> Value:
    if tree.name in names:
        return _read(names[tree.name], names)
    suggestion = did_you_mean(tree.name, names)
    return Unknown(f"'{excerpt(tree.name)}' is unknown.{suggestion} Known are: {listed(names)}.")


@_compute.register
def _getattr(tree: nodes.Getattr, names: Names) -> Value:
    return _entry(tree.node, compute(tree.node, names), tree.attr, names)


@_compute.register
def _getitem(tree: nodes.Getitem, names: Names) -> Value:
    owner = compute(tree.node, names)
    if isinstance(tree.arg, nodes.Slice):
        return _part(owner, tree.arg, names)
    return _entry(tree.node, owner, value_of(tree.arg, names), names)


def _entry(tree: nodes.Node, owner: Value, key: JsonValue, names: Names) -> Value:
    """One entry of a mapping or list. What is not there is unknown, and so is everything of it."""
    if isinstance(owner, Unknown):
        return owner
    if isinstance(owner, Later):
        return Later(f"{owner.path}.{key}" if isinstance(key, str) else f"{owner.path}[{as_plain_text(key)}]")
    name = ".".join(_path(tree)) or "this value"
    match owner:
        case dict():
            if isinstance(key, str) and key in owner:
                return _read(owner[key], names)
            return Unknown(f"{excerpt(name)} has no '{excerpt(key)}'.{did_you_mean(str(key), owner)}")
        case list() | str() if isinstance(key, int) and not isinstance(key, bool):
            if -len(owner) <= key < len(owner):
                return _read(owner[key], names)
            return Unknown(f"{excerpt(name)} has no entry {key}: its length is {len(owner)}.")
        case _:
            return Unknown(f"{excerpt(name)} is {kind(owner)}, so it has no '{excerpt(key)}'.")


def _part(owner: Value, bounds: nodes.Slice, names: Names) -> Value:
    value = known(owner)
    if not isinstance(value, list | str):
        raise ExpressionProblem(f"Only a list or a text has parts, and this is {kind(value)}.")
    start, stop, step = (
        None if bound is None else _integer(value_of(bound, names))
        for bound in (bounds.start, bounds.stop, bounds.step)
    )
    if step == 0:
        raise ExpressionProblem("The step of a part cannot be 0.")
    return value[start:stop:step]


def _integer(value: JsonValue) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ExpressionProblem(f"A whole number is needed here, not {kind(value)}.")


@_compute.register(nodes.List)
@_compute.register(nodes.Tuple)
def _list(tree: nodes.List | nodes.Tuple, names: Names) -> Value:
    return bounded([whole_value(item, names) for item in tree.items])


@_compute.register
def _dict(tree: nodes.Dict, names: Names) -> Value:
    found: dict[str, JsonValue] = {}
    for pair in tree.items:
        key = value_of(pair.key, names)
        if not isinstance(key, str):
            raise ExpressionProblem(f"The keys of a mapping are text, not {kind(key)}.")
        found[key] = whole_value(pair.value, names)
    return bounded(found)


@_compute.register
def _condition(tree: nodes.CondExpr, names: Names) -> Value:
    if _may_hold(tree.test, names):
        return compute(tree.expr1, names)
    if tree.expr2 is None:
        return Unknown("This 'if' has no 'else', and its condition does not hold.")
    return compute(tree.expr2, names)


@_compute.register
def _and(tree: nodes.And, names: Names) -> Value:
    try:
        left = value_of(tree.left, names)
    except NotYet as problem:
        return Later(problem.path) if _is_open(tree.right, names) else False
    return left and value_of(tree.right, names)


def _may_hold(tree: nodes.Node, names: Names) -> bool:
    """Whether a condition holds; one that depends on what is unknown counts as if it did."""
    try:
        return bool(value_of(tree, names))
    except NotYet:
        return True


def _is_open(tree: nodes.Node, names: Names) -> bool:
    """Whether what stands behind an unknown condition leaves it open. Perhaps it would not be asked for at all, so
    that it cannot be computed does not matter."""
    try:
        return bool(value_of(tree, names))
    except ExpressionProblem:
        return True


@_compute.register
def _or(tree: nodes.Or, names: Names) -> Value:
    return value_of(tree.left, names) or value_of(tree.right, names)


@_compute.register
def _not(tree: nodes.Not, names: Names) -> Value:
    return not value_of(tree.node, names)


@_compute.register
def _concat(tree: nodes.Concat, names: Names) -> Value:
    text = ""
    for item in tree.nodes:
        text = str(bounded(text + as_plain_text(value_of(item, names))))
    return text


@_compute.register
def _filter(tree: nodes.Filter, names: Names) -> Value:
    assert tree.node is not None
    value = compute(tree.node, names)
    if isinstance(value, Later):
        return value
    if not isinstance(value, Unknown) or tree.name not in ("default", "d"):
        value = _wholly_known(value, names)
    arguments = [value_of(argument, names) for argument in tree.args]
    keywords = {str(pair.key): value_of(pair.value, names) for pair in tree.kwargs}
    try:
        return bounded(FILTERS[tree.name](value, *arguments, **keywords))
    except TypeError as error:
        raise ExpressionProblem(f"'{tree.name}' cannot be used so: check its arguments.") from error


@_compute.register
def _test(tree: nodes.Test, names: Names) -> Value:
    value = compute(tree.node, names)
    if isinstance(value, Later):
        return value
    if tree.name not in ("defined", "undefined"):
        value = known(value)
    return TESTS[tree.name](value)


@_compute.register
def _range(tree: nodes.Call, names: Names) -> Value:
    numbers = range(*(_integer(value_of(argument, names)) for argument in tree.args))
    if len(numbers) > MAX_RANGE:
        raise ExpressionProblem(f"This range is too long: at most {MAX_RANGE:,} numbers are allowed.")
    return list(numbers)


# --- operators

Number = int | float


@_compute.register
def _negative(tree: nodes.Neg, names: Names) -> Value:
    return bounded(-_number(value_of(tree.node, names)))


@_compute.register
def _positive(tree: nodes.Pos, names: Names) -> Value:
    return _number(value_of(tree.node, names))


def _number(value: JsonValue) -> Number:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise ExpressionProblem(f"A number is needed here, not {kind(value)}.")


@_compute.register
def _binary(tree: nodes.BinExpr, names: Names) -> Value:
    left, right = value_of(tree.left, names), value_of(tree.right, names)
    match tree:
        case nodes.Add():
            return bounded(_sum(left, right))
        case nodes.Mul() if isinstance(left, str | list) or isinstance(right, str | list):
            return bounded(_repeated(left, right))
        case nodes.Pow():
            return bounded(_power(_number(left), _number(right)))
        case _:
            return bounded(_ARITHMETIC[type(tree)](_number(left), _number(right)))


_ARITHMETIC: Mapping[type[nodes.BinExpr], Callable[[Number, Number], Number]] = {
    nodes.Sub: operator.sub,
    nodes.Mul: operator.mul,
    nodes.Div: operator.truediv,
    nodes.FloorDiv: operator.floordiv,
    nodes.Mod: operator.mod,
}


def _sum(left: JsonValue, right: JsonValue) -> JsonValue:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        raise ExpressionProblem(
            f"{kind(left)} and {kind(right)} cannot be added. Use ~ to join them as text."
        )
    return _number(left) + _number(right)


def _repeated(left: JsonValue, right: JsonValue) -> JsonValue:
    value, times = (left, right) if isinstance(left, str | list) else (right, left)
    count = max(0, _integer(times))
    assert isinstance(value, str | list)
    if len(value) * count > 256 * 1024:
        raise ExpressionProblem("The result of '*' is too large.")
    return value * count


def _power(base: Number, exponent: Number) -> JsonValue:
    if abs(exponent) > MAX_EXPONENT:
        raise ExpressionProblem(f"The exponent {excerpt(exponent)} is too large: at most {MAX_EXPONENT}.")
    result = base**exponent
    if isinstance(result, int | float):
        return result
    raise ExpressionProblem("This power is not a real number.")


_COMPARISONS: Mapping[str, Callable[[JsonValue, JsonValue], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": lambda left, right: _is_less(left, right),
    "lteq": lambda left, right: not _is_less(right, left),
    "gt": lambda left, right: _is_less(right, left),
    "gteq": lambda left, right: not _is_less(left, right),
    "in": lambda left, right: _is_in(left, right),
    "notin": lambda left, right: not _is_in(left, right),
}


@_compute.register
def _compare(tree: nodes.Compare, names: Names) -> Value:
    left = value_of(tree.expr, names)
    for operand in tree.ops:
        right = value_of(operand.expr, names)
        if not _COMPARISONS[operand.op](left, right):
            return False
        left = right
    return True


def _is_less(left: JsonValue, right: JsonValue) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left < right
    raise ExpressionProblem(f"{kind(left)} and {kind(right)} cannot be compared by size.")


def _is_in(item: JsonValue, owner: JsonValue) -> bool:
    match owner:
        case str() if isinstance(item, str):
            return item in owner
        case dict():
            return isinstance(item, str) and item in owner
        case list():
            return item in owner
        case _:
            raise ExpressionProblem(f"'in' cannot look for {kind(item)} in {kind(owner)}.")
