"""The command line. Imports stand inside the commands, so that each loads only what it needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from bot.settings import Settings, wrong_settings
from engine.core.errors import Problem

app = typer.Typer(
    name="handrail",
    help="Run your team's operational workflows from Slack, with a hand on the rail.",
    epilog="Settings come from the environment: docs/configuration.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


Limits = Literal["real", "strict", "off"]

audit_app = typer.Typer(name="audit", help="Check the audit trail, or hand it on.", no_args_is_help=True)
app.add_typer(audit_app)


def main() -> None:
    """Run the command line; a problem is said in a sentence, never as a stack trace."""
    try:
        app()
    except Problem as problem:
        typer.echo(problem.sentence, err=True)
        sys.exit(1)
    except ValidationError as error:
        typer.echo(wrong_settings(error), err=True)
        sys.exit(2)


@app.command()
def sandbox(
    keep: Annotated[bool, typer.Option(help="Find the messages of last time again.")] = True,
    app_url: Annotated[
        str | None, typer.Option("--app", help="Where an app of yours takes requests; needs --manifest.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="The manifest of an app of yours: the local Slack alone, for it.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The port of the local Slack.", min=0, max=65535)] = None,
    limits: Annotated[Limits | None, typer.Option(help="Slack's rate limits; real by default.")] = None,
    socket_mode: Annotated[
        bool, typer.Option("--socket-mode", help="Handrail itself over Socket Mode.")
    ] = False,
) -> None:
    """Try everything with a local Slack in your browser: no account, no Redis, no Postgres needed.

    Prints one address. Ctrl-C ends all of it; the next start finds the history again. With --manifest it is the
    local Slack alone, for any Slack app: docs/sandbox.md.
    """
    from bot.app_sandbox import Wanted, WrongStart, run_app_sandbox
    from bot.bootstrap import run_sandbox

    settings = Settings()
    if limits is not None:
        settings = settings.model_copy(update={"sandbox_limits": limits})
    try:
        if manifest is not None and not socket_mode:
            run_app_sandbox(settings, Wanted(manifest, app_url, port, keep))
            return
        if manifest is not None:
            raise WrongStart("--socket-mode is for Handrail. An app of yours says it in its manifest.")
        if app_url is not None:
            raise WrongStart("--app needs the app's manifest: --manifest manifest.yml.")
    except WrongStart as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    if port is not None:
        settings = settings.model_copy(update={"sandbox_port": port})
    run_sandbox(settings, keep_messages=keep, socket_mode=socket_mode)


@app.command()
def up() -> None:
    """Run everything on one machine, with your real Slack workspace.

    Needs SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (and SLACK_APP_TOKEN for Socket Mode); docs/slack.md shows
    where to find them. Migrates the database, then keeps the web process, a worker and Redis running.
    """
    from bot.bootstrap import run_up

    run_up(Settings())


@app.command()
def web() -> None:
    """Serve Slack's requests and the pages, and keep Slack's messages true."""
    from bot.bootstrap import configure_logging, run_web

    settings = Settings()
    configure_logging(settings)
    run_web(settings)


@app.command()
def worker() -> None:
    """Carry out steps. Start as many as you like, on any machine that reaches the database."""
    from bot.bootstrap import configure_logging, run_worker

    settings = Settings()
    configure_logging(settings)
    run_worker(settings)


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema. `up` and `sandbox` do it by themselves."""
    from bot.bootstrap import migrate as run_migrations

    run_migrations(Settings())
    typer.echo("The database has this version's schema.")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="The workflow's name.")],
    parameters: Annotated[list[str] | None, typer.Argument(help="Parameters as key=value.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
) -> None:
    """Run a workflow here in the terminal: no Slack and no Redis, the same engine.

    Shows each step as it goes, asks for approvals and values here, and prints what steps say. Ctrl-C cancels the
    run; once more stops it by force. Ends with 0 when the run is completed, else with 1.
    """
    from bot.terminal import run_in_terminal

    sys.exit(run_in_terminal(Settings(), name, parameters or [], is_rehearsal=dry_run))


@app.command()
def runs(
    workflow: Annotated[str | None, typer.Option(help="Of this workflow only.")] = None,
    status: Annotated[str | None, typer.Option(help="With this status only, such as failed.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=1000)] = 20,
) -> None:
    """List the last runs, newest first, those in progress too."""
    from bot.cli_records import open_database, print_runs

    print_runs(open_database(Settings()), status, workflow, limit)


@app.command()
def prune(
    older_than: Annotated[str, typer.Option(help="How long ago they have to have ended, such as 90d.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many they are.")] = False,
) -> None:
    """Remove runs that ended long ago, with all that belongs to them; the audit trail says which they were.

    Nothing of a run in progress is removed, nor of its parents and children. HANDRAIL_KEEP_RUNS does it by itself.
    """
    from bot.cli_records import open_database
    from bot.cli_records import prune as prune_runs

    prune_runs(open_database(Settings()), older_than, is_dry=dry_run)


@audit_app.command("verify")
def verify_audit() -> None:
    """Recompute every hash chain. Ends with 1 when a line was changed, removed, moved or put in."""
    from bot.cli_records import open_database
    from bot.cli_records import verify_audit as verify

    sys.exit(0 if verify(open_database(Settings())) else 1)


@audit_app.command("export")
def export_audit(
    since: Annotated[str | None, typer.Option(help="From this day on (UTC), such as 2026-01-01.")] = None,
    run: Annotated[int | None, typer.Option(help="Of the run with this number only.")] = None,
) -> None:
    """Write the audit trail to stdout: JSON lines, in the order of chains and of lines in them."""
    from bot.cli_records import export_audit as export
    from bot.cli_records import open_database, read_day

    export(open_database(Settings()), None if since is None else read_day(since), run)


@app.command()
def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; HANDRAIL_WORKFLOWS when none is named.")
    ] = None,
) -> None:
    """Check workflow files: every mistake with its file, line, column and what to write instead."""
    from bot.checking import check_files

    result = check_files(paths or [Settings().workflows])
    for mistake in result.mistakes:
        typer.echo(str(mistake))
    typer.echo(result.summary, err=bool(result.mistakes))
    sys.exit(1 if result.mistakes else 0)


@app.command()
def schema() -> None:
    """Print the JSON Schema of workflow files, for your editor."""
    import json

    from engine.files.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command("slack-sandbox", hidden=True)
def slack_sandbox() -> None:
    """The local Slack alone, as `handrail sandbox` starts it."""
    from bot.bootstrap import configure_logging, run_slack_sandbox

    settings = Settings()
    configure_logging(settings)
    run_slack_sandbox(settings)


if __name__ == "__main__":
    main()
