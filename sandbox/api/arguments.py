"""Reads the arguments of a Web API call in every form Slack takes: query, form, multipart and JSON."""

import base64
import binascii
import email.policy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from sandbox.errors import SlackError
from sandbox.types import Json


@dataclass(frozen=True)
class Received:
    """One call as it came in; `arguments` has no token in it."""

    arguments: Json
    token: str | None
    warnings: tuple[str, ...] = ()


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse_json(raw: bytes) -> Any:
    """Strict JSON: no NaN, no half of a surrogate pair; raises ValueError."""
    try:
        value = json.loads(raw, parse_constant=refuse_constant)
        if b"\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


async def receive(request: Request) -> Received:
    """The arguments, token and warnings of a call; raises SlackError when the body is malformed."""
    body = await request.body()
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    arguments: Json = _client(request) | dict(request.query_params)
    token = _bearer(request)
    if request.method == "GET" or not body:
        sent: Json = {}
    elif kind == "application/json":
        sent = _from_json(body)
        sent.pop("token", None)  # Slack takes the token of a JSON call from the header only
    elif kind == "application/x-www-form-urlencoded":
        sent = _from_form(body)
    elif kind == "multipart/form-data":
        sent = _from_multipart(body, request.headers["content-type"])
    else:
        raise SlackError("invalid_post_type" if kind else "missing_post_type")
    arguments |= sent
    from_arguments = arguments.pop("token", None)
    has_charset = "charset" in parameters.lower()
    return Received(arguments, token or from_arguments, _warnings(kind, has_charset, request.method))


def _client(request: Request) -> Json:
    """The app's own id and secret, when they come as a user name and password."""
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, colon, secret = base64.b64decode(coded.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return {}
    return {"client_id": unquote(name), "client_secret": unquote(secret)} if colon else {}


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _from_json(body: bytes) -> Json:
    try:
        value = parse_json(body)
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _from_form(body: bytes) -> Json:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise SlackError("invalid_form_data") from error


def _from_multipart(body: bytes, content_type: str) -> Json:
    """The text fields; Web API methods that take files are not part of this workspace."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise SlackError("invalid_form_data")
    fields: Json = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise SlackError("invalid_form_data")
        fields[name] = content.decode("utf-8", "replace")
    return fields


def _warnings(kind: str, has_charset: bool, method: str) -> tuple[str, ...]:
    if method != "POST":
        return ()
    if kind == "application/json" and not has_charset:
        return ("missing_charset",)
    if kind == "application/x-www-form-urlencoded" and has_charset:
        return ("superfluous_charset",)
    return ()


class Arguments:
    """The arguments of one call, read by type; unknown ones are ignored, as Slack does."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def text(self, name: str) -> str | None:
        """A string, None when it is absent or empty."""
        value = self.given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | list | dict):
            raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")
        return str(value)

    def need(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.given.get(name, default)
        return value.strip().lower() in ("true", "1") if isinstance(value, str) else bool(value)

    def limit(self, default: int, most: int) -> int:
        """The page size: a whole number from 1 to `most`."""
        value = self.given.get("limit")
        if value in (None, "", 0, "0"):
            return default
        written = str(value)
        if isinstance(value, bool) or not written.isdecimal() or len(written) > 9:
            raise SlackError("invalid_limit")
        if not 1 <= int(written) <= most:
            raise SlackError("invalid_limit")
        return int(written)

    def whole(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        written = self.text(name)
        if written is None:
            return default
        if not written.isdecimal() or len(written) > 9 or not 1 <= int(written) <= most:
            raise invalid_arguments(f"must provide an integer from 1 to {most} [json-pointer:/{name}]")
        return int(written)

    def words(self, name: str) -> list[str]:
        """A comma-separated list, or a JSON array of strings."""
        value = self.given.get(name)
        if isinstance(value, list):
            return [str(entry) for entry in value]
        return [word.strip() for word in (self.text(name) or "").split(",") if word.strip()]


def invalid_arguments(*sentences: str) -> SlackError:
    messages = [f"[ERROR] {sentence}" for sentence in sentences]
    return SlackError("invalid_arguments", response_metadata={"messages": messages})
