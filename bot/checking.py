"""`handrail validate`: all mistakes of all named files, as one result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.core.definition import StepKind
from engine.core.errors import InvalidWorkflow, Mistake, Problem
from engine.files.workflow import read_workflow_file
from engine.registry import Registry


@dataclass(frozen=True, slots=True)
class CheckResult:
    files: int
    mistakes: tuple[Mistake, ...]

    @property
    def summary(self) -> str:
        what = "1 workflow" if self.files == 1 else f"{self.files} workflows"
        if not self.mistakes:
            return f"{what}, no mistakes."
        count = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        return f"{count}. {what} without one."


def check_files(paths: Sequence[Path]) -> CheckResult:
    """Check files one by one, and folders as the registry reads them (names shared by two files too)."""
    good, mistakes = 0, list[Mistake]()
    for path in paths:
        if not path.exists():
            raise Problem(f"There is no {path}. Name a workflow file or a folder of them.")
        found, wrong = _check_folder(path) if path.is_dir() else _check_file(path)
        good += found
        mistakes += wrong
    return CheckResult(good, tuple(sorted(mistakes, key=lambda each: (each.file, each.line, each.column))))


def _check_folder(path: Path) -> tuple[int, Iterable[Mistake]]:
    registry = Registry(path)
    return len(registry.workflows()), registry.mistakes()


def _check_file(path: Path) -> tuple[int, Iterable[Mistake]]:
    """A file that starts other workflows is checked among its neighbours."""
    try:
        workflow = read_workflow_file(path, path.resolve().parent)
    except InvalidWorkflow as problem:
        return 0, problem.mistakes
    if not any(step.kind is StepKind.WORKFLOW for step in workflow.steps):
        return 1, ()
    mistakes = [each for each in Registry(path.parent).mistakes() if each.file == str(path)]
    return (0 if mistakes else 1), mistakes
