"""The `parameters` of a workflow file."""

from __future__ import annotations

import re

from engine.core.definition import Parameter, ParameterType
from engine.core.options import CHOICES
from engine.core.parameter_values import BOUNDED, LISTS, TEXTS
from engine.core.text import did_you_mean, excerpt, humanize, listed
from engine.files.defaults import check_bounds, check_default, read_bound, read_default
from engine.files.expressions import Templates
from engine.files.fields import Fields
from engine.files.nodes import Mistakes, Table
from engine.files.options import check_sources, read_options, read_source
from engine.files.show_if import check_conditions, read_show_if
from engine.patterns import pattern_mistake

MAX_PARAMETERS = 40
"""A dialog in Slack has room for no more."""

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
    "show_if",
)

_SIZED = (*TEXTS, *LISTS)

BELONGS_TO: dict[str, tuple[ParameterType, ...]] = {
    "default": tuple(kind for kind in ParameterType if kind is not ParameterType.FILE),
    "options": CHOICES,
    "pattern": (*TEXTS, ParameterType.EMAIL, ParameterType.URL),
    "min": BOUNDED,
    "max": BOUNDED,
    "min_length": _SIZED,
    "max_length": _SIZED,
}
"""The keys that not every type has."""


def read_parameters(
    fields: Fields, key: str = "parameters", templates: Templates | None = None
) -> tuple[Parameter, ...]:
    """All parameters below one key of a mapping, in the file's order. `templates` read what computes options;
    without them, nothing may."""
    found: list[Parameter] = []
    places: dict[str, Fields] = {}
    for name, node in fields.entries(key):
        if not IDENTIFIER.fullmatch(name.text):
            fields.mistakes.add(
                name.place,
                "WF-NAME",
                f"'{excerpt(name.text)}' cannot be a parameter's name. {IDENTIFIER_HINT}",
            )
        elif isinstance(node, Table):
            places[name.text] = Fields(node, fields.mistakes, f"parameter '{name.text}'", KEYS)
            found.append(_read_parameter(name.text, places[name.text], fields.mistakes, templates))
        else:
            fields.mistakes.add(
                node.place,
                "WF-TYPE",
                f"Write parameter '{name.text}' as a mapping, such as {{type: string}}.",
            )
    if len(found) > MAX_PARAMETERS:
        fields.add(
            key,
            "WF-LIMIT",
            f"There are {len(found)} parameters; a form has room for at most {MAX_PARAMETERS}.",
        )
    check_sources(found, places, fields.mistakes)
    return check_conditions(found, places)


def _read_parameter(name: str, fields: Fields, mistakes: Mistakes, templates: Templates | None) -> Parameter:
    mistakes_before = len(mistakes.found)
    kind = _read_type(fields)
    if kind is None:
        return Parameter(name, ParameterType.STRING, name)
    _refuse_foreign_keys(fields, kind)
    source = read_source(fields, templates) if kind in CHOICES else None
    default, computed = read_default(fields, kind) if kind in BELONGS_TO["default"] else (None, None)
    parameter = Parameter(
        name=name,
        type=kind,
        title=fields.text("title", longest=150) or humanize(name),
        hint=fields.text("hint", longest=500) or "",
        required=fields.boolean("required") or False,
        default=default,
        options=read_options(fields) if kind in CHOICES and not _are_computed(fields) else (),
        pattern=_read_pattern(fields),
        minimum=read_bound(fields, kind, "min") if kind in BELONGS_TO["min"] else None,
        maximum=read_bound(fields, kind, "max") if kind in BELONGS_TO["max"] else None,
        min_length=fields.integer("min_length", least=0, most=3000),
        max_length=fields.integer("max_length", least=1, most=3000),
        computed=computed,
        show_if=read_show_if(fields),
        source=source,
    )
    if len(mistakes.found) == mistakes_before:
        check_bounds(fields, parameter)
        check_default(fields, parameter)
    return parameter


def _are_computed(fields: Fields) -> bool:
    return isinstance(fields.node("options"), Table)


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
            f"There is no type '{excerpt(text)}'.{did_you_mean(text, kinds)} "
            f"Choose from: {listed(kinds, most=len(kinds))}.",
        )
        return None
    return ParameterType(text)


def _refuse_foreign_keys(fields: Fields, kind: ParameterType) -> None:
    for key, kinds in BELONGS_TO.items():
        if key in fields and kind not in kinds:
            fields.mistakes.add(
                fields.key_place(key),
                "PARAM-KEY",
                f"'{key}' has no meaning for type {kind.value}. It belongs to: {listed(kinds, most=20)}.",
            )


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
