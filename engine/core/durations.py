"""Durations as people write them: "90s", "10m", "1h30m"."""

from __future__ import annotations

import re

MAX_DURATION_SECONDS = 366 * 24 * 3600

SHORTEST_KEEP_SECONDS = 24 * 3600
LONGEST_KEEP_SECONDS = 36_600 * 24 * 3600

DURATION_HINT = "Write a duration such as 90s, 10m, 4h, 1d or 1h30m."

_UNITS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?", re.ASCII)
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_LONGEST_TEXT = 40


def parse_duration(value: object, *, most: float = MAX_DURATION_SECONDS) -> float:
    """Seconds, `most` at most, of a text such as "1h30m", of a number, or of a number as text. ValueError holds a
    sentence."""
    seconds = _read_seconds(value)
    if seconds is None:
        raise ValueError(f"{_shown(value)} is not a duration. {DURATION_HINT}")
    if not 0 <= seconds <= most:
        longest = duration_text(most)
        raise ValueError(f"{_shown(value)} is out of range: a duration lies between 0s and {longest}.")
    return seconds


def parse_keep(text: str) -> float:
    """Seconds of how long runs are kept, such as "90d" or "1000d". ValueError holds a sentence."""
    seconds = parse_duration(text, most=LONGEST_KEEP_SECONDS)
    if seconds < SHORTEST_KEEP_SECONDS:
        raise ValueError(
            f"{_shown(text)} is too short: runs are kept for a day at least. Write for example 90d."
        )
    return seconds


def duration_text(seconds: float) -> str:
    """A duration as workflow files write it: 90.0 is "1m30s"."""
    if seconds < 1 or seconds != int(seconds):
        return f"{seconds:g}s"
    rest, parts = int(seconds), []
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)


def _read_seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e12 else float("inf")
    if not isinstance(value, str) or not value or len(value) > _LONGEST_TEXT:
        return None
    if _SECONDS.fullmatch(value):
        return float(value)
    match = _DURATION.fullmatch(value)
    if match is None:
        return None
    return sum(
        float(amount) * size for amount, size in zip(match.groups(), _UNITS.values(), strict=True) if amount
    )


def _shown(value: object) -> str:
    return f"'{str(value)[:_LONGEST_TEXT]}'"
