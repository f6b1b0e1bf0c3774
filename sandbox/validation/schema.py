"""Small rules that are put together into a description of Slack's JSON; each yields what is wrong, and where.

The wording of the problems is Slack's own, so that what an app logs here is what it would log there.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Any, TypeAlias


class Code(StrEnum):
    """The kinds of mistakes that blocks.validate tells apart."""

    MISSING_FIELD = "missing_field"
    INVALID_TYPE = "invalid_type"
    FAILED_CONSTRAINT = "failed_constraint"


@dataclass(frozen=True)
class Problem:
    """One mistake: Slack's sentence and the JSON pointer of the place.

    The rest is what blocks.validate says besides: the kind of mistake, the rule that was broken (for example
    `{"type": "enum", "expected": [...]}`), and the name of a field that is missing or too much.
    """

    text: str
    pointer: str
    code: Code = field(default=Code.FAILED_CONSTRAINT, compare=False)
    constraint: Mapping[str, Any] | None = field(default=None, compare=False)
    field: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.text} [json-pointer:{self.pointer}]"

    def detail(self) -> dict[str, Any]:
        """The entry of `errors` in the answer of blocks.validate."""
        told: dict[str, Any] = {"code": str(self.code), "message": self.text, "pointer": self.pointer}
        if self.constraint is not None:
            told["constraint"] = dict(self.constraint)
        return told | ({"field": self.field} if self.field is not None else {})


def missing(name: str, at: str) -> Problem:
    return Problem(f"missing required field: {name}", at, Code.MISSING_FIELD, field=name)


def wrong_type(sentence: str, at: str) -> Problem:
    return Problem(sentence, at, Code.INVALID_TYPE)


def unwanted(name: str, at: str) -> Problem:
    return Problem(f"invalid additional property: {name}", at, field=name)


def broken(kind: str, expected: Any, sentence: str, at: str) -> Problem:
    """A rule with a figure or a list: `expected` is what the rule asks for."""
    return Problem(sentence, at, constraint={"type": kind, "expected": expected})


Problems: TypeAlias = Iterator[Problem]
Rule: TypeAlias = Callable[[Any, str], Problems]


def is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text(longest: int | None = None, shortest: int = 1, pattern: str | None = None) -> Rule:
    """A string; its length is counted in characters."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, str):
            yield wrong_type("must provide a string", at)
            return
        if len(value) < shortest:
            yield broken("min_length", shortest, f"must be more than {shortest - 1} characters", at)
        if longest is not None and len(value) > longest:
            yield broken("max_length", longest, f"must be less than {longest + 1} characters", at)
        if pattern is not None and not re.fullmatch(pattern, value):
            yield broken("pattern", pattern, f"input must match regex pattern: {pattern}", at)

    return check


def boolean(value: Any, at: str) -> Problems:
    if not isinstance(value, bool):
        yield wrong_type("must be a boolean", at)


def number(value: Any, at: str) -> Problems:
    """Any finite number; the JSON of Python knows infinite ones, Slack's does not."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield wrong_type("must provide a number", at)
    elif not isfinite(value):
        yield Problem("must be a finite number", at)


def integer(least: int, most: int) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if not is_integer(value):
            yield wrong_type("must provide an integer", at)
        elif value < least:
            yield broken("minimum", least, f"must be greater than {least - 1}", at)
        elif value > most:
            yield broken("maximum", most, f"must be less than {most + 1}", at)

    return check


def one_of(*allowed: str) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if value not in allowed:
            yield broken("enum", list(allowed), "must be a valid enum value", at)

    return check


def array(item: Rule, fewest: int = 1, most: int | None = None, *, is_unique: bool = False) -> Rule:
    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, list):
            yield wrong_type("must provide an array", at)
            return
        if len(value) < fewest:
            yield broken("min_items", fewest, f"must provide at least {fewest} items", at)
        if most is not None and len(value) > most:
            yield broken("max_items", most, f"no more than {most} items allowed", at)
            return
        for index, entry in enumerate(value):
            yield from item(entry, f"{at}/{index}")
        if is_unique and any(entry in value[:index] for index, entry in enumerate(value)):
            yield broken("unique_items", True, "duplicate items", at)

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
            yield wrong_type("must provide an object", at)
            return
        problems = [missing(name, at) for name in needs if name not in value]
        for name, entry in value.items():
            if name in fields:
                problems += fields[name](entry, f"{at}/{name}")
            elif not (is_typed and name == "type"):
                problems.append(unwanted(name, at))
        yield from problems
        if not problems:
            for rule in also:
                yield from rule(value, at)

    return check


def by_type(rules: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which of the rules holds."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            yield wrong_type("must provide an object", at)
        elif "type" not in value:
            yield missing("type", at)
        elif not isinstance(value["type"], str) or value["type"] not in rules:
            yield broken("enum", list(rules), f"unsupported type: {value['type']}", f"{at}/type")
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
            yield missing(names[0], at)
        elif len(present) > 1:
            yield Problem("must define only one of " + ", ".join(f"`{name}`" for name in names), at)

    return check


def at_most_one(*names: str) -> Rule:
    """For `record`: none of these fields, or one."""

    def check(value: Any, at: str) -> Problems:
        if sum(name in value for name in names) > 1:
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
