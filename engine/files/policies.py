"""How the steps of a workflow file are carried out: how long, how often, for which items, and whether they must
succeed."""

from __future__ import annotations

from engine.core.definition import DEFAULT_STEP_TIMEOUT_SECONDS, ForEach, Retry, StepKind, Template
from engine.core.errors import ExpressionProblem
from engine.core.starting import MOST_ITEMS
from engine.core.text import excerpt, listed
from engine.expressions import compile_text
from engine.files.expressions import Scope, Templates, is_fixed
from engine.files.fields import Fields
from engine.files.http import read_statuses
from engine.files.nodes import Items, Node, Scalar, Table

KEYS = ("timeout", "retry", "foreach", "max_parallel", "continue_on_error")
RETRY_KEYS = ("attempts", "delay", "backoff", "max_delay", "jitter", "exit_codes", "statuses")

DEFAULT_PEOPLE_SECONDS = 24 * 3600
"""How long an approval or an input stays open."""

DEFAULT_MESSAGE_SECONDS = 300
MAX_ATTEMPTS = 20
MAX_DELAY_SECONDS = 24 * 3600
DEFAULT_MAX_DELAY_SECONDS = 3600.0
MAX_BACKOFF = 10
MAX_PARALLEL = 100
DEFAULT_PARALLEL = 10

ASKING = (StepKind.APPROVAL, StepKind.INPUT)
FAN_OUT = (StepKind.RUN, StepKind.HTTP, StepKind.PYTHON, StepKind.SET)
REPEATABLE = (StepKind.RUN, StepKind.HTTP, StepKind.PYTHON)
EXITING = (StepKind.RUN, StepKind.PYTHON)


def read_timeout(fields: Fields, kind: StepKind | None, own: float | None) -> float:
    """Seconds for the step. `own` are those that its action says itself."""
    match kind:
        case StepKind.APPROVAL | StepKind.INPUT:
            _refuse_timeout(fields, f"Write the timeout of an {kind} inside it: {kind}: {{timeout: 4h}}.")
            return own or DEFAULT_PEOPLE_SECONDS
        case StepKind.WAIT:
            _refuse_timeout(fields, "A wait ends after its duration. Leave the timeout out.")
        case StepKind.WORKFLOW:
            _refuse_timeout(fields, "Write the timeout of another workflow into its own file: 'timeout: 2h'.")
        case StepKind.MESSAGE:
            return fields.duration("timeout") or DEFAULT_MESSAGE_SECONDS
        case _:
            return fields.duration("timeout") or DEFAULT_STEP_TIMEOUT_SECONDS
    return DEFAULT_STEP_TIMEOUT_SECONDS


def _refuse_timeout(fields: Fields, sentence: str) -> None:
    if "timeout" in fields:
        fields.add("timeout", "STEP-TIMEOUT", sentence)


def read_continue_on_error(fields: Fields, kind: StepKind | None) -> bool:
    if "continue_on_error" in fields and kind in ASKING:
        _refuse(fields, "continue_on_error", kind, "what people decide counts")
        return False
    return fields.boolean("continue_on_error") or False


def _refuse(fields: Fields, key: str, kind: StepKind | None, reason: str) -> None:
    fields.mistakes.add(
        fields.key_place(key), "STEP-KEY", f"'{key}' has no meaning for {kind}: {reason}. Take it out."
    )


# --- retry


def read_retry(fields: Fields, kind: StepKind | None) -> Retry | None:
    """A number of attempts, or a mapping."""
    node = fields.node("retry")
    if node is None:
        return None
    if kind is not None and kind not in REPEATABLE:
        _refuse(fields, "retry", kind, f"it is for {listed(REPEATABLE)}")
        return None
    if not isinstance(node, Table):
        attempts = _read_attempts(fields, "retry")
        return Retry(attempts) if attempts else None
    retry = Fields(node, fields.mistakes, "'retry'", RETRY_KEYS)
    retry.require("attempts", "3")
    delay, longest = _read_delay(retry, "delay"), _read_delay(retry, "max_delay")
    if delay is not None and longest is not None and longest < delay:
        retry.add("max_delay", "STEP-RETRY", "'max_delay' is shorter than 'delay', which is the first pause.")
    return Retry(
        attempts=_read_attempts(retry, "attempts") or MAX_ATTEMPTS,
        delay_seconds=delay or 0.0,
        backoff=_read_backoff(retry),
        max_delay_seconds=max(delay or 0.0, DEFAULT_MAX_DELAY_SECONDS) if longest is None else longest,
        jitter=retry.number("jitter", least=0, most=1) or 0.0,
        exit_codes=_read_exit_codes(retry, kind),
        statuses=_read_retried_statuses(retry, kind),
    )


