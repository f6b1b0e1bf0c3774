"""What a form depends on besides its workflow: who asks, when and where, and what was filled in so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType

from blocks.fields import NO_GROUPS, Groups
from blocks.options import Computed
from bot.slack.form_options import options_of_form
from bot.slack.services import Services
from engine.asking import asking_of
from engine.core.asking import NOBODY, Asking, hidden_names, with_defaults
from engine.core.definition import JsonValue, ParameterType, Workflow
from engine.core.options import Option
from engine.core.permission import Principal


@dataclass(frozen=True, slots=True)
class Facts:
    """`values` are those given, completed with defaults; `hidden` parameters are not asked while they hold.
    `computed` is how it stands with the options of those that are; `mistakes` are values not among them."""

    values: Mapping[str, JsonValue]
    hidden: frozenset[str]
    groups: Groups
    computed: Mapping[str, Computed]
    mistakes: Mapping[str, str]

    @property
    def asked(self) -> dict[str, JsonValue]:
        """The values of the parameters that are asked."""
        return {
            name: value
            for name, value in self.values.items()
            if name not in self.hidden and value is not None
        }

    @property
    def options(self) -> dict[str, Sequence[Option]]:
        """The computed options that are there."""
        return {name: found.options for name, found in self.computed.items() if found.options}

    @property
    def look_ups(self) -> dict[str, str]:
        """Those whose options the form shows, or waits for, by parameter."""
        return {name: found.look_up_id for name, found in self.computed.items() if found.look_up_id}

    def obstacles(self, workflow: Workflow) -> dict[str, str]:
        """What to do first about each parameter that nothing can be started without, and that has no options."""
        needed = {each.name for each in workflow.parameters if each.required} | self.asked.keys()
        return {
            name: found.advice
            for name, found in self.computed.items()
            if not found.options and name in needed
        }


async def facts_of(
    services: Services,
    principal: Principal,
    workflow: Workflow,
    channel_id: str | None,
    given: Mapping[str, JsonValue],
    shown: Mapping[str, str] = MappingProxyType({}),
) -> Facts:
    """For the form of this person, as it is now. What Slack has to be asked for is rarely older than a minute, and
    left out when it does not come in time. `shown` names the look-ups whose options it shows, by parameter."""
    asking = await _asking(services, principal, workflow, channel_id)
    engine = services.engine
    options = await services.call(options_of_form, engine, principal, workflow, given, asking, shown)
    values = with_defaults(options.parameters, options.given, asking, engine.matches)
    hidden = hidden_names(options.parameters, values, engine.evaluate)
    asks_for_group = any(each.type is ParameterType.GROUP for each in workflow.parameters)
    groups = await services.identity.groups() if asks_for_group else None
    computed = {name: found for name, found in options.computed.items() if name not in hidden}
    return Facts(values, hidden, groups or NO_GROUPS, computed, options.mistakes)


async def _asking(
    services: Services, principal: Principal, workflow: Workflow, channel_id: str | None
) -> Asking:
    if all(each.computed is None for each in workflow.parameters):
        return NOBODY
    zone = await services.identity.zone(principal.user_id)

    def read(zone: tzinfo) -> Asking:
        with services.engine.database.read() as c:
            return asking_of(c, principal, workflow, channel_id, zone)

    return await services.call(read, zone)
