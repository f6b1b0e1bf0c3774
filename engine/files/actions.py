"""What the steps of a workflow file do: one function a kind, the larger ones in modules of their own."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping

from engine.core.clock import seconds_until
from engine.core.definition import (
    Action,
    SetAction,
    StepKind,
    Template,
    WaitAction,
    WorkflowAction,
)
from engine.core.durations import DURATION_HINT, parse_duration
from engine.core.text import did_you_mean, excerpt
from engine.files.expressions import Scope, Templates, is_fixed
from engine.files.fields import Fields
from engine.files.http import read_http
from engine.files.nodes import Scalar, Table
from engine.files.parameters import IDENTIFIER
from engine.files.people import read_approval, read_input, read_message
from engine.files.programs import read_python, read_run

WAIT_KEYS = ("duration", "until", "zone")
WORKFLOW_KEYS = ("name", "parameters")

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
"""A workflow's name."""

VALUE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)

ActionAndTimeout = tuple[Action, float | None]
"""An action, and the seconds that it says for its step's timeout itself."""


def read_action(
    kind: StepKind, fields: Fields, scope: Scope, title: str, templates: Templates
) -> ActionAndTimeout:
    """What the step does. A mistake leaves a stand-in, which no workflow with mistakes ever shows."""
    match kind:
        case StepKind.RUN:
            return read_run(fields, scope, templates), None
        case StepKind.HTTP:
            return read_http(fields, scope, templates), None
        case StepKind.PYTHON:
            return read_python(fields, scope, templates), None
        case StepKind.SET:
            return _read_set(fields, scope, templates), None
        case StepKind.APPROVAL:
            return read_approval(fields, scope, title, templates)
        case StepKind.INPUT:
            return read_input(fields, scope, title, templates)
        case StepKind.MESSAGE:
            return read_message(fields, scope, templates), None
        case StepKind.WAIT:
            return _read_wait(fields, scope, templates), None
        case StepKind.WORKFLOW:
            return _read_workflow(fields, scope, templates), None


# --- set


def _read_set(fields: Fields, scope: Scope, templates: Templates) -> SetAction:
    values = {}
    for key, node in fields.entries("set"):
        if not VALUE_NAME.fullmatch(key.text):
            templates.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be a name in set. Use letters, digits and _, no digit first.",
            )
        values[key.text] = templates.value(node, scope)
    if isinstance(fields.node("set"), Table) and not values:
        fields.add("set", "WF-REQUIRED", "'set' is empty. Write at least one 'name: value'.")
    return SetAction(values)


# --- wait


def _read_wait(fields: Fields, scope: Scope, templates: Templates) -> WaitAction:
    if not isinstance(fields.node("wait"), Table):
        return WaitAction(_read_duration(fields, "wait", scope, templates))
    table = fields.sub_table("wait")
    assert table is not None
    wait = Fields(table, fields.mistakes, "'wait'", WAIT_KEYS)
    if "until" not in wait:
        wait.require("duration", "10m' or 'until: 07:30")
        if "zone" in wait:
            wait.add("zone", "WAIT-UNTIL", "A 'zone' belongs to 'until'. A duration is the same everywhere.")
        return WaitAction(_read_duration(wait, "duration", scope, templates))
    if "duration" in wait:
        wait.mistakes.add(
            wait.key_place("duration"),
            "WAIT-UNTIL",
            "A wait has a duration or a time until which it lasts, not both. Keep one.",
        )
    return WaitAction(until=_read_until(wait, scope, templates), zone=_read_zone(wait))


def _read_duration(fields: Fields, key: str, scope: Scope, templates: Templates) -> str:
    node = fields.node(key)
    if not isinstance(node, Scalar) or node.value is None:
        if node is not None:
            fields.add(key, "WF-DURATION", f"A wait needs a duration. {DURATION_HINT}")
        return "0s"
    if not is_fixed(node.text):
        return templates.text(node, scope)
    try:
        parse_duration(node.text)
    except ValueError as error:
        fields.add(key, "WF-DURATION", str(error))
    return node.text


def _read_until(wait: Fields, scope: Scope, templates: Templates) -> str:
    text, node = wait.text("until"), wait.node("until")
    if text is None or not isinstance(node, Scalar):
        return ""
    if is_fixed(text):
        try:
            seconds_until(text, "UTC", 0)
        except ValueError as error:
            wait.add("until", "WAIT-UNTIL", str(error))
    return templates.text(node, scope)


def _read_zone(wait: Fields) -> str:
    name = wait.text("zone")
    if name is None:
        return "UTC"
    try:
        zoneinfo.ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        wait.add(
            "zone",
            "WAIT-ZONE",
            f"There is no time zone '{excerpt(name)}'.{did_you_mean(name, _zones_like(name))} "
            "Write a name such as Europe/Berlin.",
        )
    return name


def _zones_like(name: str) -> list[str]:
    """Zones that begin alike, or whose place this is: all of them are too many to compare."""
    beginning, place = name[:2].lower(), name.lower()
    return [
        zone
        for zone in sorted(zoneinfo.available_timezones())
        if zone[:2].lower() == beginning or zone.rpartition("/")[2].lower() == place
    ]


# --- workflow


def _read_workflow(fields: Fields, scope: Scope, templates: Templates) -> WorkflowAction:
    """The name of a workflow, or a mapping that also says its parameters. `links` checks whether it exists."""
    if not isinstance(fields.node("workflow"), Table):
        return WorkflowAction(_read_name(fields, "workflow"))
    table = fields.sub_table("workflow")
    assert table is not None
    child = Fields(table, fields.mistakes, "'workflow'", WORKFLOW_KEYS)
    child.require("name", "restore")
    return WorkflowAction(_read_name(child, "name"), _read_parameters(child, scope, templates))


def _read_name(fields: Fields, key: str) -> str:
    name = fields.text(key)
    if name is not None and not is_fixed(name):
        fields.add(
            key,
            "SUB-NAME",
            "Which workflow is started is fixed text, so no expression may stand here. "
            "For a choice between some, write a step with 'if' for each.",
        )
    elif name is not None and not NAME.fullmatch(name):
        fields.add(
            key, "SUB-NAME", f"'{excerpt(name)}' cannot be a workflow's name. Write one such as restore."
        )
    return name or ""


def _read_parameters(child: Fields, scope: Scope, templates: Templates) -> Mapping[str, Template]:
    values: dict[str, Template] = {}
    for key, node in child.entries("parameters"):
        if not IDENTIFIER.fullmatch(key.text):
            child.mistakes.add(
                key.place,
                "WF-NAME",
                f"'{excerpt(key.text)}' cannot be a parameter's name. See the other workflow.",
            )
        values[key.text] = templates.value(node, scope)
    return values
