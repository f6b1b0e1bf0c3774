"""How control requests come in and answers go out: JSON objects only, and not from other sites."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from sandbox.api.arguments import parse_json
from sandbox.api.endpoint import JsonResponse
from sandbox.errors import ControlError
from sandbox.origins import is_foreign
from sandbox.sight import Choice
from sandbox.types import Json

Action: TypeAlias = Callable[["Body"], Awaitable[Json]]
Question: TypeAlias = Callable[[Request], Awaitable[Json]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Body:
    """The JSON object of a control request, read by type; raises ControlError."""

    def __init__(self, given: Json) -> None:
        self.given = given

    def text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise ControlError("bad_argument", f"{name} must be a string.")
        return value or None

    def need(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise ControlError("missing_argument", f"{name} is missing.")
        return value

    def flag(self, name: str) -> bool | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, bool):
            raise ControlError("bad_argument", f"{name} must be true or false.")
        return value

    def mapping(self, name: str) -> Json:
        value = self.given.get(name) or {}
        if not isinstance(value, dict):
            raise ControlError("bad_argument", f"{name} must be an object.")
        return value

    def choice(self) -> Choice:
        return Choice(
            action_id=self.need("action_id"),
            block_id=self.text("block_id"),
            channel=self.text("channel"),
            ts=self.text("ts"),
            view_id=self.text("view_id"),
        )


def posted(action: Action) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            refuse_other_sites(request)
            return JsonResponse(await action(Body(await _read_object(request))))
        except ControlError as error:
            return refusal(error)

    return endpoint


def asked(question: Question) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return JsonResponse(await question(request))
        except ControlError as error:
            return refusal(error)

    return endpoint


def refuse_other_sites(request: Request) -> None:
    """A page of another site, open in the same browser, must not act here."""
    if is_foreign(request):
        raise ControlError("cross_site", "This request comes from another site.", 403)


async def _read_object(request: Request) -> Json:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ControlError("not_json", "Send JSON, with Content-Type: application/json.", 415)
    try:
        value: Any = parse_json(await request.body() or b"{}")
    except ValueError as error:
        raise ControlError("invalid_json", "The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise ControlError("not_object", "The body must be a JSON object.")
    return value


def refusal(error: ControlError) -> Response:
    answer: Json = {"ok": False, "error": error.error, "message": error.message, **error.extra}
    return JsonResponse(answer, error.status)
