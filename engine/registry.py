"""The workflows of a folder as they are now. Changed files are read again by themselves; a file with mistakes
leaves the last good version in force, and its mistakes can be asked for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from engine.core.definition import Workflow
from engine.core.errors import InvalidWorkflow, Mistake
from engine.core.permission import Grant, Policy
from engine.files.links import settle
from engine.files.permissions import read_permissions
from engine.files.sources import Stamp, read_source, stamp_of
from engine.files.workflow import read_workflow_file

MAX_FILES = 1000
SECONDS_BETWEEN_LOOKS = 1.0

_SUFFIXES = (".yml", ".yaml")
_PERMISSIONS = ("permissions.yml", "permissions.yaml")

Content = TypeVar("Content")
Grants = tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class _File(Generic[Content]):
    """What is known of one file: its last good content, and the mistakes in what it holds now."""

    stamp: Stamp | None
    good: Content | None = None
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class _State:
    """What one look at the folder found. `owners` says which file each name is taken from."""

    files: Mapping[Path, _File[Workflow]] = field(default_factory=dict)
    permissions: _File[Grants] | None = None
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    owners: Mapping[str, Path] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()


class Registry:
    """Safe to use from many threads. The folder is looked at when somebody asks, at most once a second."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = clock()
        self._state = _look(folder, _State())

    def workflows(self) -> dict[str, Workflow]:
        """All workflows by name."""
        return dict(self._fresh().workflows)

    def get(self, name: str) -> Workflow | None:
        return self._fresh().workflows.get(name)

    def mistakes(self) -> tuple[Mistake, ...]:
        """What is wrong in the folder now, file by file."""
        return self._fresh().mistakes

    def policy(self, admins: frozenset[str]) -> Policy:
        """Who may do what, by the permissions file. While it has mistakes its last good version counts; if
        there never was one, only admins may do anything."""
        permissions = self._fresh().permissions
        return Policy(admins, None if permissions is None else permissions.good or ())

    def _fresh(self) -> _State:
        if self._clock() - self._looked_at < SECONDS_BETWEEN_LOOKS:
            return self._state
        if self._lock.acquire(blocking=False):  # whoever comes second takes what is there
            try:
                self._state = _look(self.folder, self._state)
                self._looked_at = self._clock()
            finally:
                self._lock.release()
        return self._state


def _look(folder: Path, before: _State) -> _State:
    """Read what changed since the last look."""
    try:
        paths = sorted(path for path in folder.iterdir() if _is_candidate(path))
    except OSError as error:
        sentence = f"The folder of workflows cannot be read: {os.strerror(error.errno or 0)}."
        return _with_mistakes(before, (_mistake(folder, "WF-READ", sentence),))
    mistakes: list[Mistake] = []
    if len(paths) > MAX_FILES:
        sentence = f"There are {len(paths):,} files; only the first {MAX_FILES:,} are read."
        mistakes.append(_mistake(folder, "WF-LIMIT", sentence))
    files = {path: _read_again(path, before.files.get(path), _read_file) for path in paths[:MAX_FILES]}
    permissions = _look_at_permissions(folder, before.permissions)
    mistakes.extend(mistake for file in files.values() for mistake in file.mistakes)
    mistakes.extend(permissions.mistakes if permissions else ())
    owners, workflows, shared = _share_out(files, before)
    return _State(files, permissions, workflows, owners, (*mistakes, *shared))


def _share_out(
    files: Mapping[Path, _File[Workflow]], before: _State
) -> tuple[dict[str, Path], dict[str, Workflow], list[Mistake]]:
    """What each name stands for: the file it is taken from, the version in force, and what is wrong between files.
    A file with mistakes leaves what it gave before."""
    kept = {path: before.workflows[name] for name, path in before.owners.items() if name in before.workflows}
    contents = {path: kept.get(path) if file.mistakes else file.good for path, file in files.items()}
    owners, mistakes = _share_names(contents, before.owners)
    present = {name: content for name, path in owners.items() if (content := contents[path])}
    earlier = {name: kept[path] for name, path in owners.items() if path in kept and kept[path].name == name}
    workflows, wrong = settle(present, earlier)
    for each in wrong:
        path = owners[each.workflow]
        if not files[path].mistakes:  # else the text in the file is another one
            mistakes.append(each.in_file(str(path), present[each.workflow].source))
    return owners, workflows, mistakes


def _with_mistakes(state: _State, mistakes: tuple[Mistake, ...]) -> _State:
    return _State(state.files, state.permissions, state.workflows, state.owners, mistakes)


def _is_candidate(path: Path) -> bool:
    return (
        path.suffix in _SUFFIXES
        and not path.name.startswith(".")
        and path.name not in _PERMISSIONS
        and not path.is_dir()
    )


def _look_at_permissions(folder: Path, before: _File[Grants] | None) -> _File[Grants] | None:
    """None when there never was a permissions file. One that vanishes keeps its last grants until a restart:
    editors replace files by moving them away first, and no moment of that may open everything."""
    for name in _PERMISSIONS:
        path = folder / name
        if os.path.lexists(path):
            return _read_again(path, before, _read_grants)
    if before is None:
        return None
    sentence = "The permissions file is gone; its last grants stay in force until Handrail is restarted."
    return _File(None, before.good, (_mistake(folder / _PERMISSIONS[0], "PERM-GONE", sentence),))


def _read_again(path: Path, before: _File[Content] | None, read: Callable[[Path], Content]) -> _File[Content]:
    stamp = _stamp(path)
    if before is not None and before.stamp == stamp:
        return before
    try:
        return _File(stamp, read(path))
    except InvalidWorkflow as error:
        return _File(stamp, before.good if before else None, error.mistakes)


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path.stat())
    except (OSError, RuntimeError):
        return None


def _read_file(path: Path) -> Workflow:
    return read_workflow_file(path, path.parent)


def _read_grants(path: Path) -> Grants:
    return read_permissions(path, read_source(path, path.parent))


def _share_names(
    contents: Mapping[Path, Workflow | None], before: Mapping[str, Path]
) -> tuple[dict[str, Path], list[Mistake]]:
    """Which file each name is taken from: the one it was taken from until now, else the first."""
    claimants: dict[str, list[Path]] = {}
    for path, content in contents.items():
        if content is not None:
            claimants.setdefault(content.name, []).append(path)
    owners: dict[str, Path] = {}
    mistakes: list[Mistake] = []
    for name, paths in claimants.items():
        owner = before[name] if before.get(name) in paths else paths[0]
        owners[name] = owner
        mistakes.extend(
            _mistake(
                path, "WF-DUP", f"{owner} is named '{name}' too, and is the one in use. Rename one of them."
            )
            for path in paths
            if path != owner
        )
    return owners, mistakes


def _mistake(path: Path, code: str, sentence: str) -> Mistake:
    return Mistake(str(path), 1, 1, code, sentence)
