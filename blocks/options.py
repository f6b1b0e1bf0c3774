"""Computed options in a form: what stands in the place of their field while they are not there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from blocks.ids import ActionId, options_block_id
from blocks.parts import OPTIONS_PER_MENU, button, option
from blocks.text import context, safe, section
from blocks.types import Block
from blocks.values import ParameterRef
from engine.core.definition import Parameter
from engine.core.options import Option

_TITLE_LIMIT = 100
_REASON_LIMIT = 600


@dataclass(frozen=True, slots=True)
class Computed:
    """How it stands with the options of one parameter: they are there, cannot be had (`error`), wait for values of
    parameters with these titles, or are being looked up."""

    look_up_id: str = ""
    options: tuple[Option, ...] = ()
    error: str = ""
    waits_for: tuple[str, ...] = ()

    @property
    def is_loading(self) -> bool:
        return not (self.options or self.error or self.waits_for)

    @property
    def advice(self) -> str:
        """What to do about it before a run can be started."""
        if self.waits_for:
            return f"Fill in {' and '.join(self.waits_for)} first."
        if self.error:
            return (
                "Its options could not be loaded. Press Try Again, then Start Execution once they are there."
            )
        return "Its options are still being loaded. Press Start Execution again once they are there."


def note(parameter: Parameter, computed: Computed) -> Block:
    """What is said in place of the field. Its block id changes with what it says."""
    title = safe(parameter.title or parameter.name, _TITLE_LIMIT)
    if computed.waits_for:
        first = " and ".join(f"*{safe(each, _TITLE_LIMIT)}*" for each in computed.waits_for)
        block = context(f"*{title}*: fill in {first} first.")
    elif computed.error:
        reason = safe(computed.error, _REASON_LIMIT)
        again = button("Try Again", ActionId.OPTIONS_AGAIN, ParameterRef(parameter.name))
        block = section(f"*{title}*: the options could not be loaded: {reason}.") | {"accessory": again}
    else:
        block = context(f"Loading the options of *{title}* …")
    said = repr((computed.look_up_id, computed.error, computed.waits_for))
    version = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:8]
    return block | {"block_id": options_block_id(parameter.name, version)}


def suggestions(options: Sequence[Option], typed: str) -> list[Block]:
    """The first options in which what somebody typed occurs."""
    words = typed.lower().split()
    found = (each for each in options if all(word in f"{each.label} {each.value}".lower() for word in words))
    return [option(each.label, each.value) for each, _ in zip(found, range(OPTIONS_PER_MENU), strict=False)]
