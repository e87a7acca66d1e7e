"""Segment files: written as part files, published in one step, rendered again when needed.

The database decides which rows are in a segment; the file is rendered from it. A part file carries
the tokens of its writer (`WriteFence`). Whoever takes a segment over first removes the part files
of earlier writers, and every writer asks the database before it publishes: a stale one has nothing
left to publish, or is told so.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InvalidInputError, LeaseLostError, NoRoomError, OutputError
from core.installation.file_access import SHARED, FileAccess, make_folder, sync_folder
from crawler.export.columns import RowReader
from crawler.export.fencing import WriteFence
from crawler.export.formats import FORMATS, Format, FormatWriter, Table
from crawler.export.options import table_of
from crawler.export.selection import choice_in_words
from storage.crawling import influencers
from storage.creators import selections
from storage.engines.transactions import Database, Row
from storage.models.segments import Segment

UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
PART_SEGMENT = re.compile(r"-\d{4}-\d\d-\d\d-(\d{6,})-.*\.t\d+(?:\.r\d+)?\.part")
RENDER_ROWS = 2000
# With a domain, an account, day, id, tokens and suffixes a name stays below the 255 bytes that file
# systems allow.
NAME_BYTES = 70
# A disk that is full, broken, or remounted read-only after an error, and descriptors used up.
PASSING = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.ESTALE,
    errno.EMFILE,
    errno.ENFILE,
}


@dataclass(frozen=True)
class FinishedFile:
    """A published file.

    `stored_path` is the path that the database keeps: relative to the exports folder when the file
    is below it. `bytes` and `sha256` are those of the file on the disk; `content_sha256` is the
    hash of what it says, which a library that packs it does not change.
    """

    path: Path
    stored_path: str
    bytes: int
    sha256: str
    content_sha256: str


@dataclass(frozen=True)
class RenderedRows:
    """What a file that was rendered says, as a hash, and what its manifest must tell of cells."""

    content_sha256: str
    notes: dict[str, object]


@dataclass(frozen=True)
class Placement:
    """A segment and its account's name, which together decide the file's name, place and form.

    `target_path` is the name that was found free for its file, as the database keeps paths; None
    before that.
    """

    segment: Segment
    username: str
    target_path: str | None = None

    @property
    def out_dir(self) -> str | None:
        """Return the folder that the user chose; None for the exports folder."""
        out: str | None = self.segment.options.get("out")
        return out


@dataclass(frozen=True, kw_only=True)
class SegmentFiles:
    """The export files of this host: one for each segment, written as a hidden part file first.

    Args:
        exports_dir: the folder for segments whose task names no folder of its own.
        host: the name of this host, by which the database knows where a file is.
        raw_fields: returns, for a platform, the key in a creator's raw data for each common column.
        profile_url: returns, for a platform, the address of a profile with `{uid}` in it, or None.
        is_declared: returns whether the platform is one of this program's or of a TOML file.
        access: mode and group of new files and folders.
    """

    exports_dir: Path
    host: str
    raw_fields: Callable[[str], Mapping[str, str]]
    profile_url: Callable[[str], str | None]
    is_declared: Callable[[str], bool]
    access: FileAccess = SHARED

    def final_path(self, placement: Placement) -> Path:
        """Return the path of the published file: its target path, or else the first free one."""
        if placement.target_path is not None:
            return self.locate(placement.target_path)
        return self.free_path(placement)

    def free_path(self, placement: Placement) -> Path:
        """Return the first name for the file that nothing has: no file, and no part file.

        It is `<domain>/<quota day>/<domain>-<day>-<segment id>-<account>.<format>` in its folder,
        or with `-2`, `-3` and so on before the suffix. Another database that exports to the same
        folder may have the names before: a finished file of its own is not ours to replace.
        """
        segment = placement.segment
        base = Path(placement.out_dir) if placement.out_dir else self.exports_dir
        domain, day = safe_name(segment.domain), str(segment.quota_day)
        suffix = FORMATS[segment.format].suffix
        stem = f"{domain}-{day}-{segment.id:06d}-{safe_name(placement.username)}"
        names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
        paths = (base / domain / day / f"{name}{suffix}" for name in names)
        return next(path for path in paths if not _is_taken(path))

    def require_format(self, name: str) -> None:
        """Raise OutputError when the format's library is missing here; another host may have it."""
        try:
            FORMATS[name].require_installed()
        except InvalidInputError as error:
            raise OutputError(error.message) from error

    def open_part(self, placement: Placement, fence: WriteFence) -> SegmentWriter:
        """Return a writer for a segment, and remove the part files of earlier writers.

        Raises:
            LeaseLostError: a later writer has the segment; nothing was removed or created.
            OutputError: the file cannot be created, or the format's library is missing.
        """
        fence.require()
        self.require_format(placement.segment.format)
        final = self.final_path(placement)
        part = final.with_name(f".{final.name}{fence.suffix}")
        try:
            make_folder(final.parent, self.access)
            # Their writers have lost the segment: without the file they have nothing to publish.
            for stale in _parts_of(final):
                if fence.outgrows(stale):
                    remove_part(stale)
            return SegmentWriter(
                files=self, placement=placement, part=part, final=final, fence=fence
            )
        except OSError as error:
            raise output_error(final, error) from error

    def row_reader(self, platform: str, columns: Sequence[str]) -> RowReader:
        """Return the reader of a platform's rows for a file of these columns."""
        return RowReader(
            raw_fields=self.raw_fields(platform),
            columns=columns,
            profile_url=self.profile_url(platform),
        )

    def render_rows(
        self, database: Database, segment: Segment, path: Path, chosen: Format, table: Table
    ) -> RenderedRows:
        """Write a segment's rows to a new file of any format.

        Raise OSError when the file cannot be written; it is removed.
        """
        values = self.row_reader(segment.platform, table.columns).values
        writer = chosen.open(path, table)
        try:
            self.access.apply(path)
            for rows in _rows_of(database, segment):
                writer.write([values(row) for row in rows])
            writer.close()
        except BaseException:
            writer.discard()
            remove_part(path)
            raise
        return RenderedRows(writer.content_sha256() or measure(path)[1], dict(writer.notes()))

    def parts(self) -> Iterator[tuple[int, Path]]:
        """Yield segment id and path of each part file below the exports folder; none without the
        folder.

        Part files in folders that users chose are not found.
        """
        for path in sorted(self.exports_dir.rglob(".*.part*")):
            found = PART_SEGMENT.search(path.name)
            if found:
                yield int(found[1]), path

    def locate(self, stored_path: str) -> Path:
        """Return the path on this host of a path that the database keeps; there need not be a
        file."""
        return self.exports_dir / stored_path

    def stored_path(self, path: Path) -> str:
        """Return the path as the database keeps it: relative, so that the data folder may be moved.

        A path outside the exports folder stays absolute.
        """
        resolved, base = path.resolve(), self.exports_dir.resolve()
        return str(resolved.relative_to(base) if resolved.is_relative_to(base) else resolved)


