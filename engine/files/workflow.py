"""Workflow files: text in, a checked definition out, or all mistakes at once with line and column."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from engine.core.definition import Concurrency, OnConflict, Template, Workflow
from engine.core.text import excerpt, humanize
from engine.files.actions import NAME, VALUE_NAME
from engine.files.expressions import OUTPUTS, Scope, Templates
from engine.files.fields import Fields
from engine.files.nodes import Mistakes, Scalar, Table, read_nodes
from engine.files.parameters import IDENTIFIER, IDENTIFIER_HINT, read_parameters
from engine.files.people import read_text
from engine.files.sources import read_source
from engine.files.steps import read_steps
from engine.secrets import OWN_VARIABLE, variable_of

KEYS = (
    "name",
    "title",
    "description",
    "parameters",
    "secrets",
    "timeout",
    "concurrency",
    "steps",
    "finally",
    "outputs",
)
CONCURRENCY_KEYS = ("key", "on_conflict")
MAX_SECRETS = 100


def read_workflow(path: Path | str, text: str, folder: Path | str) -> Workflow:
    """The workflow that the text of a file describes. `path` names the file in mistakes; `run` steps start in
    `folder`. Raises InvalidWorkflow with every mistake."""
    mistakes = Mistakes(str(path))
    node = read_nodes(text, mistakes)
    if isinstance(node, Table):
        workflow = _read(node, mistakes, text, str(folder))
        mistakes.raise_if_any()
        return workflow
    if node is not None:
        mistakes.add(
            node.place, "YAML-SHAPE", "A workflow file is a mapping. Begin with 'name:' and 'steps:'."
        )
    mistakes.raise_if_any()
    raise AssertionError("a text without mistakes gives a workflow")


def read_workflow_file(path: Path, root: Path) -> Workflow:
    """The workflow in a file below `root`. Raises InvalidWorkflow, also when the file cannot be read."""
    return read_workflow(path, read_source(path, root), path.resolve().parent)


def _read(table: Table, mistakes: Mistakes, text: str, folder: str) -> Workflow:
    fields = Fields(table, mistakes, "a workflow", KEYS)
    name = _read_name(fields)
    title = fields.text("title", longest=150) or humanize(name)
    description = fields.text("description") or ""
    fields.require("steps", "{build: {run: ./build.sh}}")
    secrets = _read_secrets(fields)
    templates = Templates(mistakes, _parameter_names(fields), secrets)
    return Workflow(
        name=name,
        title=title,
        description=description,
        parameters=read_parameters(fields, templates=templates),
        secrets=secrets,
        timeout_seconds=fields.duration("timeout"),
        concurrency=_read_concurrency(fields, templates),
        outputs=_read_outputs(fields, templates),
        steps=read_steps(fields, templates),
        folder=folder,
        source=text,
        digest=digest_of(text),
    )


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _read_name(fields: Fields) -> str:
    fields.require("name", "deploy")
    name = fields.text("name")
    if name is None:
        return ""
    if not NAME.fullmatch(name):
        fields.add(
            "name",
            "WF-NAME",
            f"'{excerpt(name)}' cannot be a workflow's name. Use up to 64 small letters, digits, _ and -.",
        )
    return name


def _parameter_names(fields: Fields) -> tuple[str, ...]:
    """Also those whose declaration has mistakes, so that expressions over them are no further mistakes."""
    node = fields.node("parameters")
    return tuple(node.entries) if isinstance(node, Table) else ()


def _read_secrets(fields: Fields) -> tuple[str, ...]:
    found: list[str] = []
    for scalar in fields.scalars("secrets"):
        name = excerpt(scalar.text)
        if not IDENTIFIER.fullmatch(scalar.text):
            fields.mistakes.add(
                scalar.place, "WF-NAME", f"'{name}' cannot be the name of a secret. {IDENTIFIER_HINT}"
            )
        elif variable_of(scalar.text) == OWN_VARIABLE:
            fields.mistakes.add(
                scalar.place,
                "WF-NAME",
                f"No secret can have the name '{name}': {OWN_VARIABLE} is Handrail's own. Choose another name.",
            )
        elif scalar.text in found:
            fields.mistakes.add(
                scalar.place, "SECRET-DUP", f"The secret '{name}' is there twice. Remove one."
            )
        found.append(scalar.text)
    if len(found) > MAX_SECRETS:
        fields.add(
            "secrets", "WF-LIMIT", f"There are {len(found)} secrets; at most {MAX_SECRETS} are allowed."
        )
    return tuple(found)


def _read_concurrency(fields: Fields, templates: Templates) -> Concurrency | None:
    """The key as a text, or a mapping that also says what to do about a conflict."""
    scope = Scope().at_start()
    if isinstance(fields.node("concurrency"), Scalar):
        return Concurrency(_read_key(fields, "concurrency", scope, templates))
    table = fields.sub_table("concurrency")
    if table is None:
        return None
    inner = Fields(table, fields.mistakes, "'concurrency'", CONCURRENCY_KEYS)
    inner.require("key", "'deploy-{{ params.service }}'")
    on_conflict = inner.choice("on_conflict", list(OnConflict)) or OnConflict.QUEUE
    return Concurrency(_read_key(inner, "key", scope, templates), OnConflict(on_conflict))


def _read_key(fields: Fields, key: str, scope: Scope, templates: Templates) -> str:
    node = fields.node(key)
    if isinstance(node, Scalar) and isinstance(node.value, str) and not node.value.strip():
        fields.add(key, "WF-REQUIRED", f"'{key}' is empty. Write a key, such as 'deploy'.")
    return read_text(fields, key, scope, templates)


def _read_outputs(fields: Fields, templates: Templates) -> Mapping[str, Template]:
    outputs = {}
    for key, node in fields.entries("outputs"):
        if not VALUE_NAME.fullmatch(key.text):
            fields.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be an output's name. Use letters, digits and _, no digit first.",
            )
        outputs[key.text] = templates.value(node, OUTPUTS)
    return outputs
