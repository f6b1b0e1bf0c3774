"""Small rules that are put together into a description of Slack's JSON; each yields what is wrong, and where.

The wording of the problems is Slack's own, so that what an app logs here is what it would log there.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Problem:
    """One mistake: Slack's sentence and the JSON pointer of the place."""

    text: str
    pointer: str

    def __str__(self) -> str:
        return f"{self.text} [json-pointer:{self.pointer}]"


Problems: TypeAlias = Iterator[Problem]
Rule: TypeAlias = Callable[[Any, str], Problems]


def is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text(longest: int | None = None, shortest: int = 1, pattern: str | None = None) -> Rule:
    """A string; its length is counted in characters."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, str):
            yield Problem("must provide a string", at)
            return
        if len(value) < shortest:
            yield Problem(f"must be more than {shortest - 1} characters", at)
        if longest is not None and len(value) > longest:
            yield Problem(f"must be less than {longest + 1} characters", at)
        if pattern is not None and not re.fullmatch(pattern, value):
            yield Problem(f"input must match regex pattern: {pattern}", at)

    return check


def boolean(value: Any, at: str) -> Problems:
    if not isinstance(value, bool):
        yield Problem("must be a boolean", at)


def integer(least: int, most: int) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if not is_integer(value):
            yield Problem("must provide an integer", at)
        elif value < least:
            yield Problem(f"must be greater than {least - 1}", at)
        elif value > most:
            yield Problem(f"must be less than {most + 1}", at)

    return check


def one_of(*allowed: str) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if value not in allowed:
            yield Problem("must be a valid enum value", at)

    return check


def array(item: Rule, fewest: int = 1, most: int | None = None) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, list):
            yield Problem("must provide an array", at)
            return
        if len(value) < fewest:
            yield Problem(f"must provide at least {fewest} items", at)
        if most is not None and len(value) > most:
            yield Problem(f"no more than {most} items allowed", at)
            return
        for index, entry in enumerate(value):
            yield from item(entry, f"{at}/{index}")

    return check


def record(
    required: Mapping[str, Rule] | None = None,
    optional: Mapping[str, Rule] | None = None,
    *also: Rule,
    is_typed: bool = True,
) -> Rule:
    """An object with these fields and no others; `also` looks at the whole once its shape is right.

    With `is_typed` a field `type` is allowed, because whoever chose this rule has read it already.
    """
    needs = dict(required or {})
    fields = needs | dict(optional or {})

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        problems = [Problem(f"missing required field: {name}", at) for name in needs if name not in value]
        for name, entry in value.items():
            if name in fields:
                problems += fields[name](entry, f"{at}/{name}")
            elif not (is_typed and name == "type"):
                problems.append(Problem(f"invalid additional property: {name}", at))
        yield from problems
        if not problems:
            for rule in also:
                yield from rule(value, at)

    return check


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which of the rules holds."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
        elif "type" not in value:
            yield Problem("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in rules:
            yield Problem(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from rules[value["type"]](value, at)

    return check


def optional_null(rule: Rule) -> Rule:
    """The same, or null."""

    def check(value: Any, at: str) -> Problems:
        if value is not None:
            yield from rule(value, at)

    return check


def exactly_one(*names: str) -> Rule:
    """For `record`: one of these fields, and not two."""

    def check(value: Any, at: str) -> Problems:
        present = [name for name in names if name in value]
        if not present:
            yield Problem(f"missing required field: {names[0]}", at)
        elif len(present) > 1:
            yield Problem("must define only one of " + ", ".join(f"`{name}`" for name in names), at)

    return check


def at_least_one(*names: str) -> Rule:
    """For `record`: at least one of these fields."""

    def check(value: Any, at: str) -> Problems:
        if not any(name in value for name in names):
            yield Problem("must define either " + " or ".join(f"`{name}`" for name in names), at)

    return check


def not_above(low: str, high: str) -> Rule:
    """For `record`: the number in one field does not exceed the number in the other."""

    def check(value: Any, at: str) -> Problems:
        if low in value and high in value and float(value[low]) > float(value[high]):
            yield Problem(f"must be less than or equal to `{high}`", f"{at}/{low}")

    return check


def repeated(values: Sequence[Any]) -> Iterator[int]:
    """The positions at which a value appears that was there before."""
    seen: set[Any] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)
