"""Look-ups of options: asked once for all who ask the same, claimed by one worker, kept for a while."""

from __future__ import annotations

from sqlalchemy import text

from engine.core.definition import Workflow
from engine.core.options import Option
from store import look_ups
from store.database import Database, now_ms
from store.look_ups import LookUp, LookUpClaim
from tests.store.builders import TEAM, at_once, workflow

MINUTE = 60_000
HOSTS = (Option("web-1", "The first"), Option("web-2", "web-2"))
FLOW = workflow()


def ask(
    database: Database,
    region: str = "eu",
    *,
    team: str = TEAM,
    flow: Workflow = FLOW,
    cache_ms: int = MINUTE,
    parameter: str = "host",
) -> tuple[LookUp, bool]:
    with database.write() as c:
        return look_ups.ask(c, team, flow, parameter, {"region": region}, cache_ms)


def claim(database: Database) -> LookUpClaim | None:
    with database.write() as c:
        return look_ups.claim_next(c)


def answer(database: Database, claimed: LookUpClaim | None, error: str | None = None) -> bool:
    assert claimed is not None
    with database.write() as c:
        return look_ups.answer(c, claimed, None if error else HOSTS, error)


def load(database: Database, found: LookUp, team: str = TEAM) -> LookUp | None:
    with database.read() as c:
        return look_ups.load(c, team, [found.id]).get(found.id)


def make_older(database: Database, milliseconds: int) -> None:
    with database.write() as c:
        c.execute(
            text(
                "UPDATE look_up SET created_at = created_at - :ms, done_at = done_at - :ms, "
                "claimed_until = claimed_until - :ms"
            ),
            {"ms": milliseconds},
        )


def test_what_is_asked_is_claimed_answered_and_read(database: Database) -> None:
    found, is_new = ask(database)
    assert is_new
    assert not found.is_settled
    with database.read() as c:
        assert look_ups.waiting_count(c) == 1
    claimed = claim(database)
    assert claimed is not None
    assert (claimed.id, claimed.parameter, claimed.inputs) == (found.id, "host", {"region": "eu"})
    assert (claimed.workflow_digest, claimed.folder) == (FLOW.digest, FLOW.folder)
    with database.read() as c:
        assert look_ups.waiting_count(c) == 0
    assert answer(database, claimed)
    answered = load(database, found)
    assert answered is not None
    assert (answered.options, answered.error, answered.is_settled) == (HOSTS, None, True)
    assert claim(database) is None


def test_whoever_asks_the_same_is_given_the_same_answer_for_a_while(database: Database) -> None:
    found, _ = ask(database)
    assert ask(database)[0].id == found.id, "it is on its way"
    answer(database, claim(database))
    again, is_new = ask(database)
    assert (again.id, is_new, again.options) == (found.id, False, HOSTS)
    make_older(database, MINUTE + 1)
    assert ask(database)[0].id != found.id


def test_whoever_asks_something_else_is_not(database: Database) -> None:
    found, _ = ask(database)
    answer(database, claim(database))
    others = [
        ask(database, "us"),
        ask(database, team="T0002"),
        ask(database, flow=workflow(name="other")),
        ask(database, parameter="service"),
        ask(database, cache_ms=0),
    ]
    assert all(is_new for _, is_new in others)
    assert len({found.id, *(other.id for other, _ in others)}) == 6


def test_a_failure_is_not_used_again(database: Database) -> None:
    found, _ = ask(database)
    answer(database, claim(database), "exit code 1")
    failed = load(database, found)
    assert failed is not None
    assert (failed.options, failed.error, failed.is_settled) == (None, "exit code 1", True)
    assert ask(database)[1]


def test_what_nobody_answers_in_time_is_late_and_asked_anew(database: Database) -> None:
    found, _ = ask(database)
    make_older(database, look_ups.GIVE_UP_MS + 1)
    late = load(database, found)
    assert late is not None
    assert (late.is_late, late.is_settled) == (True, True)
    assert claim(database) is None
    assert ask(database)[1]


def test_another_worker_begins_again_when_one_was_lost(database: Database) -> None:
    ask(database)
    first = claim(database)
    assert claim(database) is None
    with database.write() as c:
        c.execute(text("UPDATE look_up SET claimed_until = 1"))
    second = claim(database)
    assert first is not None
    assert second is not None
    assert first.claim != second.claim
    assert not answer(database, first), "it was given to somebody else"
    assert answer(database, second)
    assert not answer(database, second), "it is answered"


def test_each_is_claimed_by_one_worker(database: Database) -> None:
    for n in range(4):
        ask(database, f"region-{n}")
    claims = [each.id for each in at_once(8, lambda _: claim(database)) if each is not None]
    while (more := claim(database)) is not None:
        claims.append(more.id)
    assert len(claims) == len(set(claims)) == 4


def test_no_other_workspace_reads_it(database: Database) -> None:
    found, _ = ask(database)
    assert load(database, found, "T0002") is None


def test_old_ones_are_forgotten(database: Database) -> None:
    old, _ = ask(database)
    make_older(database, 2 * MINUTE)
    young, _ = ask(database, "us")
    with database.write() as c:
        assert look_ups.prune_look_ups(c, now_ms(c) - MINUTE) == 1
    assert load(database, old) is None
    assert load(database, young) is not None
