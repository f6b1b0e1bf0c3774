"""Finding out the options of a parameter: its command or request is carried out like a step's, with secrets, a time
limit and the same reach, and what it gives is read as options."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.addresses import Reach
from engine.core.asking import Asking, hidden_names, with_defaults
from engine.core.definition import HttpAction, JsonValue, OptionsSource, Parameter, Step, StepKind, Workflow
from engine.core.errors import ExpressionProblem, InvalidParameters
from engine.core.evaluate import Evaluate
from engine.core.events import Errored, Failed, Succeeded
from engine.core.log import LogChunk
from engine.core.options import (
    BadOptions,
    Option,
    inputs_of,
    missing_for,
    options_of_text,
    read_options,
    with_known_options,
)
from engine.core.parameter_values import Matches, is_blank
from engine.core.text import excerpt
from engine.executors.base import AttemptLost, StepContext
from engine.executors.dispatch import execute
from engine.lease import Lease
from engine.masking import Mask
from engine.output import Output
from engine.secrets import Secrets

LARGEST_OUTPUT = 256 * 1024
LEASE_SECONDS = 40.0
"""Of a process that nobody is to watch any more: longer than any may take."""

_GRACE_SECONDS = 1.0


class NoOptions(Exception):
    """The options could not be found out; the text says why, without a full stop."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker has to carry things out with: as in `StepContext`."""

    evaluate: Evaluate
    mask: Mask = field(default_factory=Mask)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)
    reach: Reach = field(default_factory=Reach)


@dataclass(slots=True)
class _Heard:
    """What it wrote, masked, as far as that is of use."""

    stdout: str = ""
    last_complaint: str = ""

    def keep(self, chunks: Sequence[LogChunk]) -> None:
        for chunk in chunks:
            if chunk.stream == "stdout":
                self.stdout = (self.stdout + chunk.text)[: LARGEST_OUTPUT + 1]
            elif lines := [line for line in chunk.text.splitlines() if line.strip()]:
                self.last_complaint = lines[-1].strip()


def find_options(
    tools: Tools, workflow: Workflow, parameter: Parameter, inputs: Mapping[str, JsonValue], key: str
) -> tuple[Option, ...]:
    """The options of a parameter for these values of those that it depends on. `key` names the try. Raises
    NoOptions."""
    source = parameter.source
    assert source is not None
    heard = _Heard()
    try:
        outcome = execute(_context(tools, workflow, parameter, inputs, key, heard))
    except AttemptLost as lost:
        raise NoOptions(_sentence(str(lost))) from None
    match outcome:
        case Succeeded(result=result):
            try:
                return _options(tools, source, result, heard.stdout)
            except (BadOptions, ExpressionProblem) as problem:
                raise NoOptions(_sentence(tools.mask.sentence(str(problem)))) from None
        case Failed(error=error):
            said = f" ({excerpt(heard.last_complaint)})" if heard.last_complaint else ""
            raise NoOptions(f"{_sentence(error)}{said}")
        case Errored(error=error):
            raise NoOptions(_sentence(error))
    raise NoOptions("it was stopped")


def find_all_options(
    tools: Tools, workflow: Workflow, given: Mapping[str, JsonValue], asking: Asking, matches: Matches
) -> dict[str, tuple[Option, ...]]:
    """The options that a start with these values has to be checked against. Raises InvalidParameters when they
    cannot be found out."""
    known: dict[str, tuple[Option, ...]] = {}
    for parameter in workflow.parameters:
        if parameter.source is None:
            continue
        parameters = with_known_options(workflow, known).parameters
        values = with_defaults(parameters, given, asking, matches)
        hidden = hidden_names(parameters, values, tools.evaluate)
        is_left_out = not parameter.required and is_blank(parameter, values[parameter.name])
        is_idle = is_left_out or parameter.name in hidden
        if is_idle or missing_for(parameter, parameters, values, hidden, matches):
            continue  # there is nothing to check, or another mistake is told first
        inputs = inputs_of(parameter.source, values, hidden)
        try:
            known[parameter.name] = find_options(tools, workflow, parameter, inputs, uuid.uuid4().hex)
        except NoOptions as problem:
            sentence = f"Its options could not be loaded: {problem}. Nothing was started; try again."
            raise InvalidParameters({parameter.name: sentence}) from None
    return known


def _context(
    tools: Tools,
    workflow: Workflow,
    parameter: Parameter,
    inputs: Mapping[str, JsonValue],
    key: str,
    heard: _Heard,
) -> StepContext:
    assert parameter.source is not None
    return StepContext(
        run_id=key,
        run_number=0,
        task_id=key,
        team_id="",
        attempt=1,
        step=_step(parameter, parameter.source),
        workflow=workflow,
        names={"params": dict(inputs), "run": {}, "steps": {}},
        evaluate=tools.evaluate,
        output=Output(heard.keep, tools.mask),
        lease=Lease(LEASE_SECONDS, time.monotonic()),
        record_arguments=lambda arguments: None,
        mask=tools.mask,
        base_environment=tools.environment,
        grace_seconds=_GRACE_SECONDS,
        secrets=tools.secrets,
        reach=tools.reach,
    )


def _step(parameter: Parameter, source: OptionsSource) -> Step:
    return Step(
        id=parameter.name,
        title=parameter.title,
        kind=StepKind.HTTP if isinstance(source.action, HttpAction) else StepKind.RUN,
        action=source.action,
        timeout_seconds=source.timeout_seconds,
        env=source.env,
    )


def _options(tools: Tools, source: OptionsSource, result: JsonValue, stdout: str) -> tuple[Option, ...]:
    """Those in what came. Raises BadOptions, ExpressionProblem."""
    if isinstance(source.action, HttpAction):
        if source.pick is not None:
            return read_options(tools.evaluate.value(source.pick, {"result": result}))
        return read_options(result.get("json") if isinstance(result, dict) else None)
    if len(stdout) > LARGEST_OUTPUT:
        raise BadOptions("it wrote more than 256 KiB")
    return options_of_text(stdout)


def _sentence(text: str) -> str:
    return text.strip().rstrip(".")
