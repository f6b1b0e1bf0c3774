"""`set` steps compute values; what cannot be computed is an error of the run, not a failure of the step."""

from __future__ import annotations

from engine.core.definition import SetAction
from engine.core.events import Errored, Succeeded
from engine.executors.dispatch import execute
from tests.engine_shell.steps import Kept, step_context


def test_the_result_is_the_computed_mapping_with_its_types() -> None:
    kept = Kept()
    action = SetAction(
        {"tag": "v{{ params.version }}", "count": "{{ params.count }}", "all": ["{{ params.x }}", 1]}
    )
    context = step_context(action, kept, params={"version": "1.2", "count": 3, "x": None})
    assert execute(context) == Succeeded({"tag": "v1.2", "count": 3, "all": [None, 1]})
    assert kept.arguments == [dict(action.values)]


def test_a_value_that_cannot_be_computed_says_why() -> None:
    outcome = execute(step_context(SetAction({"a": "{{ params.missing }}"}), Kept()))
    assert outcome == Errored("There is no params.missing.")


def test_secrets_are_masked_in_results_and_arguments() -> None:
    kept = Kept()
    action = SetAction({"a": "{{ params.a }}", "b": "literal secret-value"})
    context = step_context(action, kept, params={"a": "a secret-value"}, secrets=["secret-value"])
    assert execute(context) == Succeeded({"a": "a ***", "b": "literal ***"})
    assert kept.arguments == [{"a": "{{ params.a }}", "b": "literal ***"}]
