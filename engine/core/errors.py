"""What can go wrong for a reason a person can act on. Each problem says what, where and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Problem(Exception):
    """Base of every error that is shown to people. `code` is stable; the text is full sentences."""

    code = "PROBLEM"

    def __init__(self, template: str, people: Sequence[str] = ()) -> None:
        """`people` are ids of users and groups; where the template says `{people}`, they are named."""
        self.template = template
        self.people = tuple(people)
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The text with plain ids. A surface that can mention people fills the template itself."""
        return self.template.replace("{people}", ", ".join(self.people))


class NotFound(Problem):
    """It does not exist, or does not exist for this person."""

    code = "NOT-FOUND"


class Refused(Problem):
    """This person may not do this. The sentence says what is missing and whom to ask."""

    code = "DENIED"


class Conflict(Problem):
    """It was possible once, and is not any more: already decided, already ended."""

    code = "CONFLICT"


class Busy(Problem):
    """Nothing was started; the same request may succeed in a moment."""

    code = "BUSY"


class InvalidParameters(Problem):
    """Values that a workflow does not accept: `mistakes` maps a parameter's name to its sentence."""

    code = "PARAM"

    def __init__(self, mistakes: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {sentence}" for name, sentence in mistakes.items()))
        self.mistakes = dict(mistakes)


class ExpressionProblem(Problem):
    """An expression could not be computed: unknown name, wrong type, too large."""

    code = "EXPRESSION"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a workflow file. Lines and columns count from 1."""

    file: str
    line: int
    column: int
    code: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.sentence} [{self.code}]"


class InvalidWorkflow(Problem):
    """A workflow file with mistakes, all of them."""

    code = "WORKFLOW"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes
