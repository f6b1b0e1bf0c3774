"""The options of a choice in a workflow file: a list, or what computes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from engine.core.definition import (
    HttpAction,
    OptionsSource,
    Parameter,
    ParameterType,
    RunAction,
    StepKind,
    Template,
)
from engine.core.errors import ExpressionProblem
from engine.core.options import MAX_OPTION_LENGTH, MAX_OPTIONS
from engine.core.text import excerpt
from engine.executors.secret_names import texts_in
from engine.expression_tree import Path
from engine.expressions import compile_text
from engine.files.expressions import Scope, Templates
from engine.files.fields import Fields
from engine.files.http import read_http
from engine.files.nodes import Items, Mistakes, Scalar, Table
from engine.files.programs import RUN_KEYS, read_env, read_run

CODE = "PARAM-OPTIONS"
SOURCES = ("run", "http")
OPTIONS_KEYS = (*SOURCES, "env", *RUN_KEYS, "pick", "timeout", "cache")

MAX_SOURCES = 10
"""Parameters of one workflow whose options are computed."""

LONGEST_SECONDS = 20
LONGEST_CACHE_SECONDS = 3600

_SCOPE = Scope(roots=("params",))
_VARIABLE = re.compile(r"(?<![A-Z0-9_])PARAM_([A-Z0-9_]+)", re.ASCII)


def read_options(fields: Fields) -> tuple[str, ...]:
    """Options that are listed."""
    fields.require("options", "[one, two]")
    options = fields.texts("options")
    if "options" in fields and isinstance(fields.node("options"), Items) and not fields.scalars("options"):
        fields.add("options", CODE, "There is no option to choose. Write at least one.")
    if len(options) > MAX_OPTIONS:
        fields.add(
            "options", "WF-LIMIT", f"There are {len(options)} options; at most {MAX_OPTIONS} are allowed."
        )
    seen: set[str] = set()
    for option in options:
        if option in seen:
            fields.add("options", CODE, f"The option '{excerpt(option)}' is there twice.")
        if not option.strip() or len(option) > MAX_OPTION_LENGTH or "\n" in option:
            fields.add(
                "options",
                CODE,
                f"An option is one line of 1 to {MAX_OPTION_LENGTH} characters; '{excerpt(option)}' is not.",
            )
        seen.add(option)
    return options


# --- computed options


def read_source(fields: Fields, templates: Templates | None) -> OptionsSource | None:
    """What computes the options, when they are a mapping. Without `templates`, nothing may."""
    table = fields.node("options")
    if not isinstance(table, Table):
        return None
    if templates is None:
        fields.add(
            "options", CODE, "Options can be computed when a run starts, but not in mid-run. List them here."
        )
        return None
    options = Fields(table, fields.mistakes, "'options'", OPTIONS_KEYS)
    kind = _read_kind(options)
    action: RunAction | HttpAction
    if kind is StepKind.HTTP:
        action = read_http(options, _SCOPE, templates)
    else:
        action = read_run(options, _SCOPE, templates)
    _refuse_foreign_keys(options, kind)
    env = read_env(options, _SCOPE, kind, templates)
    return OptionsSource(
        action=action,
        env=env,
        uses=_uses(action, env, templates, options),
        pick=_read_pick(options),
        timeout_seconds=_read_seconds(options, "timeout", LONGEST_SECONDS, 10.0),
        cache_seconds=_read_cache(options),
    )


def _read_kind(options: Fields) -> StepKind:
    given = [key for key in SOURCES if key in options]
    if len(given) != 1:
        both = "both run and http; keep one of them" if given else "neither run nor http; write one of them"
        options.mistakes.add(options.table.place, CODE, f"These options have {both}.")
    return StepKind.HTTP if given == ["http"] else StepKind.RUN


def _refuse_foreign_keys(options: Fields, kind: StepKind) -> None:
    foreign = RUN_KEYS if kind is StepKind.HTTP else ("pick",)
    for key in foreign:
        if key in options:
            owner = "run" if kind is StepKind.HTTP else "http"
            options.mistakes.add(
                options.key_place(key), CODE, f"'{key}' belongs to options computed by {owner}. Take it out."
            )


def _read_pick(options: Fields) -> str | None:
    text = options.text("pick")
    if text is None:
        return None
    try:
        roots = {path[0] for path in compile_text(text).references}
    except ExpressionProblem as problem:
        options.add("pick", "EXPRESSION", problem.sentence)
        return None
    if roots != {"result"}:
        options.add(
            "pick", CODE, "'pick' finds the list in the answer. Write it such as '{{ result.json.hosts }}'."
        )
    return text


def _read_seconds(options: Fields, key: str, most: float, default: float) -> float:
    seconds = options.duration(key)
    if seconds is not None and seconds > most:
        options.add(key, "WF-LIMIT", f"'{key}' is longer than {most:g} seconds, while a person waits.")
    return default if seconds is None else seconds


def _read_cache(options: Fields) -> float:
    """No time at all is a good answer here."""
    node = options.node("cache")
    if isinstance(node, Scalar) and node.text.strip() in ("0", "0s"):
        return 0.0
    seconds = options.duration("cache")
    if seconds is not None and seconds > LONGEST_CACHE_SECONDS:
        options.add("cache", "WF-LIMIT", "'cache' is longer than an hour. Options that old may be wrong.")
    return 30.0 if seconds is None else seconds


# --- what they depend on


def _uses(
    action: RunAction | HttpAction, env: Mapping[str, str], templates: Templates, options: Fields
) -> tuple[str, ...]:
    """The parameters that the source asks for, in the order of the file."""
    named: set[str] = set()
    for path in _paths([dict(env), *_templates(action)]):
        if path[0] == "params" and len(path) == 1:
            options.mistakes.add(
                options.table.place, "EXPRESSION", "Name the parameter with a dot, such as params.region."
            )
        elif path[0] == "params":
            named.add(path[1])
    if isinstance(action, RunAction):
        variables = set(_VARIABLE.findall(action.command))
        named |= {name for name in templates.parameters if name.upper() in variables}
    return tuple(name for name in templates.parameters if name in named)


def _templates(action: RunAction | HttpAction) -> Iterator[Template]:
    if isinstance(action, RunAction):
        yield action.stdin
    else:
        yield [action.url, action.json, action.body]
        yield dict(action.headers)
        yield dict(action.form or {})


def _paths(templates: list[Template]) -> Iterator[Path]:
    for text in texts_in(templates):
        with suppress(ExpressionProblem):  # it is a mistake already
            yield from compile_text(text).references


def check_sources(parameters: Sequence[Parameter], places: Mapping[str, Fields], mistakes: Mistakes) -> None:
    """Add a mistake for each parameter that a source cannot use: options depend on what stands above them, so that
    nothing depends on itself, and a person fills the form in from its top."""
    above: dict[str, ParameterType] = {}
    count = 0
    for each in parameters:
        for used in each.source.uses if each.source else ():
            if sentence := _use_mistake(each.name, used, above):
                mistakes.add(places[each.name].key_place("options"), CODE, sentence)
        count += each.source is not None
        above[each.name] = each.type
    if count > MAX_SOURCES:
        mistakes.add(
            places[parameters[-1].name].table.place,
            "WF-LIMIT",
            f"{count} parameters have computed options; at most {MAX_SOURCES} are allowed.",
        )


def _use_mistake(name: str, used: str, above: Mapping[str, ParameterType]) -> str | None:
    if used == name:
        return f"The options of '{name}' cannot depend on its own value."
    if used not in above:
        return f"The options of '{name}' depend on '{used}', which is not above it. Move '{used}' up."
    if above[used] is ParameterType.FILE:
        return f"'{used}' is a file, which Slack tells of only when the form is sent. Use another parameter."
    return None
