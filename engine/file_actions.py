"""What the steps of a workflow file do: one function a kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.core.definition import (
    Action,
    ApprovalAction,
    Approvers,
    HttpAction,
    OnTimeout,
    RunAction,
    SetAction,
    StepKind,
    WaitAction,
)
from engine.core.durations import DURATION_HINT, parse_duration
from engine.core.slack_ids import GROUP_ID, USER_ID
from engine.core.text import excerpt
from engine.file_expressions import Templates, is_fixed, refuse_in_source
from engine.yaml_fields import Fields
from engine.yaml_nodes import Scalar, Table

DEFAULT_APPROVAL_SECONDS = 24 * 3600

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DEFAULT_EXPECT = (200, 201, 202, 204)
HTTP_KEYS = ("method", "url", "headers", "json", "body", "expect")
APPROVAL_KEYS = ("title", "message", "approvers", "required", "timeout", "on_timeout", "allow_self")

VALUE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
_OWN_ENV = ("HANDRAIL_", "PARAM_")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?:[0-9]{1,5}|\{\{[^{}]*\}\}))?(?=[/?#]|$)", re.ASCII
)

ActionAndTimeout = tuple[Action, float | None]
"""An action, and the seconds that it says for its step's timeout itself."""


def read_action(
    kind: StepKind, fields: Fields, step_id: str, title: str, templates: Templates
) -> ActionAndTimeout:
    """What the step does. A mistake leaves a stand-in, which no workflow with mistakes ever shows."""
    if kind is StepKind.APPROVAL:
        return _read_approval(fields, step_id, title, templates)
    return _READERS[kind](fields, step_id, templates), None


def _read_run(fields: Fields, step_id: str, templates: Templates) -> RunAction:
    command = fields.text("run", longest=64 * 1024)
    node = fields.node("run")
    if command is None or not isinstance(node, Scalar):
        return RunAction("")
    if not command.strip():
        fields.add("run", "WF-REQUIRED", "'run' is empty. Write the shell command of this step.")
    refuse_in_source(node, templates.parameters, templates.mistakes)
    return RunAction(command)


def _read_set(fields: Fields, step_id: str, templates: Templates) -> SetAction:
    values = {}
    for key, node in fields.entries("set"):
        _check_value_name(key, templates, "set")
        values[key.text] = templates.value(node, step_id)
    if isinstance(fields.node("set"), Table) and not values:
        fields.add("set", "WF-REQUIRED", "'set' is empty. Write at least one 'name: value'.")
    return SetAction(values)


def _check_value_name(key: Scalar, templates: Templates, where: str) -> None:
    if not VALUE_NAME.fullmatch(key.text):
        templates.mistakes.add(
            key.place,
            "WF-NAME",
            f"'{excerpt(key.text)}' cannot be a name in {where}. Use letters, digits and _, no digit first.",
        )


def _read_wait(fields: Fields, step_id: str, templates: Templates) -> WaitAction:
    node = fields.node("wait")
    if isinstance(node, Table):
        inner = Fields(node, templates.mistakes, "'wait'", ("duration",))
        inner.require("duration", "10m")
        node = inner.node("duration")
    if not isinstance(node, Scalar) or node.value is None:
        if node is not None:
            templates.mistakes.add(node.place, "WF-DURATION", f"A wait needs a duration. {DURATION_HINT}")
        return WaitAction("0s")
    if is_fixed(node.text):
        try:
            parse_duration(node.text)
        except ValueError as error:
            templates.mistakes.add(node.place, "WF-DURATION", str(error))
        return WaitAction(node.text)
    return WaitAction(templates.text(node, step_id))


# --- http


def _read_http(fields: Fields, step_id: str, templates: Templates) -> HttpAction:
    table = fields.sub_table("http")
    if table is None:
        return HttpAction("GET", "")
    http = Fields(table, fields.mistakes, "'http'", HTTP_KEYS)
    if "json" in http and "body" in http:
        http.mistakes.add(http.key_place("body"), "HTTP-BODY", "A request has 'json' or 'body', not both.")
    body, json = http.node("body"), http.node("json")
    return HttpAction(
        method=http.choice("method", METHODS) or "GET",
        url=_read_url(http, step_id, templates),
        headers=_read_headers(http, step_id, templates),
        json=templates.value(json, step_id) if json else None,
        body=templates.text(body, step_id)
        if isinstance(body, Scalar) and http.text("body") is not None
        else None,
        expect=_read_expect(http) or DEFAULT_EXPECT,
    )


def _read_url(http: Fields, step_id: str, templates: Templates) -> str:
    http.require("url", "'https://deploy.internal/ship'")
    text, node = http.text("url"), http.node("url")
    if text is None or not isinstance(node, Scalar):
        return ""
    if not _URL.match(text):
        http.add(
            "url",
            "HTTP-HOST",
            f"'{excerpt(text)}' does not begin with http:// or https:// and a fixed host. "
            "Expressions may stand in the port, the path and the query, so that no value chooses where to go.",
        )
    return templates.text(node, step_id)


