"""Outside, for several hosts and for a server that is restarted meanwhile; and the platform."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pymysql

from tests.support.processes.launcher import SandboxProcess
from tests.support.processes.outside import Outside, Row, _creators_in
from tests.support.sandbox import control

PATIENCE_SECS = 60.0
Where = Callable[[], tuple[str, str]]


class Eye(Outside):
    """Reads a database that may be away for a moment.

    `where` says at which URL it is just now, and what must stand in front of a query there.
    """

    def __init__(self, where: Where, exports_dir: Path) -> None:
        super().__init__(where()[0], exports_dir)
        self._where = where

    def at(self, exports_dir: Path) -> Eye:
        """The same database, with the files of another host."""
        return Eye(where=self._where, exports_dir=exports_dir)

    def rows(self, sql: str) -> list[Row]:
        deadline = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                self._url, prefix = self._where()
                return super().rows(prefix + sql)
            except (pymysql.OperationalError, RuntimeError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def file_problems(self, segment: Row) -> Iterable[str]:
        return self._file_problems(segment)

    def ids_in(self, path: Path) -> list[str]:
        return [creator for creator, _ in _creators_in(path)]


class Platform(SandboxProcess):
    """The sandbox, and how many of the ordered faults are still to come."""

    def faults_left(self) -> int:
        return control.order_faults(self.url)
