"""The examples as files: all of them are read, and together they show everything there is."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from engine.core.definition import ApprovalAction, OnConflict, ParameterType, StepKind
from engine.files.schema import json_schema
from engine.registry import Registry
from tests.examples.house import WORKFLOWS

EXAMPLES = (
    "canary-release",
    "certificate",
    "clear-change",
    "deploy",
    "hello",
    "host-report",
    "renew-certificates",
    "restore-one",
    "restore-rehearsal",
    "shift-traffic",
)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(WORKFLOWS)


def test_every_example_is_read_without_a_mistake(registry: Registry) -> None:
    assert registry.mistakes() == ()
    assert tuple(sorted(registry.workflows())) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_editors_accept_every_example_too(name: str) -> None:
    jsonschema.validate(yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text()), json_schema())


def test_every_example_lies_in_the_file_of_its_name() -> None:
    assert tuple(sorted(path.stem for path in WORKFLOWS.glob("*.yml"))) == EXAMPLES


def test_hello_has_a_field_of_every_type(registry: Registry) -> None:
    assert {parameter.type for parameter in registry.workflows()["hello"].parameters} == set(ParameterType)


def test_together_the_examples_use_every_kind_of_step(registry: Registry) -> None:
    kinds = {step.kind for workflow in registry.workflows().values() for step in workflow.steps}
    assert kinds == set(StepKind)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_says_what_it_does_and_how_long_its_steps_may_take(
    registry: Registry, name: str
) -> None:
    workflow = registry.workflows()[name]
    assert workflow.description
    assert all(
        step.timeout_seconds <= 300 for step in workflow.steps if step.kind in (StepKind.RUN, StepKind.HTTP)
    )


@pytest.mark.parametrize("name", ["canary-release", "deploy", "hello", "restore-rehearsal"])
def test_approvals_of_the_examples_can_be_decided_by_bob_and_by_those_on_call(
    registry: Registry, name: str
) -> None:
    asked = [
        step.action for step in registry.workflows()[name].steps if isinstance(step.action, ApprovalAction)
    ]
    assert [(each.approvers.users, each.approvers.groups) for each in asked] == [(("U0BOB",), ("S0ONCALL",))]


def test_together_the_examples_use_every_policy_of_steps_and_runs(registry: Registry) -> None:
    workflows = registry.workflows().values()
    steps = [step for workflow in workflows for step in workflow.steps]
    assert any(step.retry is not None and step.retry.statuses for step in steps)
    assert any(step.retry is not None and step.retry.exit_codes for step in steps)
    assert any(step.foreach is not None for step in steps)
    assert any(step.continue_on_error for step in steps)
    assert any(step.is_final for step in steps)
    assert any(workflow.timeout_seconds is not None for workflow in workflows)
    assert {workflow.concurrency.on_conflict for workflow in workflows if workflow.concurrency} == {
        OnConflict.QUEUE,
        OnConflict.REJECT,
    }
