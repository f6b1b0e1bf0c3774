"""A whole Handrail for a module's tests, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import PostgresServer
from tests.support.stack import Stack

WORKFLOWS = Path(__file__).parent / "workflows"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Shared by a module: each test makes runs of its own."""
    url = ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create()
    stack = Stack(tmp_path_factory.mktemp("home"), WORKFLOWS, url)
    stack.slack.limits("off")  # tests of limits turn them on
    yield stack
    assert stack.stop() == 0, "".join(stack.output[-40:])
