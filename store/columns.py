"""What columns hold, and the database's own clock as an expression: the same on SQLite and Postgres."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Dialect, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from engine.core.definition import JsonValue


def to_json(value: JsonValue) -> str:
    """Compact JSON that every database can hold: half surrogate pairs stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if _is_encodable(text) else json.dumps(value, separators=(",", ":"))


def clean_text(value: str) -> str:
    """The text without what a database refuses: NUL and half surrogate pairs become U+FFFD."""
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    if _is_encodable(value):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class JsonText(TypeDecorator[Any]):
    """A JSON value, kept as text. None and JSON's null are both NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class CleanText(TypeDecorator[str]):
    """Text from people, steps and services."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value


class now_millis(FunctionElement[int]):
    """The database's time in milliseconds since 1970 (UTC), one value a statement."""

    type = BigInteger()
    inherit_cache = True
    name = "now_millis"


@compiles(now_millis, "sqlite")
def _now_on_sqlite(element: now_millis, compiler: SQLCompiler, **keywords: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(now_millis, "postgresql")
def _now_on_postgres(element: now_millis, compiler: SQLCompiler, **keywords: Any) -> str:
    # in a subquery it is computed once, and an index can be searched by it although the clock is volatile
    return "(SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT))"


def constant(value: str) -> ColumnElement[str]:
    """One of our own words, written into the statement: partial indexes are found by literals only."""
    assert value.replace("_", "").isalpha()
    return literal_column(f"'{value}'")
