"""data_visualization blocks: the figures as a table that anybody can read, with a bar beside each of them."""

from collections.abc import Sequence

from markupsafe import Markup

from sandbox.render.context import Context
from sandbox.render.html import tag
from sandbox.types import Json

_KINDS = {"pie": "Pie chart", "bar": "Bar chart", "line": "Line chart", "area": "Area chart"}
_WIDEST = 100
_COLOURS = 6


def chart(block: Json, context: Context) -> Markup:
    inner = block["chart"]
    drawn = _pie(inner["segments"]) if inner["type"] == "pie" else _plot(inner)
    title = tag("caption", str(block["title"]), tag("span", _KINDS[inner["type"]], class_="chart-kind"))
    table = tag("table", title, *drawn, class_="chart")
    return tag(
        "div", table, class_="table-scroll", tabindex="0", role="region", aria_label=str(block["title"])
    )


def _pie(segments: Sequence[Json]) -> list[Markup]:
    total = sum(float(segment["value"]) for segment in segments)
    widest = max(float(segment["value"]) for segment in segments)
    rows = [
        tag(
            "tr",
            tag("th", str(segment["label"]), scope="row"),
            _figure(float(segment["value"]), widest, at),
            tag("td", f"{float(segment['value']) / total:.0%}", class_="align-right"),
        )
        for at, segment in enumerate(segments)
    ]
    head = tag("tr", [tag("th", name, scope="col") for name in ("Segment", "Value", "Share")])
    return [tag("thead", head), tag("tbody", rows)]


def _plot(inner: Json) -> list[Markup]:
    """A row for each category, a column for each series."""
    axes, series = inner["axis_config"], inner["series"]
    values = [{p["label"]: float(p["value"]) for p in one["data"]} for one in series]
    widest = max((abs(value) for points in values for value in points.values()), default=1.0)
    names = [
        str(axes.get("x_label") or "Category"),
        *(_series_name(str(one["name"]), axes) for one in series),
    ]
    head = tag("tr", [tag("th", name, scope="col") for name in names])
    rows = [
        tag(
            "tr",
            tag("th", str(category), scope="row"),
            [_figure(points[category], widest, at) for at, points in enumerate(values)],
        )
        for category in axes["categories"]
    ]
    return [tag("thead", head), tag("tbody", rows)]


def _series_name(name: str, axes: Json) -> str:
    return f"{name} ({axes['y_label']})" if axes.get("y_label") else name


def _figure(value: float, widest: float, series: int) -> Markup:
    """A number behind a bar as long as it is large, drawn as SVG because the page allows no inline style."""
    width = round(_WIDEST * abs(value) / widest, 1) if widest else 0
    bar = tag("rect", width=str(width), height="10", rx="2")
    below = " bar-below" if value < 0 else ""
    drawn = tag(
        "svg",
        bar,
        class_=f"bar bar-{series % _COLOURS}{below}",
        viewBox=f"0 0 {_WIDEST} 10",
        aria_hidden="true",
    )
    return tag("td", tag("span", drawn, tag("span", f"{value:g}"), class_="figure"))
