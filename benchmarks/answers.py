"""How soon Slack has its answer: a command, and a form that durably starts a run, beside a bare route."""

from __future__ import annotations

from itertools import product

from benchmarks.bare import ANSWER
from benchmarks.house import SECRET, House, Place, house
from benchmarks.load import Answers, Order, send
from benchmarks.report import Row, compare, percentile
from benchmarks.sizes import Sizes
from benchmarks.workflow_files import CHAIN

CONNECTIONS = (1, 16)
COMMAND, FORM, BARE = "`/workflow help` answered", "form answered, run on disk", "bare"
BESIDE = "a bare Starlette route that only checks the signature"


def measure(place: Place, sizes: Sizes) -> list[Row]:
    """No worker runs, so what is measured is the web process alone, and its Slack."""
    with house(place) as built, built.bare_web() as bare_port, built.web() as port:
        digest = built.engine.registry.workflows()[CHAIN].digest
        kinds = {
            BARE: (bare_port, sizes.answers, ANSWER, ""),
            COMMAND: (port, sizes.answers, "ephemeral", ""),
            FORM: (port, sizes.starts, "update", CHAIN),
        }
        warm_up = {kind: _send(order, 16, 1, digest) for kind, order in kinds.items()}
        answers: dict[tuple[str, int], list[Answers]] = {}
        # forms last: while runs wait to be shown, the web process has more to do
        for kind in (COMMAND, FORM):
            for _ in range(sizes.rounds):
                for each, connections in product((BARE, kind), CONNECTIONS):
                    order = kinds[each]
                    done = _send(order, order[1], connections, digest)
                    answers.setdefault((each, connections), []).append(done)
        _check_that_runs_are_there(built, [warm_up[FORM], *_of_kind(answers, FORM)])
    return _rows(place, answers)


def _send(order: tuple[int, int, str, str], count: int, connections: int, digest: str) -> Answers:
    port, _, expected, workflow = order
    return send(Order(port, SECRET, count, connections, expected, workflow=workflow, digest=digest))


def _of_kind(answers: dict[tuple[str, int], list[Answers]], kind: str) -> list[Answers]:
    return [done for (each, _), several in answers.items() if each == kind for done in several]


def _check_that_runs_are_there(built: House, submitted: list[Answers]) -> None:
    asked, found = sum(len(each.milliseconds) for each in submitted), built.scalar("SELECT COUNT(*) FROM run")
    if asked != found:
        raise RuntimeError(f"{asked} forms were answered, and {found} runs are there")


def _rows(place: Place, answers: dict[tuple[str, int], list[Answers]]) -> list[Row]:
    rows: list[Row] = []
    for kind in (COMMAND, FORM):
        for connections in CONNECTIONS:
            several, bare = answers[kind, connections], answers[BARE, connections]
            name = f"{kind}, {connections} at once"
            rows += compare(place.name, name, _samples(several), _samples(bare), BESIDE, percents=(50, 99))
            rates, bare_rates = [[_rate(each) for each in group] for group in (several, bare)]
            rows.append(
                Row(
                    place.name,
                    name,
                    percentile(rates, 50),
                    "/s",
                    len(rates),
                    percentile(bare_rates, 50),
                    BESIDE,
                )
            )
    return rows


def _samples(several: list[Answers]) -> list[float]:
    return [sample for each in several for sample in each.milliseconds]


def _rate(answers: Answers) -> float:
    return len(answers.milliseconds) / answers.seconds
