"""Which of its workflow's secrets a step needs, and what it makes of them."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.definition import HttpAction, PythonAction, RunAction, Step, Template
from engine.core.evaluate import Names
from engine.expressions import compile_text, values_made_of
from engine.masking import SHORTEST_SECRET


def secrets_of_step(step: Step) -> frozenset[str]:
    """The names of the secrets that a step's expressions ask for. Raises ExpressionProblem."""
    paths = (path for text in texts_in(list(_templates(step))) for path in compile_text(text).references)
    return frozenset(path[1] for path in paths if path[0] == "secrets" and len(path) > 1)


def made_of_secrets(step: Step, names: Names) -> frozenset[str]:
    """The texts that a step's expressions make of secrets, such as one in capitals: they are secret too. Numbers
    and short words, such as a secret's length, are not. Raises ExpressionProblem."""
    values = [
        value for text in texts_in(list(_templates(step))) for value in values_made_of("secrets", text, names)
    ]
    return frozenset(text for text in texts_in(values) if len(text) >= SHORTEST_SECRET)


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


def texts_in(template: Template) -> Iterator[str]:
    """All texts in a value of any shape."""
    match template:
        case str():
            yield template
        case list():
            for item in template:
                yield from texts_in(item)
        case dict():
            for item in template.values():
                yield from texts_in(item)
