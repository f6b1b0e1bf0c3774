"""What can go wrong in the store. `StaleWrite` is for programs, `SchemaBehind` for people."""

from __future__ import annotations

from engine.core.errors import Problem


class StaleWrite(Exception):
    """A conditional write found another state than the one it was planned for. Nothing of the transaction
    may be kept: read again and plan anew."""


class SchemaBehind(Problem):
    """The database's tables are not those of this version of Handrail."""

    code = "SCHEMA"


def expect_rows(found: int, expected: int, what: str) -> None:
    """Raise StaleWrite unless a conditional write met as many rows as it should."""
    if found != expected:
        raise StaleWrite(f"{what}: {found} rows instead of {expected}")
