"""The command line as a whole."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from commands.lazy import LazyGroup, Listed
from commands.version import VERSION


class Baton(LazyGroup):
    """All commands, in the order of the help."""

    LISTED = (
        Listed("start_crawl", "Crawl the creators of a domain into the database.", "crawl"),
        Listed("start_export", "Export a domain into files, under the daily quotas.", "crawl"),
        Listed("run", "Run day and night: work on every task that is filed.", "crawl"),
        Listed("plan", "Tell how long crawl and export take, and what helps."),
        Listed("demo", "Crawl and export side by side on a local sandbox."),
        Listed(
            "update_play_counts",
            "Ask for the play counts that are older than a week.",
            "play_counts",
        ),
        Listed("daily_stats", "Count a day's completions, store and report the sums."),
        Listed("status", "Show alerts, accounts, open tasks and the last events."),
        Listed("doctor", "Check the installation, and say what to do."),
        Listed("init", "Create, upgrade or check the tables."),
        Listed("sandbox", "Serve the platforms' formats on 127.0.0.1, for trials."),
        Listed("serve", "Serve the web console and the HTTP API, alone."),
        Listed("accounts", "The accounts of the pool."),
        Listed("tasks", "Crawl and export tasks."),
        Listed("exports", "The export files and their proof."),
        Listed("stats", "Video statistics."),
        Listed("alerts", "What is wrong, or was."),
        Listed("jobs", "What `run` does by schedule."),
        Listed("works", "The catalogue of videos."),
        Listed("views", "Hourly numbers of videos."),
        Listed("webhooks", "Reports to receivers: deliveries, endpoints."),
        Listed("dramas", "Distribution tasks and their completions."),
        Listed("broadcast", "Tell the numbers of active tasks every few minutes."),
        Listed("web", "Who may use the web console."),
    )


def build() -> typer.Typer:
    """All commands. Help is plain text, so that it reads the same everywhere."""
    app = typer.Typer(
        name="baton",
        cls=Baton,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(baton)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"baton {VERSION}")
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
