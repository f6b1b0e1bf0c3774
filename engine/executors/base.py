"""What an executor is given: one attempt of one step, and nothing of the database."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.addresses import Reach
from engine.core.definition import JsonValue, Step, Template, Workflow
from engine.core.evaluate import Evaluate
from engine.core.events import Outcome, Succeeded
from engine.core.rehearsal import readable
from engine.core.text import excerpt
from engine.lease import Lease
from engine.masking import Mask
from engine.output import Output
from engine.secrets import Secrets


@dataclass(frozen=True, slots=True)
class StepContext:
    """One attempt. `names` is what expressions see (params, run, steps; of a fan-out also item and index).
    `stop` is set when the run was cancelled or the attempt is no longer ours, `kill` when the step gets no
    time to end. `record_arguments` keeps the resolved arguments, which people look at in the details.
    `base_environment` is the worker's own environment, of which a step sees little. `reach` is where `http`
    may go. In a rehearsal nothing is done: the arguments are recorded, and a line says what would have been
    done.
    """

    run_id: str
    run_number: int
    task_id: str
    team_id: str
    attempt: int
    step: Step
    workflow: Workflow
    names: Mapping[str, JsonValue]
    evaluate: Evaluate
    output: Output
    lease: Lease
    record_arguments: Callable[[JsonValue], None]
    stop: threading.Event = field(default_factory=threading.Event)
    mask: Mask = field(default_factory=Mask)
    base_environment: Mapping[str, str] = field(default_factory=dict)
    grace_seconds: float = 10.0
    secrets: Secrets = field(default_factory=Secrets)
    reach: Reach = field(default_factory=Reach)
    is_rehearsal: bool = False
    kill: threading.Event = field(default_factory=threading.Event)

    @property
    def index(self) -> int | None:
        """Which item of a fan-out this is, counted from 0; None when the step has no `foreach`."""
        index = self.names.get("index")
        return index if isinstance(index, int) and "item" in self.names else None

    def value(self, template: Template) -> JsonValue:
        """The template with its expressions computed. Raises ExpressionProblem."""
        return self.evaluate.value(template, self.names)

    def text(self, template: str) -> str:
        """A template's value as text, as an environment variable or a header carries it. In a rehearsal, what
        nobody knows yet reads so."""
        value = self.value(template)
        return as_text(readable(value) if self.is_rehearsal else value)

    def rehearsed(self, deed: str) -> Outcome:
        """End a rehearsal with a line that says what would have been done, such as "run ./deploy.sh"."""
        first, _, rest = self.mask.text(deed.strip()).partition("\n")
        self.output.note(f"Rehearsal: this would {excerpt(first)}{' ...' if rest else ''}")
        return Succeeded()


Execute = Callable[[StepContext], Outcome]


class CannotCarryOut(Exception):
    """The step cannot be carried out, for a reason that is not its own; the text is a sentence for people."""


class AttemptLost(Exception):
    """How the attempt ended is not known: its supervisor was killed, or its worker was held up for so long
    that its lease nearly ended and the step was stopped. To be recorded as a lost worker (`WorkerLost`), not
    as an outcome."""


def as_text(value: JsonValue) -> str:
    """How a value reads as text: nothing for null, `true` and `false`, JSON for lists and mappings."""
    match value:
        case None:
            return ""
        case str():
            return value
    return compact_json(value)


def compact_json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
