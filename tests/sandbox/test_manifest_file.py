"""An app's manifest: what is read from it, and every mistake with its place."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.manifest import AppFunction, Shortcut, SlashCommand
from sandbox.manifest_file import ManifestError, read_manifest

ROOT = Path(__file__).parents[2]
URL = "https://app.example.com/slack/events"

FULL = f"""
display_information:
  name: Weather
  description: Says how it will be
  background_color: "#abc"
features:
  app_home: {{home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: true}}
  bot_user: {{display_name: weather, always_online: true}}
  slash_commands:
    - {{command: /weather, description: Tell, usage_hint: "[city]", should_escape: true, url: "{URL}"}}
    - {{command: /rain, description: Tell of rain, url: "{URL}/rain"}}
  shortcuts:
    - {{name: Ask, type: global, callback_id: ask, description: Ask for it}}
    - {{name: Explain, type: message, callback_id: explain, description: Explain it}}
  unfurl_domains: [weather.example.com]
oauth_config:
  redirect_urls: [https://app.example.com/back]
  scopes:
    bot: [commands, "chat:write", "app_mentions:read"]
    bot_optional: ["reactions:read"]
    user: ["search:read"]
  pkce_enabled: true
settings:
  event_subscriptions: {{request_url: "{URL}/events", bot_events: [app_mention, reaction_added]}}
  interactivity: {{is_enabled: true, request_url: "{URL}/actions"}}
  token_rotation_enabled: true
  function_runtime: remote
functions:
  tell:
    title: Tell
    description: Tell the weather
    input_parameters: {{city: {{type: string, title: City, is_required: true, name: city}}}}
    output_parameters: {{properties: {{degrees: {{type: number}}}}, required: [degrees]}}
"""


def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FULL)
    return found


def problems(value: Any, app_url: str | None = None) -> dict[str, str]:
    with pytest.raises(ManifestError) as caught:
        read_manifest(value, app_url)
    return {each["pointer"]: each["message"] for each in caught.value.told()}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The full manifest with something else at a place, such as 'features/shortcuts/0/name'."""
    whole = copy.deepcopy(document())
    *way, last = path.split("/")
    place: Any = whole
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return whole


def test_everything_that_an_app_says_about_itself_is_read() -> None:
    app = read_manifest(FULL)
    assert (app.name, app.bot_name, app.description) == ("Weather", "weather", "Says how it will be")
    assert app.commands == (
        SlashCommand("/weather", "Tell", "[city]", True, URL),
        SlashCommand("/rain", "Tell of rain", "", False, URL + "/rain"),
    )
    assert app.shortcuts[1] == Shortcut("Explain", "message", "explain", "Explain it")
    assert (app.home_tab, app.messages_tab, app.messages_tab_is_read_only) == (True, True, True)
    assert app.bot_scopes == ("commands", "chat:write", "app_mentions:read", "reactions:read")
    assert app.bot_optional_scopes == ("reactions:read",)
    assert app.user_scopes == ("search:read",)
    assert app.bot_events == ("app_mention", "reaction_added")
    addresses = app.events_url, app.actions_url, app.options_url
    assert addresses == (URL + "/events", URL + "/actions", URL + "/actions")
    assert (app.token_rotation, app.pkce, app.socket_mode, app.interactivity) == (True, True, False, True)
    assert app.unfurl_domains == ("weather.example.com",)
    assert app.functions == (
        AppFunction(
            "tell",
            "Tell",
            "Tell the weather",
            {"city": {"type": "string", "title": "City", "is_required": True, "name": "city"}},
            {"degrees": {"type": "number", "is_required": True}},
        ),
    )


def test_json_says_the_same_as_yaml() -> None:
    assert read_manifest(json.dumps(document())) == read_manifest(FULL) == read_manifest(document())


def test_the_manifest_of_this_repository_is_in_order() -> None:
    app = read_manifest((ROOT / "manifest.yml").read_text())
    assert app.socket_mode
    assert app.commands[0].should_escape


def test_one_address_for_everything_takes_the_place_of_all_others() -> None:
    bare = changed("settings/interactivity", {"is_enabled": True})
    del bare["features"]["slash_commands"][0]["url"]
    app = read_manifest(bare, "http://localhost:3000/slack/events")
    urls = {app.events_url, app.actions_url, app.options_url, *(command.url for command in app.commands)}
    assert urls == {"http://localhost:3000/slack/events"}


def test_socket_mode_needs_no_addresses_and_without_it_each_is_missed() -> None:
    bare = document()
    bare["settings"]["event_subscriptions"].pop("request_url")
    bare["settings"]["interactivity"].pop("request_url")
    bare["features"]["slash_commands"][1].pop("url")
    assert problems(bare) == {
        "/features/slash_commands/1": "Slash Command requires either a URL or Socket Mode Enabled",
        "/settings/event_subscriptions": "Event Subscription requires either Request URL or Socket Mode Enabled",
        "/settings/interactivity": "Interactivity requires either a Request URL or Socket Mode Enabled",
    }
    bare["settings"]["socket_mode_enabled"] = True
    assert read_manifest(bare).socket_mode


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("display_information/name", "n" * 36, None),
        ("display_information/name", "", None),
        ("display_information/name", 3, None),
        ("display_information/description", "d" * 141, None),
        ("display_information/long_description", "d" * 174, None),
        ("display_information/background_color", "red", None),
        ("features/bot_user/display_name", "n" * 81, None),
        ("features/app_home/home_tab_enabled", "yes", None),
        ("features/slash_commands", [], None),
        ("features/slash_commands/0/command", "weather", None),
        ("features/slash_commands/0/command", "/Weather", None),
        ("features/slash_commands/0/command", "/the weather", None),
        ("features/slash_commands/0/command", "/" + "w" * 32, None),
        ("features/slash_commands/0/command", "/remind", None),
        ("features/slash_commands/0/description", "d" * 2001, None),
        ("features/slash_commands/0/usage_hint", "h" * 1001, None),
        ("features/slash_commands/0/url", "ftp://app.example.com", None),
        ("features/slash_commands/1/command", "/weather", None),
        ("features/shortcuts/0/name", "n" * 25, None),
        ("features/shortcuts/0/type", "channel", None),
        ("features/shortcuts/0/callback_id", "c" * 256, None),
        ("features/shortcuts/0/description", "d" * 151, None),
        ("features/unfurl_domains", ["a.com", "b.com", "c.com", "d.com", "e.com", "f.com"], None),
        ("features/unfurl_domains/0", "https://weather.example.com", None),
        (
            "features/agent_view",
            {"suggested_prompts": [{"title": "a", "message": "b"}] * 5},
            "/suggested_prompts",
        ),
        ("features/assistant_view", {}, ""),
        ("features/teleport", True, None),
        ("oauth_config/scopes/bot/1", "Send Messages", None),
        ("oauth_config/redirect_urls", ["https://a.example", "https://a.example"], "/1"),
        ("settings/socket_mode", True, None),
        ("settings/event_subscriptions/bot_events", ["app_mention"] * 2, "/1"),
        ("settings/event_subscriptions/bot_events", ["message"], "/0"),
        ("settings/event_subscriptions/user_events", [f"event_{n}" for n in range(101)], None),
        ("settings/interactivity", {"request_url": URL}, ""),
        ("settings/function_runtime", "local", None),
        ("settings/allowed_ip_address_ranges", ["300.1.1.1"], "/0"),
        ("functions/tell/input_parameters/city/type", "town", None),
        ("functions/tell/title", "", None),
        ("functions/tell/icon", "sun", None),
        ("surprise", {}, None),
        ("_metadata/major_version", "two", None),
    ],
)
def test_a_mistake_is_told_with_its_place(path: str, value: Any, pointer: str | None) -> None:
    told = problems(changed(path, value))
    assert list(told) == ["/" + path + (pointer or "")]
    assert all(told.values())


