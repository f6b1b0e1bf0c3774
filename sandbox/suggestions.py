"""What the page offers when somebody types a slash: the commands of the app's manifest."""

import re
from dataclasses import dataclass

from sandbox.manifest import Manifest, SlashCommand

# Words at the beginning of a usage hint are typed as they stand; what they are followed by is up to the person.
_WORDS = re.compile(r"[a-z][a-z_-]*( [a-z][a-z_-]*)*(?= |$)")


@dataclass(frozen=True)
class Suggestion:
    """One line: `fill` is what choosing it types, `hint` what may follow."""

    command: str
    fill: str
    hint: str
    about: str


def suggestions(manifest: Manifest) -> list[Suggestion]:
    """One for each command; one for each alternative where a usage hint has several, as in `add <x> | list`."""
    return [line for command in manifest.commands for line in _lines(command)]


def _lines(command: SlashCommand) -> list[Suggestion]:
    alternatives = command.usage_hint.split(" | ")
    if len(alternatives) == 1:
        return [Suggestion(command.command, command.command, command.usage_hint, command.description)]
    return [_alternative(command, text.strip()) for text in alternatives]


def _alternative(command: SlashCommand, text: str) -> Suggestion:
    found = _WORDS.match(text)
    words = found[0] if found else ""
    fill = f"{command.command} {words}".strip()
    return Suggestion(command.command, fill, text[len(words) :].strip(), command.description)
