"""docs/fidelity.md names only tests that exist, and leaves out no method, block or element."""

import ast
import re
from pathlib import Path

import pytest

from sandbox.api.endpoint import METHODS
from sandbox.elements import CLICKABLE_TYPES
from sandbox.validation.blocks import block_types

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fidelity.md").read_text()
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize("path", sorted({path for path, _ in _TEST.findall(PAGE)}))
def test_every_test_that_is_named_exists(path: str) -> None:
    named = {name for file, name in _TEST.findall(PAGE) if file == path}
    assert named - names_in(path) == set()


def test_every_row_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.endswith("| Shown by |")]
    assert len(rows) > 100
    assert [row for row in rows if not _TEST.search(row)] == []


def test_every_row_of_a_table_has_as_many_cells_as_its_head() -> None:
    width = 0
    for line in PAGE.splitlines():
        if line.startswith("| ") and line.endswith("| Shown by |"):
            width = line.count("|")
        elif line.startswith("| "):
            assert line.count("|") == width, line[:80]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_has_a_row(method: str) -> None:
    assert f"`{method}`" in PAGE


@pytest.mark.parametrize(
    "kind", sorted(block_types("message") | block_types("modal") | block_types("home") | CLICKABLE_TYPES)
)
def test_every_block_and_element_has_a_row(kind: str) -> None:
    assert f"`{kind}`" in PAGE


def test_each_point_of_the_checklist_has_a_row() -> None:
    points = re.findall(r"^\| (\d+)\. ", PAGE, re.MULTILINE)
    assert points == [str(number) for number in range(1, 15)]