def _read_attempts(fields: Fields, key: str) -> int | None:
    attempts = fields.integer(key, least=1, most=MAX_ATTEMPTS)
    if attempts == 1:
        fields.add(
            key,
            "STEP-RETRY",
            f"'{key}: 1' is one attempt in all, so nothing is tried again. Write 2 for one more, or leave it out.",
        )
    return attempts


def _read_delay(retry: Fields, key: str) -> float | None:
    node = retry.node(key)
    if isinstance(node, Scalar) and node.text.strip() in ("0", "0s"):
        return 0.0
    seconds = retry.duration(key)
    if seconds is not None and seconds > MAX_DELAY_SECONDS:
        retry.add(key, "STEP-RETRY", f"'{key}' is longer than a day. At most 1d is allowed between attempts.")
    return seconds


def _read_backoff(retry: Fields) -> float:
    backoff = retry.number("backoff", least=1, most=MAX_BACKOFF)
    if backoff is not None and "delay" not in retry:
        retry.mistakes.add(
            retry.key_place("backoff"),
            "STEP-RETRY",
            "'backoff' makes each pause longer than the one before, and there is none. Add 'delay: 5s'.",
        )
    return backoff or 1.0


def _read_exit_codes(retry: Fields, kind: StepKind | None) -> tuple[int, ...]:
    if "exit_codes" in retry and kind not in (*EXITING, None):
        _refuse(retry, "exit_codes", kind, f"it is for {listed(EXITING)}")
        return ()
    found: list[int] = []
    for scalar in retry.scalars("exit_codes"):
        code = scalar.value
        if isinstance(code, int) and not isinstance(code, bool) and 1 <= code <= 255:
            found.append(code)
        else:
            retry.mistakes.add(
                scalar.place,
                "STEP-RETRY",
                f"'{excerpt(scalar.text)}' is no exit code of a failure. Write numbers from 1 to 255.",
            )
    return tuple(dict.fromkeys(found))


def _read_retried_statuses(retry: Fields, kind: StepKind | None) -> tuple[int, ...]:
    if "statuses" in retry and kind not in (StepKind.HTTP, None):
        _refuse(retry, "statuses", kind, f"it is for {StepKind.HTTP}")
        return ()
    return read_statuses(retry, "statuses")


# --- foreach


def read_foreach(fields: Fields, kind: StepKind | None, scope: Scope, templates: Templates) -> ForEach | None:
    """The items, and how many are worked on at a time."""
    node = fields.node("foreach")
    if node is None:
        if "max_parallel" in fields:
            fields.mistakes.add(
                fields.key_place("max_parallel"),
                "FAN-LIMIT",
                "'max_parallel' belongs to 'foreach', which is not there. Take it out, or add the list.",
            )
        return None
    if kind is not None and kind not in FAN_OUT:
        _refuse(fields, "foreach", kind, f"it is for {listed(FAN_OUT)}")
        return None
    return ForEach(
        _read_items(node, scope, templates),
        fields.integer("max_parallel", least=1, most=MAX_PARALLEL) or DEFAULT_PARALLEL,
    )


def _read_items(node: Node, scope: Scope, templates: Templates) -> Template:
    match node:
        case Items(nodes=nodes):
            if len(nodes) > MOST_ITEMS:
                templates.mistakes.add(
                    node.place,
                    "FAN-LIMIT",
                    f"There are {len(nodes):,} items; at most {MOST_ITEMS:,} are allowed.",
                )
            return templates.value(node, scope)
        case Scalar(value=str()) if not is_fixed(node.text) and _is_one_expression(node.text):
            return templates.text(node, scope)
    templates.mistakes.add(
        node.place,
        "FAN-LIMIT",
        "'foreach' must be a list, such as [one, two], or one expression that gives one, "
        "such as '{{ params.hosts }}'.",
    )
    return []


def _is_one_expression(text: str) -> bool:
    """A text that cannot be read counts as one: that mistake is told elsewhere."""
    try:
        return compile_text(text).is_single_expression
    except ExpressionProblem:
        return True
