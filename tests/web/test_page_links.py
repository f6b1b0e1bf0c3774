"""Links that sign one person in, once, within five minutes; and the sessions after them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from engine.core.errors import NotFound, Refused
from engine.core.permission import Principal
from tests.web.desk import ADA, BOB, FORM, TEAM, Desk, browser_of

AGAIN = "Click <b>Open the page</b> in Slack again"


def post(client: httpx.Client, number: int, key: str, **headers: str) -> httpx.Response:
    return client.post(f"/runs/{number}", data={"key": key}, headers=headers or FORM)


def test_a_link_greets_its_person_by_name(desk: Desk, base_url: str, stranger: httpx.Client) -> None:
    link = desk.link(desk.start(), base_url)

    page = stranger.get(link)

    assert (page.status_code, "Continue as Ada" in page.text) == (200, True)


def test_looking_at_a_link_uses_nothing_up(desk: Desk, base_url: str, stranger: httpx.Client) -> None:
    run = desk.start()
    link = desk.link(run, base_url)
    key = urlsplit(link).query.removeprefix("key=")

    looks = [stranger.get(link), stranger.head(link), stranger.get(link)]

    assert [look.status_code for look in looks] == [200, 200, 200]
    assert not any("set-cookie" in look.headers for look in looks)
    assert post(stranger, run.number, key).status_code == 303


def test_the_key_is_told_to_no_other_site(desk: Desk, base_url: str, stranger: httpx.Client) -> None:
    """Not "no-referrer": the form's POST would then come from the origin "null", and be refused."""
    page = stranger.get(desk.link(desk.start(), base_url))

    assert page.headers["referrer-policy"] == "same-origin"
    assert "http" not in page.text.replace(base_url, "")


def test_continuing_signs_in_and_leaves_the_key_behind(desk: Desk, stranger: httpx.Client) -> None:
    run = desk.start()

    answer = post(stranger, run.number, desk.token(run))

    assert answer.headers["location"] == f"/runs/{run.number}"
    cookie = answer.headers["set-cookie"]
    assert re.match(r"handrail=[\w-]{43}; HttpOnly; Max-Age=43200; Path=/; SameSite=lax$", cookie)
    assert "Deploy a service" in stranger.get(answer.headers["location"]).text


def test_over_https_the_cookie_is_bound_to_the_host_and_to_https(desk: Desk) -> None:
    run = desk.start()
    with desk.serving("https://handrail.example") as base_url, browser_of(base_url) as client:
        answer = post(client, run.number, desk.token(run))

    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-handrail=")
    assert cookie.endswith("; Secure")


def test_a_link_works_once(desk: Desk, stranger: httpx.Client, base_url: str) -> None:
    run = desk.start()
    key = desk.token(run)
    assert post(stranger, run.number, key).status_code == 303

    with browser_of(base_url) as second:
        again = [post(second, run.number, key), second.get(f"/runs/{run.number}?key={key}")]

    assert [answer.status_code for answer in again] == [410, 410]
    assert all(AGAIN in answer.text and "set-cookie" not in answer.headers for answer in again)


def test_of_many_at_the_same_instant_one_is_signed_in(desk: Desk, base_url: str) -> None:
    run = desk.start()
    key = desk.token(run)

    def attempt(_: int) -> int:
        with browser_of(base_url) as client:
            return post(client, run.number, key).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(attempt, range(8)))

    assert answers == [303] + [410] * 7


@pytest.mark.parametrize("key", ["", "x", "A" * 43, "A" * 44, "å" * 43, "../../etc/passwd", "\0" * 43])
def test_a_forged_key_opens_nothing(desk: Desk, stranger: httpx.Client, key: str) -> None:
    run = desk.start()

    answers = [
        stranger.get(f"/runs/{run.number}", params={"key": key}),
        post(stranger, run.number, key),
    ]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert all(AGAIN in answer.text for answer in answers)


def test_a_link_that_is_too_old_says_so(desk: Desk, stranger: httpx.Client) -> None:
    run = desk.start()
    key = desk.token(run, lifetime_ms=0)

    assert stranger.get(f"/runs/{run.number}?key={key}").status_code == 410
    assert post(stranger, run.number, key).status_code == 410


