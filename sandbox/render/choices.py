"""What can be chosen in an element, and what is chosen now: what was typed, else the initial value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.render.context import Context
from sandbox.types import Json

TEXTS = frozenset(
    {"plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input"}
)

# element type -> (key in state.values, key of the initial value in the element)
_KEYS: dict[str, tuple[str, str]] = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "rich_text_input": ("rich_text_value", "initial_value"),
}


@dataclass(frozen=True)
class Option:
    """`text` and `description` are Slack text objects or bare strings."""

    value: str
    text: Json | str
    description: Json | str | None = None


@dataclass(frozen=True)
class Group:
    label: Json | str | None
    options: tuple[Option, ...]


def current(element: Json, block_id: str, context: Context) -> Any:
    """The raw value: a string, an option object, a list of either, or None."""
    in_state, initial = _KEYS.get(element["type"], ("value", "initial_value"))
    typed = context.surface.values.get(block_id, {}).get(element.get("action_id", ""))
    if typed is not None and in_state in typed:
        return typed[in_state]
    if element.get("default_to_current_conversation") and element.get(initial) is None:
        return [context.channel] if element["type"].startswith("multi_") else context.channel
    return element.get(initial)


def chosen_values(raw: Any) -> list[str]:
    """The values behind what `current` gave, always as a list."""
    many = raw if isinstance(raw, list) else [] if raw is None else [raw]
    return [str(one.get("value")) if isinstance(one, dict) else str(one) for one in many]


def options(element: Json, context: Context) -> list[Group]:
    """The options of a select, in their groups; those of people and channels come from the workspace."""
    kind = element["type"].removeprefix("multi_")
    if kind == "users_select":
        return [Group(None, tuple(Option(i, name) for i, name in context.people.items()))]
    if kind == "channels_select":
        public = (i for i in context.channels if context.kinds.get(i, "public_channel") == "public_channel")
        return [Group(None, tuple(Option(i, context.label(i)) for i in public))]
    if kind == "conversations_select":
        return [Group(None, tuple(Option(i, context.label(i)) for i in _conversations(element, context)))]
    if element.get("option_groups"):
        return [Group(group["label"], tuple(_read(group["options"]))) for group in element["option_groups"]]
    return [Group(None, tuple(_read(element.get("options") or [])))]


_INCLUDED = {"public_channel": "public", "private_channel": "private"}


def _conversations(element: Json, context: Context) -> list[str]:
    """Those that the element's filter lets through: {include: [public, private, im, mpim], exclude_bot_users}."""
    wanted = (element.get("filter") or {}).get("include") or ["public", "private", "im", "mpim"]
    without_bots = bool((element.get("filter") or {}).get("exclude_bot_users"))
    kinds = {i: context.kinds.get(i, "public_channel") for i in context.channels}
    found = [i for i, kind in kinds.items() if _INCLUDED.get(kind, kind) in wanted]
    return [i for i in found if not (without_bots and i in context.with_bots)]


def _read(raw: list[Json]) -> Iterator[Option]:
    for option in raw:
        yield Option(str(option["value"]), option["text"], option.get("description"))


def flat_text(value: Any) -> str:
    """The words of a rich_text value, or the string itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(flat_text(one) for one in value)
    if isinstance(value, dict):
        inner = flat_text(value.get("elements", [])) or str(value.get("text") or "")
        return inner + ("\n" if value.get("type") == "rich_text_section" else "")
    return ""
