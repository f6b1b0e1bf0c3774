"""Figures as rows: each beside its yardstick, in a table for people and in JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from string import ascii_lowercase

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure from `n` samples. `yardstick` is the same figure of `beside`, measured in the same run."""

    database: str
    name: str
    value: float
    unit: str
    n: int
    yardstick: float | None = None
    beside: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the yardstick."""
        return self.value / self.yardstick if self.yardstick else None


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that is not below `percent` per cent of them."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def compare(
    database: str,
    name: str,
    samples: Sequence[float],
    yardstick: Sequence[float] = (),
    beside: str = "",
    *,
    percents: Iterable[float] = (50, 95),
    unit: str = "ms",
) -> list[Row]:
    """A row for each percentile of the samples, beside that of the yardstick's samples."""
    return [
        Row(
            database,
            f"{name}, p{percent:g}",
            percentile(samples, percent),
            unit,
            len(samples),
            percentile(yardstick, percent) if yardstick else None,
            beside,
        )
        for percent in percents
    ]


def print_table(console: Console, rows: Sequence[Row]) -> None:
    letters = {beside: letter for letter, beside in zip(ascii_lowercase, _yardsticks(rows), strict=False)}
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("figure")
    for heading in ("value", "", "yardstick", "", "ratio", "n"):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for database, group in groupby(rows, key=lambda row: row.database):
        table.add_section()
        table.add_row(f"[bold]{database}[/bold]")
        for row in group:
            value, yardstick, ratio = map(_number, (row.value, row.yardstick, row.ratio))
            letter = letters.get(row.beside, "")
            table.add_row(row.name, value, row.unit, yardstick, letter, ratio, str(row.n))
    console.print(table)
    for beside, letter in letters.items():
        console.print(f"{letter}: {beside}", style="dim", highlight=False)


def _yardsticks(rows: Iterable[Row]) -> list[str]:
    """Each once, in the order in which they come."""
    return list(dict.fromkeys(row.beside for row in rows if row.beside))


def write_json(path: Path, machine: Mapping[str, str | float], rows: Iterable[Row]) -> None:
    """`{"machine": {...}, "rows": [...]}`, each row with its ratio."""
    content = {"machine": dict(machine), "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}
    path.write_text(json.dumps(content, indent=2) + "\n")


def _number(value: float | None) -> str:
    """Three digits that count, and no more."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
