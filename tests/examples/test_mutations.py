"""The examples of the documents with something else in one place: each is read, or refused with sentences."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.errors import InvalidWorkflow, Mistake
from engine.files.workflow import read_workflow
from tests.examples.test_documents import blocks, in_shell
from tests.support.editors import as_editors_read

Path = tuple[str | int, ...]

ANYTHING: st.SearchStrategy[object] = st.sampled_from(
    [
        *(None, True, 0, 1, -1, 10**17, 1.5, "", " ", "x", "a\nb", "é", "#x", "../x", "1:30", "x" * 5000),
        *(
            "{{",
            "}}",
            "{{ }}",
            "{{ item }}",
            "{{ params.service }}",
            "{{ secrets.a }}",
            "{{ steps.ask.result.x }}",
        ),
        *([], {}, [[]], [None], ["a", 1], {"a": 1}, {"run": "x"}, {"{{ x }}": 1}, [{"a": []}]),
    ]
)

EXAMPLES = [
    as_editors_read(in_shell(info, text))
    for where, info, text in blocks("yaml")
    if where.startswith("workflows.md") and info != "yaml permissions"
]


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """The way to everything in a value, but not to itself."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield (*path, key)
        yield from paths(inner, (*path, key))


PLACES = [(n, path) for n, example in enumerate(EXAMPLES) for path in paths(example)]


def with_another(example: object, path: Path, value: object) -> str:
    changed: Any = copy.deepcopy(example)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = copy.deepcopy(value)
    return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_in_one_place_the_file_is_read_or_refused(
    place: tuple[int, Path], value: object
) -> None:
    text = with_another(EXAMPLES[place[0]], place[1], value)
    told: tuple[Mistake, ...] = ()
    try:
        assert read_workflow("sample.yml", text, "/flows").source == text
    except InvalidWorkflow as problem:
        told = problem.mistakes
    for mistake in told:
        assert mistake.sentence.endswith((".", "?")), mistake
        assert min(mistake.line, mistake.column) >= 1
