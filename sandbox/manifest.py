"""An app as its manifest describes it: what it may do, what it offers people, and where it takes requests."""

from dataclasses import dataclass, field, replace
from typing import Literal

from sandbox.types import Json


@dataclass(frozen=True)
class SlashCommand:
    """`command` begins with a slash. With `should_escape` mentions and links are sent as Slack's markup."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False
    url: str | None = None


@dataclass(frozen=True)
class Shortcut:
    """An entry of the shortcuts menu ('global') or of a message's menu ('message')."""

    name: str
    type: Literal["global", "message"]
    callback_id: str
    description: str = ""


@dataclass(frozen=True)
class AppFunction:
    """A custom step. The parameters are Slack's own descriptions, by name."""

    callback_id: str
    title: str
    description: str = ""
    input_parameters: dict[str, Json] = field(default_factory=dict)
    output_parameters: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """One app. Addresses are None where the manifest names none, as it does with Socket Mode. The scopes include
    the optional ones; `document` is what the manifest was read from."""

    name: str
    description: str = ""
    bot_name: str = ""
    commands: tuple[SlashCommand, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    functions: tuple[AppFunction, ...] = ()
    home_tab: bool = False
    messages_tab: bool = False
    messages_tab_is_read_only: bool = False
    bot_scopes: tuple[str, ...] = ()
    user_scopes: tuple[str, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    bot_events: tuple[str, ...] = ()
    user_events: tuple[str, ...] = ()
    events_url: str | None = None
    actions_url: str | None = None
    options_url: str | None = None
    interactivity: bool = True
    socket_mode: bool = False
    token_rotation: bool = False
    pkce: bool = False
    bot_optional_scopes: tuple[str, ...] = ()
    user_optional_scopes: tuple[str, ...] = ()
    unfurl_domains: tuple[str, ...] = ()
    is_assistant: bool = False  # has Slack's assistant or agent view
    document: Json = field(default_factory=dict, compare=False)

    def command(self, name: str) -> SlashCommand | None:
        return next((command for command in self.commands if command.command == name), None)

    def at(self, url: str) -> "Manifest":
        """The same app with everything at one address, and no Socket Mode."""
        commands = tuple(replace(command, url=url) for command in self.commands)
        return replace(
            self, commands=commands, events_url=url, actions_url=url, options_url=url, socket_mode=False
        )
