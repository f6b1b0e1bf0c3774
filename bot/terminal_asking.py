"""Questions of steps at the terminal: a line for each field, read as its type."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.prompt import Prompt

from bot.terminal_view import plain
from engine.advance import Engine
from engine.core.asking import hidden_names
from engine.core.definition import JsonValue, Parameter, ParameterType
from engine.core.parameter_text import parse_text_value
from engine.core.parameter_values import value_mistake
from engine.core.text import as_plain_text


def ask_fields(console: Console, engine: Engine, fields: Sequence[Parameter]) -> dict[str, JsonValue]:
    """A value, or None, for each field that is asked, in their order; each is asked until it is right. Raises
    KeyboardInterrupt and EOFError."""
    values: dict[str, JsonValue] = {each.name: each.default for each in fields}
    for field in fields:
        if field.name not in hidden_names(fields, values, engine.evaluate):
            values[field.name] = _ask_field(console, engine, field)
    hidden = hidden_names(fields, values, engine.evaluate)
    return {name: value for name, value in values.items() if value is not None and name not in hidden}


def _ask_field(console: Console, engine: Engine, field: Parameter) -> JsonValue:
    while True:
        text = Prompt.ask(
            plain(_label(field)), console=console, default=_default(field), show_default=bool(_default(field))
        )
        value = parse_text_value(field, text) if text.strip() else None
        mistake = value_mistake(field, value, engine.matches)
        if mistake is None:
            return value
        console.print(plain(mistake, "red"))


def _label(field: Parameter) -> str:
    hints = [field.hint] if field.hint else []
    if field.options:
        hints.append(", ".join(field.options))
    if field.type is ParameterType.BOOLEAN:
        hints.append("yes or no")
    if not field.required:
        hints.append("may be left empty")
    return field.title + (f" ({'; '.join(hints)})" if hints else "")


def _default(field: Parameter) -> str:
    """As it would be typed."""
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(as_plain_text, value))
    return as_plain_text(value)
