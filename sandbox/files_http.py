"""Where bytes come in and go out: upload addresses, downloads for the app and people, the page's uploads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.api.endpoint import JsonResponse
from sandbox.context import Sandbox
from sandbox.control_http import refusal, refuse_other_sites
from sandbox.errors import ControlError, SlackError
from sandbox.file_store import MOST_BYTES, StoredFile
from sandbox.people import TEAM_ID
from sandbox.sharing import share_as_person
from sandbox.sight import Sight
from sandbox.types import Json
from sandbox.uploads import MOST_FILES

# Only these are ever shown inside a page; anything else could carry a script.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
ENVELOPE_BYTES = 64_000  # what a form may add around the file itself
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}


class TooLarge(Exception):
    """More bytes came than were asked for."""


def file_routes(sandbox: Sandbox) -> list[BaseRoute]:
    files = _Files(sandbox)
    return [
        Route("/upload/v1/{secret}", files.receive, methods=["POST"]),
        Route("/files-pri/{team_and_file}/download/{name:path}", files.download, methods=["GET"]),
        Route("/files-pri/{team_and_file}/{name:path}", files.show, methods=["GET"]),
        Route("/files/{user}/{file_id}/{name:path}", files.permalink, methods=["GET"]),
        Route("/control/upload", files.upload_as_person, methods=["POST"]),
    ]


class _Files:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._store = sandbox.files

    async def receive(self, request: Request) -> Response:
        """Take the bytes of one reserved file: as the whole body, or as the file in a form, whatever its field is
        called: Slack's page says `filename`, its client for JavaScript `body`, others `file`."""
        upload = self._store.upload(request.path_params["secret"])
        if upload is None:
            return PlainTextResponse("This upload address is unknown, was used, or has expired.", 404)
        try:
            content = await _content(request, upload.file.size)
        except TooLarge:
            return PlainTextResponse(f"More than the announced {upload.file.size} bytes.", 413)
        except ControlError as error:
            return PlainTextResponse(error.message, 400)
        if content is None:
            return PlainTextResponse("There is no file in the form.", 400)
        if len(content) != upload.file.size:
            sentence = f"{len(content)} bytes came, {upload.file.size} were announced."
            return PlainTextResponse(sentence, 400)
        self._store.receive(upload, content)
        return PlainTextResponse(f"OK - {len(content)}")

    async def show(self, request: Request) -> Response:
        """`url_private`: a picture may be shown where it stands."""
        return self._serve(request, is_download=False)

    async def download(self, request: Request) -> Response:
        return self._serve(request, is_download=True)

    async def permalink(self, request: Request) -> Response:
        """To the conversation the file was shared in, as the page has no place of its own for a file."""
        file = self._store.find(request.path_params["file_id"])
        channel = file.shares[0].channel if file is not None and file.shares else ""
        return RedirectResponse(f"/?channel={channel}" if channel else "/", 302)

    async def upload_as_person(self, request: Request) -> Response:
        """Multipart {user, files, channel?, thread_ts?, text?}: files somebody chose, for a form or, where a
        channel is named, as a message there. Answers {ok, files, file} and with a channel {channel, ts}."""
        try:
            refuse_other_sites(request)
            chosen = await _chosen(request)
            posted = self._take_in(chosen)
        except SlackError as error:
            sentence = (
                f"A file may have {MOST_BYTES // 1_000_000} MB, and the workspace must have room for it."
            )
            return refusal(ControlError(error.error, sentence, 413))
        except ControlError as error:
            return refusal(error)
        return JsonResponse({"ok": True, **posted})

    def _take_in(self, chosen: "Chosen") -> Json:
        sight = Sight(self._sandbox.workspace)
        sight.person(chosen.user)
        if chosen.channel is not None:
            sight.place(chosen.user, chosen.channel)
        files = [self._store.add(chosen.user, name, content) for name, content in chosen.files]
        posted: Json = {}
        if chosen.channel is not None:
            ids = [file.id for file in files]
            where = chosen.user, chosen.channel
            posted = share_as_person(self._sandbox, *where, ids, chosen.text, chosen.thread_ts)
        described = [self._store.describe(file) for file in files]
        return posted | {"files": described, "file": described[0]}

    def _serve(self, request: Request, *, is_download: bool) -> Response:
        team, _, file_id = request.path_params["team_and_file"].partition("-")
        file = self._store.find(file_id) if team == TEAM_ID else None
        if file is not None and self._is_person(request, file):
            return self._answer(file, is_download=is_download)
        if not self._is_app_let_in(request):
            # Slack sends whoever is not signed in to its sign-in page, which is HTML with the status 200.
            return RedirectResponse(f"/?redir={quote(request.url.path, safe='')}", 302, SAFE_HEADERS)
        if file is None or not self._may_app(request, file):
            return PlainTextResponse("Not found", 404, SAFE_HEADERS)
        return self._answer(file, is_download=is_download)

    def _answer(self, file: StoredFile, *, is_download: bool) -> Response:
        content = self._store.content(file)
        if content is None:
            return PlainTextResponse("Not found", 404, SAFE_HEADERS)
        is_shown = not is_download and file.mimetype in PICTURES
        where = "inline" if is_shown else "attachment"
        disposition = (
            f"{where}; filename=\"{_plain(file.name)}\"; filename*=UTF-8''{quote(file.name, safe='')}"
        )
        headers = SAFE_HEADERS | {"Content-Disposition": disposition}
        return Response(content, media_type=file.mimetype, headers=headers)

    def _is_person(self, request: Request, file: StoredFile) -> bool:
        """The page says who looks; a page of another site may not."""
        viewer = request.query_params.get("viewer")
        if viewer is None or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            return False
        return viewer in self._sandbox.workspace.people and self._store.may_see(file, viewer)

    def _is_app_let_in(self, request: Request) -> bool:
        try:
            self._sandbox.access.check(_bearer(request), ("bot", "user"), ("files:read",))
        except SlackError:
            return False
        return True

    def _may_app(self, request: Request, file: StoredFile) -> bool:
        grant = self._sandbox.access.find(_bearer(request))
        return self._store.may_see(file, grant.user_id, is_app=grant.is_bot)


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _content(request: Request, announced: int) -> bytes | None:
    """The file's bytes; None when a form carries none. Raises TooLarge."""
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        _refuse_long(request, announced + ENVELOPE_BYTES)
        async with _form(request) as fields:
            file = next((value for value in fields.values() if isinstance(value, UploadFile)), None)
            return await file.read() if file is not None else None
    _refuse_long(request, announced)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > announced:
            raise TooLarge
    return bytes(body)


