"""Sending hints: nobody waits for it, and what changes often is told of once in a while."""

from __future__ import annotations

import threading
from collections.abc import Collection

from engine.hints import HintSender
from tests.engine_shell.steps import wait_until


def test_whoever_hints_does_not_wait_for_the_publishing() -> None:
    published: list[set[str]] = []
    may_go_on = threading.Event()

    def publish(run_ids: Collection[str]) -> None:
        may_go_on.wait(10)
        published.append(set(run_ids))

    hint = HintSender(publish)
    hint("a")
    assert published == []
    may_go_on.set()
    wait_until(lambda: published == [{"a"}])


def test_hints_of_a_moment_are_published_together_and_each_run_once() -> None:
    published: list[set[str]] = []
    first_is_out, may_go_on = threading.Event(), threading.Event()

    def publish(run_ids: Collection[str]) -> None:
        published.append(set(run_ids))
        first_is_out.set()
        may_go_on.wait(10)

    hint = HintSender(publish)
    hint("first")
    assert first_is_out.wait(10)
    for run_id in ("a", "b", "a", "first"):
        hint(run_id)
    may_go_on.set()
    wait_until(lambda: len(published) == 2)
    assert published == [{"first"}, {"a", "b", "first"}]
