"""The comment that comes with a decision: what a person may write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blocks import approval
from engine.core.errors import InvalidParameters
from engine.core.text import find_forbidden

FIELD = "Comment"


def read_comment(state_values: Mapping[str, Any]) -> str:
    """The comment among the values sent with a click or a submit; empty when there is none. Raises
    InvalidParameters."""
    comment = approval.read_comment(state_values)
    if len(comment) > approval.COMMENT_LIMIT:
        raise InvalidParameters(
            {FIELD: f"Write at most {approval.COMMENT_LIMIT} characters; these are {len(comment)}."}
        )
    found = find_forbidden(comment, allow_lines=True)
    if found is not None:
        position, what = found
        raise InvalidParameters({FIELD: f"Character {position + 1} is {what}. Remove it and decide again."})
    return comment
