"""`python -m benchmarks`: measures everything, each figure beside its yardstick, and ends by itself."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from rich.console import Console

from benchmarks import answers, runs, starts
from benchmarks.house import Place
from benchmarks.machine import describe
from benchmarks.report import Row, print_table, write_json
from benchmarks.sizes import FULL, QUICK, Sizes
from tests.support.databases import PostgresServer

PARTS: dict[str, Callable[[Place, Sizes], list[Row]]] = {
    "answers": answers.measure,
    "starts": starts.measure,
    "runs": runs.measure,
}
SQLITE, POSTGRES = "SQLite (WAL, synchronous FULL)", "Postgres (fsync on)"


def main() -> None:
    asked = _parser().parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="handrail-bench-") as name, _places(Path(name)) as places:
        machine = describe(Path(name))
        rows = list(measure(places, asked.only or list(PARTS), QUICK if asked.quick else FULL, console))
    print_table(console, rows)
    console.print("  ".join(f"{key}: {value}" for key, value in machine.items()), style="dim")
    if asked.json:
        write_json(asked.json, machine, rows)


def measure(places: Sequence[Place], parts: Sequence[str], sizes: Sizes, console: Console) -> Iterator[Row]:
    for place in places:
        for part in parts:
            with console.status(f"{place.name}: {part} ..."):
                yield from PARTS[part](place, sizes)


@contextmanager
def _places(folder: Path) -> Iterator[list[Place]]:
    numbers = count(1)
    server = PostgresServer(waits_for_disk=True)
    try:
        yield [
            Place(SQLITE, lambda: f"sqlite:///{folder / f'{next(numbers)}.db'}"),
            Place(POSTGRES, server.create),
        ]
    finally:
        server.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer samples: a look, not a figure to quote")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this part (repeatable)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="also write the rows to a JSON file")
    return parser


if __name__ == "__main__":
    main()
