"""Options that are computed: read from what a command or a service gave, and put into their parameter."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.core.definition import JsonValue, OptionsSource, Parameter, ParameterType, Workflow
from engine.core.parameter_values import Matches, value_mistake
from engine.core.text import excerpt, find_forbidden

MAX_OPTIONS = 1000
MAX_OPTION_LENGTH = 300
MAX_COMPUTED_LENGTH = 150
"""Of computed options, whose values Slack carries as they are."""

CHOICES = (ParameterType.CHOICE, ParameterType.MULTI_CHOICE)
"""The types that have options."""


@dataclass(frozen=True, slots=True)
class Option:
    """`value` is what a run is given, `label` what people read."""

    value: str
    label: str


class BadOptions(Exception):
    """What was given cannot be options; the text is a sentence for people, without its full stop."""


def options_of_text(text: str) -> tuple[Option, ...]:
    """Those in the output of a command: a JSON list, or one a line. Raises BadOptions."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list):
        value = [line.strip() for line in text.splitlines() if line.strip()]
    return read_options(value)


def read_options(value: JsonValue) -> tuple[Option, ...]:
    """Those in a JSON list of texts, or of mappings with `value` and perhaps `label`. Raises BadOptions."""
    if not isinstance(value, list):
        raise BadOptions("it gave no list of options")
    found = dict.fromkeys(_option(number, entry) for number, entry in enumerate(value, 1))
    options = {option.value: option for option in reversed(found)}
    if not options:
        raise BadOptions("there is nothing to choose from")
    if len(options) > MAX_OPTIONS:
        raise BadOptions(f"it gave {len(options):,} options, and at most {MAX_OPTIONS:,} can be chosen from")
    return tuple(reversed(options.values()))


def _option(number: int, entry: JsonValue) -> Option:
    value = entry.get("value") if isinstance(entry, dict) else entry
    label = entry.get("label", value) if isinstance(entry, dict) else entry
    if not isinstance(value, str) or not isinstance(label, str):
        raise BadOptions(f"option {number} is neither a text nor a mapping with a value and a label")
    for text in (value, label):
        if not text.strip() or len(text) > MAX_COMPUTED_LENGTH or find_forbidden(text, allow_lines=False):
            raise BadOptions(
                f"option {number}, '{excerpt(text)}', is not one line of 1 to {MAX_COMPUTED_LENGTH} characters"
            )
    return Option(value, label)


def with_options(parameter: Parameter, options: Sequence[Option]) -> Parameter:
    """The parameter with its options known."""
    return replace(
        parameter,
        source=None,
        options=tuple(option.value for option in options),
        labels=tuple(option.label for option in options),
    )


def with_known_options(workflow: Workflow, known: Mapping[str, Sequence[Option]]) -> Workflow:
    """The workflow with the options of these parameters known."""
    if not known:
        return workflow
    parameters = tuple(
        with_options(each, known[each.name]) if each.source and each.name in known else each
        for each in workflow.parameters
    )
    return replace(workflow, parameters=parameters)


def inputs_of(
    source: OptionsSource, values: Mapping[str, JsonValue], hidden: Collection[str]
) -> dict[str, JsonValue]:
    """What the source is given, of these values of all parameters."""
    return {name: None if name in hidden else values.get(name) for name in source.uses}


def missing_for(
    parameter: Parameter,
    parameters: Sequence[Parameter],
    values: Mapping[str, JsonValue],
    hidden: Collection[str],
    matches: Matches,
) -> tuple[Parameter, ...]:
    """The parameters that have to be filled in before this one's options can be found out."""
    used = parameter.source.uses if parameter.source else ()
    return tuple(
        each
        for each in parameters
        if each.name in used
        and each.name not in hidden
        and value_mistake(each, values.get(each.name), matches)
    )
