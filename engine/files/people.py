"""What the steps of a workflow file ask and tell people: approval, input and message."""

from __future__ import annotations

import re

from engine.core.definition import (
    ApprovalAction,
    Approvers,
    InputAction,
    MessageAction,
    OnNoAnswer,
    OnTimeout,
    Parameter,
    ParameterType,
)
from engine.core.slack_ids import CHANNEL_ID, GROUP_ID, USER_ID
from engine.core.text import excerpt, listed
from engine.files.expressions import Scope, Templates, is_fixed
from engine.files.fields import Fields
from engine.files.nodes import Scalar, Table
from engine.files.parameters import read_parameters

APPROVAL_KEYS = ("title", "message", "approvers", "required", "timeout", "on_timeout", "allow_self")
INPUT_KEYS = ("title", "message", "fields", "people", "timeout", "on_timeout")
MESSAGE_KEYS = ("text", "channel", "user")

_CHANNEL_NAME = re.compile(r"#[a-z0-9_.\-\u0080-\uffff]{1,80}")


def read_text(fields: Fields, key: str, scope: Scope, templates: Templates) -> str:
    """A text that may hold expressions; empty when it is absent or wrong."""
    node = fields.node(key)
    if fields.text(key) is None or not isinstance(node, Scalar):
        return ""
    return templates.text(node, scope)


# --- approval


def read_approval(
    fields: Fields, scope: Scope, title: str, templates: Templates
) -> tuple[ApprovalAction, float | None]:
    """The question, and the seconds it stays open."""
    table = fields.sub_table("approval")
    if table is None:
        return ApprovalAction(title), None
    approval = Fields(table, fields.mistakes, "'approval'", APPROVAL_KEYS)
    action = ApprovalAction(
        title=read_text(approval, "title", scope, templates) or title,
        message=read_text(approval, "message", scope, templates),
        approvers=_read_people(approval, "approvers", "APPROVE-WHO", scope, templates),
        required=approval.integer("required", least=1, most=50) or 1,
        allow_self=approval.boolean("allow_self") or False,
        on_timeout=OnTimeout(approval.choice("on_timeout", list(OnTimeout)) or OnTimeout.REJECT),
    )
    users, groups = action.approvers.users, action.approvers.groups
    if users and not groups and action.required > len(users):
        approval.add(
            "required",
            "APPROVE-WHO",
            f"{action.required} approvals are required, but only {len(users)} may decide. Name more people.",
        )
    return action, approval.duration("timeout")


def _read_people(fields: Fields, key: str, code: str, scope: Scope, templates: Templates) -> Approvers:
    table = fields.sub_table(key)
    if table is None:
        return Approvers()
    people = Fields(table, fields.mistakes, f"'{key}'", ("users", "groups"))
    users, groups = "a Slack user id such as U0BOB", "a Slack user group id such as S0OPS"
    return Approvers(
        users=_read_ids(people, "users", USER_ID, users, code, scope, templates),
        groups=_read_ids(people, "groups", GROUP_ID, groups, code, scope, templates),
    )


def _read_ids(
    fields: Fields,
    key: str,
    shape: re.Pattern[str],
    wanted: str,
    code: str,
    scope: Scope,
    templates: Templates,
) -> tuple[str, ...]:
    """Fixed ids, or expressions over parameters: what a step prints must not choose who decides."""
    scalars = fields.scalars(key)
    for scalar in scalars:
        if not is_fixed(scalar.text):
            templates.text(scalar, scope.at_start())
        elif not shape.fullmatch(scalar.text):
            fields.mistakes.add(scalar.place, code, f"'{excerpt(scalar.text)}' is not {wanted}.")
    return tuple(dict.fromkeys(scalar.text for scalar in scalars))


# --- input