class SegmentWriter:
    """Writes the part file of a segment, and publishes it under its final name."""

    def __init__(
        self,
        *,
        files: SegmentFiles,
        placement: Placement,
        part: Path,
        final: Path,
        fence: WriteFence,
    ) -> None:
        segment = placement.segment
        table = table_of(segment.options)
        self._files = files
        self._placement = placement
        self._part = part
        self._final = final
        self._fence = fence
        self._reader = files.row_reader(segment.platform, table.columns)
        self._writer: FormatWriter = FORMATS[segment.format].open(part, table)
        files.access.apply(part)
        self.rows = 0

    def append(self, rows: Sequence[Row]) -> None:
        """Append rows in their order.

        Raises:
            OutputError: the file cannot be written; the part file was removed.
        """
        values = self._reader.values
        try:
            self._writer.write([values(row) for row in rows])
        except OSError as error:
            self.discard()
            raise output_error(self._final, error) from error
        self.rows += len(rows)

    def publish(self) -> FinishedFile:
        """Flush the file, and move it to its final name with its manifest beside it.

        Raises:
            LeaseLostError: another worker took the segment over and removed this part file.
            InvalidInputError: a finished file with other content stands there; it was kept.
            OutputError: the file cannot be written.
        """
        try:
            self._writer.close()
            self._files.access.apply(self._part)  # a format may have made the file anew
            size, digest = measure(self._part)
            done = FinishedFile(
                path=self._final,
                stored_path=self._files.stored_path(self._final),
                bytes=size,
                sha256=digest,
                content_sha256=self._writer.content_sha256() or digest,
            )
            self._require_same_content(done)
            manifest = self._write_manifest(done)
            # Both halves are needed: who took over before the question is told by the database,
            # and who takes over after it removes both sources, so that neither rename does harm.
            self._fence.require()
            os.rename(self._part, self._final)
            os.rename(manifest, manifest_path(self._final))
            sync_folder(self._final.parent)
        except LeaseLostError:
            self.discard()
            raise
        except FileNotFoundError as error:
            raise LeaseLostError("part_file_taken", file=self._final.name) from error
        except OSError as error:
            self.discard()
            raise output_error(self._final, error) from error
        return done

    def discard(self) -> None:
        """Remove the part file; its rows stay in the database and can be rendered again."""
        self._writer.discard()
        try:
            remove_part(self._part)
            self._part.with_name(f"{self._part.name}.manifest").unlink(missing_ok=True)
        except OSError:
            return  # the folder is read-only by now; the next writer removes the file

    def _require_same_content(self, done: FinishedFile) -> None:
        """Raise InvalidInputError when a sealed segment's file would get other content."""
        segment = self._placement.segment
        if segment.sha256 in (None, done.sha256) or not self._final.exists():
            return
        if segment.content_sha256 == done.content_sha256:
            return  # another version of the library packs the same content in another way
        if measure(self._final)[1] != done.sha256:
            self.discard()
            raise InvalidInputError(
                "rebuild_changes_file",
                segment_id=self._placement.segment.id,
                path=str(self._final),
                logged=self._placement.segment.exported_count,
                rows=self.rows,
            )

    def _write_manifest(self, done: FinishedFile) -> Path:
        segment = self._placement.segment
        manifest = {
            "segment": segment.id,
            "file": done.path.name,
            "platform": segment.platform,
            "domain": segment.domain,
            "quota_day": str(segment.quota_day),
            "account": self._placement.username,
            "format": segment.format,
            "columns": list(segment.options["columns"]),
            "headers": list(table_of(segment.options).headers),
            **_choice_of(segment),
            "rows": self.rows,
            "bytes": done.bytes,
            "sha256": done.sha256,
            "content_sha256": done.content_sha256,
            **self._writer.notes(),
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        part = self._part.with_name(f"{self._part.name}.manifest")
        with self._files.access.open_text(part, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return part


def render(
    database: Database,
    files: SegmentFiles,
    placement: Placement,
    fence: WriteFence,
) -> FinishedFile:
    """Write a segment's file again from the rows that belong to it, and publish it.

    A file of the same name is replaced. The part files of earlier writers are removed.

    Raises:
        OutputError: the file cannot be written; no part file is left.
        LeaseLostError: a later writer has the segment, or removed the part file.
    """
    writer = files.open_part(placement, fence)
    try:
        for rows in _rows_of(database, placement.segment):
            fence.require()
            writer.append(rows)
        return writer.publish()
    except BaseException:
        writer.discard()
        raise


def _rows_of(database: Database, segment: Segment) -> Iterator[list[Row]]:
    """Yield the rows of a segment in the order of its file: by id, or as they were selected."""
    selected = segment.options.get("selection") is not None
    after = 0
    while True:
        rows = (
            database.read(
                selections.rows_of_segment, segment.task_id, segment.id, after, RENDER_ROWS
            )
            if selected
            else database.read(influencers.of_segment, segment.id, after, RENDER_ROWS)
        )
        if not rows:
            return
        yield rows
        after = rows[-1]["place" if selected else "id"]


def _choice_of(segment: Segment) -> dict[str, str]:
    """Return the manifest's entry for the choice of the export; nothing without one."""
    choice = choice_in_words(segment.options)
    return {"choice": choice} if choice else {}


def manifest_path(path: Path) -> Path:
    """Return the path of the manifest that stands beside a segment file."""
    return path.with_name(f"{path.name}.manifest.json")


def measure(path: Path) -> tuple[int, str]:
    """Return size in bytes and SHA-256 (hex) of a file. Raise OSError when it cannot be read."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def safe_name(text: str) -> str:
    """Return a domain's or account's name as a part of a file name that any file system takes."""
    name = UNSAFE.sub("_", text).strip(" .") or "_"
    # File systems limit names in bytes; a Chinese letter takes three.
    while len(name.encode()) > NAME_BYTES:
        name = name[:-1]
    return name


def remove_part(path: Path) -> None:
    """Remove a part file, or the folder of temporary files beside one; a missing one is no error.

    Raise OSError when it cannot be removed.
    """
    if path.is_dir():
        shutil.rmtree(path)
        return
    path.unlink(missing_ok=True)


def output_error(path: Path, error: OSError) -> OutputError:
    """Return the OutputError for an export file that the operating system refused to write."""
    kind = NoRoomError if error.errno in PASSING else OutputError
    return kind("export_not_writable", path=str(path), detail=error.strerror or str(error))


def _parts_of(final: Path) -> Iterator[Path]:
    return final.parent.glob(f".{_glob_escaped(final.name)}.t*.part*")


def _is_taken(path: Path) -> bool:
    return path.exists() or any(_parts_of(path))


def _glob_escaped(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)
