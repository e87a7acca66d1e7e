"""Copies of delivered rows in another format: no quota, no segment, no change of a row."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from zipfile import ZIP_DEFLATED, ZipFile

from core.errors import InvalidInputError
from core.installation.file_access import make_folder, sync_folder
from crawler.export.columns import parse_columns
from crawler.export.formats import FORMATS, Table, format_named
from crawler.export.headers import Headers, headers_named, headers_of
from crawler.export.options import table_of
from crawler.export.segment_files import (
    SegmentFiles,
    manifest_path,
    measure,
    output_error,
)
from storage.crawling import export_segments
from storage.engines.transactions import Database
from storage.models.segments import Segment, SegmentState

MAX_COPIES = 10_000  # of one segment in one folder


@dataclass(frozen=True, kw_only=True)
class CopyRequest:
    """The form of a copy: a format, columns and headers as exports take them.

    None leaves that as the segment has it.

    Raises:
        InvalidInputError: a format, column or header is unknown or wrong.
    """

    format: str | None = None
    columns: str | None = None
    headers: str | None = None
    raw_cells: bool = False

    def __post_init__(self) -> None:
        self.table_for({"columns": ["id"]})
        if self.format is not None:
            format_named(self.format)

    def table_for(self, options: dict[str, object]) -> Table:
        """Return the columns and headers of a copy of a segment with these options."""
        language = headers_named(self.headers or Headers.RAW)
        if self.columns is not None:
            chosen = parse_columns(self.columns)
            return Table(chosen.names, headers_of(chosen, language), raw_cells=self.raw_cells)
        kept = table_of(options)
        if self.headers is None:
            return Table(kept.columns, kept.headers, raw_cells=self.raw_cells)
        chosen = parse_columns(",".join(kept.columns))
        return Table(kept.columns, headers_of(chosen, language), raw_cells=self.raw_cells)


@dataclass(frozen=True)
class CopiedFile:
    """A copy of a segment's rows, and how many they are."""

    segment_id: int
    path: Path
    rows: int


@dataclass(frozen=True)
class ArchivedCopies:
    """A ZIP file with copies of so many segments."""

    path: Path
    files: int