def test_a_link_opens_only_its_own_run_and_survives_the_attempt(desk: Desk, stranger: httpx.Client) -> None:
    run, other = desk.start(), desk.start()
    key = desk.token(run)

    assert post(stranger, other.number, key).status_code == 410
    assert post(stranger, run.number, key).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"X-Nothing": "said"},
    ],
)
def test_a_form_from_elsewhere_is_refused_and_uses_nothing_up(
    desk: Desk, stranger: httpx.Client, headers: dict[str, str]
) -> None:
    run = desk.start()
    key = desk.token(run)

    assert post(stranger, run.number, key, **headers).status_code == 403
    assert post(stranger, run.number, key).status_code == 303


def test_a_browser_that_names_only_our_origin_is_let_in(
    desk: Desk, base_url: str, stranger: httpx.Client
) -> None:
    run = desk.start()

    assert post(stranger, run.number, desk.token(run), Origin=base_url).status_code == 303


def test_only_a_short_form_is_read(desk: Desk, stranger: httpx.Client) -> None:
    run = desk.start()
    path = f"/runs/{run.number}"

    as_json = stranger.post(path, json={"key": desk.token(run)}, headers=FORM)
    too_long = stranger.post(path, data={"key": "x" * 5000}, headers=FORM)

    assert (as_json.status_code, too_long.status_code) == (415, 413)


def test_signing_in_again_gives_a_new_session_and_ends_the_old_one(
    desk: Desk, stranger: httpx.Client, base_url: str
) -> None:
    run = desk.start()
    post(stranger, run.number, desk.token(run))
    first = stranger.cookies["handrail"]

    post(stranger, run.number, desk.token(run))

    assert stranger.cookies["handrail"] != first
    with browser_of(base_url, first) as old:
        assert old.get(f"/runs/{run.number}").status_code == 401


def test_who_is_signed_in_already_goes_straight_to_the_run(
    desk: Desk, ada: httpx.Client, base_url: str
) -> None:
    run = desk.start()

    own = ada.get(desk.link(run, base_url))
    somebody_elses = ada.get(desk.link(run, base_url, BOB))

    assert (own.status_code, own.headers["location"]) == (303, f"/runs/{run.number}")
    assert "Continue as Bob" in somebody_elses.text


def test_without_a_session_the_page_says_how_to_open_it(desk: Desk, stranger: httpx.Client) -> None:
    page = stranger.get(f"/runs/{desk.start().number}")

    assert page.status_code == 401
    assert "Open the page" in page.text
    assert "View Details" in page.text


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 5000])
def test_a_cookie_that_is_no_session_is_none(desk: Desk, base_url: str, cookie: str) -> None:
    run = desk.start()
    with browser_of(base_url, cookie) as client:
        assert client.get(f"/runs/{run.number}").status_code == 401


def test_a_session_ends_by_itself(desk: Desk, base_url: str) -> None:
    run = desk.start()
    with browser_of(base_url, desk.session(lifetime_ms=0)) as client:
        assert client.get(f"/runs/{run.number}").status_code == 401


def test_a_closed_account_is_signed_out(desk: Desk, ada: httpx.Client) -> None:
    run = desk.start()
    desk.folks.closed.add(ADA.user_id)

    assert ada.get(f"/runs/{run.number}").status_code == 401


def test_no_link_is_made_for_people_of_other_workspaces(desk: Desk) -> None:
    run = desk.start()

    with pytest.raises(Refused):
        desk.link(run, "http://pages", Principal(TEAM, "U0EVE", is_external=True))


@pytest.mark.parametrize("who", [Principal(TEAM, "U0EVE", is_guest=True), Principal("T0002", "U0ADA")])
def test_no_link_is_made_for_who_may_not_view_the_run(desk: Desk, who: Principal) -> None:
    run = desk.start()

    with pytest.raises(NotFound):
        desk.link(run, "http://pages", who)


def test_neither_keys_nor_sessions_are_kept_as_they_are(
    desk: Desk, stranger: httpx.Client, tmp_path: Path
) -> None:
    run = desk.start()
    key = desk.token(run)
    post(stranger, run.number, key)

    kept = b"".join(path.read_bytes() for path in tmp_path.glob("pages.db*"))

    assert key.encode() not in kept
    assert stranger.cookies["handrail"].encode() not in kept
