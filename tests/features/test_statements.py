"""What plain runs cost: the rest of the language is not paid for by workflows that do without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from engine.attempts import claim_next, finish_attempt
from engine.core.events import Succeeded
from engine.worker import name_worker
from tests.engine_shell.workshop import Workshop

PLAIN = """
name: plain
steps:
  a: {set: {x: 1}}
  b: {needs: [a], set: {x: 1}}
  c: {needs: [b], set: {x: 1}}
"""

FILES = (PLAIN,)


@contextmanager
def statements() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_plain_run_takes_few_statements(shop: Workshop) -> None:
    shop.start("plain")  # the first of all also keeps its version
    worker = name_worker()
    while claim := claim_next(shop.engine, worker):
        finish_attempt(shop.engine, worker, claim, Succeeded(), go_on=False)
    with statements() as sent:
        run_id = shop.start("plain")
    assert sum(not each.startswith("BEGIN") for each in sent) == 9, sent
    claim = claim_next(shop.engine, worker, run_id=run_id)
    counts = []
    while claim:
        with statements() as sent:
            claim = finish_attempt(shop.engine, worker, claim, Succeeded(), go_on=True)
        counts.append(sum(not each.startswith("BEGIN") for each in sent))
    assert counts == [8, 8, 7]
