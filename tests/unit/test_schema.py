"""The JSON Schema for editors says yes to good files and no to most bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from engine.schema import json_schema
from tests.unit.test_files import DEPLOY, with_parameters, with_steps

WORKFLOWS = Path(__file__).parents[2] / "workflows"


class _TextLoader(yaml.SafeLoader):
    """Reads dates as the text they are."""


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, shape) for tag, shape in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> Any:
    return yaml.load(text, Loader=_TextLoader)  # made from the safe one


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def test_the_schema_is_a_schema_and_json() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize(
    "text",
    [
        DEPLOY,
        "name: w\nsteps: {a: {run: x}}",
        with_steps("  a: {wait: {duration: 10m}}\n  b: {wait: '{{ run.number }}s'}\n  c: {approval: {}}"),
        with_steps("  a: {set: {x: [1, {y: null}]}, needs: [], timeout: 90}"),
        with_parameters("  p: {type: multi_choice, options: [a], default: [a]}"),
    ],
)
def test_a_good_file_is_valid(validator: Draft202012Validator, text: str) -> None:
    assert [error.message for error in validator.iter_errors(load(text))] == []


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.y*ml")), ids=lambda path: path.name)
def test_the_examples_are_valid(validator: Draft202012Validator, path: Path) -> None:
    if path.stem != "permissions":
        assert [error.message for error in validator.iter_errors(load(path.read_text()))] == []


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "steps: {a: {run: x}}",
        "name: w",
        "name: w\nsteps: {}",
        "name: ../x\nsteps: {a: {run: x}}",
        "name: w\nstepz: {}\nsteps: {a: {run: x}}",
        with_steps("  A-B: {run: x}"),
        with_steps("  a: {}"),
        with_steps("  a: {run: x, wait: 1m}"),
        with_steps("  a: {runn: x}"),
        with_steps("  a: {run: x, timeout: soon}"),
        with_steps("  a: {run: x, timeout: ''}"),
        with_steps("  a: {run: x, retry: 3}"),
        with_steps("  a: {run: x, idempotent: 'yes'}"),
        with_steps("  a: {run: x, env: [A]}"),
        with_steps("  a: {wait: 1m, env: {A: 1}}"),
        with_steps("  a: {set: {}}"),
        with_steps("  a: {http: {method: GET}}"),
        with_steps("  a: {http: {url: 'ftp://a'}}"),
        with_steps("  a: {http: {url: 'http://{{ params.h }}/'}}"),
        with_steps("  a: {http: {url: 'http://a', json: 1, body: x}}"),
        with_steps("  a: {http: {url: 'http://a', expect: [20]}}"),
        with_steps("  a: {approval: {required: 0}}"),
        with_steps("  a: {approval: {on_timeout: ignore}}"),
        with_parameters("  p: {title: P}"),
        with_parameters("  p: {type: strng}"),
        with_parameters("  p: {type: choice}"),
        with_parameters("  p: {type: string, options: [a]}"),
        with_parameters("  p: {type: choice, options: [a, 1]}"),
        with_parameters("  p: {type: string, required: maybe}"),
    ],
)
def test_a_bad_file_is_not_valid(validator: Draft202012Validator, text: str) -> None:
    assert not validator.is_valid(load(text))
