"""An event the app did not take is sent again at once, after a minute and after five; too many are held back."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sandbox.events import EventLimits
from sandbox.manifest import Manifest
from tests.sandbox.fake_app import Received
from tests.sandbox.installed import Installed, eventually, installed
from tests.support.sandbox_client import ADA, GENERAL

ACK_SECONDS = 2.0  # less than Slack's three, and enough for a busy machine


@pytest.fixture(scope="module")
def running() -> Iterator[Installed]:
    def manifest(app_url: str) -> Manifest:
        return Manifest(
            "Test App",
            bot_name="Test App",
            bot_scopes=("channels:history",),
            bot_events=("message.channels",),
            events_url=f"{app_url}/slack/events",
        )

    with installed(manifest, ack_seconds=ACK_SECONDS) as running:
        yield running


@pytest.fixture
def stage(running: Installed) -> Installed:
    running.sandbox.reset()
    running.app.reset()
    running.parts.events.limits = EventLimits()
    return running


def send_to(stage: Installed, url: str) -> None:
    """Let events go to another address from now on."""
    stage.parts.manifest = replace(stage.parts.manifest, events_url=url)


def retries(requests: list[Received]) -> list[tuple[str | None, str | None]]:
    return [
        (request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason"))
        for request in requests
    ]


def reasons(stage: Installed) -> list[str]:
    """What went wrong with each delivery so far."""
    return [row["problem"] for row in stage.sandbox.deliveries()]


def test_an_event_is_repeated_three_times_at_slacks_intervals(stage: Installed) -> None:
    stage.app.answer("event_callback", status=500)
    stage.sandbox.post(ADA, "hello")
    requests = stage.wait_for("message", 2)
    assert retries(requests) == [(None, None), ("1", "http_error")]
    assert {request.payload["event_id"] for request in requests} == {requests[0].payload["event_id"]}
    assert all(request.is_signed() for request in requests)
    stage.wait_for_deliveries(2)
    stage.sandbox.skip(55)
    assert stage.parts.events.state()["under_way"] == 1
    stage.sandbox.skip(6)
    assert retries(stage.wait_for("message", 3))[2] == ("2", "http_error")
    stage.wait_for_deliveries(3)
    stage.sandbox.skip(301)
    assert retries(stage.wait_for("message", 4))[3] == ("3", "http_error")
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 4
    assert [row["retry"] for row in stage.sandbox.deliveries()] == [
        None,
        *({"number": number, "reason": "http_error"} for number in (1, 2, 3)),
    ]


def test_the_second_retry_does_not_come_before_a_minute(stage: Installed) -> None:
    stage.app.answer("event_callback", status=500)
    stage.sandbox.post(ADA, "hello")
    stage.wait_for_deliveries(2)
    stage.sandbox.skip(50)
    stage.sandbox.post(ADA, "and again")  # the proof that the sandbox had the time to send
    stage.wait_for_deliveries(4)
    assert [row["retry"] and row["retry"]["number"] for row in stage.sandbox.deliveries()] == [
        None,
        1,
        None,
        1,
    ]


def test_once_the_app_takes_it_nothing_is_repeated(stage: Installed) -> None:
    stage.app.answer("event_callback", status=404)
    stage.sandbox.post(ADA, "hello")
    stage.wait_for_deliveries(2)
    stage.app.answer("event_callback", status=204)
    stage.sandbox.skip(61)
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 3
    assert reasons(stage) == ["http_error", "http_error", None]


def test_the_app_can_ask_for_no_retries(stage: Installed) -> None:
    stage.app.answer("event_callback", status=500, headers={"X-Slack-No-Retry": "1"})
    stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 1


def test_a_late_answer_is_a_timeout(stage: Installed) -> None:
    stage.app.answer("event_callback", delay=ACK_SECONDS + 0.4)
    stage.sandbox.post(ADA, "hello")
    assert retries(stage.wait_for("message", 2))[1] == ("1", "http_timeout")


def test_an_app_that_is_down_is_a_failed_connection(stage: Installed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    send_to(stage, f"http://127.0.0.1:{port}/slack/events")
    stage.sandbox.post(ADA, "hello")
    stage.wait_for_deliveries(2)
    assert reasons(stage) == ["connection_failed", "connection_failed"]
    send_to(stage, f"{stage.app_url}/slack/events")
    stage.sandbox.skip(61)
    assert retries(stage.wait_for("message")) == [("2", "connection_failed")]


def test_a_broken_certificate_is_an_ssl_error(stage: Installed) -> None:
    send_to(stage, stage.app_url.replace("http:", "https:"))
    stage.sandbox.post(ADA, "hello")
    eventually(lambda: reasons(stage))
    assert reasons(stage)[0] == "ssl_error"


def test_two_redirects_are_followed_with_the_whole_request(stage: Installed) -> None:
    stage.app.answer("/slack/events", status=302, headers={"Location": "/one"})
    stage.app.answer("/one", status=307, headers={"Location": f"{stage.app_url}/two"})
    stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    assert [request.path for request in stage.app.requests] == ["/slack/events", "/one", "/two"]
    assert all(request.is_signed() for request in stage.app.requests)
    assert reasons(stage) == [None]


def test_a_third_redirect_is_too_many(stage: Installed) -> None:
    for path, target in (("/slack/events", "/one"), ("/one", "/two"), ("/two", "/three")):
        stage.app.answer(path, status=302, headers={"Location": target})
    stage.sandbox.post(ADA, "hello")
    eventually(lambda: reasons(stage))
    assert reasons(stage)[0] == "too_many_redirects"
    assert "/three" not in [request.path for request in stage.app.requests]


def test_a_redirect_to_nowhere_is_a_failed_connection(stage: Installed) -> None:
    stage.app.answer("/slack/events", status=302, headers={"Location": "http://["})
    stage.sandbox.post(ADA, "hello")
    eventually(lambda: reasons(stage))
    assert reasons(stage)[0] == "connection_failed"


def test_a_reset_forgets_what_was_to_be_repeated(stage: Installed) -> None:
    stage.app.answer("event_callback", status=500)
    stage.sandbox.post(ADA, "hello")
    stage.wait_for_deliveries(2)
    stage.sandbox.reset()
    stage.wait_until_quiet()
    assert stage.read("clock")["skipped"] == 0
    assert len(stage.heard("message")) == 2


def test_above_the_hours_limit_the_app_is_told_once_a_minute_that_it_is_limited(stage: Installed) -> None:
    stage.parts.events.limits = EventLimits(most_an_hour=2)
    for _ in range(4):
        stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 2
    limited = [r.payload for r in stage.app.requests if r.payload["type"] == "app_rate_limited"]
    assert [set(payload) for payload in limited] == [
        {"token", "type", "team_id", "minute_rate_limited", "api_app_id"}
    ]
    assert limited[0]["minute_rate_limited"] % 60 == 0
    stage.sandbox.skip(3601)
    stage.sandbox.post(ADA, "an hour later")
    stage.wait_for("message", 3)


def test_without_limits_there_is_no_limit_of_events_either(stage: Installed) -> None:
    stage.parts.events.limits = EventLimits(most_an_hour=1)
    stage.sandbox.limits("off")
    for _ in range(3):
        stage.sandbox.post(ADA, "hello")
    stage.wait_for("message", 3)


def test_a_subscription_that_nearly_always_fails_is_switched_off_until_somebody_switches_it_on(
    stage: Installed,
) -> None:
    stage.parts.events.limits = EventLimits(fewest_to_judge=4)
    stage.app.answer("event_callback", status=500)
    stage.sandbox.post(ADA, "one")
    stage.sandbox.post(ADA, "two")
    stage.wait_for_deliveries(4)
    eventually(lambda: not stage.sandbox.subscription()["enabled"])
    stage.sandbox.skip(61)
    stage.wait_until_quiet()
    assert len(stage.heard("message")) == 4
    stage.app.reset()
    stage.sandbox.post(ADA, "unheard")
    assert stage.sandbox.subscription(enabled=True)["failed_last_hour"] == 0
    stage.sandbox.post(ADA, "heard")
    assert stage.wait_for("message")[0].payload["event"]["text"] == "heard"


def test_a_few_failures_among_many_leave_the_subscription_on(stage: Installed) -> None:
    stage.parts.events.limits = EventLimits(fewest_to_judge=2)
    stage.sandbox.post(ADA, "taken")
    stage.wait_until_quiet()
    stage.app.answer("event_callback", status=500)
    stage.sandbox.post(ADA, "refused")
    stage.wait_for_deliveries(3)
    assert stage.sandbox.subscription()["enabled"] is True


def test_a_developer_can_send_a_request_again_with_a_fresh_signature(stage: Installed) -> None:
    stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    (first,) = stage.sandbox.deliveries()
    stage.act("resend", {"number": first["number"]})
    again = stage.sandbox.deliveries()[-1]
    assert (again["resent_from"], again["body"]) == (first["number"], first["body"])
    assert again["number"] == first["number"] + 1
    assert [request.body for request in stage.app.requests] == [first["body"].encode()] * 2
    assert stage.app.requests[1].is_signed()
    stage.act("resend", {"number": 99}, 404)


def test_what_is_an_hour_old_no_longer_counts(stage: Installed) -> None:
    stage.sandbox.post(ADA, "hello")
    stage.wait_until_quiet()
    assert stage.sandbox.subscription()["sent_last_hour"] == 1
    stage.sandbox.skip(3601)
    told = stage.sandbox.subscription()
    assert (told["sent_last_hour"], told["ended_last_hour"]) == (0, 0)


@pytest.mark.parametrize("seconds", [-1, "60", True, 1e12])
def test_the_clock_only_goes_forward_by_a_sensible_number(stage: Installed, seconds: object) -> None:
    stage.act("clock", {"skip": seconds}, 400)
    assert stage.read("clock")["skipped"] == 0
    assert stage.sandbox.messages(GENERAL) == []
