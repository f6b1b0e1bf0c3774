"""The `parameters` of a workflow file."""

from __future__ import annotations

import re

from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.parameters import value_mistake
from engine.core.text import did_you_mean, excerpt, humanize, listed
from engine.patterns import matches, pattern_mistake
from engine.yaml_fields import Fields, as_text
from engine.yaml_nodes import Items, Mistakes, Scalar, Table

MAX_PARAMETERS = 40
"""A dialog in Slack has room for no more."""

MAX_OPTIONS = 1000
MAX_OPTION_LENGTH = 300

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
IDENTIFIER_HINT = "Use up to 64 small letters, digits and _, beginning with a letter."

KEYS = (
    "type",
    "title",
    "hint",
    "required",
    "default",
    "options",
    "pattern",
    "min",
    "max",
    "min_length",
    "max_length",
)

_NUMBERS = (ParameterType.INTEGER, ParameterType.NUMBER)
_TEXTS = (ParameterType.STRING, ParameterType.TEXT)
_CHOICES = (ParameterType.CHOICE, ParameterType.MULTI_CHOICE)

_BELONGS_TO: dict[str, tuple[ParameterType, ...]] = {
    "options": _CHOICES,
    "pattern": _TEXTS,
    "min": (*_NUMBERS, ParameterType.DATE),
    "max": (*_NUMBERS, ParameterType.DATE),
    "min_length": (*_TEXTS, ParameterType.MULTI_CHOICE),
    "max_length": (*_TEXTS, ParameterType.MULTI_CHOICE),
}


def read_parameters(fields: Fields) -> tuple[Parameter, ...]:
    """All parameters of the file's top mapping, in its order."""
    found: list[Parameter] = []
    for key, node in fields.entries("parameters"):
        if not IDENTIFIER.fullmatch(key.text):
            fields.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be a parameter's name. {IDENTIFIER_HINT}",
            )
        elif isinstance(node, Table):
            found.append(_read_parameter(key.text, node, fields.mistakes))
        else:
            fields.mistakes.add(
                node.place, "WF-TYPE", f"Write parameter '{key.text}' as a mapping, such as {{type: string}}."
            )
    if len(found) > MAX_PARAMETERS:
        fields.add(
            "parameters",
            "WF-LIMIT",
            f"There are {len(found)} parameters; a form has room for at most {MAX_PARAMETERS}.",
        )
    return tuple(found)


def _read_parameter(name: str, table: Table, mistakes: Mistakes) -> Parameter:
    mistakes_before = len(mistakes.found)
    fields = Fields(table, mistakes, f"parameter '{name}'", KEYS)
    kind = _read_type(fields)
    if kind is None:
        return Parameter(name, ParameterType.STRING, name)
    _refuse_foreign_keys(fields, kind)
    parameter = Parameter(
        name=name,
        type=kind,
        title=fields.text("title", longest=150) or humanize(name),
        hint=fields.text("hint", longest=500) or "",
        required=fields.boolean("required") or False,
        default=_read_default(fields, kind),
        options=_read_options(fields, kind),
        pattern=_read_pattern(fields),
        minimum=_read_bound(fields, kind, "min"),
        maximum=_read_bound(fields, kind, "max"),
        min_length=fields.integer("min_length", least=0, most=3000),
        max_length=fields.integer("max_length", least=1, most=3000),
    )
    _check_bounds(fields, parameter)
    if len(mistakes.found) == mistakes_before:
        _check_default(fields, parameter)
    return parameter


def _read_type(fields: Fields) -> ParameterType | None:
    fields.require("type", "string")
    text = fields.text("type")
    kinds = [kind.value for kind in ParameterType]
    if text is None:
        return None
    if text not in kinds:
        fields.add(
            "type",
            "PARAM-TYPE-UNKNOWN",
            f"There is no type '{excerpt(text)}'.{did_you_mean(text, kinds)} Choose from: {listed(kinds)}.",
        )
        return None
    return ParameterType(text)


