"""The hourly data files: their paths, and how they are read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.atomic_file import replacing
from core.errors import DamagedFileError, InvalidInputError
from core.installation.file_access import SHARED, FileAccess
from works.hour_data.data_file import CheckedReport, checked_report
from works.hour_data.hours import HOURS_A_DAY, Hour
from works.hour_data.report import HourReport
from works.json_files import read_file

NAME = re.compile(r"(\d{4}-\d\d-\d\d)-(\d\d)_views_data\.json")


@dataclass(frozen=True)
class StoredReport:
    """A data file as it was read, with what was wrong in it."""

    checked: CheckedReport

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

    def read(self, hour: Hour) -> StoredReport:
        """Return the hour's report, without the entries that are wrong.

        Raises:
            DamagedFileError: the file is missing, no report, or about another hour.
        """
        path = self.path(hour)
        try:
            content = read_file(path)
        except DamagedFileError as error:
            raise DamagedFileError("hour_file_missing", hour=str(hour), cause=error) from error
        return _stored(content, path, hour)

    def read_path(self, path: Path) -> tuple[Hour, StoredReport]:
        """Return the report in a data file that lies anywhere, and its hour, which its name tells.

        Raises:
            DamagedFileError: it is missing, no report, or about another hour.
            InvalidInputError: its name tells no hour.
        """
        found = NAME.fullmatch(path.name)
        if not found:
            raise InvalidInputError("no_hour_in_name", path=str(path))
        hour = Hour.parse(found[1], found[2])
        return hour, _stored(read_file(path), path, hour)

    def write(self, hour: Hour, report: HourReport) -> Path:
        """Replace the hour's file in one step and return its path; the same content is left alone.

        Raises:
            OutputError: the old file stays as it was.
        """
        path = self.path(hour)
        # Lone surrogates cannot be written as UTF-8: a damaged title must not cost the hour.
        document = _document(report).encode("utf-8", errors="replace")
        if not _has(path, document):
            with replacing(path, self.access) as file:
                file.write(document.decode())
        return path

    def hours(self) -> list[Hour]:
        """Return the hours that have data files, oldest first."""
        return sorted(_named(self.folder, "*_views_data.json", NAME))

    def hours_of_day(self, day: date) -> list[Hour]:
        """Return the hours of a day that have data files, oldest first."""
        hours = (Hour(day, number) for number in range(HOURS_A_DAY))
        return [hour for hour in hours if self.path(hour).exists()]

    def _day(self, hour: Hour) -> Path:
        day = hour.day
        return self.folder / f"{day.year:04d}" / f"{day.month:02d}" / f"{day.day:02d}"


def _stored(content: bytes, path: Path, hour: Hour) -> StoredReport:
    try:
        return StoredReport(checked_report(content, path, hour))
    except DamagedFileError as error:
        raise DamagedFileError("hour_file_damaged", cause=error) from error


def data_files(folder: Path) -> list[Path]:
    """Return the data files in a folder and the folders below it, oldest hours first."""
    found = (path for path in folder.rglob("*_views_data.json") if NAME.fullmatch(path.name))
    return sorted(found, key=lambda path: path.name)


def _has(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


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


def _named(folder: Path, pattern: str, form: re.Pattern[str]) -> Iterator[Hour]:
    for path in folder.glob(f"[0-9]*/[0-9]*/[0-9]*/{pattern}"):
        found = form.fullmatch(path.name)
        if found:
            yield Hour.parse(found[1], found[2])