def read_input(
    fields: Fields, scope: Scope, title: str, templates: Templates
) -> tuple[InputAction, float | None]:
    """The form, and the seconds it stays open."""
    table = fields.sub_table("input")
    if table is None:
        return InputAction(title, "", ()), None
    form = Fields(table, fields.mistakes, "'input'", INPUT_KEYS)
    form.require("fields", "{reason: {type: string}}")
    action = InputAction(
        title=read_text(form, "title", scope, templates) or title,
        message=read_text(form, "message", scope, templates),
        fields=_read_fields(form),
        people=_read_people(form, "people", "INPUT-WHO", scope, templates),
        on_timeout=OnNoAnswer(form.choice("on_timeout", list(OnNoAnswer)) or OnNoAnswer.FAIL),
    )
    if action.on_timeout is OnNoAnswer.DEFAULTS:
        _check_defaults(form, action.fields)
    return action, form.duration("timeout")


def _read_fields(form: Fields) -> tuple[Parameter, ...]:
    found = read_parameters(form, "fields")
    table = form.node("fields")
    if isinstance(table, Table) and not table.entries:
        form.add(
            "fields", "WF-REQUIRED", "There are no fields. Write at least one, {reason: {type: string}}."
        )
    for parameter in found:
        if parameter.type is ParameterType.FILE:
            form.add(
                "fields",
                "INPUT-FIELD",
                f"'{parameter.name}': a file can be asked for when a run starts, but not in mid-run. "
                "Make it a parameter of the workflow.",
            )
    return found


def _check_defaults(form: Fields, fields: tuple[Parameter, ...]) -> None:
    without = [field.name for field in fields if field.required and field.default is None]
    if without:
        form.add(
            "on_timeout",
            "INPUT-DEFAULTS",
            f"'defaults' needs a fixed default for every required field. Give one to: {listed(without)}.",
        )


# --- message


def read_message(fields: Fields, scope: Scope, templates: Templates) -> MessageAction:
    """A text for the thread, or a mapping that also says to whom."""
    if isinstance(fields.node("message"), Scalar):
        return MessageAction(_read_words(fields, "message", scope, templates))
    table = fields.sub_table("message")
    if table is None:
        return MessageAction("")
    message = Fields(table, fields.mistakes, "'message'", MESSAGE_KEYS)
    message.require("text", "'{{ params.version }} is out'")
    if "channel" in message and "user" in message:
        message.mistakes.add(
            message.key_place("user"),
            "MESSAGE-WHO",
            "A message goes to a channel or to a person, not to both. Make it two steps.",
        )
    return MessageAction(
        _read_words(message, "text", scope, templates),
        channel=_read_channel(message, scope, templates),
        user=_read_user(message, scope, templates),
    )


def _read_words(fields: Fields, key: str, scope: Scope, templates: Templates) -> str:
    text = read_text(fields, key, scope, templates)
    node = fields.node(key)
    if isinstance(node, Scalar) and isinstance(node.value, str) and not node.value.strip():
        fields.add(key, "WF-REQUIRED", f"'{key}' is empty. Write what the message says.")
    return text


def _read_channel(message: Fields, scope: Scope, templates: Templates) -> str | None:
    node = message.node("channel")
    if isinstance(node, Scalar) and node.value is None:
        message.add(
            "channel",
            "MESSAGE-WHO",
            "'channel' is empty: # begins a comment. Put quotes around the name: '#releases'.",
        )
        return None
    text = _read_shaped(message, "channel", scope, templates)
    if text is not None and not (CHANNEL_ID.fullmatch(text) or _CHANNEL_NAME.fullmatch(text)):
        message.add(
            "channel",
            "MESSAGE-WHO",
            f"'{excerpt(text)}' is no Slack channel. Write a name such as '#releases', or an id such as C0OPS.",
        )
    return message.text("channel")


def _read_user(message: Fields, scope: Scope, templates: Templates) -> str | None:
    text = _read_shaped(message, "user", scope, templates)
    if text is not None and not USER_ID.fullmatch(text):
        message.add("user", "MESSAGE-WHO", f"'{excerpt(text)}' is not a Slack user id such as U0BOB.")
    return message.text("user")


def _read_shaped(message: Fields, key: str, scope: Scope, templates: Templates) -> str | None:
    """The text, if it is there and holds no expression. What a step prints must not choose who reads a message."""
    text = read_text(message, key, scope.at_start(), templates)
    node = message.node(key)
    is_text = isinstance(node, Scalar) and isinstance(node.value, str)
    return text if is_text and is_fixed(text) else None
