"""Which of its workflow's secrets a step needs."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.definition import HttpAction, PythonAction, RunAction, Step, Template
from engine.expressions import compile_text


def secrets_of_step(step: Step) -> frozenset[str]:
    """The names of the secrets that a step's expressions ask for. Raises ExpressionProblem."""
    paths = (path for text in _texts(list(_templates(step))) for path in compile_text(text).references)
    return frozenset(path[1] for path in paths if path[0] == "secrets" and len(path) > 1)


def _templates(step: Step) -> Iterator[Template]:
    """What only executors compute. Secrets may stand there and nowhere else."""
    yield dict(step.env)
    match step.action:
        case RunAction(stdin=stdin):
            yield stdin
        case HttpAction() as action:
            yield [action.url, action.json, action.body]
            yield dict(action.headers)
            yield dict(action.form or {})
        case PythonAction(arguments=arguments):
            yield dict(arguments)


def _texts(template: Template) -> Iterator[str]:
    match template:
        case str():
            yield template
        case list():
            for item in template:
                yield from _texts(item)
        case dict():
            for item in template.values():
                yield from _texts(item)
