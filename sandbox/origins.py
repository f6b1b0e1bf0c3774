"""Which requests come from pages of other sites that are open in the same browser; none of them may act here."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def is_foreign(connection: HTTPConnection) -> bool:
    """What is no browser says nothing of itself, and is let in."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        return True
    return origin is not None and _host(origin) != connection.headers.get("host")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
