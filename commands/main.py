"""The command line as a whole."""

from __future__ import annotations

import sys

import typer

from commands import (
    accounts,
    crawl,
    demo,
    doctor,
    exports,
    init,
    sandbox,
    status,
    tasks,
)


def build() -> typer.Typer:
    """All commands. Help is plain text, so that it reads the same everywhere."""
    app = typer.Typer(
        name="baton",
        help="Crawl creators with a pool of accounts and export them under each one's daily quota.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    crawl.register(app)
    demo.register(app)
    app.add_typer(accounts.group(), name="accounts")
    app.add_typer(tasks.group(), name="tasks")
    app.add_typer(exports.group(), name="exports")
    status.register(app)
    doctor.register(app)
    init.register(app)
    sandbox.register(app)
    return app


def main() -> None:
    """Run the command that the arguments name; its exit code is the process's."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    build()()
