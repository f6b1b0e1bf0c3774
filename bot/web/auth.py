"""Who looks at a page: links that Slack shows to one person, and the browser sessions they begin.

A session remembers only who the person is. What they may see is asked anew at each request, with their groups and
guest status as they are then; people of other workspaces are given no link in the first place.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from engine.advance import Engine
from engine.commands import viewable_run
from engine.core.errors import Problem, Refused
from engine.core.permission import Principal
from store import links, runs
from store.links import PageLink

SESSION_HOURS = 12
MAX_FORM_BYTES = 4096

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_FORM_TYPE = "application/x-www-form-urlencoded"


class People(Protocol):
    """What pages ask Slack about people. Both may answer from a memory that is at most 60 seconds old."""

    async def name(self, subject: str) -> str:
        """The name to show for the id of a user or a group; the id itself when it is not known. Never raises."""

    async def principal(self, team_id: str, user_id: str) -> Principal | None:
        """The person as they are now, or None when the account is closed. What could not be looked up is
        unknown, and unknown means no. Never raises."""


class NotSignedIn(Problem):
    """The browser has no session, or not any more."""

    code = "SIGN-IN"


class NotAccepted(Problem):
    """A sign-in that cannot be taken as it was sent. `status` is the HTTP status that says so."""

    code = "SIGN-IN"

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def mint_link(engine: Engine, principal: Principal, run_id: str, public_url: str) -> str:
    """A link to the run's page for this person: one use, five minutes. Raises NotFound, Refused, Busy."""
    if principal.is_external:
        raise Refused("The page is for people of this workspace. `/workflow show` shows the run here.")
    key = viewable_run(engine, principal, run_id)
    with engine.database.write() as c:
        token = links.mint_link(c, principal.team_id, principal.user_id, run_id)
    return f"{public_url.rstrip('/')}/runs/{key.number}?key={token}"


def find_link(engine: Engine, token: str, number: int) -> PageLink | None:
    """Whom a link to this run is for, without using it up; None when it is unknown, used, too old, or for
    another run."""
    if not _TOKEN.fullmatch(token):
        return None
    with engine.database.read() as c:
        link = links.peek_link(c, token)
        key = runs.run_key(c, link.run_id) if link else None
    return link if key and key.number == number else None


def redeem_link(engine: Engine, token: str, number: int, old_session: str | None) -> str | None:
    """Use a link up and begin a session in the place of an older one: the session's token, or None like
    `find_link`. Of many calls at once, one gets a session."""
    if find_link(engine, token, number) is None:
        return None
    with engine.database.write() as c:
        link = links.consume_link(c, token)
        if link is None:
            return None
        if old_session:
            links.close_session(c, old_session)
        return links.open_session(c, link.team_id, link.user_id, None, SESSION_HOURS * 3_600_000)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The session of a request, and the cookie that carries it. `team_id` gives the only workspace that this
    process serves, or None when it serves any."""

    engine: Engine
    people: People
    team_id: Callable[[], str | None]
    public_url: str

    @property
    def _is_https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    @property
    def cookie_name(self) -> str:
        return "__Host-handrail" if self._is_https else "handrail"

    def token(self, request: Request) -> str | None:
        """What the request's cookie holds, if it can be a session's token."""
        value = request.cookies.get(self.cookie_name, "")
        return value if _TOKEN.fullmatch(value) else None

    async def principal(self, request: Request) -> Principal:
        """The person signed in, with the rights of this moment. Raises NotSignedIn, Busy."""
        token = self.token(request)
        session = await asyncio.to_thread(self._find_session, token) if token else None
        if session is None or session.team_id != (self.team_id() or session.team_id):
            raise NotSignedIn("Nobody is signed in.")
        principal = await self.people.principal(session.team_id, session.user_id)
        if principal is None:
            raise NotSignedIn("This account is closed.")
        return principal

    def _find_session(self, token: str) -> links.WebSession | None:
        with self.engine.database.read() as c:
            return links.find_session(c, token)

    def set_cookie(self, response: Response, token: str) -> None:
        response.set_cookie(
            self.cookie_name,
            token,
            max_age=SESSION_HOURS * 3600,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )

    async def posted_key(self, request: Request) -> str:
        """The link's key in the form *Continue*. Raises NotAccepted for what no page of ours sends."""
        if not self._is_same_origin(request):
            raise NotAccepted(403, "This was sent from another site, and nothing was done.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM_TYPE:
            raise NotAccepted(415, "This is not a form, and nothing was done.")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM_BYTES:
                raise NotAccepted(413, "This is too long for a form, and nothing was done.")
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=8)
        return fields.get("key", [""])[0]

    def _is_same_origin(self, request: Request) -> bool:
        """Browsers say where a form was sent from, in one header or the other; who says neither is none."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site not in (None, "same-origin"):
            return False
        if origin is None:
            return site is not None
        ours = {urlsplit(self.public_url).netloc, request.headers.get("host", "")}
        return origin.partition("://")[2] in ours