def _read_headers(http: Fields, step_id: str, templates: Templates) -> Mapping[str, str]:
    headers = http.text_table("headers", "HTTP-HEADER")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            http.mistakes.add(
                value.place, "HTTP-HEADER", f"'{excerpt(name)}' cannot be the name of a header."
            )
        if "\n" in value.text or "\r" in value.text:
            http.mistakes.add(
                value.place,
                "HTTP-HEADER",
                f"The header '{excerpt(name)}' holds a line break. Write it on one line.",
            )
    return {name: templates.text(value, step_id) for name, value in headers.items()}


def _read_expect(http: Fields) -> tuple[int, ...]:
    found: list[int] = []
    for scalar in http.scalars("expect"):
        status = scalar.value
        if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
            found.append(status)
        else:
            http.mistakes.add(
                scalar.place,
                "HTTP-EXPECT",
                f"'{excerpt(scalar.text)}' is no HTTP status. Write numbers such as [200, 202].",
            )
    return tuple(dict.fromkeys(found))


_READERS: Mapping[StepKind, Callable[[Fields, str, Templates], Action]] = {
    StepKind.RUN: _read_run,
    StepKind.HTTP: _read_http,
    StepKind.SET: _read_set,
    StepKind.WAIT: _read_wait,
}


# --- approval


def _read_approval(fields: Fields, step_id: str, title: str, templates: Templates) -> ActionAndTimeout:
    table = fields.sub_table("approval")
    if table is None:
        return ApprovalAction(title), None
    approval = Fields(table, fields.mistakes, "'approval'", APPROVAL_KEYS)
    action = ApprovalAction(
        title=_template(approval, "title", step_id, templates) or title,
        message=_template(approval, "message", step_id, templates),
        approvers=_read_approvers(approval, step_id, templates),
        required=approval.integer("required", least=1, most=50) or 1,
        allow_self=approval.boolean("allow_self") or False,
        on_timeout=OnTimeout(approval.choice("on_timeout", [each.value for each in OnTimeout]) or "reject"),
    )
    users, groups = action.approvers.users, action.approvers.groups
    if users and not groups and action.required > len(users):
        approval.add(
            "required",
            "APPROVE-WHO",
            f"{action.required} approvals are required, but only {len(users)} people may decide.",
        )
    return action, approval.duration("timeout")


def _template(fields: Fields, key: str, step_id: str, templates: Templates) -> str:
    node = fields.node(key)
    if fields.text(key) is None or not isinstance(node, Scalar):
        return ""
    return templates.text(node, step_id)


def _read_approvers(approval: Fields, step_id: str, templates: Templates) -> Approvers:
    table = approval.sub_table("approvers")
    if table is None:
        return Approvers()
    approvers = Fields(table, approval.mistakes, "'approvers'", ("users", "groups"))
    return Approvers(
        users=_read_ids(approvers, "users", USER_ID, "a Slack user id such as U0BOB", step_id, templates),
        groups=_read_ids(
            approvers, "groups", GROUP_ID, "a Slack user group id such as S0OPS", step_id, templates
        ),
    )


def _read_ids(
    fields: Fields, key: str, shape: re.Pattern[str], wanted: str, step_id: str, templates: Templates
) -> tuple[str, ...]:
    """Fixed ids, or expressions over parameters: what a step prints must not choose who approves."""
    scalars = fields.scalars(key)
    for scalar in scalars:
        if not is_fixed(scalar.text):
            templates.text(scalar, step_id, roots=("params", "run"))
        elif not shape.fullmatch(scalar.text):
            fields.mistakes.add(scalar.place, "APPROVE-WHO", f"'{excerpt(scalar.text)}' is not {wanted}.")
    return tuple(dict.fromkeys(scalar.text for scalar in scalars))


# --- env


def read_env(fields: Fields, step_id: str, kind: StepKind | None, templates: Templates) -> Mapping[str, str]:
    """The environment of a `run` step."""
    if "env" in fields and kind not in (StepKind.RUN, None):
        fields.mistakes.add(
            fields.key_place("env"),
            "STEP-ENV",
            f"Only a run step has an environment; this is {kind}. Take env out.",
        )
    scalars = fields.text_table("env", "STEP-ENV")
    for name, scalar in scalars.items():
        if not _ENV_NAME.fullmatch(name):
            fields.mistakes.add(
                scalar.place,
                "STEP-ENV",
                f"'{excerpt(name)}' cannot be the name of an environment variable. Use letters, digits and _.",
            )
        elif name.startswith(_OWN_ENV):
            fields.mistakes.add(
                scalar.place, "STEP-ENV", f"'{excerpt(name)}' is set by Handrail itself. Choose another name."
            )
    return {name: templates.text(scalar, step_id) for name, scalar in scalars.items()}
