"""The frame of every command: settings, output, and exit codes for errors."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import unquote

import typer

from commands.framework.reader import reader, text_of
from commands.framework.streams import abandon
from commands.framework.usage_errors import Command, described
from core.errors import (
    BatonError,
    CredentialsError,
    DatabaseUnavailableError,
    InvalidInputError,
    OutputError,
    SettingsError,
    WrongFieldsError,
)
from core.installation.file_access import configured_access, make_folder
from core.installation.home import SETTING as HOME_SETTING
from core.installation.home import HomeReason, find_home
from core.logs import redact, service_log, set_up_logging
from core.messages import Message
from core.plain_text import escaped_turns
from core.settings import Settings, load_settings
from core.supervision.internal_errors import lacks_resources
from presentation.i18n.language import Language
from presentation.i18n.renderer import Renderer
from storage.schema import schema
from storage.schema.schema import SchemaState

if TYPE_CHECKING:
    from rich.console import Console as Terminal
    from rich.table import Table as RichTable
    from rich.text import Text

    from app.container import App
    from presentation.terminal.tables import Table
    from sources.platforms import Platform

P = ParamSpec("P")
R = TypeVar("R")
log = service_log("console")
COMMAND_PATIENCE_SECS = 3.0
ANY_WIDTH = 10_000


class Exit(IntEnum):
    """The exit codes of all commands; docs/cli.md says what each means."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    CREDENTIALS = 4
    INTERRUPTED = 130


def stderr_terminal() -> Terminal:
    """Return the terminal for messages to people, which is stderr."""
    from rich.console import Console as Terminal

    return Terminal(stderr=True, highlight=False)


def is_animated(terminal: Terminal) -> bool:
    """Return whether a screen can be drawn over; else progress is told in plain lines."""
    return terminal.is_terminal and not terminal.is_dumb_terminal


def say(line: str | Message) -> None:
    """Print a text, or a message with its advice in the reader's language, on stderr: for
    people."""
    text = line if isinstance(line, str) else reader().sentence(line)
    stderr_terminal().print(escaped_turns(text), markup=False, soft_wrap=True)


def result(line: str | Message) -> None:
    """Print a line of the result, on stdout; a message with its advice in the reader's language.

    On a terminal the direction of writing is not turned around; a program gets what is there.
    """
    text = line if isinstance(line, str) else reader().sentence(line)
    print(escaped_turns(text) if sys.stdout.isatty() else text)


def announce(message: Message) -> None:
    """Print a line on stdout at once; where that is not possible, the work goes on without it."""
    try:
        result(message)
        sys.stdout.flush()
    except (OutputError, BrokenPipeError) as error:
        log.warning("standard output cannot be written: %s", error)
        abandon(sys.stdout)


def result_table(table: Table | RichTable) -> None:
    """Print a table, on stdout: whole in a pipe, where a row is one line; fitted to a window.

    One of rich is whole in a window too.
    """
    from presentation.terminal.tables import Table

    if not isinstance(table, Table):
        _print_whole(table)
        return
    width = window_width()
    for line in table.lines(width):
        result_line(line)
    left_out = table.left_out(width)
    if left_out:
        say(Message.of("columns_left_out", columns=left_out))


def _print_whole(table: RichTable) -> None:
    from rich.console import Console as Terminal

    drawn = Terminal(file=io.StringIO(), width=ANY_WIDTH, highlight=False, color_system=None)
    with drawn.capture() as captured:
        drawn.print(table)
    for line in captured.get().splitlines():
        result(line.rstrip())


def result_line(line: Text) -> None:
    """Print a line of the result, on stdout; with its styles where that is a window."""
    if window_width() is None:
        result(line.plain)
        return
    from rich.console import Console as Terminal

    Terminal(highlight=False).print(line, soft_wrap=True)


