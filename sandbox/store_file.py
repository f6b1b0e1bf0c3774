"""Keeps the workspace in one JSON file, so that a second start finds the history."""

import asyncio
import json
import logging
import os
import threading
from pathlib import Path

from sandbox.types import Json
from sandbox.workspace import Workspace

log = logging.getLogger(__name__)

QUIET_SECONDS = 0.5


class StoreFile:
    """Writes at most twice a second, each time the whole file under another name first; while it `is_on`."""

    def __init__(self, path: Path, workspace: Workspace) -> None:
        self.path = path
        self.is_on = True
        self._turn = threading.Lock()  # for the one file
        self._workspace = workspace

    def switch(self, *, keep: bool) -> None:
        """Keep the workspace from now on; or no longer, and then what was kept is thrown away."""
        with self._turn:
            self.is_on = keep
            if not keep:
                self.path.unlink(missing_ok=True)
        self._write(self._workspace.dump())

    def load(self) -> None:
        """Take over what is in the file; one that cannot be read is put aside and named in the log."""
        if not self.path.exists():
            return
        try:
            self._workspace.load(json.loads(self.path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            aside = self.path.with_suffix(".unreadable")
            self.path.replace(aside)
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
        with self._turn:
            if not self.is_on:
                return
            try:
                self._replace_file(data)
            except OSError as error:
                log.error("state_file_not_written path=%s error=%s", self.path, error)

    def _replace_file(self, data: Json) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with open(draft, "x", encoding="utf-8", opener=_for_its_owner) as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def _for_its_owner(path: str, flags: int) -> int:
    """Tokens that apps were given are in the file."""
    return os.open(path, flags, 0o600)
