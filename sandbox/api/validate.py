"""blocks.validate: what is wrong with blocks, a view or a message, without showing them to anybody."""

import json
from typing import Any

from sandbox.api.arguments import parse_json
from sandbox.api.call import Call, Method
from sandbox.errors import SlackError
from sandbox.rate_limits import TIER_3
from sandbox.types import Json
from sandbox.validation.blocks import check_blocks
from sandbox.validation.objects import NOT_ALL
from sandbox.validation.schema import Code, Problem, missing, wrong_type
from sandbox.validation.views import check_view

LONGEST = 100_000  # characters
KINDS = ("blocks", "view", "message")


def validate(call: Call) -> Json:
    kind, value = _the_one(call)
    problems = [problem for problem in _problems(kind, value) if problem.text != NOT_ALL]
    if problems:
        raise SlackError(
            f"invalid_{kind}",
            errors=[problem.detail() for problem in problems],
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )
    return {}


def _the_one(call: Call) -> tuple[str, Any]:
    given = [kind for kind in KINDS if call.args.given.get(kind) not in (None, "")]
    if len(given) != 1:
        raise _refused("must provide exactly one of `blocks`, `view`, or `message`")
    kind, value = given[0], call.args.given[given[0]]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > LONGEST:
        raise _refused(f"must be less than {LONGEST + 1} characters [json-pointer:/{kind}]")
    try:
        return kind, parse_json(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise _refused(f"must be valid JSON [json-pointer:/{kind}]") from error


def _refused(sentence: str) -> SlackError:
    return SlackError("invalid_arguments", response_metadata={"messages": [sentence]})


def _problems(kind: str, value: Any) -> list[Problem]:
    """Pointers start at what was given, not at its argument."""
    if kind == "blocks":
        return check_blocks(value, "message", "")
    if not isinstance(value, dict):
        return [wrong_type("must provide an object", "")]
    if kind == "view":
        surface = value.get("type")
        if surface is not None and surface not in ("modal", "home"):
            return [Problem("must be a valid enum value", "/type", Code.FAILED_CONSTRAINT, _VIEW_TYPES)]
        return check_view(value, "home" if surface == "home" else "modal", "")
    return _message_problems(value)


_VIEW_TYPES = {"type": "enum", "expected": ["modal", "home"]}


def _message_problems(message: Json) -> list[Problem]:
    problems: list[Problem] = []
    if not any(message.get(key) for key in ("text", "blocks", "attachments")):
        problems.append(missing("blocks", ""))
    if not isinstance(message.get("text", ""), str):
        problems.append(wrong_type("must provide a string", "/text"))
    if message.get("blocks") is not None:
        problems += check_blocks(message["blocks"], "message", "/blocks")
    attachments = message.get("attachments")
    if attachments is not None and not isinstance(attachments, list):
        problems.append(wrong_type("must provide an array", "/attachments"))
    for index, attachment in enumerate(attachments if isinstance(attachments, list) else []):
        at = f"/attachments/{index}"
        if not isinstance(attachment, dict):
            problems.append(wrong_type("must provide an object", at))
        elif "blocks" in attachment:
            problems += check_blocks(attachment["blocks"], "message", f"{at}/blocks")
    return problems


METHODS = {"blocks.validate": Method(validate, TIER_3, is_open=True)}
