"""Fixtures of the features' tests: a shop with the workflows that a module of tests names as its `FILES`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Database
from tests.engine_shell.workshop import Workshop, workshop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where steps leave their traces, and look for what they wait for."""
    folder = tmp_path / "traces"
    folder.mkdir()
    return folder


@pytest.fixture
def shop(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Workshop]:
    with workshop(database, tmp_path, files=request.module.FILES) as shop:
        yield shop
