"""The page's addresses: what they answer, and the headers that keep hostile content harmless."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.sandbox.live_page import LivePage, serving

STATIC = Path(__file__).parents[2] / "sandbox" / "static"


@pytest.fixture(scope="module")
def server() -> Iterator[LivePage]:
    with serving() as live:
        yield live


@pytest.fixture
def client(server: LivePage) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=10) as opened:
        yield opened


@pytest.mark.parametrize(
    "path", ["/", "/page/static/main.js", "/page/static/base.css", "/page/static/icon.svg"]
)
def test_nothing_but_the_page_itself_may_run(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_has_no_inline_script_or_style(client: httpx.Client) -> None:
    page = client.get("/").text
    assert page.count("<script") == 1
    assert '<script type="module" src="/page/static/main.js"></script>' in page
    assert "<style" not in page
    assert " style=" not in page


def test_the_page_fetches_nothing_from_elsewhere(client: httpx.Client) -> None:
    for file in STATIC.iterdir():
        text = client.get(f"/page/static/{file.name}").text
        assert "https://" not in text
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    "path", ["/page/static/../page.py", "/page/static/%2e%2e/page.py", "/page/static/none.js"]
)
def test_other_files_are_not_given_out(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["user=<script>", "channel=%00", "thread=../..", "limit=1e9", "since=inf", "user=U0ADA&user=U0BOB"],
)
def test_an_odd_address_gives_an_ordinary_page(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_the_stream_begins_with_everything_and_goes_on_with_what_changes(
    server: LivePage, client: httpx.Client
) -> None:
    with client.stream("GET", "/page/stream?user=U0ADA&channel=C0GENERAL") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        first = next(events)
        regions = {patch["region"] for patch in first}
        assert regions >= {"channels", "dms", "apps", "messages", "thread", "views", "toasts", "alerts"}
        ts = server.person_says("U0BOB", "news")
        patches = {patch["region"]: patch for patch in next(events)}
        assert "news" in patches["messages"]["items"][ts]


def test_what_concerns_another_person_is_not_sent(server: LivePage, client: httpx.Client) -> None:
    with client.stream("GET", "/page/stream?user=U0ADA&channel=C0GENERAL") as stream:
        events = (line for line in stream.iter_lines() if line.startswith("data: "))
        next(events)
        server.call("chat.postEphemeral", channel="C0GENERAL", user="U0BOB", text="for Bob alone")
        server.person_says("U0BOB", "for everybody")
        following = next(events)
        assert "for everybody" in following
        assert "for Bob alone" not in following
