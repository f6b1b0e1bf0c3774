"""What a form depends on besides its workflow: who asks, when and where, and what was filled in so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from blocks.fields import NO_GROUPS, Groups
from bot.slack.services import Services
from engine.asking import asking_of
from engine.core.asking import NOBODY, Asking, hidden_names, with_defaults
from engine.core.definition import JsonValue, ParameterType, Workflow
from engine.core.permission import Principal


@dataclass(frozen=True, slots=True)
class Facts:
    """`values` are those given, completed with defaults; `hidden` parameters are not asked while they hold."""

    values: Mapping[str, JsonValue]
    hidden: frozenset[str]
    groups: Groups

    @property
    def asked(self) -> dict[str, JsonValue]:
        """The values of the parameters that are asked."""
        return {
            name: value
            for name, value in self.values.items()
            if name not in self.hidden and value is not None
        }


async def facts_of(
    services: Services,
    principal: Principal,
    workflow: Workflow,
    channel_id: str | None,
    given: Mapping[str, JsonValue],
) -> Facts:
    """For the form of this person, as it is now. What Slack has to be asked for is rarely older than a minute, and
    left out when it does not come in time."""
    asking = await _asking(services, principal, workflow, channel_id)
    values = with_defaults(workflow.parameters, given, asking, services.engine.matches)
    hidden = hidden_names(workflow.parameters, values, services.engine.evaluate)
    asks_for_group = any(each.type is ParameterType.GROUP for each in workflow.parameters)
    groups = await services.identity.groups() if asks_for_group else None
    return Facts(values, hidden, groups or NO_GROUPS)


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
