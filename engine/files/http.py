"""The `http` steps of a workflow file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.core.definition import HttpAction
from engine.core.text import excerpt
from engine.files.expressions import Scope, Templates
from engine.files.fields import Fields
from engine.files.nodes import Node, Scalar

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DEFAULT_EXPECT = (200, 201, 202, 204)
HTTP_KEYS = ("method", "url", "headers", "json", "form", "body", "expect", "redirects")
BODIES = ("json", "form", "body")
MAX_REDIRECTS = 5

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_URL = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?:[0-9]{1,5}|\{\{[^{}]*\}\}))?(?=[/?#]|$)", re.ASCII
)


def read_http(fields: Fields, scope: Scope, templates: Templates) -> HttpAction:
    table = fields.sub_table("http")
    if table is None:
        return HttpAction("GET", "")
    http = Fields(table, fields.mistakes, "'http'", HTTP_KEYS)
    scope = scope.with_secrets()
    bodies = [key for key in BODIES if key in http]
    if len(bodies) > 1:
        http.mistakes.add(
            http.key_place(bodies[1]),
            "HTTP-BODY",
            f"A request has one of json, form and body, not both {bodies[0]} and {bodies[1]}. Keep one.",
        )
    json = http.node("json")
    return HttpAction(
        method=http.choice("method", METHODS) or "GET",
        url=_read_url(http, scope, templates),
        headers=_read_headers(http, scope, templates),
        json=templates.value(json, scope) if json else None,
        form=_read_form(http, scope, templates),
        body=_read_body(http, http.node("body"), scope, templates),
        expect=read_statuses(http, "expect") or DEFAULT_EXPECT,
        redirects=http.integer("redirects", least=0, most=MAX_REDIRECTS) or 0,
    )


def _read_url(http: Fields, scope: Scope, templates: Templates) -> str:
    http.require("url", "'https://deploy.internal/ship'")
    text, node = http.text("url"), http.node("url")
    if text is None or not isinstance(node, Scalar):
        return ""
    if not _URL.match(text):
        http.add(
            "url",
            "HTTP-HOST",
            f"'{excerpt(text)}' does not begin with http:// or https:// and a fixed host. "
            "Expressions may stand in the port, the path and the query, so that no value chooses where to go.",
        )
    return templates.text(node, scope)


def _read_headers(http: Fields, scope: Scope, templates: Templates) -> Mapping[str, str]:
    headers = http.text_table("headers", "HTTP-HEADER")
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            http.mistakes.add(
                value.place, "HTTP-HEADER", f"'{excerpt(name)}' cannot be the name of a header."
            )
        if "\n" in value.text or "\r" in value.text:
            http.mistakes.add(
                value.place,
                "HTTP-HEADER",
                f"The header '{excerpt(name)}' holds a line break. Write it on one line.",
            )
    return {name: templates.text(value, scope) for name, value in headers.items()}


def _read_form(http: Fields, scope: Scope, templates: Templates) -> Mapping[str, str] | None:
    if "form" not in http:
        return None
    form = http.text_table("form", "HTTP-BODY")
    return {name: templates.text(value, scope) for name, value in form.items()}


def _read_body(http: Fields, node: Node | None, scope: Scope, templates: Templates) -> str | None:
    if http.text("body") is None or not isinstance(node, Scalar):
        return None
    return templates.text(node, scope)


def read_statuses(fields: Fields, key: str) -> tuple[int, ...]:
    """A list of HTTP statuses, or one of them."""
    found: list[int] = []
    for scalar in fields.scalars(key):
        status = scalar.value
        if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
            found.append(status)
        else:
            fields.mistakes.add(
                scalar.place,
                "HTTP-EXPECT",
                f"'{excerpt(scalar.text)}' is no HTTP status. Write numbers such as [200, 202].",
            )
    return tuple(dict.fromkeys(found))
