"""Segment files: written beside their final place, published in one step, rendered again at will.

The database decides which rows are in a segment; the file only follows. A part file carries the
fencing token of its writer's task lease. Whoever takes a segment over removes the part files of
others first, so that a stale writer has nothing left to publish.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.atomic_file import sync_folder
from core.errors import LeaseLostError, OutputError
from crawler.export.columns import RowReader
from crawler.export.formats import FORMATS, FormatWriter
from storage.crawling import influencers
from storage.engines.transactions import Database, Row
from storage.models.segments import Segment

UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]")
PART_TOKEN = re.compile(r"\.t(\d+)\.part")
PART_SEGMENT = re.compile(r"-\d{4}-\d\d-\d\d-(\d{6,})-.*\.t\d+\.part")
RENDER_ROWS = 2000
NAME_BYTES = 70


@dataclass(frozen=True)
class FinishedFile:
    """A published file. `stored_path` is what the database keeps: relative to the exports folder
    where the file is under it."""

    path: Path
    stored_path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Placement:
    """Everything that decides a segment file's name, place and content but its rows."""

    segment: Segment
    username: str

    @property
    def out_dir(self) -> str | None:
        out: str | None = self.segment.options.get("out")
        return out


class SegmentFiles:
    """The export folder of this host."""

    def __init__(
        self, *, exports_dir: Path, host: str, raw_fields: Callable[[str], Mapping[str, str]]
    ) -> None:
        self.exports_dir = exports_dir
        self.host = host
        self.raw_fields = raw_fields  # of a platform: where the common columns are

    def final_path(self, place: Placement) -> Path:
        """`<domain>/<quota day>/<domain>-<day>-<segment id>-<account>.<format>`"""
        segment = place.segment
        base = Path(place.out_dir) if place.out_dir else self.exports_dir
        domain, day = safe_name(segment.domain), str(segment.quota_day)
        suffix = FORMATS[segment.format].suffix
        name = f"{domain}-{day}-{segment.id:06d}-{safe_name(place.username)}{suffix}"
        return base / domain / day / name

    def open_part(
        self, place: Placement, token: int, still_ours: Callable[[], None]
    ) -> SegmentWriter:
        """A writer for a segment, under the task lease of that token.

        Part files of earlier tokens are removed, so that their writers have nothing left to
        publish. `still_ours` raises when the work is no longer ours.

        Raises:
            OutputError, and what `still_ours` raises.
        """
        still_ours()
        final = self.final_path(place)
        part = final.with_name(f".{final.name}.t{token}.part")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            for stale in final.parent.glob(f".{_glob_text(final.name)}.t*.part*"):
                if _token_of(stale) <= token:
                    stale.unlink(missing_ok=True)
            return SegmentWriter(
                files=self, place=place, part=part, final=final, still_ours=still_ours
            )
        except OSError as error:
            raise output_error(final, error) from error

    def parts(self) -> Iterator[tuple[int, Path]]:
        """Part files below the exports folder, with the ids of their segments."""
        for path in sorted(self.exports_dir.rglob(".*.part*")):
            found = PART_SEGMENT.search(path.name)
            if found:
                yield int(found[1]), path

    def locate(self, stored_path: str) -> Path:
        """Where a stored path is on this host."""
        return self.exports_dir / stored_path

    def stored_path(self, path: Path) -> str:
        """What to keep of a path, so that the data folder may move."""
        resolved, base = path.resolve(), self.exports_dir.resolve()
        return str(resolved.relative_to(base) if resolved.is_relative_to(base) else resolved)


