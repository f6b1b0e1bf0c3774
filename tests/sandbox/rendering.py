"""What tests of the renderers need: a context, and a reader that tells which elements some HTML really holds."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from sandbox.render.context import Context

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)

CONTEXT = Context(
    viewer="U0ADA",
    zone=ZoneInfo("Europe/Berlin"),
    now=NOW,
    people={"U0ADA": "Ada", "U0BOB": "Bob"},
    channels={"C0GENERAL": "general", "C0OPS": "ops"},
    groups={"S0ONCALL": "oncall"},
    channel="C0GENERAL",
)


class Elements(HTMLParser):
    """`tags`, `attributes` as (tag, name, value), and `text` without tags."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(str(html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data
