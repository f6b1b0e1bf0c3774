"""Links that people post and an app may show a preview of: link_shared, and what chat.unfurl makes of it."""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.changes import Happening
from sandbox.people import BOT_USER_ID
from sandbox.types import Json
from sandbox.workspace import Workspace

MOST_REMEMBERED = 1_000
_LINK = re.compile(r"<(https?://[^>|\s]+)(?:\|[^>]*)?>")


@dataclass(frozen=True)
class SharedLinks:
    """What one link_shared event told: the app may add previews of these addresses to this message."""

    unfurl_id: str
    channel: str
    ts: str
    urls: tuple[str, ...]


class Links:
    """Tells the app of links to its domains. `domains` gives those of the app that is installed."""

    def __init__(self, workspace: Workspace, domains: Callable[[], Iterable[str]]) -> None:
        self._workspace = workspace
        self._domains = domains
        self._shared: dict[str, SharedLinks] = {}  # by unfurl id

    def hear(self, happening: Happening) -> None:
        """Look at what a person has just written."""
        event, channel = happening.event, happening.channel
        is_written = event.get("type") == "message" and event.get("subtype") in (None, "thread_broadcast")
        if not is_written or channel is None or event.get("bot_id"):
            return
        links = [{"url": url, "domain": domain} for url, domain in self._known(str(event.get("text") or ""))]
        if links:
            self._tell(event, channel, links)

    def find(self, unfurl_id: str) -> SharedLinks | None:
        return self._shared.get(unfurl_id)

    def told_of(self, channel: str, ts: str) -> set[str]:
        """The addresses in a message that the app was told of."""
        found = [each.urls for each in self._shared.values() if (each.channel, each.ts) == (channel, ts)]
        return {url for urls in found for url in urls}

    def clear(self) -> None:
        self._shared.clear()

    def _known(self, text: str) -> Iterable[tuple[str, str]]:
        domains = [domain.lower() for domain in self._domains()]
        for url in dict.fromkeys(urls_in(text)):
            host = _host(url)
            domain = next((each for each in domains if host == each or host.endswith("." + each)), None)
            if domain is not None:
                yield url, domain

    def _tell(self, message: Json, channel: str, links: list[Json]) -> None:
        ts = str(message["ts"])
        unfurl_id = f"{channel}-{ts}-{secrets.token_hex(32)}"
        self._shared[unfurl_id] = SharedLinks(unfurl_id, channel, ts, tuple(link["url"] for link in links))
        if len(self._shared) > MOST_REMEMBERED:
            del self._shared[next(iter(self._shared))]
        members = self._workspace.channels[channel].members
        event: Json = {
            "type": "link_shared",
            "user": message.get("user"),
            "channel": channel,
            "message_ts": ts,
            "links": links,
            "source": "conversations_history",
            "unfurl_id": unfurl_id,
            "is_bot_user_member": BOT_USER_ID in members,
        }
        thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
        self._workspace.happened(event | thread, channel)


def _host(url: str) -> str:
    """In lower case; '' where people typed something that only begins like an address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def urls_in(text: str) -> list[str]:
    """The addresses that are links in a message's text."""
    return [url.replace("&amp;", "&") for url in _LINK.findall(text)]
