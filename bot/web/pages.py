"""The pages: a list of runs, and one run with its tasks, logs and stream. They only read.

Every handler asks the engine whether this person may see what it shows; paths are never looked at for that.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from bot.web.auth import NotAccepted, NotSignedIn, People, SignIn, find_link, redeem_link
from bot.web.headers import guarded
from bot.web.render import HERE, draw_run, names_in, names_of, page
from bot.web.stream import Hints, Streams, read_picture
from engine.advance import Engine
from engine.commands import find_viewable_run, listable_workflow_names
from engine.core.errors import Busy, NotFound
from engine.core.permission import Principal
from engine.core.picture import RunPage, TaskPicture
from store import logs, reading
from store.runs import RunKey

RUNS_PER_PAGE = 50
LOG_CHUNKS = 200
"""Read from the database at a time while a log is sent."""

Handler = Callable[[Request], Awaitable[Response]]

_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript"}


def page_routes(
    engine: Engine,
    *,
    people: People,
    public_url: str,
    team_id: Callable[[], str | None] = lambda: None,
    hints: Hints | None = None,
    is_closing: Callable[[], bool] = lambda: False,
) -> list[BaseRoute]:
    """The routes below `/runs` and `/static`.

    `public_url` is where browsers reach them, `team_id` the only workspace that is served, if there is one.
    While `is_closing` is true, streams end.
    """
    sign_in = SignIn(engine, people, team_id, public_url)
    pages = Pages(engine, people, sign_in, Streams(engine, people, hints, is_closing), _read_static())
    return [
        Route("/runs", _answer(pages.history), methods=["GET"]),
        Route("/runs/{number}", _answer(pages.run), methods=["GET"]),
        Route("/runs/{number}", _answer(pages.begin_session), methods=["POST"]),
        Route("/runs/{number}/stream", _answer(pages.stream), methods=["GET"]),
        Route("/runs/{number}/tasks/{task_id}/log", _answer(pages.log), methods=["GET"]),
        Route("/static/{name}", _answer(pages.static), methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class Pages:
    """The handlers. `files` are what lies in static/, by name."""

    engine: Engine
    people: People
    sign_in: SignIn
    streams: Streams
    files: dict[str, bytes]

    async def history(self, request: Request) -> Response:
        """Runs of the workflows whose runs this person may list, newest first."""
        principal = await self.sign_in.principal(request)
        older_than = request.query_params.get("older_than")
        if older_than is not None and not _NUMBER.fullmatch(older_than):
            raise NotAccepted(400, "This page of runs is not one that a link here leads to.")
        rehearsals = request.query_params.get("rehearsals") == "yes"
        before = int(older_than) if older_than else None
        found = await asyncio.to_thread(self._runs, principal, before, with_rehearsals=rehearsals)
        people = [principal.user_id, *(run.requester for run in found.runs)]
        names = await names_of(self.people, people)
        return page(
            "runs.html",
            runs=found,
            names=names,
            viewer=principal.user_id,
            older_than=older_than,
            rehearsals=rehearsals,
        )

    def _runs(self, principal: Principal, older_than: int | None, *, with_rehearsals: bool) -> RunPage:
        names = listable_workflow_names(self.engine, principal)
        with self.engine.database.read() as c:
            return reading.list_runs(
                c,
                principal.team_id,
                workflows=names,
                older_than=older_than,
                with_rehearsals=with_rehearsals,
                limit=RUNS_PER_PAGE,
            )

    async def run(self, request: Request) -> Response:
        if "key" in request.query_params:
            return await self._offer_session(request)
        principal, key = await self._viewer(request)
        picture = await asyncio.to_thread(read_picture, self.engine, key.id)
        if picture is None:
            raise NotFound("This run no longer exists.")
        names = await names_in(self.people, picture) | await names_of(self.people, [principal.user_id])
        drawn = await asyncio.to_thread(draw_run, picture, names)
        now = int(time.time() * 1000)
        return page("run.html", run=picture, drawn=drawn, names=names, viewer=principal.user_id, now=now)

    async def _offer_session(self, request: Request) -> Response:
        """*Continue as Ada*. Looking uses nothing up, as previews and scanners look at links too."""
        number, token = _number(request), request.query_params["key"]
        link = await asyncio.to_thread(find_link, self.engine, token, number)
        if link is None:
            return _link_is_over()
        with_session = await self._principal_or_none(request)
        if with_session and (with_session.team_id, with_session.user_id) == (link.team_id, link.user_id):
            return RedirectResponse(f"/runs/{number}", 303)
        name = await self.people.name(link.user_id)
        response = page("continue.html", name=name, number=number, key=token)
        # With "no-referrer" browsers would send the form's POST with the origin "null".
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    async def begin_session(self, request: Request) -> Response:
        number = _number(request)
        token = await self.sign_in.posted_key(request)
        old_session = self.sign_in.token(request)
        session = await asyncio.to_thread(redeem_link, self.engine, token, number, old_session)
        if session is None:
            return _link_is_over()
        response = RedirectResponse(f"/runs/{number}", 303)
        self.sign_in.set_cookie(response, session)
        return response

    async def stream(self, request: Request) -> Response:
        _, key = await self._viewer(request)
        if self.streams.is_full:
            return Response("too many pages are open", 503, {"Retry-After": "10"}, "text/plain")

        async def may_view() -> bool:
            try:
                await self._viewer(request)
            except (NotFound, NotSignedIn):
                return False
            return True

        headers = {"X-Accel-Buffering": "no"}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="text/event-stream")
        events = self.streams.events(key.id, may_view)
        return StreamingResponse(events, headers=headers, media_type="text/event-stream")

    async def log(self, request: Request) -> Response:
        """All that one attempt of a task wrote, both streams as they came: `?attempt=`, else the latest."""
        _, key = await self._viewer(request)
        task = await asyncio.to_thread(self._task, key, request.path_params["task_id"])
        attempt = _attempt(request, task)
        item = f"-item-{task.item}" if task.item else ""
        name = f"run-{key.number}-{_file_name(task.step_id)}{item}-attempt-{attempt}.log"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        if request.method == "HEAD":
            return Response(headers=headers, media_type="text/plain")
        return StreamingResponse(self._log(task.id, attempt), headers=headers, media_type="text/plain")

    def _task(self, key: RunKey, task_id: str) -> TaskPicture:
        with self.engine.database.read() as c:
            picture = reading.run_picture(c, key.id, with_output=False)
        tasks = picture.tasks if picture else ()
        for task in (*tasks, *chain.from_iterable(each.items for each in tasks)):
            if task.id == task_id and task.attempt:
                return task
        raise NotFound(f"Run #{key.number} has no such log.")

    def _log(self, task_id: str, attempt: int) -> Iterator[bytes]:
        after = 0
        while True:
            with self.engine.database.read() as c:
                chunks = logs.read_log(c, task_id, attempt, None, after, LOG_CHUNKS)
            if not chunks:
                return
            after = chunks[-1].seq
            yield "".join(chunk.text for chunk in chunks).encode()

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self.files.get(name)
        if content is None:
            raise NotFound("There is no such file.")
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {"Cache-Control": "no-cache", "ETag": etag}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(content, 200, headers, _STATIC_TYPES[name[name.rindex(".") :]])

    async def _viewer(self, request: Request) -> tuple[Principal, RunKey]:
        """Who asks, and the run of the address. Raises NotFound unless this person may see it."""
        number = _number(request)
        principal = await self.sign_in.principal(request)
        key = await asyncio.to_thread(find_viewable_run, self.engine, principal, number)
        return principal, key

    async def _principal_or_none(self, request: Request) -> Principal | None:
        try:
            return await self.sign_in.principal(request)
        except NotSignedIn:
            return None


def _answer(handler: Handler) -> Handler:
    """The handler with the headers of pages, and with a page for each thing that can be wrong."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except NotSignedIn:
            response = page("sign_in.html", 401)
        except NotFound:
            response = page("not_found.html", 404)
        except NotAccepted as problem:
            response = page("problem.html", problem.status, sentence=problem.sentence)
        except Busy as problem:
            response = page("problem.html", 503, sentence=problem.sentence)
            response.headers["Retry-After"] = "2"
        return guarded(response)

    return answer


def _link_is_over() -> Response:
    return page("link_over.html", 410)


def _number(request: Request) -> int:
    """The run's number in the address. Raises NotFound for what is none."""
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise NotFound("There is no such run.")
    return int(text)


def _attempt(request: Request, task: TaskPicture) -> int:
    text = request.query_params.get("attempt", str(task.attempt))
    if not _NUMBER.fullmatch(text) or int(text) > task.attempt:
        raise NotFound("There was no such attempt.")
    return int(text)


def _file_name(step_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", step_id)[:64]


def _read_static() -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in (HERE / "static").iterdir() if path.suffix in _STATIC_TYPES
    }
