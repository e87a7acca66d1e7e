"""`views.json`: the catalogue as a file, for the hourly crawl and for other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.atomic_file import replacing
from core.clock import Clock, QuotaCalendar
from core.file_lock import file_lock
from core.installation.file_access import SHARED, FileAccess
from storage.catalogue import works
from storage.engines.datetimes import from_sql
from storage.engines.transactions import Database, Row


@dataclass(frozen=True)
class ListExport:
    """A `views.json` that was written, with its numbers of all and of valid works."""

    path: Path
    total: int
    valid: int


@dataclass(frozen=True)
class ExportLabel:
    """The catalogue's version that a written file shows, and when it was written (UTC)."""

    version: int
    exported_at: datetime


@dataclass(frozen=True, kw_only=True)
class CatalogueList:
    """Writes the published list of works, `views.json`, one process at a time.

    The holder of the lock reads the database anew, so that a later file never shows an earlier
    state.

    Args:
        path: the file to write; its label (the version that it shows) and lock lie beside it.
        access: mode and group of the file.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    path: Path
    access: FileAccess = SHARED

    def export(self) -> ListExport:
        """Write the file, waiting for another process that is writing it.

        Raises:
            OutputError: the old file stays.
            DatabaseError: the catalogue could not be read; the old file stays.
        """
        with file_lock(self._beside("lock"), wait=True, access=self.access):
            return self._write(self.version())

    def export_if_used(self) -> ListExport | None:
        """Write the file; return None where it stays: the catalogue was never used and a file
        exists.

        Such a file is another program's.

        Raises:
            OutputError: the old file stays.
            DatabaseError: the catalogue could not be read; the old file stays.
        """
        if self.path.exists() and self.version() == 0:
            return None
        return self.export()

    def refresh(self) -> ListExport | None:
        """Write the file; return None when it is up to date, or another process is writing it.

        Raises:
            OutputError: the old file stays.
            DatabaseError: the catalogue could not be read; the old file stays.
        """
        with file_lock(self._beside("lock"), wait=False, access=self.access) as is_locked:
            if not is_locked:
                return None
            version, label = self.version(), self.label()
            if label is not None and label.version == version:
                return None
            return self._write(version)

    def version(self) -> int:
        """Return the catalogue's version, which grows with each change; 0 when it was never
        used."""
        return self.database.read(works.version)

    def changed_at(self) -> datetime | None:
        """Return when the catalogue changed last (UTC); None when it was never used."""
        return self.database.read(works.changed_at)

    def label(self) -> ExportLabel | None:
        """Return which version of the catalogue the file shows, and since when.

        None when there is no file, or its label is missing or damaged.
        """
        try:
            if not self.path.exists():
                return None
            stored = json.loads(self._beside("label").read_text(encoding="utf-8"))
            return ExportLabel(
                int(stored["version"]), datetime.fromisoformat(stored["exported_at"])
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _beside(self, kind: str) -> Path:
        return self.path.with_name(f".{self.path.name}.{kind}")

    def _write(self, version: int) -> ListExport:
        # The version was read before the rows: a change in between leads to one more export.
        now = self.clock.now()
        rows = self.database.read(works.for_list)
        valid = sum(1 for row in rows if row["is_valid"])
        head = {"export_time": self._local(now), "total_count": len(rows), "valid_count": valid}
        with replacing(self.path, self.access) as file:
            file.writelines(_document(head, map(self._entry_json, rows)))
        with replacing(self._beside("label"), self.access) as file:
            json.dump({"version": version, "exported_at": now.isoformat()}, file)
        return ListExport(self.path, len(rows), valid)

    def _entry_json(self, row: Row) -> dict[str, Any]:
        published = row["publish_time"]
        return dict(row) | {
            "publish_time": self._local(from_sql(published)) if published else None,
            "is_valid": bool(row["is_valid"]),
        }

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self.calendar.zone).isoformat(timespec="seconds")


def _document(head: dict[str, Any], entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the file's text piece by piece, laid out as json.dumps does with an indent of 2."""
    opening = json.dumps({**head, "works": []}, ensure_ascii=False, indent=2)
    before, after = opening.removesuffix("[]\n}"), "]\n}\n"
    mark = "["
    yield before
    for entry in entries:
        # Value by value: json.dumps with an indent is slow, and there may be very many.
        fields = (f'"{name}": {json.dumps(v, ensure_ascii=False)}' for name, v in entry.items())
        inner = ",\n      ".join(fields)
        yield f"{mark}\n    {{\n      {inner}\n    }}"
        mark = ","
    yield f"{mark}{after}" if mark == "[" else f"\n  {after}"
