"""What the environment says, and what follows where it says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.bootstrap import build_worker, worker_duties
from bot.settings import Settings
from engine.embedded_redis import LONGEST_SOCKET_PATH, embedded_redis
from engine.loops.pruner import Pruner
from store.database import Database
from tests.engine_shell.workshop import workshop


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize("name", ["home", "a home with spaces, 50% full", "x" * 120])
def test_whoever_is_started_by_hand_finds_the_embedded_redis_of_the_same_home(
    tmp_path: Path, name: str
) -> None:
    home = tmp_path / name

    assert settings(handrail_home=home).redis == embedded_redis(home).url


def test_the_socket_of_a_home_with_a_long_path_is_short(tmp_path: Path) -> None:
    url = settings(handrail_home=tmp_path / ("x" * 120)).redis

    assert len(url.removeprefix("unix://")) <= LONGEST_SOCKET_PATH


def test_a_redis_of_ones_own_is_used_as_it_is(tmp_path: Path) -> None:
    assert settings(handrail_home=tmp_path, redis_url="redis://cache:6379/3").redis == "redis://cache:6379/3"


def test_two_sandboxes_can_have_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().sandbox_port, Settings().sandbox_tls_port) == (3001, 3443)

    monkeypatch.setenv("SANDBOX_PORT", "4001")
    monkeypatch.setenv("SANDBOX_TLS_PORT", "4443")

    assert (Settings().sandbox_port, Settings().sandbox_tls_port) == (4001, 4443)


def test_hosts_that_steps_may_ask_are_checked_at_the_start() -> None:
    assert settings(handrail_http_allow="*.internal, 10.0.0.0/8").handrail_http_allow
    with pytest.raises(ValueError, match="'http://x' is neither a host") as caught:
        settings(handrail_http_allow="a.internal, http://x")
    assert "handrail_http_allow" in str(caught.value)


def test_a_worker_knows_the_secrets_and_the_hosts_of_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    (tmp_path / "from_file").write_text("in a file\n")
    monkeypatch.setenv("HANDRAIL_SECRET_FROM_VARIABLE", "in a variable")
    monkeypatch.chdir(tmp_path.parent)
    with workshop(database, tmp_path) as shop:
        worker = build_worker(
            settings(handrail_secrets=tmp_path.name, handrail_http_allow="*.internal"), shop.engine
        )
    assert worker.secrets.look_up("from_file") == "in a file"
    assert worker.secrets.look_up("from_variable") == "in a variable"
    assert worker.reach.allow.names == ("*.internal",)


def test_without_a_folder_there_are_no_secrets_in_files() -> None:
    assert settings().secrets_folder is None
    assert settings(handrail_secrets="").secrets_folder is None


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("", None), ("90d", 90 * 86_400_000), (" 1000d ", 1000 * 86_400_000)]
)
def test_runs_are_kept_for_ever_or_as_long_as_is_said(text: str, milliseconds: int | None) -> None:
    assert settings(handrail_keep_runs=text).keep_runs_ms == milliseconds


@pytest.mark.parametrize("text", ["soon", "12h", "40000d"])
def test_how_long_runs_are_kept_is_checked_at_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="handrail_keep_runs"):
        settings(handrail_keep_runs=text)


def test_a_worker_prunes_as_its_settings_say_and_watches_permissions(
    tmp_path: Path, database: Database
) -> None:
    with workshop(database, tmp_path) as shop:
        worker = build_worker(settings(handrail_home=tmp_path), shop.engine)
        duties = {duty.name: duty for duty in worker_duties(worker, 1000)}
        (pruner,) = [duty for duty in duties.values() if isinstance(duty, Pruner)]
        assert pruner.keep_runs_ms == 1000
        assert "permissions" in duties
        own = build_worker(settings(handrail_home=tmp_path), shop.engine, run_id="of a terminal")
        assert "permissions" not in {duty.name for duty in worker_duties(own)}


def test_a_variable_that_cannot_be_used_is_named_without_its_value(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PORT": "abc-hush", "HANDRAIL_LEASE_SECONDS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bot.cli", "up"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()[:2]] == ["HANDRAIL_LEASE_SECONDS", "PORT"]
    assert "docs/configuration.md" in done.stderr
    assert "hush" not in done.stderr