def window_width() -> int | None:
    """Return the width in cells of the window that shows stdout; None for a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def result_json(value: object) -> None:
    """Print the result as JSON for programs, on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command so that a BatonError ends it with a message on stderr, without traceback.

    Its class decides on the exit code: USAGE for invalid input, CREDENTIALS, else ERROR. So does a
    host without memory or descriptors, also while modules are imported. A reader that closed the
    pipe ends it with ERROR, without a message.
    """

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except WrongFieldsError as error:
            say(_error_line(described(error, reader())))
            raise typer.Exit(Exit.USAGE) from error
        except BatonError as error:
            say_error(error)
            raise typer.Exit(_exit_code(error)) from error
        except BrokenPipeError as error:
            abandon(sys.stdout)  # the reader of a pipe is gone
            raise typer.Exit(Exit.ERROR) from error
        except (OSError, MemoryError, RuntimeError) as error:
            if not lacks_resources(error):
                raise
            say_error(BatonError("host_lacks_resources", detail=str(error) or "MemoryError"))
            raise typer.Exit(Exit.ERROR) from error

    return guarded


def say_error(error: BatonError) -> None:
    """Print an error on stderr, with credentials redacted."""
    say(_error_line(redact(reader().sentence(error))))


def _error_line(sentence: str) -> str:
    return text_of(Message.of("error_line", sentence=sentence))


def _exit_code(error: BatonError) -> int:
    if isinstance(error, InvalidInputError):
        return Exit.USAGE
    if isinstance(error, CredentialsError):
        return Exit.CREDENTIALS
    return Exit.ERROR


def platform_named(name: str) -> Platform:
    """Return the platform of that name whose creators can be searched, from the settings.

    Raises:
        InvalidInputError: there is none; the message lists those that can.
        SettingsError: a setting or a platform's TOML file is wrong.
    """
    from sources.platforms import PlatformRegistry

    return PlatformRegistry(load_settings()).searchable(name)


@contextmanager
def opened_app(
    threads: int = 0,
    settings: Settings | None = None,
    *,
    services: bool = False,
    prepare: Callable[[App], None] | None = None,
) -> Iterator[App]:
    """Open an App with logging set up, and close it at the end of the block.

    Args:
        threads: number of workers that will run.
        settings: None for those of the environment; then a new database is announced.
        services: for processes that run on: once open, a lost database is waited for as long as the
            settings say (commands wait 3 s), and the notification channels are checked.
        prepare: called before the database is looked at, with an App that is closed afterwards; its
            OSError stands for a data folder that cannot be written.

    Raises:
        DatabaseUnavailableError: no database answered within 3 s.
        SettingsError: the data folder or the log folder cannot be written, or a setting is wrong.
        SchemaMismatchError: the database holds another version's tables, or another program's.
        CredentialsError: the secret key is missing or is not that of the database.
    """
    from app.container import App

    announces_new = settings is None
    settings = settings or load_settings()
    handler = _logging(settings)
    created = _prepare(settings, prepare)
    if created and announces_new:
        say(Message.of("database_created", database=created))
    patience_secs = settings.database_patience_secs if services else COMMAND_PATIENCE_SECS
    app = App(settings, threads=threads, patience_secs=patience_secs)
    try:
        app.clock.sync()
        app.vault.load()  # from here on a running process needs no key file
        if services:
            app.alerts.require_channels()
        yield app
    finally:
        app.close()
        handler.close()


@contextmanager
def unopened_app() -> Iterator[App]:
    """Provide an App with logging set up, without looking at the main database or the secret key.

    Raises:
        SettingsError: a setting is wrong, or the log folder cannot be written.
    """
    from app.container import App

    settings = load_settings()
    handler = _logging(settings)
    app = App(settings, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        yield app
    finally:
        app.close()
        handler.close()


def _prepare(settings: Settings, prepare: Callable[[App], None] | None) -> str | None:
    """Check database and key, and create them on first use.

    Returns the place of a new database; None when it existed.
    """
    from app.container import App

    # Even services that wait long for a lost database must not wait for one that never was there.
    probe = App(settings, patience_secs=COMMAND_PATIENCE_SECS)
    try:
        if settings.secret_key is None:
            # The key file lies in this folder.
            access = configured_access(settings.files_mode, settings.files_group)
            make_folder(settings.data_dir, access)
        if prepare is not None:
            prepare(probe)
        created = new_database(probe)
        probe.open()
    except DatabaseUnavailableError as error:
        if probe.database.dialect.name == "sqlite":
            raise DatabaseUnavailableError("database_file_unusable", cause=error) from error
        raise DatabaseUnavailableError("database_not_answering", cause=error) from error
    except OSError as error:
        raise unwritable(
            "data_folder_unwritable", settings.data_dir, error, "BATON_DATA_DIR"
        ) from error
    finally:
        probe.close()
    return created


def _logging(settings: Settings) -> logging.Handler:
    access = configured_access(settings.files_mode, settings.files_group)
    try:
        zone = settings.quota_zone
        render = Renderer(Language.ENGLISH, zone).sentence
        return set_up_logging(settings.log_dir, render, on_trouble=say, zone=zone, access=access)
    except OSError as error:
        raise unwritable(
            "log_folder_unwritable", settings.log_dir, error, "BATON_LOG_DIR"
        ) from error


def new_database(app: App) -> str | None:
    """Return the SQLite file that opening the app will create; None when there is a database."""
    if app.database.dialect.name != "sqlite":
        return None
    return database_place(app) if schema.inspect(app.database) is SchemaState.EMPTY else None


def database_place(app: App) -> str:
    """Return the database's place: an absolute path, or the server without its password."""
    url = app.settings.database_url.get_secret_value()
    if app.database.dialect.name != "sqlite":
        return app.database.engine.describe()
    return str(Path(unquote(url.removeprefix("sqlite:///"))).absolute())


def unwritable(code: str, folder: Path, error: OSError, setting: str) -> SettingsError:
    """Return the error for a folder that cannot be written, with the setting that moves it."""
    if find_home().reason is not HomeReason.CURRENT_FOLDER:
        setting = HOME_SETTING
    return SettingsError(
        code,
        folder=str(folder.absolute()),
        detail=error.strerror,
        setting=setting,
        user=str(os.geteuid()),
    )


def dashed(
    app: typer.Typer, name: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that registers a command as `name`.

    A name with underscores is registered with dashes too, hidden from the help.
    """

    def register(command: Callable[..., Any]) -> Callable[..., Any]:
        guarded = reports_errors(command)
        app.command(name, cls=Command, **options)(guarded)
        if "_" in name:
            app.command(name.replace("_", "-"), cls=Command, hidden=True, **options)(guarded)
        return command

    return register
