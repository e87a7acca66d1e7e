"""The command line as a whole."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.version import VERSION
from commands.framework.lazy_group import CommandEntry, LazyGroup
from commands.framework.streams import abandon, set_up_streams
from core.errors import OutputError
from core.installation.home import SETTING as HOME_SETTING
from core.installation.program import program_name

# New objects until the garbage collector looks for circles among them, and how many such looks
# until it looks at those that stayed: what imports make stays, and a look at all of it is dear.
COLLECTED_OBJECTS, COLLECTED_TIMES = 20_000, 50
ERROR = 1  # Exit.ERROR, whose module is slow to load
# Tools that rotate logs send these two to whatever writes one; they would end the process.
UNUSED_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2)
COMPLETION = "_BATON_COMPLETE"  # the completion scripts set it to the name of their shell


class Baton(LazyGroup):
    """The group of all commands, in the order of the help."""

    LISTED = (
        CommandEntry(
            "start_crawl", "Crawl the creators of a domain into the database.", "crawling.crawl"
        ),
        CommandEntry(
            "start_export", "Export a domain into files, under the daily quotas.", "crawling.crawl"
        ),
        CommandEntry(
            "run", "Run day and night: work on every task that is filed.", "crawling.crawl"
        ),
        CommandEntry(
            "plan", "Tell how long crawl and export take, and what helps.", "crawling.plan"
        ),
        CommandEntry(
            "demo", "Crawl and export side by side on a local sandbox.", "installation.demo"
        ),
        CommandEntry(
            "update_play_counts",
            "Ask for the play counts that are older than a week.",
            "works.play_counts",
        ),
        CommandEntry(
            "daily_stats",
            "Count a day's completions, store and report the sums.",
            "distribution.daily_stats",
        ),
        CommandEntry(
            "status", "Show alerts, accounts, open tasks and the last events.", "crawling.status"
        ),
        CommandEntry("doctor", "Check the installation, and say what to do.", "doctor.doctor"),
        CommandEntry("init", "Create, upgrade or check the tables.", "installation.init"),
        CommandEntry(
            "sandbox",
            "Serve the platforms' formats on 127.0.0.1, for trials.",
            "installation.sandbox",
        ),
        CommandEntry(
            "serve", "Serve the web console and the HTTP API, alone.", "installation.serve"
        ),
        CommandEntry(
            "healthcheck",
            "Ask the web server of this installation whether it runs.",
            "installation.healthcheck",
        ),
        CommandEntry("accounts", "The accounts of the pool.", "accounts.accounts"),
        CommandEntry("proxies", "Proxies, and which account leaves by which.", "accounts.proxies"),
        CommandEntry("egress", "The egress routes: proxies, and direct.", "accounts.egress"),
        CommandEntry("circuits", "What of a platform is left alone.", "accounts.circuits"),
        CommandEntry("tasks", "Crawl and export tasks.", "crawling.tasks"),
        CommandEntry("creators", "What was collected of creators.", "crawling.creators"),
        CommandEntry("exports", "The export files and their proof.", "crawling.exports"),
        CommandEntry("report", "Who ingested and exported what, by day.", "crawling.report"),
        CommandEntry("logs", "The pages that were ingested.", "crawling.logs"),
        CommandEntry("stats", "Video statistics.", "works.stats"),
        CommandEntry("alerts", "What is wrong, or was.", "crawling.alerts"),
        CommandEntry("jobs", "What `run` does by schedule.", "crawling.jobs"),
        CommandEntry("works", "The catalogue of videos.", "works.works"),
        CommandEntry("views", "Hourly numbers of videos.", "views.views"),
        CommandEntry(
            "settlement",
            "Settlements: what was counted, sent and answered.",
            "distribution.settlement",
        ),
        CommandEntry(
            "webhooks", "Reports to receivers: deliveries, endpoints.", "distribution.webhooks"
        ),
        CommandEntry("dramas", "Distribution tasks and their completions.", "distribution.dramas"),
        CommandEntry(
            "broadcast",
            "Tell the numbers of active tasks every few minutes.",
            "distribution.broadcast",
        ),
        CommandEntry("hosts", "The machines that work on this database.", "installation.hosts"),
        CommandEntry("web", "Who may use the web console.", "installation.web"),
        CommandEntry(
            "completion",
            "Print the script by which a shell completes commands.",
            "installation.completion",
        ),
    )


def build() -> typer.Typer:
    """Return the command line; commands are imported when they are called."""
    # The help is plain text, so that it reads the same in terminals, pipes and documents.
    app = typer.Typer(
        name="baton",
        cls=Baton,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,  # they show local variables, which may be secrets
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
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="the folder of `.env`, data and logs; else BATON_HOME, or as the documents say",
        ),
    ] = None,
) -> None:
    """Crawl creators with a pool of accounts, export them under quotas."""
    if home is not None:
        # In the environment, so that processes started by this one have the same home.
        os.environ[HOME_SETTING] = str(home.absolute())


def main() -> None:
    """Run the command that the arguments name, and exit with its code.

    Called by a completion script it prints suggestions instead.
    """
    # By default each 700: an import makes thousands, and keeps them. Services go back to it.
    gc.set_threshold(COLLECTED_OBJECTS, COLLECTED_TIMES)
    # pydantic would look through all installed packages for plugins, and have them change models.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    set_up_streams()
    for number in UNUSED_SIGNALS:
        # A handler, as children would inherit an ignored signal.
        signal.signal(number, lambda _number, _frame: None)
    code: object = 0
    try:
        _run()
    except SystemExit as ending:
        code = ending.code
    except OutputError as error:  # of the help, which no command guards
        code = _output_failed(error)
    sys.exit(_written_out(code))


def _run() -> None:
    shell = os.environ.get(COMPLETION)
    if shell is None:
        build()(prog_name=program_name())
        return
    from commands.framework.completion.answering import complete

    complete(typer.main.get_command(build()), shell, sys.argv[1:])


def _written_out(code: Any) -> Any:
    """Write the rest of the result; return the exit code, ERROR where it was a success before."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        abandon(sys.stdout)
        return code or ERROR
    except OutputError as error:
        return code or _output_failed(error)
    return code


def _output_failed(error: OutputError) -> int:
    from commands.framework.context import say_error

    abandon(sys.stdout)
    say_error(error)
    return ERROR
