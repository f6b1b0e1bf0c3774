"""A whole Handrail for a module's tests, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, running_stack

WORKFLOWS = Path(__file__).parent / "workflows"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Shared by a module: each test makes runs of its own."""
    with running_stack(request, tmp_path_factory.mktemp("home"), WORKFLOWS) as stack:
        yield stack
