"""The hourly data files: their paths, and how they are read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.atomic_file import replacing
from core.errors import DamagedFileError, OutputError
from core.installation.file_access import SHARED, FileAccess
from core.messages import Message
from works.hourly.data_file import CheckedReport, checked_report
from works.hourly.hours import HOURS_A_DAY, Hour
from works.hourly.report import HourReport
from works.json_files import read_file

NAME = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)_views_data\.json")
JOURNAL_NAME = re.compile(r"\.(\d{4}-\d\d-\d\d)-(\d\d)_views_data\.journal")


@dataclass(frozen=True)
class StoredReport:
    """A data file as it was read, with its bytes and its time of change (ns since 1970)."""

    checked: CheckedReport
    content: bytes
    modified_ns: int

    @property
    def report(self) -> HourReport:
        """Return the content, without the entries that were left out."""
        return self.checked.report


class HourFiles:
    """The files below `data/spider/views`, `YYYY/MM/DD/YYYY-MM-DD-HH_views_data.json` each.

    New files and folders get the mode and the group of `access`.
    """

    def __init__(self, folder: Path, access: FileAccess = SHARED) -> None:
        self.folder = folder
        self.access = access

    def path(self, hour: Hour) -> Path:
        """Return the path of the hour's data file, whether it exists or not."""
        return self._day(hour) / f"{hour.date_text}-{hour.hour_text}_views_data.json"

    def journal_path(self, hour: Hour) -> Path:
        """Return the path of the journal beside the data file, which holds
        an unfinished run's batches."""
        return self._day(hour) / f".{hour.date_text}-{hour.hour_text}_views_data.journal"

    def read(self, hour: Hour) -> StoredReport:
        """Return the hour's report, without the entries that are wrong.

        Raises:
            DamagedFileError: the file is missing, no report, or about another hour.
        """
        path = self.path(hour)
        try:
            modified_ns = path.stat().st_mtime_ns
        except OSError:
            modified_ns = 0
        try:
            content = read_file(path)
        except DamagedFileError as error:
            raise DamagedFileError("hour_file_missing", hour=str(hour), cause=error) from error
        try:
            checked = checked_report(content, path, hour)
        except DamagedFileError as error:
            raise DamagedFileError("hour_file_damaged", cause=error) from error
        return StoredReport(checked, content, modified_ns)

    def read_sound(self, hour: Hour) -> HourReport:
        """Return the hour's report, to be written anew.

        Raises:
            DamagedFileError: as `read`, and when an entry is wrong: it would be lost.
        """
        stored = self.read(hour)
        for problem in stored.checked.problems:
            cause = Message.of("file_damaged", path=str(self.path(hour)), problem=problem)
            raise DamagedFileError("hour_file_damaged", cause=cause)
        return stored.report

    def write(self, hour: Hour, report: HourReport) -> Path:
        """Replace the hour's file in one step and return its path.

        Raises:
            OutputError: the old file stays as it was.
        """
        path = self.path(hour)
        with replacing(path, self.access) as file:
            # Lone surrogates cannot be written as UTF-8: a damaged title must not cost the hour.
            file.write(_document(report).encode("utf-8", errors="replace").decode())
        return path

    def hours(self) -> list[Hour]:
        """Return the hours that have data files, oldest first."""
        return sorted(_named(self.folder, "*_views_data.json", NAME))

    def hours_of_day(self, day: date) -> list[Hour]:
        """Return the hours of a day that have data files, oldest first."""
        hours = (Hour(day, number) for number in range(HOURS_A_DAY))
        return [hour for hour in hours if self.path(hour).exists()]

    def hours_before(self, hour: Hour, count: int) -> list[Hour]:
        """Return those of the `count` hours before `hour` that have data files, oldest first."""
        earlier = (hour.earlier(hours) for hours in range(count, 0, -1))
        return [hour for hour in earlier if self.path(hour).exists()]

    def journals(self) -> list[Hour]:
        """Return the hours that have journals, oldest first."""
        return sorted(_named(self.folder, ".*_views_data.journal", JOURNAL_NAME))

    def _day(self, hour: Hour) -> Path:
        day = hour.day
        return self.folder / f"{day.year:04d}" / f"{day.month:02d}" / f"{day.day:02d}"


def _document(report: HourReport) -> str:
    """Return the file's text: one line for each work, which is quick to read and to search."""
    fields = ",\n".join(f"  {_json(name)}: {_value(value)}" for name, value in report.items())
    return f"{{\n{fields}\n}}\n"


def _value(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _json(value)
    lines = ",\n".join(f"    {_json(entry)}" for entry in value)
    return f"[\n{lines}\n  ]"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_error(path: Path, error: OSError) -> OutputError:
    """Return the error for a journal that cannot be written."""
    return OutputError("journal_not_writable", path=str(path), detail=error.strerror or str(error))


def _named(folder: Path, pattern: str, form: re.Pattern[str]) -> Iterator[Hour]:
    for path in folder.glob(f"[0-9]*/[0-9]*/[0-9]*/{pattern}"):
        found = form.fullmatch(path.name)
        if found:
            yield Hour.parse(found[1], found[2])
