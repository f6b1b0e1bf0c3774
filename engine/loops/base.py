"""A duty that is done again and again: one `tick`, called by a thread of its own, or by a test directly."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from engine.core.errors import Busy

logger = logging.getLogger("handrail.loops")
T = TypeVar("T")


class Duty(Protocol):
    """`tick` does what is due now and may run in any number of processes at once."""

    @property
    def name(self) -> str: ...

    @property
    def every_seconds(self) -> float: ...

    def tick(self) -> None: ...


@dataclass(slots=True)
class Loop:
    """Runs a duty in a thread until stopped. A tick that fails is logged, and the next one comes all the same."""

    duty: Duty
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=f"loop-{self.duty.name}", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.duty.tick()
            except Busy as busy:
                logger.warning("tick_postponed loop=%s problem=%s", self.duty.name, busy)
            except Exception:
                logger.exception("tick_failed loop=%s", self.duty.name)
            self._stop.wait(self.duty.every_seconds)


def for_each(items: Iterable[T], do: Callable[[T], object]) -> None:
    """Do it for every item. One that fails is logged and keeps no other waiting; only Busy ends it all, as the
    others would meet the same database. Busy is raised."""
    for item in items:
        try:
            do(item)
        except Busy:
            raise
        except Exception:
            logger.exception("item_failed item=%s", item)
