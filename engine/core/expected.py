"""How long a run and its steps usually take, and whether one takes longer than that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from engine.core.durations import duration_text

FEWEST_SAMPLES = 3
MUCH_LONGER = 1.5
LEAST_DELAY_MS = 10_000
"""Whoever is late by less is not worth a word."""

_PRECISIONS = ((600, 1), (3600, 10), (86_400, 60))
"""Up to so many seconds, a duration is said to the nearest so many; above, to the hour."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of earlier durations, in milliseconds."""

    milliseconds: int
    samples: int

    @property
    def words(self) -> str:
        """Such as "3m" or "under 1s"."""
        seconds = self.milliseconds / 1000
        if seconds < 1:
            return "under 1s"
        unit = next((unit for limit, unit in _PRECISIONS if seconds < limit), 3600)
        return duration_text(round(seconds / unit) * unit)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run is measured by: `run` is the whole, `steps` has those that were carried out often enough. `at` is
    the database's time of the look, in milliseconds."""

    at: int
    run: Usual | None = None
    steps: Mapping[str, Usual] = field(default_factory=dict)


def usual_of(durations: Iterable[int]) -> Usual | None:
    """From durations in milliseconds; None when they are too few to say."""
    known = list(durations)
    return Usual(round(median(known)), len(known)) if len(known) >= FEWEST_SAMPLES else None


def is_slower(usual: Usual, elapsed_ms: int) -> bool:
    """Whether this is remarkably longer than usual."""
    return elapsed_ms > MUCH_LONGER * usual.milliseconds and elapsed_ms - usual.milliseconds >= LEAST_DELAY_MS


def remark(usual: Usual | None, started_at: int | None, finished_at: int | None, now: int) -> str:
    """What there is to say of something's duration, for people; of what ended in its usual time, nothing."""
    if usual is None:
        return ""
    elapsed = 0 if started_at is None else (now if finished_at is None else finished_at) - started_at
    if is_slower(usual, elapsed):
        return f"slower than usual ({usual.words})"
    return f"usually {usual.words}" if finished_at is None else ""
