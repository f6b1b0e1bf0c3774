"""What the command line does with the records: the list of runs, the audit trail, and forgetting what is old."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from engine.core.durations import duration_text, parse_keep
from engine.core.errors import Problem
from engine.core.state import RunStatus
from store import audit_check, reading
from store.audit import workspace_ids
from store.audit_check import Checked
from store.columns import to_json
from store.database import Database
from store.migrate import require_current

if TYPE_CHECKING:
    from bot.settings import Settings
    from engine.core.picture import RunSummary

LOCK_SECONDS = 10.0
FAULTS_SHOWN = 20
WIDTH_OF_FILES = 240
"""Where no terminal says how wide a line may be, nothing is cut."""


def open_database(settings: Settings) -> Database:
    """The settings' database, when it has this version's schema. Raises SchemaBehind."""
    database = Database(settings.database, lock_timeout_seconds=LOCK_SECONDS)
    require_current(database)
    return database


# --- the list of runs


def print_runs(database: Database, status: str | None, workflow: str | None, limit: int) -> None:
    """The newest runs, of all workspaces and of terminals, as a table."""
    wanted = None if status is None else _status(status)
    with database.read() as c:
        teams = workspace_ids(c)
        found = [
            (team_id, run)
            for team_id in teams
            for run in reading.list_runs(c, team_id, workflow=workflow, status=wanted, limit=limit).runs
        ]
    found.sort(key=lambda entry: entry[1].created_at, reverse=True)
    if not found:
        sys.stdout.write("No runs.\n")
        return
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH_OF_FILES)
    console.print(_table(found[:limit], shows_team=len(teams) > 1))


def _status(word: str) -> RunStatus:
    try:
        return RunStatus(word.strip().lower().replace("-", "_").replace(" ", "_"))
    except ValueError as error:
        known = ", ".join(each.value for each in RunStatus)
        raise Problem(f"{word!r} is no status of a run. There are: {known}.") from error


def _table(found: list[tuple[str, RunSummary]], *, shows_team: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in (
        "RUN",
        *(["WORKSPACE"] if shows_team else []),
        "WORKFLOW",
        "STATUS",
        "DONE",
        "BY",
        "STARTED",
        "TOOK",
    ):
        table.add_column(name, justify="right" if name in ("RUN", "DONE", "TOOK") else "left", no_wrap=True)
    for team_id, run in found:
        cells = [
            f"#{run.number}",
            *([team_id] if shows_team else []),
            run.workflow_name,
            run.status.label,
            f"{run.progress} %",
            run.requester,
            _moment(run.created_at),
            "" if run.finished_at is None else _took(run.finished_at - run.created_at),
        ]
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000).astimezone().strftime("%Y-%m-%d %H:%M")


def _took(milliseconds: int) -> str:
    seconds = max(0, milliseconds) / 1000
    return f"{seconds:.1f}s" if seconds < 10 else duration_text(round(seconds))


# --- the audit trail


def verify_audit(database: Database) -> bool:
    """Recompute every chain and say what was found; whether all of them are whole. Each chain is looked at in one
    instant, so that runs may go on meanwhile."""
    checked = _check_everything(database)
    for fault in checked.faults[:FAULTS_SHOWN]:
        sys.stdout.write(f"{fault.name} (chain {fault.chain}), line {fault.seq}: {fault.what}.\n")
    if len(checked.faults) > FAULTS_SHOWN:
        sys.stdout.write(f"... and {len(checked.faults) - FAULTS_SHOWN:,} more.\n")
    right = checked.chains - len({fault.chain for fault in checked.faults if fault.seq > 0})
    sys.stdout.write(
        f"{max(0, right):,} of {checked.chains:,} chains are whole, {checked.lines:,} lines are right.\n"
    )
    return not checked.faults


def _check_everything(database: Database) -> Checked:
    checked, after = Checked(), ""
    while True:
        with database.read() as c:
            some, following = audit_check.check_runs(c, after)
        checked += some
        if following is None:
            break
        after = following
    with database.read() as c:
        return checked + audit_check.check_workspaces(c)


def export_audit(database: Database, since: datetime | None, number: int | None) -> None:
    """Write the lines of the audit trail to stdout, one JSON object each, by chain and place in it."""
    for line in _lines(database, since, number):
        sys.stdout.write(line)
    sys.stdout.flush()


def _lines(database: Database, since: datetime | None, number: int | None) -> Iterator[str]:
    start = 0 if since is None else int(since.timestamp() * 1000)
    after = audit_check.FIRST
    while True:
        with database.read() as c:
            page = audit_check.export_lines(c, after, since=start, number=number)
        for line in page:
            yield to_json(line) + "\n"
        if len(page) < audit_check.LINES_AT_ONCE:
            return
        after = (str(page[-1]["chain"]), int(str(page[-1]["seq"])))


def read_day(text: str) -> datetime:
    """A day such as 2026-01-01, or a moment such as 2026-01-01T12:00; UTC unless it names an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Problem(f"{text!r} is no day. Write one such as 2026-01-01.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- forgetting


def prune(database: Database, older_than: str, *, is_dry: bool) -> None:
    """Forget the runs that ended longer ago, or say how many they are."""
    from engine.loops.pruner import count_old_runs, prune_runs

    try:
        keep_ms = int(parse_keep(older_than) * 1000)
    except ValueError as error:
        raise Problem(str(error)) from error
    if is_dry:
        count = count_old_runs(database, keep_ms)
        sys.stdout.write(f"{_runs(count)} would be removed; nothing was.\n")
    else:
        count = prune_runs(database, keep_ms, "terminal")
        sys.stdout.write(f"{_runs(count)} removed.\n")


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
