"""The command line as a whole."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from app.version import VERSION
from commands.framework.lazy_group import LazyGroup, Listed


class Baton(LazyGroup):
    """All commands, in the order of the help."""

    LISTED = (
        Listed(
            "start_crawl", "Crawl the creators of a domain into the database.", "crawling.crawl"
        ),
        Listed(
            "start_export", "Export a domain into files, under the daily quotas.", "crawling.crawl"
        ),
        Listed("run", "Run day and night: work on every task that is filed.", "crawling.crawl"),
        Listed("plan", "Tell how long crawl and export take, and what helps.", "crawling.plan"),
        Listed("demo", "Crawl and export side by side on a local sandbox.", "installation.demo"),
        Listed(
            "update_play_counts",
            "Ask for the play counts that are older than a week.",
            "works.play_counts",
        ),
        Listed(
            "daily_stats",
            "Count a day's completions, store and report the sums.",
            "distribution.daily_stats",
        ),
        Listed(
            "status", "Show alerts, accounts, open tasks and the last events.", "crawling.status"
        ),
        Listed("doctor", "Check the installation, and say what to do.", "doctor.doctor"),
        Listed("init", "Create, upgrade or check the tables.", "installation.init"),
        Listed(
            "sandbox",
            "Serve the platforms' formats on 127.0.0.1, for trials.",
            "installation.sandbox",
        ),
        Listed("serve", "Serve the web console and the HTTP API, alone.", "installation.serve"),
        Listed("accounts", "The accounts of the pool.", "accounts.accounts"),
        Listed("tasks", "Crawl and export tasks.", "crawling.tasks"),
        Listed("exports", "The export files and their proof.", "crawling.exports"),
        Listed("stats", "Video statistics.", "works.stats"),
        Listed("alerts", "What is wrong, or was.", "crawling.alerts"),
        Listed("jobs", "What `run` does by schedule.", "crawling.jobs"),
        Listed("works", "The catalogue of videos.", "works.works"),
        Listed("views", "Hourly numbers of videos.", "views.views"),
        Listed("webhooks", "Reports to receivers: deliveries, endpoints.", "distribution.webhooks"),
        Listed("dramas", "Distribution tasks and their completions.", "distribution.dramas"),
        Listed(
            "broadcast",
            "Tell the numbers of active tasks every few minutes.",
            "distribution.broadcast",
        ),
        Listed("web", "Who may use the web console.", "installation.web"),
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
