"""`http` steps: what is asked, and what becomes of the answer."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import httpx

from engine.core.definition import HttpAction, JsonValue
from engine.core.events import Failed, Outcome, Stopped, Succeeded
from engine.executors.base import CannotCarryOut, StepContext, compact_json
from engine.executors.http_call import Answer, Call, CallFailed, call_until_stopped
from engine.executors.results import read_json

LARGEST_REQUEST = 1024 * 1024

SHOWN_HEADERS = ("content-type", "etag", "last-modified", "location", "retry-after", "x-request-id")
"""The headers of a response that become part of the result."""

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-auth-token"})
_NO_CHARSETS = frozenset({"punycode", "idna"})
"""Python's codecs for host names: of a large answer they make minutes of work, behind any timeout."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BAD_HEADER_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def execute(context: StepContext) -> Outcome:
    """Send the request. Raises CannotCarryOut, ExpressionProblem."""
    action = context.step.action
    assert isinstance(action, HttpAction)
    request = _resolve(context, action)
    if context.is_rehearsal:
        context.record_arguments(request.shown())
        return context.rehearsed(f"send {request.method} {request.url}")
    call = _checked(context, request)
    context.record_arguments(request.shown())
    try:
        answer = call_until_stopped(
            call,
            redirects=action.redirects,
            reach=context.reach,
            mask=context.mask,
            seconds=context.step.timeout_seconds,
            stop=context.stop,
        )
    except CallFailed as failure:
        return Failed(str(failure), status=failure.status)
    if answer is None:
        return Stopped()
    if answer.status not in action.expect:
        return Failed(_unexpected(answer, action), _result(answer), status=answer.status)
    return Succeeded(_result(answer))


# --- the request


@dataclass(frozen=True, slots=True)
class _Request:
    """What a step asks for, its expressions computed."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: JsonValue
    form: Mapping[str, str] | None
    body: str | None

    def shown(self) -> JsonValue:
        """The arguments for people: without what headers say about who we are."""
        shown: dict[str, JsonValue] = {"method": self.method, "url": self.url}
        if self.headers:
            shown["headers"] = {
                name: "***" if name.lower() in _SECRET_HEADERS else value
                for name, value in self.headers.items()
            }
        if self.json is not None:
            shown["json"] = self.json
        if self.form is not None:
            shown["form"] = dict(self.form)
        if self.body is not None:
            shown["body"] = self.body
        return shown

    def content(self) -> tuple[str | None, bytes | None]:
        """Its content type, when we know that, and its body. Raises CannotCarryOut."""
        media_type, text = None, self.body
        if self.json is not None:
            media_type, text = "application/json", compact_json(self.json)
        elif self.form is not None:
            media_type, text = "application/x-www-form-urlencoded", urlencode(self.form, errors="replace")
        content = text.encode("utf-8", "replace") if text is not None else None
        if content is not None and len(content) > LARGEST_REQUEST:
            raise CannotCarryOut("The body of the request is larger than 1 MiB. Send less.")
        return media_type, content


def _resolve(context: StepContext, action: HttpAction) -> _Request:
    form = action.form
    return _Request(
        method=action.method.upper(),
        url=context.text(action.url),
        headers={name: context.text(template) for name, template in action.headers.items()},
        json=context.value(action.json),
        form=None if form is None else {name: context.text(template) for name, template in form.items()},
        body=None if action.body is None else context.text(action.body),
    )


def _checked(context: StepContext, request: _Request) -> Call:
    url = _checked_url(request.url)
    for name, value in request.headers.items():
        _check_header(name, value)
    media_type, content = request.content()
    defaults = {
        "User-Agent": "handrail",
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "identity",
        "Idempotency-Key": _idempotency_key(context),
    }
    if media_type is not None:
        defaults["Content-Type"] = media_type
    given = {name.lower() for name in request.headers}
    more = {name: value for name, value in defaults.items() if name.lower() not in given}
    return Call(request.method, url, {**request.headers, **more}, content)


def _idempotency_key(context: StepContext) -> str:
    """The same for every attempt, so that the other side can tell a repetition; another for each item."""
    key = f"{context.run_id}/{context.step.id}"
    return key if context.index is None else f"{key}/{context.index}"


def _checked_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        host = url.host
        if url.port is not None and not 0 < url.port < 65536:
            raise ValueError("no such port")
    except (httpx.InvalidURL, ValueError):
        raise CannotCarryOut(
            "The URL of the request is not a valid URL. Check it and what is put into it."
        ) from None
    if url.scheme not in ("http", "https") or not host:
        raise CannotCarryOut("The URL of the request must begin with http:// or https:// and name a host.")
    if url.userinfo:
        raise CannotCarryOut(
            f"The URL for {host} holds a user name or password. Send an Authorization header instead."
        )
    return url


def _check_header(name: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise CannotCarryOut(f"'{name[:80]}' cannot be the name of a header.")
    if _BAD_HEADER_VALUE.search(value):
        raise CannotCarryOut(
            f"The value of the header {name} holds a line break or another control character."
        )


# --- the answer


def _result(answer: Answer) -> JsonValue:
    headers: dict[str, JsonValue] = {
        name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers
    }
    result: dict[str, JsonValue] = {"status": answer.status, "headers": headers}
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            return result | {"json": read_json(answer.content)}
        except ValueError:
            return result | {"text": _decoded(answer)}
    return result | {"text": _decoded(answer)}


def _decoded(answer: Answer) -> str:
    try:
        return answer.content.decode(_charset(answer), "replace")
    except (LookupError, ValueError):  # a charset nobody knows, or one that is none
        return answer.content.decode("utf-8", "replace")


def _charset(answer: Answer) -> str:
    name = answer.charset or "utf-8"
    return "utf-8" if codecs.lookup(name).name in _NO_CHARSETS else name


def _unexpected(answer: Answer, action: HttpAction) -> str:
    expected = ", ".join(map(str, action.expect))
    is_refused = 300 <= answer.status < 400 and not action.redirects
    hint = " (redirects are not followed)" if is_refused else ""
    return f"{answer.host} answered {answer.status}{hint}, expected {expected}"
