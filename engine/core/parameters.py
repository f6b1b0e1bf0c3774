"""Values for a workflow's parameters: typed, checked, completed with defaults; and read from plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.core.asking import NOBODY, Asking, hidden_names, missing_default, with_defaults
from engine.core.definition import JsonValue, Parameter, Workflow
from engine.core.errors import InvalidParameters
from engine.core.evaluate import Evaluate
from engine.core.parameter_text import normal_value, parse_text_value
from engine.core.parameter_values import Matches, value_mistake
from engine.core.text import did_you_mean, excerpt, listed


def check_parameters(
    workflow: Workflow,
    values: Mapping[str, JsonValue],
    matches: Matches,
    asking: Asking = NOBODY,
    evaluate: Evaluate | None = None,
) -> dict[str, JsonValue]:
    """The values of every declared parameter, defaults filled in; what has neither is None, and so is what a
    `show_if` hides (without `evaluate`, nothing is hidden). InvalidParameters holds all mistakes at once."""
    return check_values(workflow.name, workflow.parameters, values, matches, asking, evaluate)


def check_values(
    owner: str,
    parameters: Sequence[Parameter],
    values: Mapping[str, JsonValue],
    matches: Matches,
    asking: Asking = NOBODY,
    evaluate: Evaluate | None = None,
) -> dict[str, JsonValue]:
    """The same for any list of fields. `owner` is what asks for them, in sentences."""
    mistakes = _unknown_names(owner, parameters, values)
    completed = with_defaults(parameters, values, asking, matches)
    checked = {each.name: normal_value(each.type, completed[each.name]) for each in parameters}
    hidden = hidden_names(parameters, checked, evaluate) if evaluate else frozenset()
    for parameter in parameters:
        name = parameter.name
        if name in hidden:
            checked[name] = None
        elif mistake := value_mistake(parameter, checked[name], matches):
            mistakes[name] = mistake + (missing_default(parameter) if checked[name] is None else "")
    if mistakes:
        raise InvalidParameters(mistakes)
    return checked


def parse_text_parameters(
    workflow: Workflow, texts: Mapping[str, str], matches: Matches
) -> tuple[dict[str, JsonValue], dict[str, str]]:
    """Typed values of `key=value` texts, and a sentence for each text that gives none. What is missing is no
    mistake here: a form may ask for it."""
    mistakes = _unknown_names(workflow.name, workflow.parameters, texts)
    values: dict[str, JsonValue] = {}
    for parameter in workflow.parameters:
        if not texts.get(parameter.name, "").strip():
            continue
        value = parse_text_value(parameter, texts[parameter.name])
        mistake = value_mistake(parameter, value, matches)
        if mistake:
            mistakes[parameter.name] = mistake
        else:
            values[parameter.name] = value
    return values, mistakes


def _unknown_names(
    owner: str, parameters: Sequence[Parameter], values: Mapping[str, object]
) -> dict[str, str]:
    known = [parameter.name for parameter in parameters]
    allowed = f"It has: {listed(known)}." if known else "It has none."
    return {
        excerpt(name): f"{owner} has no such parameter. {allowed}{did_you_mean(name, known)}"
        for name in values
        if name not in known
    }
