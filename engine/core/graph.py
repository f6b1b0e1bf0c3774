"""The graph of steps: circles in it, and what lies behind a step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

Needs = Mapping[str, Sequence[str]]
"""For each step, the steps it needs."""


def find_circle(needs: Needs) -> tuple[str, ...] | None:
    """Steps that need each other in a circle, the first again at the end; None when there is no circle."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return None


def ancestors(needs: Needs) -> dict[str, frozenset[str]]:
    """For each step, all that is settled before it starts. There must be no circle."""
    found: dict[str, frozenset[str]] = {}
    for step in TopologicalSorter(needs).static_order():
        direct = needs.get(step, ())
        found[step] = frozenset(direct).union(*(found[needed] for needed in direct))
    return found


def descendants(needs: Needs, steps: Collection[str]) -> frozenset[str]:
    """All that need one of these steps, also through others. There must be no circle."""
    return frozenset(step for step, behind in ancestors(needs).items() if behind & set(steps))
