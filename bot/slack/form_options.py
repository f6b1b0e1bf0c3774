"""The computed options of a form: found among earlier answers, or asked of the workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from blocks.options import Computed
from engine.advance import Engine
from engine.core.asking import Asking, hidden_names, with_defaults
from engine.core.definition import JsonValue, OptionsSource, Parameter, Workflow
from engine.core.options import inputs_of, missing_for, with_options
from engine.core.parameter_values import is_blank, value_mistake
from engine.core.permission import Principal
from store import look_ups
from store.look_ups import Inputs, LookUp, key_of

NOBODY_ANSWERED = "no worker has answered in time"


@dataclass(slots=True)
class Options:
    """`parameters` have the options that are known by now; `given` are the values without those that are not among
    them, about which `mistakes` tell."""

    parameters: list[Parameter]
    given: dict[str, JsonValue]
    computed: dict[str, Computed] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)


def options_of_form(
    engine: Engine,
    principal: Principal,
    workflow: Workflow,
    given: Mapping[str, JsonValue],
    asking: Asking,
    shown: Mapping[str, str],
) -> Options:
    """How it stands with the options of what is asked. `shown` names the look-ups that the form shows, by
    parameter: as long as nothing that they depend on changes, they stay."""
    options = Options([*workflow.parameters], dict(given))
    if all(each.source is None for each in workflow.parameters):
        return options
    with engine.database.read() as c:
        rows = look_ups.load(c, principal.team_id, shown.values())
    for at, parameter in enumerate(workflow.parameters):
        source = parameter.source
        values = with_defaults(options.parameters, options.given, asking, engine.matches)
        hidden = hidden_names(options.parameters, values, engine.evaluate)
        if source is None or parameter.name in hidden:
            continue
        missing = _missing(engine, parameter, options, values, hidden)
        if missing:
            options.computed[parameter.name] = Computed(waits_for=missing)
            continue
        inputs = inputs_of(source, values, hidden)
        found = rows.get(shown.get(parameter.name, ""))
        if found is None or found.key != key_of(workflow.digest, parameter.name, inputs):
            found = _ask(engine, principal.team_id, workflow, parameter.name, source, inputs)
        options.computed[parameter.name] = _computed(found)
        if found.options:
            options.parameters[at] = with_options(parameter, found.options)
            _drop_unknown(options, options.parameters[at], values[parameter.name], engine)
    return options


def _missing(
    engine: Engine,
    parameter: Parameter,
    options: Options,
    values: Mapping[str, JsonValue],
    hidden: Collection[str],
) -> tuple[str, ...]:
    """The titles of what has to be filled in before: also of what has no options itself so far."""
    used = parameter.source.uses if parameter.source else ()
    unsettled = [each for each in options.parameters if each.name in used and each.source is not None]
    missing = missing_for(parameter, options.parameters, values, hidden, engine.matches)
    names = {each.name for each in (*missing, *unsettled)} - set(hidden)
    return tuple(each.title or each.name for each in options.parameters if each.name in names)


def _ask(
    engine: Engine, team_id: str, workflow: Workflow, name: str, source: OptionsSource, inputs: Inputs
) -> LookUp:
    with engine.database.write() as c:
        found, is_new = look_ups.ask(c, team_id, workflow, name, inputs, int(source.cache_seconds * 1000))
    if is_new:
        engine.ring()
    return found


def _computed(found: LookUp) -> Computed:
    if found.options:
        return Computed(found.id, found.options)
    return Computed(found.id, error=found.error or (NOBODY_ANSWERED if found.is_late else ""))


def _drop_unknown(options: Options, parameter: Parameter, value: JsonValue, engine: Engine) -> None:
    """Take a value out that is not among the options, and say so; of several, those that are not."""
    if is_blank(parameter, value):
        return
    mistake = value_mistake(parameter, value, engine.matches)
    if mistake is None:
        return
    options.mistakes[parameter.name] = mistake
    if isinstance(value, list):
        options.given[parameter.name] = [each for each in value if each in parameter.options]
    else:
        options.given.pop(parameter.name, None)
