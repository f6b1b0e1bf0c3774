"""Keeps the workspace in one JSON file, so that a second start finds the history."""

import asyncio
import json
import logging
import os
from pathlib import Path

from sandbox.types import Json
from sandbox.workspace import Workspace

log = logging.getLogger(__name__)

QUIET_SECONDS = 0.5


class StoreFile:
    """Writes at most twice a second, each time the whole file under another name first."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self._path = path
        self._workspace = workspace

    def load(self) -> None:
        """Take over what is in the file; one that cannot be read is put aside and named in the log."""
        if not self._path.exists():
            return
        try:
            self._workspace.load(json.loads(self._path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            self._workspace.reset()
            log.warning("state_file_unreadable moved_to=%s error=%s", aside, error)

    async def keep(self) -> None:
        """Save after changes, until cancelled; then save once more."""
        writing: asyncio.Task[None] | None = None
        async with self._workspace.subscribe() as changes:
            try:
                while True:
                    await changes.get()
                    await asyncio.sleep(QUIET_SECONDS)
                    while not changes.empty():
                        changes.get_nowait()
                    writing = asyncio.create_task(asyncio.to_thread(self._write, self._workspace.dump()))
                    await asyncio.shield(writing)  # two writers at once would spoil the file
            finally:
                if writing is not None:
                    await writing
                self._write(self._workspace.dump())

    def _write(self, data: Json) -> None:
        try:
            self._replace_file(data)
        except OSError as error:
            log.error("state_file_not_written path=%s error=%s", self._path, error)

    def _replace_file(self, data: Json) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