def test_a_name_is_the_only_thing_that_has_to_be_there() -> None:
    app = read_manifest({"display_information": {"name": "Bare"}})
    assert (app.name, app.bot_name, app.commands, app.interactivity) == ("Bare", "Bare", (), False)
    assert problems({}) == {"": "missing required field: display_information"}


def test_all_mistakes_are_told_at_once() -> None:
    wrong = changed("features/slash_commands/0/command", "weather")
    wrong["oauth_config"]["scopes"]["bot"].remove("app_mentions:read")
    wrong["extra"] = 1
    assert list(problems(wrong)) == [
        "/features/slash_commands/0/command",
        "/extra",
        "/settings/event_subscriptions/bot_events/0",
    ]


def test_commands_and_shortcuts_need_the_scope_commands() -> None:
    told = problems(changed("oauth_config/scopes/bot", ["chat:write", "app_mentions:read"]))
    assert told == {
        "/features/slash_commands": "Slash Commands requires `commands` bot scope",
        "/features/shortcuts": "Shortcuts requires `commands` bot scope",
    }


def test_scopes_for_a_bot_need_a_bot() -> None:
    whole = document()
    del whole["features"]["bot_user"]
    assert list(problems(whole)) == ["/oauth_config/scopes/bot"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("display_information:\n  name: a\n  name: b\n", "line 3, column 3: the key 'name' is there twice"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": ', "invalid JSON at line 1"),
        ("a: [1", "invalid YAML at line"),
        ("a: !!python/object:os.system x", "invalid YAML"),
        ("? [a, b]\n: 1", "a key must be a word"),
        ("[" * 5_000, "nested too deeply"),
        ('{"a":' * 50_000, "nested too deeply"),
        ("&loop [*loop]", "nested too deeply"),
        ("x" * 500_001, "must be less than 500001 characters"),
        ("a: \x00", "cannot be read"),
        ("", "must provide an object"),
        ("- a", "must provide an object"),
    ],
)
def test_text_that_cannot_be_read_is_refused_in_a_sentence(text: str, words: str) -> None:
    assert words in problems(text)[""]


def test_a_few_lines_that_stand_for_millions_are_refused_quickly() -> None:
    lines = ["a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "no more than 20000 values" in problems("\n".join(lines))[""]
