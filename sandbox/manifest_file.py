"""Reads an app's manifest from YAML or JSON: all mistakes at once, each with its place, as Slack tells them."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from sandbox.event_types import EVENT_SCOPES
from sandbox.manifest import AppFunction, Manifest, Shortcut, SlashCommand
from sandbox.manifest_shape import MANIFEST, pointer_word
from sandbox.types import Json
from sandbox.validation.schema import Problem, repeated

LONGEST_SOURCE = 500_000  # characters
MOST_VALUES = 20_000  # what YAML's aliases stand for is counted each time
DEEPEST = 40


class ManifestError(Exception):
    """A manifest cannot be used. `problems` are all that is wrong with it, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems

    def told(self) -> list[Json]:
        """As apps.manifest.validate tells them."""
        return [{"message": problem.text, "pointer": problem.pointer} for problem in self.problems]


def read_manifest(source: str | Json, app_url: str | None = None) -> Manifest:
    """A manifest from its text, or from what stands in it; raises ManifestError.

    With `app_url` all requests go there, whatever addresses the manifest names or leaves out.
    """
    document = parse_source(source) if isinstance(source, str) else source
    problems = [*map(_placed, MANIFEST(document, "")), *_contradictions(document, needs_urls=app_url is None)]
    if problems:
        raise ManifestError(problems)
    manifest = _build(document)
    return manifest.at(app_url) if app_url is not None else manifest


