"""What the documents say is true: their examples are read, their variables exist, their links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot.cli import app
from bot.settings import Settings
from bot.slack.words import parse_command
from engine.core.permission import Capability
from engine.core.state import RunStatus
from engine.file_permissions import read_permissions
from engine.files import read_workflow
from tests.examples.house import ROOT, WORKFLOWS

DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)

# A block's info string says where its text belongs: a whole file, or what stands below `parameters:` or `steps:`.
SHELLS = {
    "yaml": "{}",
    "yaml steps": "name: shell\nparameters:\n  service: {{type: string}}\n  version: {{type: string}}\n"
    "  canary: {{type: integer}}\nsteps:\n{}",
    "yaml parameters": "name: shell\nsteps: {{look: {{run: 'true'}}}}\nparameters:\n{}",
}

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
        return
    indented = text if info == "yaml" else re.sub(r"^(?=.)", "  ", text, flags=re.MULTILINE)
    assert read_workflow(where, SHELLS[info].format(indented), WORKFLOWS).steps


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
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
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