class SegmentWriter:
    """One part file on its way to becoming a segment's file."""

    def __init__(
        self,
        *,
        files: SegmentFiles,
        place: Placement,
        part: Path,
        final: Path,
        still_ours: Callable[[], None],
    ) -> None:
        segment = place.segment
        columns: Sequence[str] = segment.options["columns"]
        self._files = files
        self._place = place
        self._part = part
        self._final = final
        self._still_ours = still_ours
        self._reader = RowReader(raw_fields=files.raw_fields(segment.platform), columns=columns)
        self._writer: FormatWriter = FORMATS[segment.format].open(
            part, columns, raw_cells=bool(segment.options.get("raw_cells"))
        )
        self.rows = 0

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows in their order. Raises OutputError; the part file is of no use then."""
        values = self._reader.values
        try:
            self._writer.write([values(row) for row in rows])
        except OSError as error:
            self.discard()
            raise output_error(self._final, error) from error
        self.rows += len(rows)

    def publish(self) -> FinishedFile:
        """Bring the file to the disk under its final name, with its manifest beside it.

        Raises:
            LeaseLostError: somebody else took the segment over and removed this part file.
            OutputError: the disk says no.
        """
        try:
            self._writer.close()
            size, digest = measure(self._part)
            done = FinishedFile(
                path=self._final,
                stored_path=self._files.stored_path(self._final),
                bytes=size,
                sha256=digest,
            )
            manifest = self._write_manifest(done)
            self._still_ours()
            # Whoever took over has removed both sources: then neither rename can do harm.
            os.rename(self._part, self._final)
            os.rename(manifest, manifest_path(self._final))
            sync_folder(self._final.parent)
        except FileNotFoundError as error:
            raise LeaseLostError(f"the part file of {self._final.name} was taken away") from error
        except OSError as error:
            self.discard()
            raise output_error(self._final, error) from error
        return done

    def discard(self) -> None:
        """Let the part file go; its rows stay in the database and can be rendered again."""
        self._writer.discard()
        try:
            self._part.unlink(missing_ok=True)
            self._part.with_name(f"{self._part.name}.manifest").unlink(missing_ok=True)
        except OSError:
            return  # a folder that is read-only by now; the next writer removes it

    def _write_manifest(self, done: FinishedFile) -> Path:
        """The manifest, still under its part name."""
        segment = self._place.segment
        manifest = {
            "segment": segment.id,
            "file": done.path.name,
            "platform": segment.platform,
            "domain": segment.domain,
            "quota_day": str(segment.quota_day),
            "account": self._place.username,
            "format": segment.format,
            "columns": list(segment.options["columns"]),
            "rows": self.rows,
            "bytes": done.bytes,
            "sha256": done.sha256,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        fresh = self._part.with_name(f"{self._part.name}.manifest")
        fresh.write_text(text, encoding="utf-8")
        return fresh


def render(
    database: Database,
    files: SegmentFiles,
    place: Placement,
    token: int,
    still_ours: Callable[[], None],
) -> FinishedFile:
    """Write a segment's file anew from the rows that point to it, and publish it.

    `still_ours` raises when the work is no longer ours; it is asked now and then.

    Raises:
        OutputError, LeaseLostError: as `SegmentWriter`.
    """
    writer = files.open_part(place, token, still_ours)
    try:
        for rows in _rows_of(database, place.segment.id):
            still_ours()
            writer.append(rows)
        return writer.publish()
    except BaseException:
        writer.discard()
        raise


def _rows_of(database: Database, segment_id: int) -> Iterator[list[Row]]:
    after = 0
    while True:
        rows = database.read(influencers.of_segment, segment_id, after, RENDER_ROWS)
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


def manifest_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file as it lies on the disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def safe_name(text: str) -> str:
    """A domain or account name as part of a file name, on any file system."""
    name = UNSAFE.sub("_", text).strip(" .") or "_"
    while len(name.encode()) > NAME_BYTES:
        name = name[:-1]
    return name


def output_error(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"cannot write {path}: {reason}; make room or choose another --out folder")


def _token_of(part: Path) -> int:
    found = PART_TOKEN.search(part.name)
    return int(found[1]) if found else 0


def _glob_text(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)
