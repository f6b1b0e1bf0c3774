"""What every page's answer says to browsers: load nothing from elsewhere, keep nothing, tell nobody."""

from __future__ import annotations

from starlette.responses import Response

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def guarded(response: Response) -> Response:
    """The response with these headers, except those that it sets itself."""
    for name, value in PAGE_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
