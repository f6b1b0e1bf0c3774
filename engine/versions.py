"""Workflows as they were when their runs started."""

from __future__ import annotations

from engine.core.definition import Workflow
from engine.files.workflow import read_workflow
from store.database import Connection
from store.versions import load_source

MOST_VERSIONS = 256
"""Kept in memory."""


class Versions:
    """Workflows as their runs were started with, whatever the files say now. Each is read from the database
    once, and kept. Safe to use from many threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Workflow] = {}

    def find(self, digest: str, folder: str) -> Workflow | None:
        """The version, if it is kept. `folder` is where it lies now."""
        return self._kept.get((digest, folder))

    def load(self, c: Connection, digest: str, folder: str) -> Workflow:
        """The version, which was read without mistakes before."""
        workflow = self.find(digest, folder)
        if workflow is None:
            workflow = read_workflow("stored version", load_source(c, digest), folder)
            if len(self._kept) >= MOST_VERSIONS:
                self._kept.clear()
            self._kept[digest, folder] = workflow
        return workflow
