"""What all commands share: settings, output, and the translation of errors into exit codes."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import unquote

import typer

from commands.framework.usage_errors import Command, described
from core.errors import (
    BatonError,
    CredentialsError,
    DatabaseUnavailableError,
    InvalidInputError,
    SettingsError,
    WrongFieldsError,
)
from core.logs import redact, set_up_logging
from core.settings import Settings, load_settings
from storage.schema import schema
from storage.schema.schema import SchemaState

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.table import Table

    from app.container import App
    from sources.platforms import Platform

P = ParamSpec("P")
R = TypeVar("R")
COMMAND_PATIENCE_SECS = 3.0
ANY_WIDTH = 10_000


class Exit(IntEnum):
    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    CREDENTIALS = 4
    INTERRUPTED = 130


def messages() -> Terminal:
    """Where people read: stderr."""
    from rich.console import Console as Terminal

    return Terminal(stderr=True, highlight=False)


def say(text: str) -> None:
    """A message for people, on stderr."""
    messages().print(text, markup=False, soft_wrap=True)


def result(text: str) -> None:
    """A result, on stdout."""
    print(text)


def result_table(table: Table) -> None:
    """A listing, on stdout: a line a row whatever the width, so that paths stay whole."""
    from rich.console import Console as Terminal

    drawn = Terminal(file=io.StringIO(), width=ANY_WIDTH, highlight=False, color_system=None)
    with drawn.capture() as captured:
        drawn.print(table)
    for line in captured.get().splitlines():
        result(line.rstrip())


def amount(number: int, noun: str) -> str:
    """`1 file`, `2,000 files`"""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def result_json(value: object) -> None:
    """A result for programs, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """End a command that raises one of our errors with its message and its exit code."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except WrongFieldsError as error:
            say(f"error: {described(error)}")
            raise typer.Exit(Exit.USAGE) from error
        except BatonError as error:
            say(f"error: {redact(str(error))}")
            raise typer.Exit(_exit_code(error)) from error
        except BrokenPipeError as error:
            sys.stderr.close()
            raise typer.Exit(Exit.ERROR) from error

    return guarded


def _exit_code(error: BatonError) -> int:
    if isinstance(error, InvalidInputError):
        return Exit.USAGE
    if isinstance(error, CredentialsError):
        return Exit.CREDENTIALS
    return Exit.ERROR


def platform_named(name: str) -> Platform:
    """A platform whose accounts the pool may hold. Raises InvalidInputError for an unknown one."""
    from sources.platforms import PlatformRegistry

    return PlatformRegistry(load_settings()).searching(name)


@contextmanager
def opened_app(
    threads: int = 0,
    settings: Settings | None = None,
    *,
    services: bool = False,
) -> Iterator[App]:
    """A ready App with logging set up; closed at the end.

    Opening waits a few seconds for the database, then says that it is not there. `services` wait
    for it as long as the settings say once they run.
    """
    from app.container import App

    tells_new = settings is None
    settings = settings or load_settings()
    handler = _logging(settings)
    probe = App(settings, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        if settings.secret_key is None:
            settings.data_dir.mkdir(parents=True, exist_ok=True)  # the key file lies in it
        where = new_database(probe)
        probe.open()
        if where and tells_new:
            say(f"new database {where} (nothing was there)")
    except DatabaseUnavailableError as error:
        raise DatabaseUnavailableError(
            f"{error}; is the server running and DATABASE_URL right?"
        ) from error
    except OSError as error:
        raise _unwritable("data", settings.data_dir, error, "BATON_DATA_DIR") from error
    finally:
        probe.close()
    patience_secs = settings.database_patience_secs if services else COMMAND_PATIENCE_SECS
    app = App(settings, threads=threads, patience_secs=patience_secs)
    try:
        app.clock.sync()
        if services:
            app.alerts.require_channels()
        yield app
    finally:
        app.close()
        handler.close()


@contextmanager
def unopened_app() -> Iterator[App]:
    """An App with logging set up, for what does without the main database: nothing is opened."""
    from app.container import App

    settings = load_settings()
    handler = _logging(settings)
    app = App(settings, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        yield app
    finally:
        app.close()
        handler.close()


def _logging(settings: Settings) -> logging.Handler:
    try:
        return set_up_logging(settings.log_dir)
    except OSError as error:
        raise _unwritable("log", settings.log_dir, error, "BATON_LOG_DIR") from error


def new_database(app: App) -> str | None:
    """The file that opening this app will make a database of; None when there is one already."""
    if app.database.dialect.name != "sqlite":
        return None
    return database_place(app) if schema.inspect(app.database) is SchemaState.EMPTY else None


def database_place(app: App) -> str:
    """Where the data is: an absolute path, or the server without the password."""
    url = app.settings.database_url.get_secret_value()
    if app.database.dialect.name != "sqlite":
        return app.database.engine.describe()
    return str(Path(unquote(url.removeprefix("sqlite:///"))).absolute())


def _unwritable(name: str, folder: Path, error: OSError, setting: str) -> SettingsError:
    return SettingsError(
        f"the {name} folder {folder.absolute()} cannot be written ({error.strerror});"
        f" set {setting} to another one"
    )


def on_signals(react: Callable[[], None]) -> None:
    """Call `react` on SIGINT and SIGTERM; it must only set a flag."""

    def handle(_number: int, _frame: Any) -> None:
        react()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def dashed(
    app: typer.Typer, name: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a command under its name with underscores, and with dashes as a hidden twin."""

    def register(command: Callable[..., Any]) -> Callable[..., Any]:
        guarded = reports_errors(command)
        app.command(name, cls=Command, **options)(guarded)
        if "_" in name:
            app.command(name.replace("_", "-"), cls=Command, hidden=True, **options)(guarded)
        return command

    return register
