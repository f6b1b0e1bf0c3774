"""The shape of a manifest: each key, with its type and limits (the published manifest schema, version 2)."""

import re
from typing import Any

from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    boolean,
    integer,
    one_of,
    record,
    repeated,
    text,
)

SCOPE = r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*(:[a-z0-9_-]+(\.[a-z0-9_-]+)*)?"
EVENT = r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*"

_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IP_RANGE = rf"({_OCTET}\.){{3}}{_OCTET}(/(3[0-2]|[12]?\d))?"

# Slack's own commands, which an app cannot have.
_TAKEN_COMMANDS = re.compile(
    "/(active|apps|archive|away|call|collapse|dm|dnd|expand|feed|feedback|invite|join|keys|kick|leave|me|msg|mute"
    "|open|part|prefs|remind|remove|rename|search|shortcuts|shrug|star|status|topic|who)"
)


def is_scope(word: str) -> bool:
    """Whether a word has the shape of a scope, such as chat:write.public."""
    return re.fullmatch(SCOPE, word) is not None and len(word) <= 50


def anything(value: Any, at: str) -> Problems:
    """Parts of a manifest that this workspace has no use for are taken as they are."""
    yield from ()


def address(longest: int) -> Rule:
    """An absolute URL. Outside of this machine Slack asks for https."""
    return text(longest, pattern=r"https?://\S+")


def distinct(rule: Rule) -> Rule:
    """An array without two equal entries."""

    def check(value: Any, at: str) -> Problems:
        problems = list(rule(value, at))
        yield from problems
        if not problems:
            for index in repeated([str(entry) for entry in value]):
                yield Problem("no duplicate items allowed", f"{at}/{index}")

    return check


def named(rule: Rule, most: int | None = None) -> Rule:
    """An object whose keys are names of our own choice."""

    def check(value: Any, at: str) -> Problems:
        if not isinstance(value, dict):
            yield Problem("must provide an object", at)
            return
        if most is not None and len(value) > most:
            yield Problem(f"no more than {most} properties allowed", at)
        for name, entry in value.items():
            yield from rule(entry, f"{at}/{pointer_word(name)}")

    return check


def pointer_word(name: str) -> str:
    """A key as a JSON pointer writes it."""
    return name.replace("~", "~0").replace("/", "~1")


def _command_name(value: Any, at: str) -> Problems:
    problems = list(text(32, 2)(value, at))
    yield from problems
    if problems:
        return
    if not value.startswith("/") or value != value.lower() or any(sign.isspace() for sign in value):
        yield Problem("must start with a slash, be all lower-case, and have no spaces", at)
    elif _TAKEN_COMMANDS.fullmatch(value):
        yield Problem(f"the slash command has an invalid name: {value} is one of Slack's own", at)


def _event_name(value: Any, at: str) -> Problems:
    yield from text(50, pattern=EVENT)(value, at)
    if value == "message":
        yield Problem("name what to hear: message.channels, message.groups, message.im or message.mpim", at)


def _parameter_type(value: Any, at: str) -> Problems:
    if not isinstance(value, dict):
        yield Problem("must provide an object", at)
        return
    if "type" not in value:
        yield Problem("missing required field: type", at)
    fields: dict[str, Rule] = {
        "type": _TYPE,
        "name": text(),
        "title": text(shortest=0),
        "description": text(shortest=0),
        "hint": text(shortest=0),
        "is_required": boolean,
        "is_hidden": boolean,
    }
    for name, entry in value.items():
        yield from fields.get(name, anything)(entry, f"{at}/{pointer_word(name)}")


def _parameters(value: Any, at: str) -> Problems:
    """By name, either straight away or below `properties`."""
    if isinstance(value, dict) and isinstance(value.get("properties"), dict):
        yield from record(
            {"properties": named(_parameter_type, 50)}, {"required": array(text(), 0)}, is_typed=False
        )(value, at)
    else:
        yield from named(_parameter_type, 50)(value, at)


def fields(required: dict[str, Rule], optional: dict[str, Rule]) -> Rule:
    """An object of a manifest: these keys and no others."""
    return record(required, optional, is_typed=False)


