"""Views: modals and Home tabs as given to views.open, push, update and publish."""

from typing import Any

from sandbox.types import Json
from sandbox.validation.blocks import Surface, check_blocks
from sandbox.validation.objects import plain_text
from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    boolean,
    broken,
    missing,
    record,
    text,
    wrong_type,
)

MOST_BYTES = 250_000


def _anything(value: Any, at: str) -> Problems:
    yield from ()


_SHARED: dict[str, Rule] = {
    "callback_id": text(255, 0),
    "external_id": text(255, 0),
    "private_metadata": text(3000, 0),
}
_MODAL = record(
    {"title": plain_text(24), "blocks": _anything},
    _SHARED
    | {
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = record({"blocks": _anything}, _SHARED)


def check_view(view: Any, surface: Surface, at: str = "/view") -> list[Problem]:
    """Everything that is wrong with a view meant for this surface ('modal' or 'home')."""
    if not isinstance(view, dict):
        return [wrong_type("must provide an object", at)]
    if "type" not in view:
        return [missing("type", at)]
    if view["type"] != surface:
        return [broken("enum", [surface], "must be a valid enum value", f"{at}/type")]
    given = {key: value for key, value in view.items() if value is not None}
    problems = list((_MODAL if surface == "modal" else _HOME)(given, at))
    if "blocks" in given:
        problems += check_blocks(given["blocks"], surface, f"{at}/blocks")
    return problems or _needs_submit(view, at)


def _needs_submit(view: Json, at: str) -> list[Problem]:
    if view["type"] != "modal" or view.get("submit"):
        return []
    sentence = "must define `submit` to use an `input` block in modals"
    return [
        Problem(sentence, f"{at}/blocks/{index}/input")
        for index, block in enumerate(view["blocks"])
        if block["type"] == "input"
    ]
