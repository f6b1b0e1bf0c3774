"""What a worker does beside its tasks: renewing leases, and looking for work that nobody rang for."""

from __future__ import annotations

from dataclasses import dataclass

from engine.worker import Worker


@dataclass(frozen=True, slots=True)
class Renew:
    """Each second: leases last much longer, but a cancel reaches its step this way."""

    worker: Worker
    name: str = "renew"
    every_seconds: float = 1.0

    def tick(self) -> None:
        self.worker.renew()


@dataclass(frozen=True, slots=True)
class Look:
    worker: Worker
    name: str = "look"
    every_seconds: float = 3.0

    def tick(self) -> None:
        self.worker.look()
