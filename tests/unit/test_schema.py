"""The JSON Schema for editors says yes to good files and no to most bad ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from engine.files.schema import json_schema
from tests.support.editors import as_editors_read
from tests.unit.test_file_kinds import BAD_KINDS
from tests.unit.test_file_policies import BAD_STEPS, BAD_TOPS, FINAL, with_top
from tests.unit.test_files import DEPLOY, with_parameters, with_steps

WORKFLOWS = Path(__file__).parents[2] / "workflows"


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
        FINAL,
        with_top("secrets: [a, b]\ntimeout: 2h\nconcurrency: 'w-{{ params.x }}'"),
        with_top("secrets: token\nconcurrency: {key: w, on_conflict: cancel}"),
        with_steps("  a: {run: x, shell: bash, working_directory: a/b.c, stdin: '{{ run.number }}'}"),
        with_steps("  a: {run: x, shell: [php, -r], retry: 3, continue_on_error: true}"),
        with_steps("  a: {run: x, retry: {attempts: 2, delay: 5s, backoff: 1.5, exit_codes: 75}}"),
        with_steps(
            "  a: {http: {url: 'http://a', form: {a b: 1}, redirects: 1}, retry: {attempts: 2, statuses: [503]}}"
        ),
        with_steps("  a: {python: 'a.b:c', env: {A: 1}, foreach: [1], max_parallel: 2}"),
        with_steps("  a: {python: {function: a-b, arguments: {x: [1]}}, foreach: '{{ params.x }}'}"),
        with_steps(
            "  a: {message: x}\n  b: {message: {text: x, channel: '#é'}}\n  c: {message: {text: x, user: U0BOB}}"
        ),
        with_steps("  a: {message: {text: x, channel: '{{ params.c }}'}, timeout: 1m}"),
        with_steps(
            "  a: {input: {fields: {p: {type: string}}, people: {users: [U1, '{{ params.x }}']}, timeout: 1h}}"
        ),
        with_steps(
            "  a: {wait: {until: '07:30', zone: Europe/Berlin}}\n  b: {wait: {until: '2026-01-31T07:30'}}"
        ),
        with_steps("  a: {workflow: b}\n  c: {workflow: {name: b, parameters: {x: 1}}}"),
    ],
)
def test_a_good_file_is_valid(validator: Draft202012Validator, text: str) -> None:
    assert [error.message for error in validator.iter_errors(as_editors_read(text))] == []


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.y*ml")), ids=lambda path: path.name)
def test_the_examples_are_valid(validator: Draft202012Validator, path: Path) -> None:
    if path.stem != "permissions":
        assert [error.message for error in validator.iter_errors(as_editors_read(path.read_text()))] == []


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
    assert not validator.is_valid(as_editors_read(text))


KNOWN_TO_HANDRAIL_ALONE = {
    # which names, steps and values fit together
    "a longest pause that is shorter",
    "a pause of two days",
    "a step of both",
    "defaults that are not there",
    "ends in a circle",
    "an end that needs a step",
    "an end that needs nothing known",
    # times and zones
    "a day on no calendar",
    "a misspelled zone",
    "a city as zone",
    "a path as zone",
    "a zone that is chosen",
    "a time that is none",
    "a run without time",
    # what a text holds beside an expression
    "items beside text",
}
"""Mistakes that a schema cannot see, beside those of expressions."""


@pytest.mark.parametrize(
    "text",
    [
        *(
            pytest.param(with_steps(f"  a: {written}\n"), id=name)
            for name, written, code, _ in (*BAD_KINDS, *BAD_STEPS)
            if code != "EXPRESSION" and name not in KNOWN_TO_HANDRAIL_ALONE
        ),
        *(
            pytest.param(with_top(written), id=name)
            for name, written, code, _ in BAD_TOPS
            if code != "EXPRESSION" and name not in KNOWN_TO_HANDRAIL_ALONE
        ),
    ],
)
def test_what_handrail_refuses_by_its_shape_is_not_valid_either(
    validator: Draft202012Validator, text: str
) -> None:
    assert not validator.is_valid(as_editors_read(text))
