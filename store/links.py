"""Page links for one person, and signed-in browsers. Only hashes of their tokens are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from store.columns import now_millis
from store.tables import page_links, web_sessions

LINK_LIFETIME_MS = 5 * 60 * 1000


@dataclass(frozen=True, slots=True)
class PageLink:
    team_id: str
    user_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class WebSession:
    """`run_id` None: the session is for every run that the person may see."""

    team_id: str
    user_id: str
    run_id: str | None
    expires_at: int


_MINT = insert(page_links).values(expires_at=now_millis() + bindparam("b_lifetime_ms"))
_IS_USABLE = (
    page_links.c.token_hash == bindparam("b_hash"),
    page_links.c.used_at.is_(None),
    page_links.c.expires_at > now_millis(),
)
_LINK = (page_links.c.team_id, page_links.c.user_id, page_links.c.run_id)
_PEEK = select(*_LINK).where(*_IS_USABLE)
_CONSUME = update(page_links).where(*_IS_USABLE).values(used_at=now_millis()).returning(*_LINK)
_OPEN = insert(web_sessions).values(
    created_at=now_millis(), expires_at=now_millis() + bindparam("b_lifetime_ms")
)
_FIND = select(
    web_sessions.c.team_id, web_sessions.c.user_id, web_sessions.c.run_id, web_sessions.c.expires_at
).where(web_sessions.c.token_hash == bindparam("b_hash"), web_sessions.c.expires_at > now_millis())
_CLOSE = delete(web_sessions).where(web_sessions.c.token_hash == bindparam("b_hash"))
_PRUNE = (
    delete(page_links).where(page_links.c.expires_at <= now_millis()),
    delete(web_sessions).where(web_sessions.c.expires_at <= now_millis()),
)


def mint_link(
    c: Connection, team_id: str, user_id: str, run_id: str, *, lifetime_ms: int = LINK_LIFETIME_MS
) -> str:
    """A new token that lets this person open this run's page once."""
    token, token_hash = _new_token()
    row = {"token_hash": token_hash, "team_id": team_id, "user_id": user_id, "run_id": run_id}
    c.execute(_MINT, row | {"b_lifetime_ms": lifetime_ms})
    return token


def peek_link(c: Connection, token: str) -> PageLink | None:
    """Whom and what the link is for, without using it up. None: unknown, used or too old."""
    return _page_link(c.execute(_PEEK, {"b_hash": _hash(token)}).one_or_none())


def consume_link(c: Connection, token: str) -> PageLink | None:
    """Use the link up. Of many calls at once, one gets it."""
    return _page_link(c.execute(_CONSUME, {"b_hash": _hash(token)}).one_or_none())


def open_session(c: Connection, team_id: str, user_id: str, run_id: str | None, lifetime_ms: int) -> str:
    """Sign a browser in; the token is its cookie."""
    token, token_hash = _new_token()
    row = {"token_hash": token_hash, "team_id": team_id, "user_id": user_id, "run_id": run_id}
    c.execute(_OPEN, row | {"b_lifetime_ms": lifetime_ms})
    return token


def find_session(c: Connection, token: str) -> WebSession | None:
    """The session of this cookie, unless it has expired."""
    row = c.execute(_FIND, {"b_hash": _hash(token)}).one_or_none()
    return None if row is None else WebSession(*row)


def close_session(c: Connection, token: str) -> None:
    """Sign the browser out."""
    c.execute(_CLOSE, {"b_hash": _hash(token)})


def prune_links(c: Connection) -> int:
    """Forget links and sessions that have expired; how many they were."""
    return sum(c.execute(statement).rowcount for statement in _PRUNE)


def _new_token() -> tuple[str, str]:
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _page_link(row: Row[*tuple[Any, ...]] | None) -> PageLink | None:
    return None if row is None else PageLink(*row)
