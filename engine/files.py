"""Workflow files: text in, a checked definition out, or all mistakes at once with line and column."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from engine.core.definition import Template, Workflow
from engine.core.text import excerpt, humanize
from engine.file_actions import VALUE_NAME
from engine.file_expressions import Templates
from engine.file_parameters import read_parameters
from engine.file_steps import read_steps
from engine.sources import read_source
from engine.yaml_fields import Fields
from engine.yaml_nodes import Mistakes, Table, read_nodes

KEYS = ("name", "title", "description", "parameters", "steps", "outputs")

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


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
    parameters = read_parameters(fields)
    templates = Templates(mistakes, _parameter_names(fields))
    outputs = _read_outputs(fields, templates)
    return Workflow(
        name=name,
        title=title,
        description=description,
        parameters=parameters,
        steps=read_steps(fields, templates),
        outputs=outputs,
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


def _read_outputs(fields: Fields, templates: Templates) -> Mapping[str, Template]:
    outputs = {}
    for key, node in fields.entries("outputs"):
        if not VALUE_NAME.fullmatch(key.text):
            fields.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be an output's name. Use letters, digits and _, no digit first.",
            )
        outputs[key.text] = templates.value(node, None)
    return outputs
