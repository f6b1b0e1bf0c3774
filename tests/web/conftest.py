"""Pages on a SQLite database of the test's own, served over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from store.database import Database
from tests.web.desk import Desk, browser_of, make_desk


@pytest.fixture
def desk(migrated_sqlite_file: Path, tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "pages.db"
    shutil.copy(migrated_sqlite_file, path)
    database = Database(f"sqlite:///{path}")
    yield make_desk(database, tmp_path / "workflows")
    database.dispose()


@pytest.fixture
def base_url(desk: Desk) -> Iterator[str]:
    with desk.serving() as url:
        yield url


@pytest.fixture
def ada(desk: Desk, base_url: str) -> Iterator[httpx.Client]:
    """Ada's browser, signed in."""
    with browser_of(base_url, desk.session()) as client:
        yield client


@pytest.fixture
def stranger(base_url: str) -> Iterator[httpx.Client]:
    """A browser that nobody is signed in with."""
    with browser_of(base_url) as client:
        yield client
