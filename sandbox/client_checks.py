"""The checks Slack's client makes before it submits a modal; the app never hears of what fails here."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.elements import walk_blocks
from sandbox.file_kinds import file_type
from sandbox.state_values import value_key
from sandbox.types import Json
from sandbox.uploads import MOST_BYTES, MOST_FILES

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"https?://\S+")
_WHOLE = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")


def field_errors(blocks: list[Json], values: Json) -> dict[str, str]:
    """A sentence for each input block whose value cannot be submitted, by block_id."""
    errors: dict[str, str] = {}
    for block in walk_blocks(blocks):
        if block["type"] != "input":
            continue
        element = block["element"]
        typed = values[block["block_id"]][element["action_id"]]
        sentence = _mistake(element, typed[value_key(element["type"])], bool(block.get("optional")))
        if sentence is not None:
            errors[block["block_id"]] = sentence
    return errors


def _mistake(element: Json, value: Any, is_optional: bool) -> str | None:
    if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
        return None if is_optional else "Please complete this required field."
    most = element.get("max_selected_items")
    if most is not None and len(value) > most:
        return f"Please select no more than {most} items."
    check = _CHECKS.get(element["type"])
    return check(element, value) if check else None


def _text_mistake(element: Json, value: str) -> str | None:
    least, most = element.get("min_length") or 0, element.get("max_length") or 3000
    if len(value) < least:
        return f"Must be at least {least} characters."
    return f"Must be at most {most} characters." if len(value) > most else None


def _number_mistake(element: Json, value: str) -> str | None:
    is_decimal = element["is_decimal_allowed"]
    if not (_DECIMAL if is_decimal else _WHOLE).fullmatch(value):
        return "Enter a number." if is_decimal else "Enter a whole number."
    low, high = element.get("min_value"), element.get("max_value")
    if low is not None and float(value) < float(low):
        return f"Must be {low} or more."
    return f"Must be {high} or less." if high is not None and float(value) > float(high) else None


def _email_mistake(element: Json, value: str) -> str | None:
    return None if _EMAIL.fullmatch(value) else "Enter a valid email address."


def _url_mistake(element: Json, value: str) -> str | None:
    return None if _URL.fullmatch(value) else "Enter a valid URL."


def _file_mistake(element: Json, value: list[Json]) -> str | None:
    most, kinds = element.get("max_files") or MOST_FILES, element.get("filetypes")
    if len(value) > most:
        return f"Please upload no more than {most} {'file' if most == 1 else 'files'}."
    if kinds and any(file_type(file["name"]) not in kinds for file in value):
        return f"Please upload files of these types only: {', '.join(kinds)}."
    if any(file["size"] > MOST_BYTES for file in value):
        return "A file is too large."
    return None


_CHECKS: dict[str, Callable[[Json, Any], str | None]] = {
    "plain_text_input": _text_mistake,
    "number_input": _number_mistake,
    "email_text_input": _email_mistake,
    "url_text_input": _url_mistake,
    "file_input": _file_mistake,
}
