"""The command line as a whole."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from commands import (
    accounts,
    alerts,
    broadcast,
    crawl,
    daily_stats,
    demo,
    doctor,
    dramas,
    exports,
    init,
    jobs,
    plan,
    play_counts,
    sandbox,
    serve,
    stats,
    status,
    tasks,
    views,
    web,
    webhooks,
    works,
)
from commands.context import result
from commands.version import VERSION


def build() -> typer.Typer:
    """All commands. Help is plain text, so that it reads the same everywhere."""
    app = typer.Typer(
        name="baton",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(baton)
    crawl.register(app)
    plan.register(app)
    demo.register(app)
    app.add_typer(accounts.group(), name="accounts")
    app.add_typer(tasks.group(), name="tasks")
    app.add_typer(exports.group(), name="exports")
    app.add_typer(stats.group(), name="stats")
    app.add_typer(alerts.group(), name="alerts")
    app.add_typer(jobs.group(), name="jobs")
    app.add_typer(works.group(), name="works")
    app.add_typer(views.group(), name="views")
    play_counts.register(app)
    app.add_typer(webhooks.group(), name="webhooks")
    app.add_typer(dramas.group(), name="dramas")
    daily_stats.register(app)
    app.add_typer(broadcast.group(), name="broadcast")
    status.register(app)
    doctor.register(app)
    init.register(app)
    sandbox.register(app)
    serve.register(app)
    app.add_typer(web.group(), name="web")
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        result(f"baton {VERSION}")
        raise typer.Exit


def baton(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="show it")
    ] = False,
) -> None:
    """Crawl creators with a pool of accounts, export them under quotas."""


def main() -> None:
    """Run the command that the arguments name; its exit code is the process's."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    build()()
