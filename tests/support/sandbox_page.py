"""Makes the tables of `docs/sandbox.md` from the sandbox itself: run this file as a module to write them anew."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from sandbox.api.endpoint import METHODS
from sandbox.control_fields import DESCRIPTIONS, Described

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def control_table() -> str:
    """The addresses of the control API, in the order in which they are described."""
    rows = [_row(name, described) for name, described in DESCRIPTIONS.items()]
    return "\n".join(["| address | what it does | fields |", "|---|---|---|", *rows])


def _row(name: str, described: Described) -> str:
    verb, _, path = name.partition(" ")
    fields = [f"`{field.name}`" if field.is_needed else f"*`{field.name}`*" for field in described.fields]
    return f"| `{verb} /control/{path}` | {described.about} | {', '.join(fields)} |"


def methods_table() -> str:
    """The methods by family."""
    families = groupby(sorted(METHODS), key=lambda name: name.partition(".")[0])
    rows = [f"| {family} | {', '.join(f'`{name}`' for name in names)} |" for family, names in families]
    return "\n".join(["| family | methods |", "|---|---|", *rows])


def filled(page: str) -> str:
    """The page with both tables as they should be."""
    return _with(_with(page, "control API", control_table()), "methods", methods_table())


def _with(page: str, name: str, table: str) -> str:
    head, mark, rest = page.partition(f"<!-- {name} -->\n")
    return head + mark + table + "\n" + rest[rest.index("<!-- end -->") :]


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
