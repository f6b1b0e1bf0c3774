"""A machine without Redis gets one of its own, private, at a place that is the same at each start."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from engine import embedded_redis as module
from engine.core.errors import Problem
from engine.embedded_redis import EmbeddedRedis, embedded_redis, find_server, wait_until_answering
from engine.redis_connection import connect


@contextmanager
def started(embedded: EmbeddedRedis) -> Iterator[redis.Redis]:
    process = subprocess.Popen(embedded.argv, stdout=subprocess.DEVNULL, cwd="/")
    try:
        wait_until_answering(embedded.url, 10)
        with connect(embedded.url, timeout_seconds=5) as client:
            yield client
    finally:
        process.kill()
        process.wait()


def socket_of(embedded: EmbeddedRedis) -> Path:
    return Path(unquote(urlsplit(embedded.url).path))


def test_it_answers_over_a_private_socket_and_no_port(tmp_path: Path) -> None:
    embedded = embedded_redis(tmp_path / "home")
    with started(embedded) as client:
        assert client.set("a", "1")
        assert client.config_get("port") == {"port": "0"}
        assert stat.S_IMODE(socket_of(embedded).stat().st_mode) == 0o700


def test_it_keeps_nothing_on_disk_and_evicts_nothing(tmp_path: Path) -> None:
    embedded = embedded_redis(tmp_path)
    with started(embedded) as client:
        client.set("a", "1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with started(embedded) as client:  # killed, and started again over the old socket
        assert client.get("a") is None
    assert [path.name for path in (tmp_path / "redis").iterdir()] == ["redis.sock"]


def test_a_home_with_a_long_path_gets_a_short_private_socket(tmp_path: Path) -> None:
    home = tmp_path / ("x" * 120)
    embedded = embedded_redis(home)
    path = socket_of(embedded)
    try:
        assert len(os.fsencode(path)) <= 100
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert embedded_redis(home).url == embedded.url
        assert embedded_redis(tmp_path / ("y" * 120)).url != embedded.url
        with started(embedded) as client:
            assert client.ping()
    finally:
        for used in (home, tmp_path / ("y" * 120)):
            folder = socket_of(embedded_redis(used)).parent
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()


def test_a_home_with_odd_characters_works(tmp_path: Path) -> None:
    with started(embedded_redis(tmp_path / "my home #1 100%")) as client:
        assert client.ping()


def test_a_prepared_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("z" * 120)
    folder = socket_of(embedded_redis(home)).parent
    try:
        folder.chmod(0o777)
        with pytest.raises(Problem, match="is not a private folder"):
            embedded_redis(home)
    finally:
        folder.rmdir()


def test_without_the_installed_server_one_on_the_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "redis-server"
    own.symlink_to(find_server())
    monkeypatch.setattr(module, "_installed_with_us", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == own


def test_without_any_server_the_problem_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module, "_installed_with_us", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match=r"Install Valkey or Redis .* or set REDIS_URL"):
        find_server()


def test_a_server_that_does_not_come_up_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="did not start"):
        wait_until_answering(f"unix://{tmp_path}/none.sock", 0.1)
