"""Defaults and bounds of the parameters in a workflow file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.definition import ComputedDefault, JsonValue, Parameter, ParameterType
from engine.core.parameter_text import normal_value
from engine.core.parameter_values import LISTS, NUMBERS, is_blank, order, value_mistake
from engine.core.text import did_you_mean, listed
from engine.expressions import holds_expression
from engine.files.fields import Fields, as_text
from engine.files.nodes import Items, Mistakes, Node, Scalar, Table
from engine.patterns import matches

COMPUTED_FOR: Mapping[ComputedDefault, tuple[ParameterType, ...]] = {
    ComputedDefault.TODAY: (ParameterType.DATE,),
    ComputedDefault.NOW: (ParameterType.TIME, ParameterType.DATETIME),
    ComputedDefault.ME: (ParameterType.USER, ParameterType.USERS),
    ComputedDefault.CHANNEL: (ParameterType.CHANNEL, ParameterType.CHANNELS),
    ComputedDefault.LAST: tuple(kind for kind in ParameterType if kind is not ParameterType.FILE),
}

_WORD_ALONE = re.compile(r"\s*\{\{-?\s*([A-Za-z_][A-Za-z0-9_]*)\s*-?\}\}\s*")


def read_default(fields: Fields, kind: ParameterType) -> tuple[JsonValue, ComputedDefault | None]:
    """The default, or how it is computed when a person opens the form."""
    node = fields.node("default")
    if node is None:
        return None, None
    if _holds_expression(node):
        return None, _read_computed(fields, node, kind)
    if kind is ParameterType.JSON:
        return _plain(node), None
    if isinstance(node, Items) and kind in LISTS:
        return list(fields.texts("default")), None
    if isinstance(node, Scalar):
        return _read_scalar(node, fields.mistakes, kind), None
    fields.add("default", "PARAM-DEFAULT", f"The default of a {kind.value} cannot be a list or a mapping.")
    return None, None


def check_default(fields: Fields, parameter: Parameter) -> None:
    """Add a mistake when the default does not follow its own parameter's rules."""
    mistake = value_mistake(parameter, parameter.default, matches) if parameter.default is not None else None
    if mistake:
        fields.add("default", "PARAM-DEFAULT", f"The default does not fit its own parameter: {mistake}")


def _read_computed(fields: Fields, node: Node, kind: ParameterType) -> ComputedDefault | None:
    word = _WORD_ALONE.fullmatch(node.text) if isinstance(node, Scalar) else None
    known = [f"{{{{ {each.value} }}}}" for each in ComputedDefault]
    if word is None or word[1] not in list(ComputedDefault):
        suggestion = did_you_mean(word[1], [each.value for each in ComputedDefault]) if word else ""
        fields.add(
            "default",
            "PARAM-DEFAULT",
            f"A default is a plain value or exactly one of: {listed(known)}.{suggestion}",
        )
        return None
    computed = ComputedDefault(word[1])
    if kind not in COMPUTED_FOR[computed]:
        fits = [each.value for each in COMPUTED_FOR[computed]]
        fields.add(
            "default",
            "PARAM-DEFAULT",
            f"'{{{{ {computed} }}}}' gives no value of type {kind.value}. It is for: {listed(fits, most=20)}.",
        )
        return None
    return computed


def _holds_expression(node: Node) -> bool:
    match node:
        case Table(entries=entries):
            return any(_holds_expression(entry.node) for entry in entries.values())
        case Items(nodes=nodes):
            return any(map(_holds_expression, nodes))
        case Scalar(value=value):
            return isinstance(value, str) and holds_expression(value)


def _plain(node: Node) -> JsonValue:
    """The YAML as JSON."""
    match node:
        case Table(entries=entries):
            return {key: _plain(entry.node) for key, entry in entries.items()}
        case Items(nodes=nodes):
            return [_plain(each) for each in nodes]
        case Scalar(value=value):
            return value


def _read_scalar(node: Scalar, mistakes: Mistakes, kind: ParameterType) -> JsonValue:
    if node.value is None or kind in NUMBERS or kind is ParameterType.BOOLEAN:
        return node.value
    if kind is ParameterType.DURATION and (seconds := _seconds(node)) is not None:
        return seconds
    text = as_text(node, mistakes, "'default'")
    return [text] if kind in LISTS and text is not None else normal_value(kind, text)


def _seconds(node: Scalar) -> str | None:
    """A plain number of seconds as a duration; None for what is not a number."""
    is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return f"{node.text}s" if is_number else None


# --- bounds


def read_bound(fields: Fields, kind: ParameterType, key: str) -> int | float | str | None:
    """`min` or `max` of a type that has them."""
    node = fields.node(key)
    if node is None:
        return None
    value = node.value if isinstance(node, Scalar) else None
    if kind is ParameterType.DURATION and isinstance(node, Scalar):
        value = _seconds(node) or value
    bound = normal_value(kind, value)
    mistake = value_mistake(Parameter("bound", kind, ""), bound, matches)
    if is_blank(Parameter("bound", kind, ""), bound):
        mistake = "A plain value is needed."
    if mistake or not isinstance(bound, int | float | str):
        fields.add(key, "PARAM-RANGE-DEF", f"'{key}': {mistake}")
        return None
    return bound


def check_bounds(fields: Fields, parameter: Parameter) -> None:
    """Add a mistake when no value could lie between the bounds."""
    low, high, kind = parameter.minimum, parameter.maximum, parameter.type
    if low is not None and high is not None and order(kind, low) > order(kind, high):  # type: ignore[operator]
        fields.add("min", "PARAM-RANGE-DEF", f"'min' ({low}) is above 'max' ({high}), so no value would do.")
    short, long = parameter.min_length, parameter.max_length
    if short is not None and long is not None and short > long:
        fields.add("min_length", "PARAM-RANGE-DEF", f"'min_length' ({short}) is above 'max_length' ({long}).")
