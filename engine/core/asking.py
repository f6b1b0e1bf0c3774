"""Who is asked for values, where and when: which defaults follow from it, and which parameters are asked at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.core.definition import ComputedDefault, JsonValue, Parameter, ParameterType
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate
from engine.core.moments import written
from engine.core.parameter_values import LISTS, Matches, is_blank, value_mistake
from engine.core.slack_ids import CHANNEL_ID, USER_ID

_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asking:
    """What computed defaults are made of; what is unknown makes none. `now` is the person's wall clock, with its
    zone; `last` holds the parameters of this person's last run of the workflow."""

    now: datetime | None = None
    user_id: str | None = None
    channel_id: str | None = None
    last: Mapping[str, JsonValue] = field(default_factory=dict)


NOBODY = Asking()

_NOT_HERE = {
    ComputedDefault.ME: " Here is no Slack user who could be the default.",
    ComputedDefault.CHANNEL: " Here is no Slack channel that could be the default.",
}


def default_of(parameter: Parameter, asking: Asking, matches: Matches) -> JsonValue:
    """The value of a parameter for which none is given; None when there is none."""
    match parameter.computed:
        case None:
            return parameter.default
        case ComputedDefault.TODAY | ComputedDefault.NOW:
            return _moment(parameter.type, asking.now)
        case ComputedDefault.ME:
            return _id(parameter, asking.user_id, USER_ID)
        case ComputedDefault.CHANNEL:
            is_direct = (asking.channel_id or "").startswith("D")
            return _id(parameter, None if is_direct else asking.channel_id, CHANNEL_ID)
        case ComputedDefault.LAST:
            value = asking.last.get(parameter.name)
            return None if value_mistake(parameter, value, matches) else value


def missing_default(parameter: Parameter) -> str:
    """Why a computed default gave no value, after a sentence that says that one is required."""
    return _NOT_HERE.get(parameter.computed, "") if parameter.computed else ""


def with_defaults(
    parameters: Iterable[Parameter], values: Mapping[str, JsonValue], asking: Asking, matches: Matches
) -> dict[str, JsonValue]:
    """A value, or None, for every parameter: the one given, else its default."""
    return {
        each.name: default_of(each, asking, matches)
        if is_blank(each, values.get(each.name))
        else values[each.name]
        for each in parameters
    }


def hidden_names(
    parameters: Sequence[Parameter], values: Mapping[str, JsonValue], evaluate: Evaluate
) -> frozenset[str]:
    """The parameters that are not asked while the others have these values. A condition that cannot be computed,
    because a value that it needs is missing, does not hold."""
    conditions = {each.name: each.show_if for each in parameters if each.show_if is not None}
    hidden: frozenset[str] = frozenset()
    # A hidden one has no value, which may hide others. There are no circles, so each round settles at least one.
    for _ in conditions:
        seen = {each.name: None if each.name in hidden else values.get(each.name) for each in parameters}
        now = frozenset(name for name, text in conditions.items() if not _holds(text, seen, evaluate))
        if now == hidden:
            break
        hidden = now
    return hidden


def deciding_names(parameters: Sequence[Parameter]) -> frozenset[str]:
    """The parameters whose values decide whether others are asked, or what can be chosen there."""
    words = {word for each in parameters for word in _WORD.findall(each.show_if or "")}
    words.update(name for each in parameters if each.source for name in each.source.uses)
    return frozenset(each.name for each in parameters if each.name in words)


def _holds(text: str, values: Mapping[str, JsonValue], evaluate: Evaluate) -> bool:
    try:
        return evaluate.condition(text, {"params": dict(values)})
    except ExpressionProblem:
        return False


def _moment(kind: ParameterType, now: datetime | None) -> JsonValue:
    if now is None:
        return None
    if kind is ParameterType.DATETIME:
        return written(now.replace(second=0, microsecond=0))
    return f"{now:%H:%M}" if kind is ParameterType.TIME else now.date().isoformat()


def _id(parameter: Parameter, value: str | None, shape: re.Pattern[str]) -> JsonValue:
    if value is None or not shape.fullmatch(value):
        return None
    return [value] if parameter.type in LISTS else value
