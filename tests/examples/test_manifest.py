"""The manifest asks Slack for what the code uses: no key that Slack does not know, no scope too many or too few."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from blocks.ids import COMMAND
from bot.slack.words import VERBS
from tests.examples.house import ROOT

# Keys of Slack's manifest schema, as far as they are of use here. A mapping goes on below; None takes any value.
KNOWN: Mapping[str, Any] = {
    "display_information": dict.fromkeys(("name", "description", "long_description", "background_color")),
    "features": {
        "bot_user": dict.fromkeys(("display_name", "always_online")),
        "slash_commands": dict.fromkeys(("command", "url", "description", "usage_hint", "should_escape")),
    },
    "oauth_config": {"redirect_urls": None, "scopes": {"bot": None, "user": None}},
    "settings": {
        "interactivity": dict.fromkeys(("is_enabled", "request_url", "message_menu_options_url")),
        "event_subscriptions": dict.fromkeys(("request_url", "bot_events")),
        "org_deploy_enabled": None,
        "socket_mode_enabled": None,
        "token_rotation_enabled": None,
    },
}

READS_CHANNELS = {"channels:read", "groups:read"}
READS_HISTORY = {"channels:history", "groups:history", "im:history"}

SCOPES_OF: Mapping[str, set[str]] = {
    "api_call": set(),  # what all the others go through
    "auth_test": set(),
    "chat_postMessage": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_update": {"chat:write"},
    "chat_delete": {"chat:write"},
    "conversations_history": READS_HISTORY,
    "conversations_info": READS_CHANNELS,
    "conversations_replies": READS_HISTORY,
    "usergroups_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_push": set(),
    "views_update": set(),
}

WITHOUT_A_METHOD = {
    "commands",  # the slash command
    "files:read",  # the file field of a form
    "chat:write.public",  # `Identity.has_bot` counts on it for public channels
}


def manifest() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return read


def unknown_keys(value: object, known: Mapping[str, Any] | None, path: str = "") -> Iterator[str]:
    if known is None:
        return
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        assert isinstance(entry, dict), path
        for key, inner in entry.items():
            if key not in known:
                yield f"{path}{key}"
            else:
                yield from unknown_keys(inner, known[key], f"{path}{key}.")


def methods_called() -> set[str]:
    """Names of Web API methods that appear in the code of the bot, as attributes or as texts."""
    names: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return {
        name for name in names if "_" in name.strip("_") and callable(getattr(AsyncWebClient, name, None))
    }


def test_the_manifest_has_no_key_that_slack_does_not_know() -> None:
    assert list(unknown_keys(manifest(), KNOWN)) == []


def test_its_texts_are_no_longer_than_slack_allows() -> None:
    app = manifest()
    assert len(app["display_information"]["name"]) <= 35
    assert len(app["display_information"]["description"]) <= 140
    command = app["features"]["slash_commands"][0]
    assert len(command["command"]) <= 32
    assert len(command["usage_hint"]) <= 1000


def test_its_scopes_are_exactly_those_that_the_code_uses() -> None:
    called = methods_called()
    assert called <= set(SCOPES_OF), "say in SCOPES_OF which scopes this method needs"
    needed = set().union(*(SCOPES_OF[method] for method in called)) | WITHOUT_A_METHOD
    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_slack_md_explains_every_scope() -> None:
    text = (ROOT / "docs/slack.md").read_text()
    explained = set(re.findall(r"`([a-z]+:[a-z.]+)`", text)) - {"connections:write"} | {"commands"}
    assert explained == set(manifest()["oauth_config"]["scopes"]["bot"])


def test_its_one_command_is_ours_with_mentions_escaped_and_every_word_hinted_at() -> None:
    [command] = manifest()["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is True
    assert [verb for verb in VERBS if not re.search(rf"\b{verb}\b", command["usage_hint"])] == []


def test_it_works_by_socket_mode_as_it_stands_and_says_how_to_use_a_url() -> None:
    text = (ROOT / "manifest.yml").read_text()
    app = manifest()
    assert app["settings"]["socket_mode_enabled"] is True
    assert app["settings"]["interactivity"] == {"is_enabled": True}
    urls = re.findall(r"# (?:\w+_)?url: https://[^/\s]+(/\S+)", text)
    assert urls == ["/slack/events"] * 3
