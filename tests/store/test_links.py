"""Page links: one use, one person, a few minutes; and the sessions that they open."""

from __future__ import annotations

from sqlalchemy import text

from store.database import Database
from store.links import (
    PageLink,
    close_session,
    consume_link,
    find_session,
    mint_link,
    open_session,
    peek_link,
    prune_links,
)
from tests.store.builders import ADA, BOB, TEAM, Store, at_once


def mint(database: Database, store: Store, lifetime_ms: int = 300_000) -> tuple[str, PageLink]:
    run = store.start()
    with database.write() as c:
        token = mint_link(c, TEAM, BOB, run.id, lifetime_ms=lifetime_ms)
    return token, PageLink(TEAM, BOB, run.id)


def test_looking_at_a_link_does_not_use_it_up(database: Database, store: Store) -> None:
    token, link = mint(database, store)
    with database.write() as c:
        assert [peek_link(c, token), peek_link(c, token)] == [link, link]
        assert consume_link(c, token) == link
        assert peek_link(c, token) is None
        assert consume_link(c, token) is None


def test_of_many_who_use_a_link_at_once_one_gets_in(database: Database, store: Store) -> None:
    token, link = mint(database, store)

    def consume(_: int) -> PageLink | None:
        with database.write() as c:
            return consume_link(c, token)

    answers = at_once(8, consume)
    assert [answer for answer in answers if answer is not None] == [link]


def test_an_old_or_invented_link_opens_nothing(database: Database, store: Store) -> None:
    token, _ = mint(database, store, lifetime_ms=-1)
    with database.write() as c:
        for candidate in (token, "invented", "", "\ud800", token.upper()):
            assert peek_link(c, candidate) is None
            assert consume_link(c, candidate) is None


def test_the_database_holds_no_token(database: Database, store: Store) -> None:
    link, _ = mint(database, store)
    with database.write() as c:
        session = open_session(c, TEAM, ADA, None, 60_000)
        kept = c.execute(text("SELECT token_hash FROM page_link UNION SELECT token_hash FROM web_session"))
        hashes = set(kept.scalars())
    assert len(hashes) == 2
    assert not hashes & {link, session}


def test_a_session_lasts_until_it_expires_or_is_closed(database: Database, store: Store) -> None:
    run = store.start()
    with database.write() as c:
        wide = open_session(c, TEAM, ADA, None, 60_000)
        narrow = open_session(c, TEAM, BOB, run.id, 60_000)
        expired = open_session(c, TEAM, BOB, run.id, -1)
    with database.read() as c:
        found = find_session(c, wide)
        assert found is not None
        assert (found.team_id, found.user_id, found.run_id) == (TEAM, ADA, None)
        scoped = find_session(c, narrow)
        assert scoped is not None
        assert scoped.run_id == run.id
        assert find_session(c, expired) is None
        assert find_session(c, "invented") is None
    with database.write() as c:
        close_session(c, wide)
        assert find_session(c, wide) is None
        assert find_session(c, narrow) is not None


def test_what_has_expired_is_forgotten(database: Database, store: Store) -> None:
    mint(database, store, lifetime_ms=-1)
    token, _ = mint(database, store)
    with database.write() as c:
        open_session(c, TEAM, ADA, None, -1)
        assert prune_links(c) == 2
        assert peek_link(c, token) is not None
