"""Keep the hosts of two machines from writing into one folder, such as one on a network share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from core.atomic_file import replacing
from core.clock import Clock
from core.errors import OutputError
from core.installation.file_access import SHARED, FileAccess
from storage.engines.transactions import Database
from storage.operations import hosts


class Writer(NamedTuple):
    """A host that writes into a folder, and the machine that it runs on."""

    machine: str
    host: str


@dataclass(frozen=True, kw_only=True)
class FolderOwner:
    """Notes in a folder which machine writes into it.

    Hosts of one machine, such as containers with a common volume, have a common lock instead.

    Args:
        path: the note.
        seen_secs: another host that was seen within so many seconds is at work.
    """

    database: Database
    clock: Clock
    writer: Writer
    path: Path
    seen_secs: float
    access: FileAccess = SHARED

    def take(self) -> None:
        """Note that this host writes into the folder.

        Raises:
            OutputError: a host of another machine, which is at work, does so.
            DatabaseError: whether it is at work could not be read.
        """
        if self.check() != self.writer:
            with replacing(self.path, self.access) as file:
                json.dump(self.writer, file)

    def check(self) -> Writer | None:
        """Return who wrote into the folder last; None when nobody is noted.

        Raises:
            OutputError, DatabaseError: as by `take`.
        """
        noted = self._noted()
        if noted is not None and noted != self.writer and self._is_at_work(noted):
            raise OutputError("folder_of_other_host", folder=str(self.path.parent), host=noted.host)
        return noted

    def _noted(self) -> Writer | None:
        try:
            machine, host = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return None
        return Writer(str(machine), str(host))

    def _is_at_work(self, noted: Writer) -> bool:
        if noted.machine == self.writer.machine:
            return False
        row = self.database.read(hosts.get, noted.host)
        if row is None or row.left_at is not None:
            return False
        return self.clock.now() - row.seen_at <= timedelta(seconds=self.seen_secs)