@dataclass(frozen=True)
class Chosen:
    """What a person sends: files by name, and the message they go into, if any."""

    user: str
    files: list[tuple[str, bytes]]
    channel: str | None = None
    thread_ts: str | None = None
    text: str = ""


async def _chosen(request: Request) -> Chosen:
    """Raises ControlError."""
    try:
        _refuse_long(request, MOST_FILES * MOST_BYTES + ENVELOPE_BYTES)
        async with _form(request) as form:
            words = {key: value for key, value in form.multi_items() if isinstance(value, str)}
            sent = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            if not words.get("user") or not sent or not all(file.filename for file in sent):
                raise ControlError("missing_argument", "Send a form with user and files.")
            files = [(str(file.filename), await file.read()) for file in sent]
    except TooLarge as error:
        sentence = f"A file may have {MOST_BYTES // 1_000_000} MB."
        raise ControlError("file_upload_size_restricted", sentence, 413) from error
    place = words.get("channel") or None, words.get("thread_ts") or None
    return Chosen(words["user"], files, *place, text=words.get("text", ""))


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """A form's fields; its files lie on disk until the end."""
    try:
        yield await request.form(max_files=MOST_FILES, max_fields=10)
    except HTTPException as error:
        raise ControlError("bad_form", "This is no usable form.") from error
    finally:
        await request.close()


def _refuse_long(request: Request, most: int) -> None:
    """By what the sender says; a body of unknown length is not taken as a form."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise TooLarge
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
    if is_form and not length.isdecimal():
        raise TooLarge


def _plain(name: str) -> str:
    """A file name that is safe inside a quoted header value."""
    return "".join(c if c.isascii() and c.isprintable() and c not in '"\\/' else "_" for c in name)
