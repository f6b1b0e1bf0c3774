"""The forms that are open before people, as far as this process has drawn them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blocks.values import FormDraft, decode
from engine.core.definition import JsonValue, Workflow
from engine.core.permission import Principal

MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """A form as it was drawn for a person: the view, and the values it was made from."""

    view: Mapping[str, Any]
    principal: Principal
    workflow: Workflow
    given: Mapping[str, JsonValue]

    @property
    def draft(self) -> FormDraft | None:
        return decode(FormDraft, self.view.get("private_metadata"))


@dataclass(slots=True)
class OpenForm:
    """A form before a person: its newest change, what it shows since we last changed it, and how it was drawn."""

    newest: str = ""
    shown: frozenset[str] | None = None
    drawing: Drawing | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class OpenForms:
    """Lives in one event loop. Forms unchanged for long are forgotten; Slack then says what they show."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, OpenForm] = OrderedDict()

    def get(self, view_id: str) -> OpenForm:
        form = self._forms.setdefault(view_id, OpenForm())
        self._forms.move_to_end(view_id)
        while len(self._forms) > MOST_REMEMBERED:
            self._forms.popitem(last=False)
        return form

    def renew(self, view_id: str) -> OpenForm:
        """The same for a form that has just been drawn from its start."""
        self._forms.pop(view_id, None)
        return self.get(view_id)
