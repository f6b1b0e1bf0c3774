"""What becomes of secrets on their way through expressions and JSON, and of answers in strange charsets."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from engine.core.definition import Action, HttpAction, PythonAction, RunAction
from engine.core.events import Errored, Failed, Succeeded
from engine.executors.dispatch import execute
from engine.expressions import Expressions
from engine.secrets import Secrets
from tests.engine_shell.http_server import answering, serving
from tests.engine_shell.steps import Kept, step_context

TOKEN = "s3cret-Token-value"
KNOWN = Secrets({"HANDRAIL_SECRET_TOKEN": TOKEN, "HANDRAIL_SECRET_PIN": "471108"})


@pytest.mark.parametrize(
    "made",
    ["{{ secrets.token | upper }}", "x{{ secrets.token[2:12] }}y", "{{ secrets.token | replace('e', '3') }}"],
)
def test_what_expressions_make_of_a_secret_is_secret_too(made: str) -> None:
    kept = Kept()
    context = step_context(
        RunAction('printf "%s\\n" "$T"; cat; exit 3', stdin=made),
        kept,
        env={"T": made},
        declared=["token", "pin"],
        known_secrets=KNOWN,
    )
    object.__setattr__(context, "evaluate", Expressions())
    outcome = execute(context)
    assert isinstance(outcome, Failed)
    seen = kept.stdout + json.dumps(kept.arguments) + json.dumps(outcome.result)
    for part in ("S3CRET", "cret-", "s3cr3t"):
        assert part not in seen
    assert seen.count("***") == 4


def test_what_expressions_make_of_other_values_is_not() -> None:
    kept = Kept()
    context = step_context(
        RunAction('echo "$A $B"'),
        kept,
        env={"A": "{{ params.site | upper }}", "B": "{{ secrets.token | length }} {{ secrets.token }}"},
        params={"site": "frankfurt"},
        declared=["token"],
        known_secrets=KNOWN,
    )
    object.__setattr__(context, "evaluate", Expressions())
    assert execute(context) == Succeeded(exit_code=0)
    assert kept.stdout == "FRANKFURT 18 ***\n"


def test_a_secret_of_digits_is_masked_where_json_makes_a_number_of_it(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text(
        "def number(t): return {'n': int(t), 'list': [float(t)], 'ok': True, 'm': 4}\n"
    )
    python = PythonAction("steps:number", {"t": "{{ secrets.pin }}"})
    with serving(answering(200, b'{"pin": 471108}', **{"Content-Type": "application/json"})) as server:
        steps: list[tuple[Action, dict[str, str]]] = [
            (RunAction('echo "$T"'), {"T": "{{ secrets.pin }}"}),
            (python, {}),
            (HttpAction("GET", server.url, {"X-Pin": "{{ secrets.pin }}"}), {}),
        ]
        for action, env in steps:
            context = step_context(
                action, Kept(), env=env, folder=tmp_path, declared=["pin"], known_secrets=KNOWN
            )
            outcome = execute(context)
            assert isinstance(outcome, Succeeded)
            assert "471108" not in json.dumps(outcome.result)
            assert "***" in json.dumps(outcome.result)


def test_a_secret_that_expressions_cannot_read_is_an_error_that_does_not_show_it() -> None:
    context = step_context(
        RunAction("true"),
        Kept(),
        env={"A": "{{ secrets.token | int }}"},
        declared=["token"],
        known_secrets=KNOWN,
    )
    object.__setattr__(context, "evaluate", Expressions())
    outcome = execute(context)
    assert isinstance(outcome, Errored)
    assert "s3cret" not in outcome.error


@pytest.mark.parametrize("charset", ["punycode", "Punycode-", "idna", "undefined", "hex", "none-such"])
def test_an_answer_in_a_charset_that_is_none_is_read_at_once(charset: str) -> None:
    body = b"a" * 150_000 + b"-" + b"b" * 150_000
    with serving(answering(200, body, **{"Content-Type": f"text/plain; charset={charset}"})) as server:
        began = time.monotonic()
        outcome = execute(step_context(HttpAction("GET", server.url), Kept()))
    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.result, dict)
    assert outcome.result["text"] == body.decode()
    assert time.monotonic() - began < 5
