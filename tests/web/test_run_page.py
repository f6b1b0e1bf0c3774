"""What the pages show, to whom, with which headers; and the stream that keeps a run's page true."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from bot.web import pages, stream
from engine.core.events import Failed, Succeeded
from engine.registry import Registry
from store import links
from tests.web.desk import ADA, BOB, GUS, Desk, browser_of

HOSTILE = "<script>alert(1)</script></pre><img src=x onerror=alert(2)>\u202eevil\x00\x1b[31m"


def text_of(page: httpx.Response) -> str:
    """What a reader sees, roughly: no tags, one blank between words."""
    body = re.sub(r"(?s)<head>.*?</head>", "", page.text)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def task_part(page: httpx.Response, step_title: str) -> str:
    """The text of one task."""
    tasks = re.findall(r'(?s)<li id="task-.*?</li>', page.text)
    shown = [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", task)).split()) for task in tasks]
    return next(task for task in shown if step_title in task)


# --- what the page shows


def test_the_page_says_what_runs_for_whom_and_how_far_it_is(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start(service="web")
    desk.finish(desk.claim())

    shown = text_of(ada.get(f"/runs/{run.number}"))

    for words in ("Deploy a service #1", "Waiting for Approval", "33%", "Started by Ada", "service web"):
        assert words in shown


def test_tasks_stand_in_the_order_they_were_scheduled_then_those_to_come(
    desk: Desk, ada: httpx.Client
) -> None:
    run = desk.start()
    desk.finish(desk.claim())

    shown = text_of(ada.get(f"/runs/{run.number}"))
    places = [
        shown.index(words)
        for words in ("Start Completed", "Build the package", "Ask for", "To come 1", "Ship it")
    ]

    assert places == sorted(places)


def test_a_task_shows_its_arguments_result_and_output(desk: Desk, ada: httpx.Client) -> None:
    run = desk.complete()

    shown = task_part(ada.get(f"/runs/{run.number}"), "Build the package")

    for words in (
        'Arguments { "command": "./build.sh" }',
        'Result { "sha": "1234" }',
        "stdout compiling done",
        "stderr a warning",
        "Completed",
        "Attempts 1",
        "Kind run",
    ):
        assert words in shown


def test_a_failure_says_why_and_leads_to_its_task(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()
    desk.finish(build, Failed("Exit code 2: no such file.", exit_code=2))

    page = ada.get(f"/runs/{run.number}")

    assert f'<a href="#task-{build.task_id}">Show Build the package</a>' in page.text
    assert "Exit code 2" in task_part(page, "Build the package")
    assert "Nothing was done here." in task_part(page, "Ship it")


def test_approvals_show_decisions_with_names_and_comments(desk: Desk, ada: httpx.Client) -> None:
    run = desk.complete()

    shown = text_of(ada.get(f"/runs/{run.number}"))

    for words in ("Ship api?", "May decide Bob, Operations", "✓ Bob approved", "Looks good to me"):
        assert words in shown


def test_results_and_history_are_there(desk: Desk, ada: httpx.Client) -> None:
    run = desk.complete()

    shown = text_of(ada.get(f"/runs/{run.number}"))

    assert 'Results { "url": "https://api.example" }' in shown
    assert "Approval approved" in shown
    assert "Run completed" in shown


def test_long_output_is_cut_to_its_end_with_a_link_to_all_of_it(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()
    lines = "".join(f"line {number}\n" for number in range(5000))
    desk.write(build, stdout=lines)

    page = ada.get(f"/runs/{run.number}")
    log = ada.get(f"/runs/{run.number}/tasks/{build.task_id}/log")

    assert "earlier output left out" in page.text
    assert "line 4999" in page.text
    assert "line 100\n" not in page.text
    assert log.text == lines


def test_a_log_is_a_plain_file_to_download(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()
    desk.write(build, stdout=HOSTILE)

    log = ada.get(f"/runs/{run.number}/tasks/{build.task_id}/log")

    assert log.headers["content-type"] == "text/plain; charset=utf-8"
    assert log.headers["content-disposition"] == 'attachment; filename="run-1-build-attempt-1.log"'
    assert log.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("attempt", ["0", "2", "-1", "x", "1e9", "9" * 30])
def test_an_attempt_that_was_not_has_no_log(desk: Desk, ada: httpx.Client, attempt: str) -> None:
    run = desk.start()
    build = desk.claim()

    assert ada.get(f"/runs/{run.number}/tasks/{build.task_id}/log?attempt={attempt}").status_code == 404


def test_a_log_is_found_only_below_its_own_run(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()
    other = desk.start()

    for path in (
        f"{other.number}/tasks/{build.task_id}",
        f"{run.number}/tasks/..%2f",
        f"{run.number}/tasks/x",
    ):
        assert ada.get(f"/runs/{path}/log").status_code == 404


def test_nothing_of_people_or_steps_becomes_markup(desk: Desk, ada: httpx.Client) -> None:
    desk.folks.names["U0ADA"] = HOSTILE
    run = desk.start(service=HOSTILE.replace("\x00", "").replace("\x1b", "").replace("\u202e", ""))
    build = desk.claim({"command": HOSTILE, HOSTILE: 1})
    desk.write(build, stdout=HOSTILE, stderr=HOSTILE)
    desk.finish(build, Failed(HOSTILE, {HOSTILE: [HOSTILE]}))

    for path in (f"/runs/{run.number}", "/runs"):
        page = ada.get(path).text
        assert "<img" not in page
        assert page.count("<script") == 1
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert "[U+202E]evil" in page


# --- who may see it


@pytest.mark.parametrize(
    "number", ["abc", "-1", "0", "01", "1e9", "%00", "1%00", "٣", "9" * 10, "9" * 400, "1.0", "+1", "%2e%2e"]
)
def test_what_is_no_number_of_a_run_is_not_found(ada: httpx.Client, number: str) -> None:
    assert ada.get(f"/runs/{number}").status_code == 404


def test_a_run_of_another_workspace_does_not_exist(desk: Desk, ada: httpx.Client) -> None:
    elsewhere = desk.start(by=type(ADA)("T0002", "U0ADA"))

    assert ada.get(f"/runs/{elsewhere.number}").status_code == 404


def test_a_session_of_another_workspace_counts_for_nothing(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    desk.team_id = "T0002"

    assert ada.get(f"/runs/{run.number}").status_code == 401


def test_rights_are_asked_anew_at_each_request(desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()
    paths = [f"/runs/{run.number}{rest}" for rest in ("", "/stream", f"/tasks/{build.task_id}/log")]
    with browser_of(base_url, desk.session(GUS)) as gus:
        assert gus.get(paths[0]).status_code == 200
        desk.folks.guests.add(GUS.user_id)

        assert [gus.get(path).status_code for path in paths] == [404, 404, 404]
        assert "Deploy a service" not in gus.get("/runs").text


def all_addresses(desk: Desk) -> Iterator[tuple[str, str]]:
    """Every route of the pages with each of its methods, and real values in its address."""
    run = desk.start()
    build = desk.claim()
    values = {"number": str(run.number), "task_id": build.task_id, "name": "pages.css"}
    for route in pages.page_routes(desk.engine, people=desk.folks, public_url="http://pages"):
        assert isinstance(route, Route)
        assert route.methods is not None
        for method in sorted(route.methods):
            yield method, re.sub(r"{(\w+)}", lambda name: values[name[1]], route.path)


def test_nobody_sees_anything_without_a_session(desk: Desk, stranger: httpx.Client) -> None:
    for method, path in all_addresses(desk):
        answer = stranger.request(method, path)
        allowed = 200 if path.startswith("/static/") else 403 if method == "POST" else 401
        assert (method, path, answer.status_code) == (method, path, allowed)


def test_every_answer_tells_browsers_to_keep_and_load_nothing(desk: Desk, stranger: httpx.Client) -> None:
    for method, path in all_addresses(desk):
        headers = stranger.request(method, path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; style-src 'self'; script-src"
        )
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
        assert "access-control-allow-origin" not in headers


def test_other_methods_are_refused_also_when_a_header_renames_them(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()

    assert ada.delete(f"/runs/{run.number}").status_code == 405
    assert ada.get(f"/runs/{run.number}", headers={"X-HTTP-Method-Override": "POST"}).status_code == 200


@pytest.mark.parametrize("name", ["..%2fpages.py", "%2e%2e%2fauth.py", "nothing.css", "pages.css%00", "."])
def test_only_the_files_meant_for_browsers_are_served(ada: httpx.Client, name: str) -> None:
    assert ada.get(f"/static/{name}").status_code == 404


def test_a_browser_asks_once_for_a_file_that_stays_the_same(ada: httpx.Client) -> None:
    first = ada.get("/static/pages.css")

    again = ada.get("/static/pages.css", headers={"If-None-Match": first.headers["etag"]})

    assert (first.headers["content-type"], again.status_code) == ("text/css; charset=utf-8", 304)


# --- the list of runs


def test_runs_are_listed_newest_first_page_by_page(
    desk: Desk, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "RUNS_PER_PAGE", 2)
    for _ in range(3):
        desk.start()

    first = ada.get("/runs")
    second = ada.get("/runs?older_than=2")

    assert re.findall(r'href="/runs/(\d+)"', first.text) == ["3", "2"]
    assert '<a href="/runs?older_than=2">Older</a>' in first.text
    assert re.findall(r'href="/runs/(\d+)"', second.text) == ["1"]
    assert "Older" not in second.text


def test_the_list_is_empty_for_who_may_list_nothing(desk: Desk) -> None:
    desk.start()
    grants = "grants:\n  - {to: {users: [U0BOB]}, workflows: '*', allow: [LIST_WORKFLOW_RUNS]}\n"
    (desk.folder / "permissions.yml").write_text(grants)
    desk.engine = replace(desk.engine, registry=Registry(desk.folder))

    with (
        desk.serving() as url,
        browser_of(url, desk.session(GUS)) as gus,
        browser_of(url, desk.session(BOB)) as bob,
    ):
        assert "Deploy a service" not in gus.get("/runs").text
        assert "Deploy a service" in bob.get("/runs").text


@pytest.mark.parametrize("older_than", ["0", "-1", "x", "", "1e3", "9" * 40])
def test_a_page_of_runs_that_no_link_leads_to_is_refused(ada: httpx.Client, older_than: str) -> None:
    assert ada.get("/runs", params={"older_than": older_than}).status_code == 400


# --- the stream


@dataclass
class Events:
    """Server-sent events as they come."""

    lines: Iterator[str]

    def next(self) -> tuple[str, Any]:
        """The next event; comments are events named ":"."""
        name = ""
        for line in self.lines:
            if line.startswith(":"):
                return ":", None
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        return "closed", None


@contextmanager
def following(client: httpx.Client, number: int) -> Iterator[Events]:
    with client.stream("GET", f"/runs/{number}/stream", timeout=20.0) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Events(response.iter_lines())


def test_the_stream_begins_with_everything(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()

    with following(ada, run.number) as events:
        name, page = events.next()

    assert name == "parts"
    assert {"summary", "aside", "history", "to-come", *page["order"]} == set(page["parts"])


def test_the_stream_brings_only_the_parts_that_changed(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()

    with following(ada, run.number) as events:
        events.next()
        desk.write(build, stdout="one more line\n")
        name, page = events.next()

    assert (name, list(page["parts"])) == ("parts", [f"task-{build.task_id}"])
    assert "one more line" in page["parts"][f"task-{build.task_id}"]


def test_the_stream_ends_with_the_run(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    build = desk.claim()

    with following(ada, run.number) as events:
        events.next()
        desk.finish(build, Failed("Exit code 1."))
        last = [events.next() for _ in range(3)]

    assert [name for name, _ in last] == ["parts", "end", "closed"]
    assert "Failed" in last[0][1]["parts"]["summary"]


def test_a_hint_hurries_the_stream_along(
    desk: Desk, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 3600.0)
    run = desk.start()
    build = desk.claim()

    with following(ada, run.number) as events:
        events.next()
        desk.finish(build)
        desk.news.tell("another run")
        desk.news.tell(run.run_id)
        name, _ = events.next()

    assert name == "parts"


def test_the_stream_says_now_and_then_that_it_lives(
    desk: Desk, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.0)
    run = desk.start()

    with following(ada, run.number) as events:
        names = [events.next()[0] for _ in range(3)]

    assert names == ["parts", ":", ":"]


def test_a_stream_is_over_when_its_session_is(
    desk: Desk, base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.0)
    run = desk.start()
    session = desk.session(BOB)

    with browser_of(base_url, session) as bob, following(bob, run.number) as events:
        events.next()
        with desk.engine.database.write() as c:
            links.close_session(c, session)
        names: list[str] = []
        while names[-1:] != ["closed"]:
            names.append(events.next()[0])

    assert names[-2:] == ["gone", "closed"]


def test_who_lost_the_right_to_see_the_run_is_shown_nothing_more(desk: Desk, base_url: str) -> None:
    run = desk.start()
    build = desk.claim()

    with browser_of(base_url, desk.session(GUS)) as gus, following(gus, run.number) as events:
        events.next()
        desk.folks.guests.add(GUS.user_id)
        desk.finish(build, Succeeded("secret"))
        assert [events.next()[0] for _ in range(2)] == ["gone", "closed"]


def test_streams_end_when_the_server_goes_down(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()

    with following(ada, run.number) as events:
        events.next()
        desk.is_closing = True
        assert events.next()[0] == "closed"


def test_too_many_streams_are_refused_for_a_while(
    desk: Desk, ada: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_STREAMS", 0)
    run = desk.start()

    answer = ada.get(f"/runs/{run.number}/stream")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
