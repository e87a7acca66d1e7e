"""Data files that are taken into the main database, and the statistics file that follows it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import Any

from app.container import App
from tests.support.messages import english
from tests.support.works.hour_data import put
from tests.support.works.views_fixtures import quiet
from works.hour_data.files import HourFiles
from works.hour_data.hours import Hour

LOG = quiet()


class Statistics:
    """An app, its data files and its statistics file."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.files: HourFiles = app.works.hour_importer.files
        self.path = app.settings.view_data_file
        self.importer = app.works.hour_importer

    def take(self, hour: Hour, content: dict[str, Any] | str, *, replace: bool = True) -> list[str]:
        """Put a file, import it, write the statistics file, and return what was told of it."""
        put(self.files, hour, content)
        done = self.importer.import_hour(hour, LOG, replace_numbers=replace)
        self.project()
        return [english(told) for told in done.problems]

    def missing(self) -> list[str]:
        """Take in what the database does not know; return those hours."""
        unknown = set(self.importer.unknown())
        done = self.app.works.hourly.import_missing(threading.Event())
        return [str(one.hour) for one in done.imported if one.hour in unknown]

    def project(self) -> None:
        self.app.works.projector.project(threading.Event(), LOG)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Asked as any other program would."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()
