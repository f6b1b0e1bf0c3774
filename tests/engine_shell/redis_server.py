"""A real server for tests, which can be frozen, killed and started again at the same address."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.embedded_redis import embedded_redis, wait_until_answering


class RedisServer:
    def __init__(self, home: Path) -> None:
        self._embedded = embedded_redis(home)
        self.url = self._embedded.url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._embedded.argv, stdout=subprocess.DEVNULL, cwd="/")
        wait_until_answering(self.url, 10)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    with TemporaryDirectory(prefix="hr-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
