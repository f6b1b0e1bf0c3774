"""What steps that wait ask for, with their expressions computed and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from engine.core.definition import Approvers, InputAction, MessageAction, WorkflowAction
from engine.core.errors import ExpressionProblem
from engine.core.evaluate import Evaluate, Names
from engine.core.rehearsal import depends_on_unknown, is_rehearsed, readable
from engine.core.slack_ids import CHANNEL_ID, GROUP_ID, USER_ID

_CHANNEL_NAME = re.compile(r"#[^\s#@,]{1,80}")


def resolve_people(people: Approvers, evaluate: Evaluate, names: Names) -> Approvers:
    if is_rehearsed(names):
        given = (evaluate.value(template, names) for template in (*people.users, *people.groups))
        if any(map(depends_on_unknown, given)):
            return Approvers()  # whoever holds the capability
    return Approvers(
        users=_ids(people.users, USER_ID, "a Slack user id like U0BOB", evaluate, names),
        groups=_ids(people.groups, GROUP_ID, "a Slack user group id like S0OPS", evaluate, names),
    )


def resolve_input(action: InputAction, evaluate: Evaluate, names: Names) -> InputAction:
    return replace(
        action,
        title=resolve_text(action.title, evaluate, names),
        message=resolve_text(action.message, evaluate, names),
        people=resolve_people(action.people, evaluate, names),
    )


def resolve_message(action: MessageAction, evaluate: Evaluate, names: Names) -> MessageAction:
    channel, user = action.channel, action.user
    if channel is not None:
        channel = resolve_text(channel, evaluate, names)
        is_known = not is_rehearsed(names) or not depends_on_unknown(channel)
        if is_known and not CHANNEL_ID.fullmatch(channel) and not _CHANNEL_NAME.fullmatch(channel):
            raise ExpressionProblem(
                f"'{channel[:80]}' is no Slack channel. Write an id such as C0OPS, or a name such as '#ops'."
            )
    if user is not None:
        user = _user(user, evaluate, names)
    return MessageAction(resolve_text(action.text, evaluate, names), channel, user)


def _user(template: str, evaluate: Evaluate, names: Names) -> str:
    if is_rehearsed(names):
        found = evaluate.value(template, names)
        if depends_on_unknown(found):
            return str(readable(found))
    (user,) = _ids((template,), USER_ID, "a Slack user id like U0BOB", evaluate, names)
    return user


def resolve_child(action: WorkflowAction, evaluate: Evaluate, names: Names) -> WorkflowAction:
    given = action.parameters
    return WorkflowAction(action.name, {name: evaluate.value(given[name], names) for name in given})


def resolve_text(template: str, evaluate: Evaluate, names: Names) -> str:
    value = evaluate.value(template, names)
    if is_rehearsed(names):
        value = readable(value)
    if value is None or isinstance(value, dict | list):
        raise ExpressionProblem(f"'{template[:80]}' gives no text, and what people read is text.")
    return str(value)


def _ids(
    templates: Sequence[str], shape: re.Pattern[str], wanted: str, evaluate: Evaluate, names: Names
) -> tuple[str, ...]:
    ids = [evaluate.value(template, names) for template in templates]
    for template, found in zip(templates, ids, strict=True):
        if not isinstance(found, str) or not shape.fullmatch(found):
            raise ExpressionProblem(f"'{template[:80]}' is not {wanted}: it gives '{str(found)[:80]}'.")
    return tuple(dict.fromkeys(str(found) for found in ids))
