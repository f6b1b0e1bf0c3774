"""What the documents say is true: their examples are read, their variables exist, their links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from typer.main import get_group

from bot.cli import app
from bot.settings import Settings
from bot.slack.words import parse_command
from engine.core.permission import Capability
from engine.core.state import RunStatus
from engine.files import actions as file_actions
from engine.files import http as file_http
from engine.files import options as file_options
from engine.files import parameters as file_parameters
from engine.files import people as file_people
from engine.files import policies as file_policies
from engine.files import programs as file_programs
from engine.files import steps as file_steps
from engine.files import workflow as files
from engine.files.permissions import read_permissions
from engine.files.schema import json_schema
from engine.files.workflow import read_workflow
from tests.examples.house import ROOT, WORKFLOWS
from tests.support.editors import as_editors_read

DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)

# A block's info string says where its text belongs: a whole file, or what stands below one of its keys.
SHELLS = {
    "yaml": "{}",
    "yaml steps": "name: shell\nparameters:\n  service: {{type: string}}\n  version: {{type: string}}\n"
    "  canary: {{type: integer}}\n  host: {{type: string}}\n  hosts: {{type: json}}\nsteps:\n{}",
    "yaml finally": "name: shell\nsteps: {{look: {{run: 'true'}}}}\nfinally:\n{}",
    "yaml parameters": "name: shell\nsteps: {{look: {{run: 'true'}}}}\nparameters:\n{}",
}

LANGUAGE = (
    *files.KEYS,
    *files.CONCURRENCY_KEYS,
    *file_parameters.KEYS,
    *file_steps.KEYS,
    *file_policies.RETRY_KEYS,
    *file_http.HTTP_KEYS,
    *file_options.OPTIONS_KEYS,
    *file_programs.PYTHON_KEYS,
    *file_actions.WAIT_KEYS,
    *file_actions.WORKFLOW_KEYS,
    *file_people.APPROVAL_KEYS,
    *file_people.INPUT_KEYS,
    *file_people.MESSAGE_KEYS,
)

_BLOCK = re.compile(r"^```(\w[^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ROW = re.compile(r"^\| `([A-Z_]+)` \| ([^|]*) \|", re.MULTILINE)


def blocks(language: str) -> Iterator[tuple[str, str, str]]:
    """Fenced blocks of all documents: where, info string, text."""
    for document in DOCUMENTS:
        text = document.read_text()
        for match in _BLOCK.finditer(text):
            if match[1].split()[0] == language:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{document.name}:{line}", match[1], match[2]


def in_shell(info: str, text: str) -> str:
    """A block as a whole workflow file."""
    indented = text if info == "yaml" else re.sub(r"^(?=.)", "  ", text, flags=re.MULTILINE)
    return SHELLS[info].format(indented)


def keys_of(value: object) -> Iterator[str]:
    """Every key of a value, however deep."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = _HEADING.findall(_BLOCK.sub("", document.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("where", "info", "text"), [pytest.param(*block, id=block[0]) for block in blocks("yaml")]
)
def test_every_yaml_example_is_read_without_a_mistake(where: str, info: str, text: str) -> None:
    if info == "yaml permissions":
        assert read_permissions(where, text)
    else:
        assert read_workflow(where, in_shell(info, text), WORKFLOWS).steps


@pytest.mark.parametrize(
    ("where", "info", "text"),
    [pytest.param(*block, id=block[0]) for block in blocks("yaml") if block[1] != "yaml permissions"],
)
def test_editors_accept_every_yaml_example_too(where: str, info: str, text: str) -> None:
    validator = Draft202012Validator(json_schema())
    errors = validator.iter_errors(as_editors_read(in_shell(info, text)))
    assert [error.message for error in errors] == [], where


def test_every_key_of_the_language_is_there_in_an_example() -> None:
    shown = {
        key
        for where, info, text in blocks("yaml")
        if where.startswith("workflows.md") and info != "yaml permissions"
        for key in keys_of(as_editors_read(in_shell(info, text)))
    }
    assert set(LANGUAGE) - shown == set()


@pytest.mark.parametrize("key", sorted(set(LANGUAGE)))
def test_every_key_of_the_language_is_explained(key: str) -> None:
    assert f"`{key}`" in (ROOT / "docs/workflows.md").read_text()


def test_every_environment_variable_is_documented_and_no_other() -> None:
    documented = {name for name, _ in _ROW.findall((ROOT / "docs/configuration.md").read_text())}
    assert documented == {name.upper() for name in Settings.model_fields}


def test_documented_defaults_are_the_defaults() -> None:
    documented = dict(_ROW.findall((ROOT / "docs/configuration.md").read_text()))
    fixed = {
        name.upper(): str(field.default)
        for name, field in Settings.model_fields.items()
        if isinstance(field.default, str | int | Path) and str(field.default)
    }
    assert fixed
    assert {name: documented[name].strip("`") for name in fixed} == fixed


def test_every_capability_is_documented() -> None:
    text = (ROOT / "docs/permissions.md").read_text()
    assert [capability for capability in Capability if f"`{capability}`" not in text] == []


def test_every_status_is_in_the_glossary_with_its_label() -> None:
    text = (ROOT / "docs/glossary.md").read_text()
    assert [status for status in RunStatus if f"| `{status.value}` | {status.label} |" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    for target in _LINK.findall(document.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (document.parent / path).resolve() if path else document
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_slash_command_in_the_documents_is_understood(document: Path) -> None:
    for text in re.findall(r"`/workflow( [^`]*)?`", document.read_text()):
        parse_command(text)


def test_every_command_line_in_the_documents_exists() -> None:
    known = {*get_group(app).commands}
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    named = set(re.findall(r"(?:`|bin/|- )handrail ([a-z]+)", text))
    assert named >= {"up", "web", "worker", "migrate", "run", "validate", "schema"}
    assert named <= known


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
    assert named >= {"sandbox", "test", "check", "setup"}
    assert named <= targets


def test_the_picture_is_an_image_that_says_what_it_shows() -> None:
    picture = ElementTree.parse(ROOT / "docs/architecture.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert picture.tag == f"{name}svg"
    assert picture.findtext(f"{name}title")
    assert picture.findtext(f"{name}desc")
