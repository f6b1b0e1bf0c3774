"""The benchmarks still measure everything, in the smallest size. How fast anything is, no test says."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.__main__ import PARTS
from benchmarks.house import Place
from benchmarks.report import Row, compare, percentile, print_table, write_json
from benchmarks.sizes import SMALLEST
from tests.support.databases import PostgresServer


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place("SQLite", lambda: f"sqlite:///{tmp_path / 'bench.db'}")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return Place("Postgres", server.create)


@pytest.mark.parametrize("part", PARTS)
def test_every_figure_comes_with_its_yardstick(part: str, place: Place) -> None:
    rows = PARTS[part](place, SMALLEST)
    assert len(rows) >= 6
    for row in rows:
        assert row.database == place.name
        assert row.value > 0, row
        assert row.n > 0, row
        assert row.ratio is not None, row
        assert row.beside, row
    assert len({(row.name, row.unit) for row in rows}) == len(rows)


def test_a_percentile_is_one_of_the_samples() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert [percentile(samples, percent) for percent in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([7.0], 95) == 7


def test_a_figure_is_compared_with_the_same_percentile_of_its_yardstick() -> None:
    rows = compare("SQLite", "an answer", [1.0, 2.0, 9.0], [0.5, 1.0, 3.0], "a bare one", percents=(50, 99))
    assert [(row.name, row.value, row.yardstick, row.ratio, row.n) for row in rows] == [
        ("an answer, p50", 2.0, 1.0, 2.0, 3),
        ("an answer, p99", 9.0, 3.0, 3.0, 3),
    ]


ROWS = [
    Row("SQLite", "runs at once", 1234.5, "steps/s", 3, 2469.0, "plain actors"),
    Row("Postgres", "runs at once", 0.5, "steps/s", 3),
]


def test_the_table_names_each_yardstick_once() -> None:
    written = io.StringIO()
    print_table(Console(file=written, width=100), ROWS)
    text = written.getvalue()
    for part in ("SQLite", "Postgres", "1,234", "2,469", "0.50", "a: plain actors"):
        assert part in text
    assert text.count("plain actors") == 1


def test_the_file_holds_the_rows_with_their_ratios_and_the_machine(tmp_path: Path) -> None:
    write_json(tmp_path / "rows.json", {"cores": 2}, ROWS)
    content = json.loads((tmp_path / "rows.json").read_text())
    assert content["machine"] == {"cores": 2}
    assert [row["ratio"] for row in content["rows"]] == [0.5, None]
    assert set(content["rows"][0]) == {
        "database",
        "name",
        "value",
        "unit",
        "n",
        "yardstick",
        "beside",
        "ratio",
    }
