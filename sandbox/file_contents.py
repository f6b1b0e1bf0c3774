"""The bytes of files: in memory, or in a folder beside the state file when the workspace is kept."""

import logging
import re
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

_ID = re.compile(r"F[A-Z0-9]{1,20}")


def is_file_id(text: str) -> bool:
    """Whether it can name a file in the folder, and nothing outside."""
    return _ID.fullmatch(text) is not None


def files_folder(state_file: Path) -> Path:
    """Where the bytes lie that belong to a state file."""
    return state_file.with_suffix(".files")


class Contents(Protocol):
    """Bytes by file id."""

    def put(self, file_id: str, content: bytes) -> None: ...

    def get(self, file_id: str) -> bytes | None: ...

    def drop(self, file_id: str) -> None: ...

    def keep_only(self, file_ids: set[str]) -> None: ...


class MemoryContents:
    """Gone with the process."""

    def __init__(self) -> None:
        self._bytes: dict[str, bytes] = {}

    def put(self, file_id: str, content: bytes) -> None:
        self._bytes[file_id] = content

    def get(self, file_id: str) -> bytes | None:
        return self._bytes.get(file_id)

    def drop(self, file_id: str) -> None:
        self._bytes.pop(file_id, None)

    def keep_only(self, file_ids: set[str]) -> None:
        self._bytes = {key: value for key, value in self._bytes.items() if key in file_ids}


class FolderContents:
    """One file for each id, and never a name that came from outside."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file_id: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{file_id}.draft"
        draft.write_bytes(content)
        draft.replace(self._folder / file_id)

    def get(self, file_id: str) -> bytes | None:
        try:
            return (self._folder / file_id).read_bytes()
        except OSError as error:
            log.warning("file_content_unreadable file=%s error=%s", file_id, error)
            return None

    def drop(self, file_id: str) -> None:
        (self._folder / file_id).unlink(missing_ok=True)

    def keep_only(self, file_ids: set[str]) -> None:
        """Take away what a crash or an unreadable state file left behind."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if is_file_id(path.name.removesuffix(".draft")) and path.name not in file_ids:
                path.unlink(missing_ok=True)
