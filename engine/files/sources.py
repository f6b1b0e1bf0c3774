"""Reading files that people put into the workflows folder: only real files of it, of bounded size, in UTF-8."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.core.errors import InvalidWorkflow, Mistake
from engine.files.nodes import MAX_BYTES, START, Place

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Stamp:
    """Changes when a file is written again, replaced, or made readable."""

    modified_ns: int
    changed_ns: int
    size: int
    inode: int


def stamp_of(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def read_source(path: Path, root: Path) -> str:
    """The text of a file that lies below `root`, symlinks followed. Raises InvalidWorkflow."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve(strict=True)):
            raise _refusal(
                path, "WF-PATH", "The file is a link out of its folder. Put the file itself there."
            )
        return _decode(path, _read_settled(path, real))
    except (OSError, RuntimeError) as error:
        reason = (
            os.strerror(error.errno) if isinstance(error, OSError) and error.errno else "a link to itself"
        )
        raise _refusal(path, "WF-READ", f"The file cannot be read: {reason}.") from error


def _read_settled(path: Path, real: Path) -> bytes:
    """The bytes of a file that did not change while it was read; after a few tries, those of the last one."""
    for _ in range(_TRIES):
        # not blocking: opening a named pipe must not wait for somebody to write to it
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise _refusal(path, "WF-PATH", "This is no ordinary file. Put a text file there.")
            data = file.read(MAX_BYTES + 1)
            after = os.fstat(descriptor)
        if stamp_of(before) == stamp_of(after):
            break
    if len(data) > MAX_BYTES:
        raise _refusal(path, "YAML-SIZE", f"The file is larger than {MAX_BYTES // 1024} KiB. Split it up.")
    return data


def _decode(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line_start = data.rfind(b"\n", 0, error.start) + 1
        line = data.count(b"\n", 0, error.start) + 1
        place = Place(line, len(data[line_start : error.start].decode("utf-8", "replace")) + 1)
        sentence = f"The file is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8."
        raise _refusal(path, "YAML-ENCODING", sentence, place) from error


def _refusal(path: Path, code: str, sentence: str, place: Place = START) -> InvalidWorkflow:
    return InvalidWorkflow((Mistake(str(path), place.line, place.column, code, sentence),))
