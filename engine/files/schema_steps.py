"""The JSON Schema of the steps of a workflow file."""

from __future__ import annotations

from engine.core.definition import OnNoAnswer, OnTimeout, StepKind
from engine.core.slack_ids import CHANNEL_ID, GROUP_ID, USER_ID
from engine.core.starting import MOST_ITEMS
from engine.files.actions import NAME, VALUE_NAME
from engine.files.http import BODIES, MAX_REDIRECTS, METHODS
from engine.files.parameters import IDENTIFIER, MAX_PARAMETERS
from engine.files.policies import (
    ASKING,
    EXITING,
    FAN_OUT,
    MAX_ATTEMPTS,
    MAX_BACKOFF,
    MAX_PARALLEL,
    REPEATABLE,
)
from engine.files.programs import FUNCTION, RUN_KEYS, SHELLS
from engine.files.schema_parts import (
    DURATION,
    EXPRESSION,
    SCALAR,
    Schema,
    choice,
    duration,
    filled,
    integers,
    named,
    number,
    or_expression,
    table,
    text,
    texts,
    truth,
    whole,
)
from engine.files.steps import KINDS

_WAIT = rf"{DURATION}|.*{EXPRESSION}.*"
_RELATIVE = r"(?!/|~)(?!.*(^|/)\.\.(/|$))(?!.*\{\{).*\S.*"
_UNTIL = r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T)?[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_CHANNEL = rf"{CHANNEL_ID.pattern}|#[^\s#A-Z]{{1,80}}"

_ALLOWED_FOR = {
    "env": EXITING,
    "retry": REPEATABLE,
    "foreach": FAN_OUT,
    **dict.fromkeys(RUN_KEYS, (StepKind.RUN,)),
    "continue_on_error": tuple(kind for kind in StepKind if kind not in ASKING),
    "timeout": tuple(kind for kind in StepKind if kind not in (*ASKING, StepKind.WAIT, StepKind.WORKFLOW)),
}
"""Keys that only some kinds of steps have."""


def step_schema() -> Schema:
    return table(
        {
            **_kinds(),
            **_policies(),
            "title": text("What people read.", maxLength=150),
            "needs": texts("Steps that must be done before this one."),
            "if": {
                "description": "An expression; the step is skipped when it does not hold.",
                "type": ["string", "boolean", "number"],
            },
            "env": named(r"[A-Za-z_][A-Za-z0-9_]*", SCALAR, "The environment of the process."),
            "shell": _shell(),
            "working_directory": text(
                "Where the command starts: a folder below the file's own.", pattern=whole(_RELATIVE)
            ),
            "stdin": text("What the command reads from its standard input."),
        },
        required=[],
    ) | {
        "oneOf": [{"required": [kind]} for kind in KINDS],
        "dependentRequired": {"max_parallel": ["foreach"]},
        "allOf": [_only_for(key, kinds) for key, kinds in _ALLOWED_FOR.items()] + _retries(),
    }


def final_step_schema() -> Schema:
    """A step of `finally`."""
    return {"$ref": "#/$defs/step", "not": {"anyOf": [{"required": [kind]} for kind in ASKING]}}


def _only_for(key: str, kinds: tuple[StepKind, ...]) -> Schema:
    return {"if": {"required": [key]}, "then": {"anyOf": [{"required": [kind.value]} for kind in kinds]}}


def _retries() -> list[Schema]:
    """What a retry may ask for depends on what the step does."""

    def with_key(key: str) -> Schema:
        return {"required": ["retry"], "properties": {"retry": {"type": "object", "required": [key]}}}

    return [
        {"if": with_key("statuses"), "then": {"required": ["http"]}},
        {"if": with_key("exit_codes"), "then": {"anyOf": [{"required": [kind.value]} for kind in EXITING]}},
    ]


def _policies() -> Schema:
    return {
        "timeout": duration("How long one attempt may take; 1h when not said."),
        "idempotent": truth("Whether the step may be started again when its worker was lost."),
        "retry": _retry(),
        "foreach": {
            "description": "The step is done once for each item: a list, or an expression that gives one.",
            "anyOf": [{"type": "array", "maxItems": MOST_ITEMS}, {"type": "string", "pattern": EXPRESSION}],
        },
        "max_parallel": number("How many items are worked on at a time; 10 when not said.", 1, MAX_PARALLEL),
        "continue_on_error": truth("Whether the run goes on when the step failed."),
    }


def _retry() -> Schema:
    attempts = number("How many attempts there are, the first among them.", 2, MAX_ATTEMPTS)
    return {
        "description": "Whether a failed attempt is followed by another.",
        "anyOf": [
            attempts,
            table(
                {
                    "attempts": attempts,
                    "delay": duration("The pause before the second attempt."),
                    "backoff": number("By how much each pause is longer.", 1, MAX_BACKOFF, "number"),
                    "max_delay": duration("The longest pause."),
                    "jitter": number("The share by which pauses vary.", 0, 1, "number"),
                    "exit_codes": integers("Only failures with these are tried again.", 1, 255),
                    "statuses": integers("Only answers with these are asked for again.", 100, 599),
                },
                required=["attempts"],
            )
            | {"dependentRequired": {"backoff": ["delay"]}},
        ],
    }


def _kinds() -> Schema:
    return {
        "run": filled("A command. Values arrive as environment variables: env, and $PARAM_NAME."),
        "http": _http(),
        "python": _python(),
        "set": named(
            VALUE_NAME.pattern, {}, "Values to compute; they are the step's result.", minProperties=1
        ),
        "approval": _approval(),
        "input": _input(),
        "message": _message(),
        "wait": _wait(),
        "workflow": _workflow(),
    }


def _shell() -> Schema:
    return {
        "description": "What the command is given to: a known program, or a program and its arguments.",
        "anyOf": [
            {"enum": list(SHELLS)},
            {
                "type": "array",
                "items": {"type": "string", "not": {"pattern": EXPRESSION}},
                "minItems": 1,
            },
        ],
    }


def _http() -> Schema:
    return table(
        {
            "method": choice("GET when not said.", list(METHODS)),
            "url": text(
                "With a fixed host; expressions may stand behind it.", pattern="^https?://[A-Za-z0-9.\\[]"
            ),
            "headers": named(r"[^\s:]+", SCALAR, "Headers of the request."),
            "json": {"description": "The body as JSON."},
            "form": named(r"[\s\S]*", SCALAR, "The body as the fields of a form."),
            "body": text("The body as text."),
            "expect": integers("Statuses that count as success.", 100, 599),
            "redirects": number("How many redirects are followed; none when not said.", 0, MAX_REDIRECTS),
        },
        required=["url"],
        description="One request.",
    ) | {
        "allOf": [
            {"not": {"required": [one, other]}} for n, one in enumerate(BODIES) for other in BODIES[n + 1 :]
        ]
    }


def _python() -> Schema:
    function = text("A function, such as ops.certs:renew.", pattern=whole(FUNCTION.pattern))
    arguments = named(VALUE_NAME.pattern, {}, "Its arguments by name.")
    return {
        "description": "A Python function, called in a process of its own.",
        "anyOf": [function, table({"function": function, "arguments": arguments}, required=["function"])],
    }


def _people(description: str) -> Schema:
    return table(
        {
            "users": texts("Slack user ids.", or_expression(USER_ID.pattern)),
            "groups": texts("Slack user group ids.", or_expression(GROUP_ID.pattern)),
        },
        required=[],
        description=description,
    )


def _approval() -> Schema:
    return table(
        {
            "title": text("The question."),
            "message": text("What to know before deciding."),
            "approvers": _people("Who may decide."),
            "required": number("How many people must approve.", 1, 50),
            "timeout": duration("How long to wait for an answer; 24h when not said."),
            "on_timeout": choice("reject when not said.", [each.value for each in OnTimeout]),
            "allow_self": truth("Whether whoever started the run may approve."),
        },
        required=[],
        description="A question to people; the run goes on when they approve.",
    )


def _input() -> Schema:
    return table(
        {
            "title": text("What is asked for."),
            "message": text("What to know before answering."),
            "fields": named(
                IDENTIFIER.pattern,
                {
                    "$ref": "#/$defs/parameter",
                    "not": {"properties": {"type": {"const": "file"}}},
                    "properties": {"options": {"not": {"type": "object"}}},
                },
                "The form, written like parameters.",
                minProperties=1,
                maxProperties=MAX_PARAMETERS,
            ),
            "people": _people("Who may answer."),
            "timeout": duration("How long to wait for an answer; 24h when not said."),
            "on_timeout": choice("fail when not said.", [each.value for each in OnNoAnswer]),
        },
        required=["fields"],
        description="A form for people in mid-run; the first answer is the step's result.",
    )


def _message() -> Schema:
    words = filled("What it says.")
    return {
        "description": "A text for the run's thread, a channel or a person.",
        "anyOf": [
            words,
            table(
                {
                    "text": words,
                    "channel": text("Such as '#releases' or C0OPS.", pattern=or_expression(_CHANNEL)),
                    "user": text("A Slack user id.", pattern=or_expression(USER_ID.pattern)),
                },
                required=["text"],
            )
            | {"not": {"required": ["channel", "user"]}},
        ],
    }


def _wait() -> Schema:
    until = text("Such as '07:30' or '2026-01-31T07:30'.", pattern=or_expression(_UNTIL))
    zone = text("The time zone of the time, such as Europe/Berlin; UTC when not said.")
    return {
        "description": "A pause, such as 10m.",
        "anyOf": [
            duration("How long.", _WAIT),
            table({"duration": duration("How long.", _WAIT)}, required=["duration"]),
            table({"until": until, "zone": zone}, required=["until"]),
        ],
    }


def _workflow() -> Schema:
    name = text("The name of another workflow.", pattern=whole(NAME.pattern))
    values = named(IDENTIFIER.pattern, {}, "What it is started with.")
    return {
        "description": "Another workflow, as a run of its own; its outputs are the step's result.",
        "anyOf": [name, table({"name": name, "parameters": values}, required=["name"])],
    }
