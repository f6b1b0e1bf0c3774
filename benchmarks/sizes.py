"""How much is measured: enough for figures, for a quick look, or only to see that everything still works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """For one database. Whatever is compared is measured in turns, `rounds` times."""

    answers: int
    """Requests of each kind in a round, for each number of connections."""
    starts: int
    """The same for submitted forms: each starts a run."""
    samples: int
    """Single runs on an idle system, in a round."""
    runs: int
    """Runs started at once."""
    rounds: int


FULL = Sizes(answers=1500, starts=150, samples=10, runs=200, rounds=3)
QUICK = Sizes(answers=400, starts=60, samples=8, runs=60, rounds=1)
SMALLEST = Sizes(answers=16, starts=16, samples=2, runs=4, rounds=1)