def _refuse_foreign_keys(fields: Fields, kind: ParameterType) -> None:
    for key, kinds in _BELONGS_TO.items():
        if key in fields and kind not in kinds:
            fields.mistakes.add(
                fields.key_place(key),
                "PARAM-KEY",
                f"'{key}' has no meaning for type {kind.value}. It belongs to: {listed(kinds)}.",
            )


def _read_options(fields: Fields, kind: ParameterType) -> tuple[str, ...]:
    if kind not in _CHOICES:
        return ()
    fields.require("options", "[one, two]")
    options = fields.texts("options")
    if "options" in fields and isinstance(fields.node("options"), Items) and not fields.scalars("options"):
        fields.add("options", "PARAM-OPTIONS", "There is no option to choose. Write at least one.")
    if len(options) > MAX_OPTIONS:
        fields.add(
            "options", "WF-LIMIT", f"There are {len(options)} options; at most {MAX_OPTIONS} are allowed."
        )
    seen: set[str] = set()
    for option in options:
        if option in seen:
            fields.add("options", "PARAM-OPTIONS", f"The option '{excerpt(option)}' is there twice.")
        if not option.strip() or len(option) > MAX_OPTION_LENGTH or "\n" in option:
            fields.add(
                "options",
                "PARAM-OPTIONS",
                f"An option is one line of 1 to {MAX_OPTION_LENGTH} characters; '{excerpt(option)}' is not.",
            )
        seen.add(option)
    return options


def _read_pattern(fields: Fields) -> str | None:
    pattern = fields.text("pattern")
    reason = pattern_mistake(pattern) if pattern is not None else None
    if pattern is None or reason is None:
        return pattern
    fields.add(
        "pattern",
        "PARAM-REGEX",
        f"'{excerpt(pattern)}' is not a regular expression that can be used: {excerpt(reason)}. "
        "Patterns are RE2, which has no look-around and no back-references.",
    )
    return None


def _read_bound(fields: Fields, kind: ParameterType, key: str) -> int | float | str | None:
    node = fields.node(key)
    if node is None or kind not in _BELONGS_TO[key]:
        return None
    bound = Parameter("bound", kind, "")
    value = node.value if isinstance(node, Scalar) else None
    mistake = value_mistake(bound, value, matches) if value is not None else "A plain value is needed."
    if mistake:
        fields.add(key, "PARAM-RANGE-DEF", f"'{key}': {mistake}")
        return None
    return value


def _check_bounds(fields: Fields, parameter: Parameter) -> None:
    low, high = parameter.minimum, parameter.maximum
    is_empty = (
        low > high
        if isinstance(low, str) and isinstance(high, str)
        else isinstance(low, int | float) and isinstance(high, int | float) and low > high
    )
    if is_empty:
        fields.add("min", "PARAM-RANGE-DEF", f"'min' ({low}) is above 'max' ({high}), so no value would do.")
    short, long = parameter.min_length, parameter.max_length
    if short is not None and long is not None and short > long:
        fields.add("min_length", "PARAM-RANGE-DEF", f"'min_length' ({short}) is above 'max_length' ({long}).")


def _read_default(fields: Fields, kind: ParameterType) -> JsonValue:
    node = fields.node("default")
    if node is None:
        return None
    if isinstance(node, Items) and kind is ParameterType.MULTI_CHOICE:
        return list(fields.texts("default"))
    if isinstance(node, Scalar):
        return _scalar_default(node, fields.mistakes, kind)
    fields.add("default", "PARAM-DEFAULT", f"The default of a {kind.value} cannot be a list or a mapping.")
    return None


def _scalar_default(node: Scalar, mistakes: Mistakes, kind: ParameterType) -> JsonValue:
    if node.value is None or kind in _NUMBERS or kind is ParameterType.BOOLEAN:
        return node.value
    text = as_text(node, mistakes, "'default'")
    return [text] if kind is ParameterType.MULTI_CHOICE and text is not None else text


def _check_default(fields: Fields, parameter: Parameter) -> None:
    mistake = value_mistake(parameter, parameter.default, matches) if parameter.default is not None else None
    if mistake:
        fields.add("default", "PARAM-DEFAULT", f"The default does not fit its own parameter: {mistake}")
