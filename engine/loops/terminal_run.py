"""Says again and again that the terminal of a run and its children is there: the reconciler ends runs of which
nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.advance import Engine
from store import children, terminals


@dataclass(frozen=True, slots=True)
class HoldTerminalRun:
    engine: Engine
    run_id: str
    name: str = "hold"
    every_seconds: float = 3.0

    def tick(self) -> None:
        with self.engine.database.write() as c:
            for run_id, status in children.family(c, self.run_id).items():
                (terminals.release_run if status.is_terminal else terminals.hold_run)(c, run_id)
