"""Workflows as their runs were started with: read from the database once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from engine.files.workflow import read_workflow
from engine.versions import Versions
from store.database import Database
from store.versions import keep_version

DEPLOY = read_workflow("deploy.yml", "name: deploy\nsteps: {ship: {run: 'true'}}\n", "/flows")


@pytest.fixture
def kept(database: Database) -> Database:
    with database.write() as c:
        keep_version(c, DEPLOY)
    return database


def test_a_version_is_read_once_and_then_found_without_the_database(kept: Database) -> None:
    versions = Versions()
    assert versions.find(DEPLOY.digest, "/flows") is None
    with kept.write() as c:
        first = versions.load(c, DEPLOY.digest, "/flows")
        c.execute(text("DELETE FROM workflow_version"))
        assert versions.load(c, DEPLOY.digest, "/flows") is first
    assert first == DEPLOY
    assert versions.find(DEPLOY.digest, "/flows") is first


def test_a_version_whose_file_has_moved_lies_in_its_new_folder(kept: Database) -> None:
    versions = Versions()
    with kept.read() as c:
        versions.load(c, DEPLOY.digest, "/flows")
        assert versions.load(c, DEPLOY.digest, "/elsewhere") == replace(DEPLOY, folder="/elsewhere")


def test_only_so_many_versions_are_kept(kept: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.versions.MOST_VERSIONS", 2)
    versions = Versions()
    with kept.read() as c:
        for folder in ("/a", "/b", "/c"):
            versions.load(c, DEPLOY.digest, folder)
    assert [versions.find(DEPLOY.digest, folder) is None for folder in ("/a", "/b", "/c")] == [
        True,
        True,
        False,
    ]
