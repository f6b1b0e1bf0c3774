"""What is offered when somebody types a slash."""

from sandbox.manifest import Manifest, SlashCommand
from sandbox.suggestions import Suggestion, suggestions


def of(*commands: SlashCommand) -> list[Suggestion]:
    return suggestions(Manifest("App", commands=commands))


def test_each_command_is_offered_with_its_hint_and_description() -> None:
    assert of(SlashCommand("/weather", "Tell", "[city]"), SlashCommand("/rain", "Wet")) == [
        Suggestion("/weather", "/weather", "[city]", "Tell"),
        Suggestion("/rain", "/rain", "", "Wet"),
    ]


def test_a_hint_with_alternatives_is_offered_one_by_one() -> None:
    hint = "run [name] [key=value ...] | list | show 42 | set up <place> | [anything] | call-back"
    assert [(each.fill, each.hint) for each in of(SlashCommand("/do", "Do it", hint))] == [
        ("/do run", "[name] [key=value ...]"),
        ("/do list", ""),
        ("/do show", "42"),
        ("/do set up", "<place>"),
        ("/do", "[anything]"),
        ("/do call-back", ""),
    ]


def test_an_app_without_commands_offers_nothing() -> None:
    assert of() == []
