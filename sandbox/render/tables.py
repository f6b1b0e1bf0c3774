"""table and data_table blocks."""

from collections.abc import Sequence

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.html import tag
from sandbox.render.mrkdwn import words
from sandbox.render.rich_text import rich_text
from sandbox.types import Json

_ALIGNMENTS = frozenset({"left", "center", "right"})


def table(block: Json, context: Context) -> Markup:
    """Rows of raw_text, raw_number or rich_text cells; the first row is the heading."""
    return _table(block["rows"], block.get("column_settings") or [], None, context, row_header=None)


def data_table(block: Json, context: Context) -> Markup:
    """The same, with a caption, and a column whose cells name their rows."""
    named = int(block.get("row_header_column_index") or 0)
    return _table(block["rows"], [], words(block["caption"]), context, row_header=named)


def _table(
    rows: Sequence[Sequence[Json]],
    settings: Sequence[Json | None],
    caption: str | None,
    context: Context,
    *,
    row_header: int | None,
) -> Markup:
    drawn = [_row(cells, settings, at, row_header, context) for at, cells in enumerate(rows)]
    title = tag("caption", caption) if caption else None
    inner = tag("table", title, tag("thead", drawn[:1]), tag("tbody", drawn[1:]))
    return tag(
        "div", inner, class_="table-scroll", tabindex="0", role="region", aria_label=caption or "Table"
    )


def _row(
    cells: Sequence[Json],
    settings: Sequence[Json | None],
    row: int,
    row_header: int | None,
    context: Context,
) -> Markup:
    scopes = ["col" if row == 0 else "row" if at == row_header else None for at in range(len(cells))]
    drawn = [_cell(cell, _setting(settings, at), scopes[at], context) for at, cell in enumerate(cells)]
    return tag("tr", drawn)


def _setting(settings: Sequence[Json | None], column: int) -> Json:
    return (settings[column] if column < len(settings) else None) or {}


def _cell(cell: Json, setting: Json, scope: str | None, context: Context) -> Markup:
    align = setting.get("align")
    classes = [f"align-{align}"] if align in _ALIGNMENTS else []
    classes += ["wraps"] if setting.get("is_wrapped") else []
    if cell["type"] == "rich_text":
        content = rich_text(cell, context)
    elif cell["type"] == "raw_number":
        classes += ["align-right"] if not align else []
        content = tag("span", str(cell.get("text") or cell.get("value", cell.get("number", ""))))
    else:
        content = tag("span", str(cell["text"]))
    return tag("th" if scope else "td", content, class_=" ".join(classes) or None, scope=scope)