@dataclass(frozen=True, kw_only=True)
class SegmentCopies:
    """Writes the rows of sealed segments to further files."""

    database: Database
    files: SegmentFiles

    def of_task(self, task_id: int) -> list[int]:
        """Return the ids of a task's sealed segments.

        Raises:
            InvalidInputError: it has none.
        """
        found = self.database.read(export_segments.of_task, task_id)
        ids = [segment.id for segment in found if segment.state is SegmentState.SEALED]
        if not ids:
            raise InvalidInputError("task_without_files", task_id=task_id)
        return ids

    def write(self, segment_id: int, request: CopyRequest, out: Path | None) -> CopiedFile:
        """Write a copy beside the segment's file, or below the folder `out`, with a manifest.

        No file that exists is replaced: the first free name is taken.

        Raises:
            InvalidInputError: there is no such segment, it is open, or its platform is not declared
                any more.
            OutputError: the file cannot be written.
        """
        segment = self._sealed(segment_id)
        original = self.files.locate(segment.file_path or "")
        folder = original.parent if out is None else out
        suffix = FORMATS[self.format_of(segment, request)].suffix
        stem = original.name.removesuffix(FORMATS[segment.format].suffix)
        try:
            make_folder(folder, self.files.access)
            # A folder of its own: another copy of the segment may be written at the same moment.
            with TemporaryDirectory(prefix=f".{stem}.", suffix=".copy", dir=folder) as own:
                part = Path(own) / f"{stem}{suffix}"
                notes = self._render(segment, request, part)
                final = _published(part, folder, stem, suffix)
            self._write_manifest(final, segment, request.table_for(dict(segment.options)), notes)
            sync_folder(folder)
        except OSError as error:
            raise output_error(folder / f"{stem}{suffix}", error) from error
        return CopiedFile(segment.id, final, segment.exported_count)

    def temporary(self, segment_id: int, request: CopyRequest) -> CopiedFile:
        """Write a copy to a new folder for temporary files, which the caller removes.

        Raises:
            InvalidInputError: as `write` does.
            OutputError: the file cannot be written.
        """
        segment = self._sealed(segment_id)
        suffix = FORMATS[self.format_of(segment, request)].suffix
        stem = Path(segment.file_path or "").name.removesuffix(FORMATS[segment.format].suffix)
        folder = Path(mkdtemp(prefix="baton-copy-"))
        path = folder / f"{stem}.copy{suffix}"
        try:
            self._render(segment, request, path)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise output_error(path, error) from error
            raise
        return CopiedFile(segment.id, path, segment.exported_count)

    def archive(self, task_id: int, request: CopyRequest) -> ArchivedCopies:
        """Write a ZIP file with a copy of each sealed segment of a task to a new folder for
        temporary files, which the caller removes.

        Raises:
            InvalidInputError: the task has no sealed segment, or as `write` does.
            OutputError: the file cannot be written.
        """
        ids = self.of_task(task_id)
        folder = Path(mkdtemp(prefix="baton-copy-"))
        path = folder / f"task-{task_id}.zip"
        try:
            with ZipFile(path, "w", ZIP_DEFLATED) as archive:
                for segment_id in ids:
                    self._add_copy(archive, segment_id, request)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise output_error(path, error) from error
            raise
        return ArchivedCopies(path, len(ids))

    def _add_copy(self, archive: ZipFile, segment_id: int, request: CopyRequest) -> None:
        copied = self.temporary(segment_id, request)
        try:
            # Files of several folders may have one name: the segment's id keeps them apart.
            archive.write(copied.path, f"{segment_id}-{copied.path.name}")
        finally:
            shutil.rmtree(copied.path.parent, ignore_errors=True)

    @staticmethod
    def format_of(segment: Segment, request: CopyRequest) -> str:
        """Return the name of the copy's format."""
        return format_named(request.format or segment.format).name

    def _sealed(self, segment_id: int) -> Segment:
        segment = self.database.read(export_segments.get, segment_id)
        if segment is None:
            raise InvalidInputError("segment_not_found", segment_id=segment_id)
        if segment.state is not SegmentState.SEALED:
            raise InvalidInputError("copy_of_open_segment", segment_id=segment_id)
        if not self.files.is_declared(segment.platform):
            raise InvalidInputError(
                "rebuild_without_platform", segment_id=segment_id, platform=segment.platform
            )
        return segment

    def _render(self, segment: Segment, request: CopyRequest, path: Path) -> dict[str, object]:
        table = request.table_for(dict(segment.options))
        chosen = FORMATS[self.format_of(segment, request)]
        if chosen.max_rows is not None and segment.exported_count > chosen.max_rows:
            raise InvalidInputError(
                "rows_over_format", format=chosen.name, most=chosen.max_rows, segment_id=segment.id
            )
        chosen.require_headers(table.headers)
        return self.files.render_rows(self.database, segment, path, chosen, table).notes

    def _write_manifest(
        self, final: Path, segment: Segment, table: Table, notes: dict[str, object]
    ) -> None:
        size, digest = measure(final)
        manifest = {
            "copy_of": segment.id,
            "file": final.name,
            "platform": segment.platform,
            "domain": segment.domain,
            "columns": list(table.columns),
            "headers": list(table.headers),
            "rows": segment.exported_count,
            "bytes": size,
            "sha256": digest,
            **notes,
        }
        with self.files.access.open_text(manifest_path(final), "w") as file:
            file.write(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _published(part: Path, folder: Path, stem: str, suffix: str) -> Path:
    """Give a written file the first free name, and return that; no other file is replaced."""
    for path in _names(folder, stem, suffix):
        try:
            # Taken first and replaced then: some file systems know no hard links.
            path.open("xb").close()
        except FileExistsError:
            continue
        part.replace(path)
        return path
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _names(folder: Path, stem: str, suffix: str) -> Iterator[Path]:
    numbers = itertools.count(1)
    return (
        folder / f"{stem}.copy-{number}{suffix}" for number in itertools.islice(numbers, MAX_COPIES)
    )
