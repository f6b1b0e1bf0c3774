"""Parameter patterns, matched in time linear in the text: no pattern can make a form hang."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MAX_PATTERN_LENGTH = 500
_MEMORY_BYTES = 1 << 20


@lru_cache(maxsize=512)
def _compile(pattern: str) -> Any:  # the library comes without types
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    return re2.compile(pattern, options=options)


def pattern_mistake(pattern: str) -> str | None:
    """Why a pattern cannot be used, or None."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"it is longer than {MAX_PATTERN_LENGTH} characters"
    try:
        _compile(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "it cannot be read"
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text. The pattern was checked when its file was read."""
    return _compile(pattern).fullmatch(text) is not None
