"""Tables and charts: what may be in their cells, rows, series and segments, and how much of it.

Where Slack's own pages differ (rows of a data table, series of a chart), the smaller figure holds.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.types import Json
from sandbox.validation.objects import BLOCK_ID
from sandbox.validation.rich_text import RICH_TEXT_BLOCK
from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    boolean,
    broken,
    by_type,
    integer,
    number,
    one_of,
    optional_null,
    record,
    repeated,
    text,
)

MOST_TABLE_CHARACTERS = 10_000  # the page of the table blocks: over all cells together

_RAW_CELLS: dict[str, Rule] = {
    "raw_text": record({"text": text()}),
    "raw_number": record({"value": number, "text": text()}),
}
_CELL = by_type(_RAW_CELLS | {"rich_text": RICH_TEXT_BLOCK})
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean}, is_typed=False)


def characters(value: Any) -> int:
    """The length of all texts in a cell, a row or a table."""
    if isinstance(value, list):
        return sum(characters(entry) for entry in value)
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + characters(value.get("elements"))


def _not_too_long(value: Any, at: str) -> Problems:
    if characters(value["rows"]) > MOST_TABLE_CHARACTERS:
        sentence = f"must be less than {MOST_TABLE_CHARACTERS + 1} characters"
        yield broken("max_length", MOST_TABLE_CHARACTERS, sentence, f"{at}/rows")


def _even_rows(value: Any, at: str) -> Problems:
    """All rows of a data table are as long as the first, which holds no rich text."""
    rows: list[list[Json]] = value["rows"]
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            yield broken("items", len(rows[0]), f"must provide {len(rows[0])} items", f"{at}/rows/{index}")
    for column, cell in enumerate(rows[0]):
        if cell["type"] == "rich_text":
            yield Problem("unsupported type: rich_text", f"{at}/rows/0/{column}/type")
    if value.get("row_header_column_index", 0) >= len(rows[0]):
        yield broken(
            "maximum", len(rows[0]) - 1, f"must be less than {len(rows[0])}", f"{at}/row_header_column_index"
        )


TABLE = record(
    {"rows": array(array(_CELL, 1, 20), 1, 100)},
    BLOCK_ID | {"column_settings": array(optional_null(_COLUMN), 0, 20)},
    _not_too_long,
)
DATA_TABLE = record(
    {"rows": array(array(_CELL, 1, 20), 2, 101), "caption": text()},
    BLOCK_ID | {"page_size": integer(1, 100), "row_header_column_index": integer(0, 19)},
    _even_rows,
    _not_too_long,
)


def _positive(value: Any, at: str) -> Problems:
    problems = list(number(value, at))
    yield from problems
    if not problems and value <= 0:
        yield broken("minimum", 0, "must be greater than 0", at)


_LABEL = text(20)
_SERIES = record(
    {"name": _LABEL, "data": array(record({"label": _LABEL, "value": number}, is_typed=False), 1, 20)},
    is_typed=False,
)
_AXES = record(
    {"categories": array(_LABEL, 1, 20, is_unique=True)},
    {"x_label": text(50), "y_label": text(50)},
    is_typed=False,
)


def _series_fit_axis(value: Any, at: str) -> Problems:
    """Series are told apart by name, and each has one point for each category."""
    series: list[Json] = value["series"]
    for index in repeated([one["name"] for one in series]):
        yield Problem("duplicate items", f"{at}/series/{index}/name")
    categories: list[str] = value["axis_config"]["categories"]
    for index, one in enumerate(series):
        yield from _points(one, categories, f"{at}/series/{index}/data")


def _points(series: Json, categories: list[str], at: str) -> Iterator[Problem]:
    labels = [point["label"] for point in series["data"]]
    for index, label in enumerate(labels):
        if label not in categories:
            yield broken("enum", categories, "must be a valid enum value", f"{at}/{index}/label")
        elif label in labels[:index]:
            yield Problem("duplicate items", f"{at}/{index}/label")
    if set(categories) - set(labels):
        yield broken("min_items", len(categories), f"must provide at least {len(categories)} items", at)


_PLOT = record({"series": array(_SERIES, 1, 6), "axis_config": _AXES}, {}, _series_fit_axis)
_PIE = record({"segments": array(record({"label": _LABEL, "value": _positive}, is_typed=False), 1, 6)})
DATA_VISUALIZATION = record(
    {"title": text(50), "chart": by_type({"pie": _PIE, "bar": _PLOT, "line": _PLOT, "area": _PLOT})}, BLOCK_ID
)
