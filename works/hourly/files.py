"""Where the hourly data files are, and how they are read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.atomic_file import replacing
from core.errors import DamagedFileError, OutputError
from works.hourly.hours import Hour
from works.hourly.report import SHAPE, HourReport, contradiction
from works.json_files import parse_checked, read_file

NAME = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)_views_data\.json")
JOURNAL_NAME = re.compile(r"\.(\d{4}-\d\d-\d\d)-(\d\d)_views_data\.journal")
ADVICE = "mend it, or move it away and import or crawl again; nothing was changed"


@dataclass(frozen=True)
class StoredReport:
    """A data file as it was read: its content, and what tells whether it has changed since."""

    report: HourReport
    content: bytes
    modified_ns: int


class HourFiles:
    """The files below `data/spider/views`, `YYYY/MM/DD/YYYY-MM-DD-HH_views_data.json` each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, hour: Hour) -> Path:
        return self._day(hour) / f"{hour.date_text}-{hour.hour_text}_views_data.json"

    def journal_path(self, hour: Hour) -> Path:
        """The file beside it that holds what an unfinished run has fetched."""
        return self._day(hour) / f".{hour.date_text}-{hour.hour_text}_views_data.journal"

    def read(self, hour: Hour) -> StoredReport:
        """Raises DamagedFileError: it is not there, or no whole and consistent report."""
        path = self.path(hour)
        try:
            modified_ns = path.stat().st_mtime_ns
        except OSError:
            modified_ns = 0
        content = read_file(path, f"there are no numbers of {hour}")
        report = parse_checked(content, path, SHAPE, ADVICE)
        wrong = contradiction(report, hour)
        if wrong:
            raise DamagedFileError(f"{path}: {wrong}; {ADVICE}")
        return StoredReport(report, content, modified_ns)

    def write(self, hour: Hour, report: HourReport) -> Path:
        """Replace the hour's file in one step. Raises OutputError; the old one is as it was."""
        path = self.path(hour)
        with replacing(path) as file:
            file.write(_document(report).encode("utf-8", errors="replace").decode())
        return path

    def hours(self) -> list[Hour]:
        """Of which hours there are files, oldest first."""
        return sorted(_named(self.folder, "*_views_data.json", NAME))

    def hours_before(self, hour: Hour, count: int) -> list[Hour]:
        """Those of the `count` hours before it of which there are files, oldest first."""
        earlier = (hour.earlier(hours) for hours in range(count, 0, -1))
        return [one for one in earlier if self.path(one).exists()]

    def journals(self) -> list[Hour]:
        """Of which hours there are journals, oldest first."""
        return sorted(_named(self.folder, ".*_views_data.journal", JOURNAL_NAME))

    def _day(self, hour: Hour) -> Path:
        day = hour.day
        return self.folder / f"{day.year:04d}" / f"{day.month:02d}" / f"{day.day:02d}"


def _document(report: HourReport) -> str:
    """The file's text: a line for each work, which is quick to read and to find."""
    fields = ",\n".join(f"  {_json(name)}: {_value(value)}" for name, value in report.items())
    return f"{{\n{fields}\n}}\n"


def _value(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    lines = ",\n".join(f"    {_json(one)}" for one in value)
    return f"[\n{lines}\n  ]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def unwritable(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"cannot write {path}: {reason}; make room, then run it again: what was fetched is kept"
    )


def _named(folder: Path, pattern: str, form: re.Pattern[str]) -> Iterator[Hour]:
    for path in folder.glob(f"[0-9]*/[0-9]*/[0-9]*/{pattern}"):
        found = form.fullmatch(path.name)
        if found:
            yield Hour.parse(found[1], found[2])
