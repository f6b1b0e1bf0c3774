"""The graph of steps."""

from __future__ import annotations

from itertools import pairwise

from engine.core.graph import ancestors, descendants, find_circle

DIAMOND = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ()}


def test_a_graph_without_a_circle_has_none() -> None:
    assert find_circle(DIAMOND) is None
    assert find_circle({}) is None


def test_a_circle_is_named_step_by_step_with_the_first_again_at_its_end() -> None:
    needs = {"start": (), "a": ("c", "start"), "b": ("a",), "c": ("b",)}
    circle = find_circle(needs)
    assert circle is not None
    assert circle[0] == circle[-1]
    assert set(circle) == {"a", "b", "c"}
    assert all(behind in needs[step] for step, behind in pairwise(circle))


def test_a_step_that_needs_itself_is_a_circle() -> None:
    assert find_circle({"a": ("a",)}) == ("a", "a")


def test_ancestors_are_all_that_is_settled_before() -> None:
    assert ancestors(DIAMOND) == {
        "a": frozenset(),
        "b": {"a"},
        "c": {"a"},
        "d": {"a", "b", "c"},
        "e": frozenset(),
    }


def test_descendants_are_all_behind_but_not_the_steps_themselves() -> None:
    assert descendants(DIAMOND, {"a"}) == {"b", "c", "d"}
    assert descendants(DIAMOND, {"b", "e"}) == {"d"}
    assert descendants(DIAMOND, set()) == frozenset()


def test_a_chain_of_a_thousand_steps_is_no_matter() -> None:
    chain = {f"s{n}": (f"s{n - 1}",) if n else () for n in range(1000)}
    assert find_circle(chain) is None
    assert len(descendants(chain, {"s0"})) == 999