def parse_source(source: str) -> Any:
    """The plain value in a JSON or YAML text; raises ManifestError."""
    if len(source) > LONGEST_SOURCE:
        raise _wrong(f"must be less than {LONGEST_SOURCE + 1} characters")
    try:
        is_json = source.lstrip().startswith("{")
        value = json.loads(source, object_pairs_hook=_object) if is_json else yaml.load(source, _Loader)  # noqa: S506
    except json.JSONDecodeError as error:
        raise _wrong(f"invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise _wrong(f"invalid YAML{where}: {error.problem}") from error
    except RecursionError as error:
        raise _wrong("nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        raise _wrong(f"cannot be read: {error}") from error
    _bound(value)
    return value


def _wrong(sentence: str) -> ManifestError:
    return ManifestError([Problem(sentence, "")])


def _placed(problem: Problem) -> Problem:
    """A key that nobody knows is pointed at itself, not at what it stands in."""
    _, is_unknown, name = problem.text.partition("invalid additional property: ")
    return Problem(problem.text, f"{problem.pointer}/{pointer_word(name)}") if is_unknown else problem


def _object(pairs: list[tuple[str, Any]]) -> Json:
    names = [name for name, _ in pairs]
    for index in repeated(names):
        raise ValueError(f"the key {names[index]!r} is there twice in one object")
    return dict(pairs)


class _Loader(yaml.SafeLoader):
    """YAML's plain values only; a key that is there twice is a mistake."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key.start_mark)
            if key.value in seen:
                sentence = f"the key {key.value!r} is there twice"
                raise yaml.constructor.ConstructorError(None, None, sentence, key.start_mark)
            seen.add(key.value)
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


def _bound(value: Any) -> None:
    """A few lines of YAML can stand for millions of values, or for one inside itself."""
    left = MOST_VALUES
    waiting = [(value, 0)]
    while waiting:
        entry, depth = waiting.pop()
        left -= 1
        if left < 0:
            raise _wrong(f"no more than {MOST_VALUES} values allowed")
        if depth > DEEPEST:
            raise _wrong("nested too deeply")
        inner = entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ()
        waiting += [(item, depth + 1) for item in inner]


# --- what does not go together


def _contradictions(document: Any, *, needs_urls: bool) -> Iterator[Problem]:
    settings = _section(document, "settings")
    scopes = _section(document, "oauth_config", "scopes")
    if needs_urls and settings.get("socket_mode_enabled") is not True:
        yield from _missing_urls(document, settings)
    commands = _rows(document, "features", "slash_commands")
    names = [str(row.get("command")) for row in commands]
    for index in repeated(names):
        yield Problem(f"{names[index]} is there twice", f"/features/slash_commands/{index}/command")
    bot = _words(scopes, "bot") + _words(scopes, "bot_optional")
    user = _words(scopes, "user") + _words(scopes, "user_optional")
    yield from _missing_scopes(document, bot)
    if bot and not _section(document, "features", "bot_user"):
        yield Problem(
            "Bot scopes require a bot user: name it at features.bot_user", "/oauth_config/scopes/bot"
        )
    for kind, granted in (("bot", bot), ("user", user)):
        events = _words(_section(settings, "event_subscriptions"), f"{kind}_events")
        for index, event in enumerate(events):
            needed = EVENT_SCOPES.get(event, ())
            if needed and not set(needed) & set(granted):
                sentence = f"{event} requires the {kind} scope {' or '.join(needed)}"
                yield Problem(sentence, f"/settings/event_subscriptions/{kind}_events/{index}")


def _missing_scopes(document: Any, bot: list[str]) -> Iterator[Problem]:
    for feature, title in (("slash_commands", "Slash Commands"), ("shortcuts", "Shortcuts")):
        if _rows(document, "features", feature) and "commands" not in bot:
            yield Problem(f"{title} requires `commands` bot scope", f"/features/{feature}")


def _missing_urls(document: Any, settings: Json) -> Iterator[Problem]:
    for index, row in enumerate(_rows(document, "features", "slash_commands")):
        if "url" not in row:
            yield Problem(
                "Slash Command requires either a URL or Socket Mode Enabled",
                f"/features/slash_commands/{index}",
            )
    events = _section(settings, "event_subscriptions")
    if (events.get("bot_events") or events.get("user_events")) and "request_url" not in events:
        sentence = "Event Subscription requires either Request URL or Socket Mode Enabled"
        yield Problem(sentence, "/settings/event_subscriptions")
    interactivity = _section(settings, "interactivity")
    if interactivity.get("is_enabled") is True and "request_url" not in interactivity:
        sentence = "Interactivity requires either a Request URL or Socket Mode Enabled"
        yield Problem(sentence, "/settings/interactivity")


def _section(value: Any, *path: str) -> Json:
    """The object at a path; empty when there is none, or something else."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _rows(value: Any, *path: str) -> list[Json]:
    """The objects of the array at a path. Others keep their place, as empty ones."""
    rows = _section(value, *path[:-1]).get(path[-1])
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def _words(section: Json, name: str) -> list[str]:
    words = section.get(name)
    return [str(word) for word in words] if isinstance(words, list) else []


# --- what is in it


def _build(document: Json) -> Manifest:
    features, settings = _section(document, "features"), _section(document, "settings")
    scopes, oauth = _section(document, "oauth_config", "scopes"), _section(document, "oauth_config")
    events, actions = _section(settings, "event_subscriptions"), _section(settings, "interactivity")
    home = _section(features, "app_home")
    name = document["display_information"]["name"]
    return Manifest(
        name=name,
        description=document["display_information"].get("description", ""),
        bot_name=_section(features, "bot_user").get("display_name", name),
        commands=tuple(SlashCommand(**row) for row in features.get("slash_commands", ())),
        shortcuts=tuple(Shortcut(**row) for row in features.get("shortcuts", ())),
        functions=tuple(_function(key, row) for key, row in document.get("functions", {}).items()),
        home_tab=home.get("home_tab_enabled", False),
        messages_tab=home.get("messages_tab_enabled", False),
        messages_tab_is_read_only=home.get("messages_tab_read_only_enabled", False),
        bot_scopes=_joined(scopes, "bot"),
        user_scopes=_joined(scopes, "user"),
        bot_optional_scopes=tuple(scopes.get("bot_optional", ())),
        user_optional_scopes=tuple(scopes.get("user_optional", ())),
        redirect_urls=tuple(oauth.get("redirect_urls", ())),
        bot_events=tuple(events.get("bot_events", ())),
        user_events=tuple(events.get("user_events", ())),
        unfurl_domains=tuple(features.get("unfurl_domains", ())),
        is_assistant="assistant_view" in features or "agent_view" in features,
        events_url=events.get("request_url"),
        actions_url=actions.get("request_url"),
        options_url=actions.get("message_menu_options_url") or actions.get("request_url"),
        interactivity=actions.get("is_enabled", False),
        socket_mode=settings.get("socket_mode_enabled", False),
        token_rotation=settings.get("token_rotation_enabled", False),
        pkce=oauth.get("pkce_enabled", False),
        document=document,
    )


def _joined(scopes: Json, kind: str) -> tuple[str, ...]:
    """Also what people may leave out: an app that is tried out gets it."""
    return tuple(dict.fromkeys([*scopes.get(kind, ()), *scopes.get(f"{kind}_optional", ())]))


def _function(callback_id: str, row: Json) -> AppFunction:
    inputs, outputs = _by_name(row["input_parameters"]), _by_name(row["output_parameters"])
    return AppFunction(callback_id, row["title"], row["description"], inputs, outputs)


def _by_name(parameters: Json) -> dict[str, Json]:
    """The parameters straight, each saying itself whether it is required."""
    if not isinstance(parameters.get("properties"), dict):
        return parameters
    required = parameters.get("required", ())
    return {
        name: row | {"is_required": row.get("is_required", name in required)}
        for name, row in parameters["properties"].items()
    }
