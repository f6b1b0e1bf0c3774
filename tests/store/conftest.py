"""Fixtures of the store's tests."""

import pytest

from store.database import Database
from tests.store.builders import Store


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)