_TYPE = one_of(
    *("integer", "number", "boolean", "string", "object", "array"),
    *(
        f"slack#/types/{name}"
        for name in (
            *("user_context", "user_permission", "user_id", "channel_id", "usergroup_id", "timestamp"),
            *("blocks", "credential/oauth2", "date", "interactivity", "rich_text", "form_input"),
            *("form_input_object", "message_ts", "message_context", "list_id", "canvas_id", "team_id"),
        )
    ),
)

_PROMPT = fields({"title": text(), "message": text()}, {})
_SCOPES = array(text(50, pattern=SCOPE), 0, 255)
_EVENTS = distinct(array(_event_name, 0, 100))

_DISPLAY = fields(
    {"name": text(35)},
    {
        "description": text(140),
        "long_description": text(4000, 175),
        "background_color": text(pattern=r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?"),
    },
)
_COMMAND = fields(
    {"command": _command_name, "description": text(2000)},
    {"url": address(3000), "usage_hint": text(1000), "should_escape": boolean},
)
_SHORTCUT = fields(
    {
        "name": text(24),
        "type": one_of("message", "global"),
        "callback_id": text(255),
        "description": text(150),
    },
    {},
)
_FEATURES = fields(
    {},
    {
        "app_home": fields(
            {},
            dict.fromkeys(
                ("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled"), boolean
            ),
        ),
        "bot_user": fields({"display_name": text(80)}, {"always_online": boolean}),
        "slash_commands": array(_COMMAND, 1, 50),
        "shortcuts": array(_SHORTCUT, 1, 10),
        "unfurl_domains": distinct(array(text(255, pattern=r"(?![.\-])[-a-z0-9.]+[a-z0-9]"), 1, 5)),
        "assistant_view": fields({"assistant_description": text()}, {"suggested_prompts": array(_PROMPT, 0)}),
        "agent_view": fields(
            {},
            {
                "agent_description": text(300),
                "suggested_prompts": array(_PROMPT, 0, 4),
                "actions": array(fields({"name": text(), "description": text()}, {}), 0),
            },
        ),
        "workflow_steps": array(fields({"name": text(50), "callback_id": text(50)}, {}), 1, 10),
        "functions": anything,
        "code_channels": anything,
    },
)
_OAUTH = fields(
    {},
    {
        "redirect_urls": distinct(array(text(2500), 0, 1000)),
        "scopes": fields({}, dict.fromkeys(("bot", "user", "bot_optional", "user_optional"), _SCOPES)),
        "token_management_enabled": boolean,
        "pkce_enabled": boolean,
    },
)
_SETTINGS = fields(
    {},
    {
        "event_subscriptions": fields(
            {},
            {
                "request_url": address(3500),
                "bot_events": _EVENTS,
                "user_events": _EVENTS,
                "metadata_subscriptions": distinct(
                    array(fields({"app_id": text(), "event_type": text(50)}, {}), 1, 20)
                ),
            },
        ),
        "interactivity": fields(
            {"is_enabled": boolean}, {"request_url": address(3500), "message_menu_options_url": address(3500)}
        ),
        "allowed_ip_address_ranges": distinct(array(text(pattern=_IP_RANGE), 1, 50)),
        "incoming_webhooks": fields({}, {"incoming_webhooks_enabled": boolean}),
        "siws_links": fields({}, {"initiate_uri": text(3500, pattern=r"https://\S+")}),
        "function_runtime": one_of("remote", "slack"),
        "hermes_app_type": text(),
        **dict.fromkeys(
            (
                *("socket_mode_enabled", "org_deploy_enabled", "token_rotation_enabled"),
                *("is_hosted", "is_mcp_enabled"),
            ),
            boolean,
        ),
    },
)
_FUNCTION = fields(
    {
        "title": text(),
        "description": text(),
        "input_parameters": _parameters,
        "output_parameters": _parameters,
    },
    {},
)

MANIFEST: Rule = fields(
    {"display_information": _DISPLAY},
    {
        "features": _FEATURES,
        "oauth_config": _OAUTH,
        "settings": _SETTINGS,
        "functions": named(_FUNCTION, 50),
        "_metadata": fields(
            {},
            dict.fromkeys(
                ("schema_version", "min_version", "major_version", "minor_version"), integer(0, 1_000)
            ),
        ),
        "$schema": text(),
        **dict.fromkeys(
            (
                *("app_directory", "workflows", "datastores", "outgoing_domains", "types"),
                *("external_auth_providers", "mcp_servers"),
            ),
            anything,
        ),
    },
)
