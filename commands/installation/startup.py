"""The start of `run --init`: the database is waited for, and its tables are made or upgraded."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.container import App
from commands.framework.context import Exit, say
from commands.framework.signals import on_signals
from commands.installation.init import UNCHANGED, make_tables, schema_line
from core.cancellation import StoppedSignal
from core.errors import (
    BatonError,
    BusyError,
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseUnavailableError,
    SchemaInUseError,
)
from core.installation.file_access import FileAccess, make_folder
from core.messages import Message
from storage.engines.transactions import Tx

LOOK_AGAIN_SECS = 1.0
LINE_SECS = 10.0
PASSING = (
    BusyError,
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseUnavailableError,
    SchemaInUseError,
)


class Startup:
    """Makes the tables ready before a service begins, waiting for the database.

    SIGINT and SIGTERM end it from the moment it is made: they raise StoppedSignal in the main
    thread, at once but for one exception: tables that are being made or upgraded are finished
    first. A second signal ends the process. Both hold until somebody else handles the signals.

    Args:
        wait_secs: how long the database, or another process at its tables, is waited for.
    """

    def __init__(self, *, wait_secs: int) -> None:
        self._wait_secs = wait_secs
        self._stop = threading.Event()
        self._in_tables = False
        on_signals(self._on_signal)

    def prepare(self, app: App) -> None:
        """Make or upgrade the tables as soon as the database lets this process.

        Raises:
            StoppedSignal: a signal came.
            OSError: the data folder cannot be written.
            BatonError: something that waiting does not mend, or that lasted longer than
                `wait_secs`.
        """
        _require_writable(app.settings.data_dir, app.foundation.file_access)
        begun = app.host_clock.monotonic()
        next_line_secs = 0.0
        while True:
            try:
                return self._make_tables(app)
            except PASSING as error:
                waited_secs = app.host_clock.monotonic() - begun
                if waited_secs >= self._wait_secs or not _may_pass(app, error):
                    raise
                if waited_secs >= next_line_secs:
                    next_line_secs = (waited_secs // LINE_SECS + 1) * LINE_SECS
                    say(self._waiting(waited_secs, error))
            app.host_clock.wait(self._stop, LOOK_AGAIN_SECS)

    def _make_tables(self, app: App) -> None:
        # A server that does not answer is found here, where a signal ends the waiting at once.
        app.database.read(Tx.tables)
        with self._signals_wait():
            done = make_tables(app)
            if done != UNCHANGED:
                say(schema_line(app, done))

    @contextmanager
    def _signals_wait(self) -> Iterator[None]:
        self._in_tables = True
        try:
            yield
        finally:
            self._in_tables = False
            if self._stop.is_set():
                raise StoppedSignal

    def _waiting(self, waited_secs: float, cause: BatonError) -> Message:
        return Message.of(
            "waiting_for_database", secs=waited_secs, limit=self._wait_secs, cause=cause
        )

    def _on_signal(self) -> None:
        if self._stop.is_set():
            os._exit(Exit.INTERRUPTED)
        self._stop.set()
        if not self._in_tables:
            raise StoppedSignal


def _require_writable(folder: Path, access: FileAccess) -> None:
    make_folder(folder, access)
    tempfile.TemporaryFile(dir=folder).close()  # without a name: a kill leaves nothing behind


def _may_pass(app: App, error: BatonError) -> bool:
    """Return whether it may pass by itself: a server may still be starting, a file is there or
    is not."""
    return app.database.dialect.name != "sqlite" or not isinstance(error, DatabaseUnavailableError)
