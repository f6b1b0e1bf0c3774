"""Where `http` steps connect to: checked addresses only, under the name that was asked for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.addresses import AllowList, Reach, read_allow_list
from engine.core.definition import HttpAction
from engine.core.events import Errored, Failed, Outcome, Succeeded
from engine.executors.dispatch import execute
from tests.engine_shell.certificates import authority_and_host
from tests.engine_shell.http_server import answering, reach_of, serving
from tests.engine_shell.steps import Kept, step_context


def ask(url: str, reach: Reach | None = None, **options: object) -> Outcome:
    return execute(step_context(HttpAction("GET", url), Kept(), reach=reach, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "169.16689662",
        "0251.0376.0251.0376", "169.0xfea9fe", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
        "[0:0:0:0:0:ffff:169.254.169.254]", "[64:ff9b::169.254.169.254]", "[2002:a9fe:a9fe::]", "[fe80::1]",
        "[fd00:ec2::254]", "[::]", "[0:0:0:0:0:0:0:0]", "0.0.0.0", "0", "0x0", "00", "0.0", "224.0.0.1",
        "255.255.255.255", "100.100.100.200", "[ff02::1]", "１６９.254.169.254",
    ],
)  # fmt: skip
def test_no_way_to_write_it_leads_to_the_metadata_of_a_machine(host: str) -> None:
    """Refused here, or by the URL's own rules, or unknown to the system: never asked."""
    outcome = ask(f"http://{host}/latest/meta-data/?token=abc")
    match outcome:
        case Errored(error=sentence):
            assert "which no step may ask" in sentence or "not a valid URL" in sentence
        case Failed(error=sentence):
            assert "its name is not known" in sentence
        case _:
            pytest.fail(f"{outcome}")
    assert "latest" not in sentence


def test_a_name_that_leads_to_a_refused_address_is_an_error() -> None:
    assert ask("http://meta.internal/", reach_of({"meta.internal": "169.254.169.254"})) == Errored(
        "meta.internal leads to 169.254.169.254, a link-local address, where clouds keep credentials of machines, "
        "which no step may ask."
    )


def test_hosts_outside_of_the_allow_list_are_not_asked() -> None:
    with serving(answering(200)) as server:
        allow = read_allow_list("deploy.internal")
        reach = reach_of({"deploy.internal": "127.0.0.1", "other.internal": "127.0.0.1"}, allow)
        assert isinstance(ask(server.url_of("deploy.internal"), reach), Succeeded)
        outcome = ask(server.url_of("other.internal"), reach)
        by_address = ask(server.url, reach)
        assert len(server.asked) == 1
    assert outcome == Errored(
        "other.internal (127.0.0.1) is not among the hosts that steps may ask. Whoever runs the worker can add it "
        "to HANDRAIL_HTTP_ALLOW."
    )
    assert isinstance(by_address, Errored)


def test_a_name_that_answers_differently_the_next_time_leads_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []

    def look_up(host: str, port: int) -> Sequence[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.2"]

    real = socket.getaddrinfo

    def only_addresses(host: str | bytes | None, *rest: object, **more: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        assert name != "rebinding.internal", "looked up again"
        return real(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", only_addresses)
    with serving(answering(200)) as good, serving(answering(200), "127.0.0.2", port=good.port) as bad:
        outcome = ask(good.url_of("rebinding.internal"), Reach(AllowList(), look_up))
    assert isinstance(outcome, Succeeded)
    assert (len(good.asked), bad.asked, looked_up) == (1, [], ["rebinding.internal"])


def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    with serving(answering(200), "127.0.0.3") as server:
        reach = reach_of({"deploy.internal": "127.0.0.1 127.0.0.2 127.0.0.3"})
        assert isinstance(ask(server.url_of("deploy.internal"), reach), Succeeded)
    assert len(server.asked) == 1
    assert ask(server.url_of("deploy.internal"), reach) == Failed(
        "deploy.internal could not be reached: it refuses connections"
    )


def test_a_request_that_was_sent_is_not_sent_to_the_next_address() -> None:
    def hang_up(handler: object) -> None:
        """Without an answer."""

    reach = reach_of({"deploy.internal": "127.0.0.1 127.0.0.2"})
    with serving(hang_up) as first, serving(answering(200), "127.0.0.2", port=first.port) as second:
        outcome = ask(first.url_of("deploy.internal"), reach)
    assert isinstance(outcome, Failed)
    assert (len(first.asked), second.asked) == (1, [])


def test_an_ipv6_address_is_asked() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        try:
            listener.bind(("::1", 0))
        except OSError:
            assert not Path("/proc/net/if_inet6").exists() or not Path("/proc/net/if_inet6").read_text()
            return
        port = listener.getsockname()[1]
    assert ask(f"http://[::1]:{port}/") == Failed("::1 could not be reached: it refuses connections")


def test_a_certificate_must_be_for_the_name_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, host = authority_and_host(tmp_path, "deploy.internal")
    monkeypatch.setattr(
        "engine.executors.http_call._tls", lambda: ssl.create_default_context(cafile=authority)
    )
    reach = reach_of({"deploy.internal": "127.0.0.1", "other.internal": "127.0.0.1"})
    with serving(answering(200), tls=host) as server:
        assert isinstance(ask(server.url_of("deploy.internal"), reach), Succeeded)
        assert isinstance(
            ask(server.url_of("deploy.internal."), reach_of({"deploy.internal": "127.0.0.1"})), Succeeded
        )
        outcome = ask(server.url_of("other.internal"), reach)
        by_address = ask(server.url, reach)
        assert len(server.asked) == 2
    assert isinstance(outcome, Failed)
    assert outcome.error.startswith(
        "other.internal could not be reached: its TLS certificate was not accepted"
    )
    assert isinstance(by_address, Failed)
    assert "certificate was not accepted" in by_address.error
