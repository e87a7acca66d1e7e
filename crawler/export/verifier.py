"""The proof of every export: files, segments, rows and quotas agree (`exports verify`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock
from crawler.export.segment_files import SegmentFiles, manifest_path, measure
from storage.crawling import export_segments, influencers
from storage.engines.transactions import Database, Tx
from storage.models.segments import Segment, SegmentState

PAGE_ROWS = 200
MAX_OPEN_READS = 20  # of a segment that grows meanwhile
RANGE_IDS = 100_000


@dataclass
class VerificationResult:
    """How many segments and rows were verified, and each problem as a sentence.

    `elsewhere` counts, by host, the segments whose files only that host can verify.
    """

    segments: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
    elsewhere: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether no problem was found."""
        return not self.problems

    def as_json(self) -> dict[str, object]:
        """Return the result for programs; `elsewhere` only where it counts any."""
        report: dict[str, object] = {
            "ok": self.ok,
            "segments": self.segments,
            "rows": self.rows,
            "problems": self.problems,
        }
        return report | ({"elsewhere": self.elsewhere} if self.elsewhere else {})


class ExportVerifier:
    """Verifies exports against the database and this host's files.

    Of a segment that a worker is writing just now only the number of its rows is verified.
    """

    def __init__(self, *, database: Database, files: SegmentFiles, clock: Clock) -> None:
        self._clock = clock
        self._database = database
        self._files = files

    def verify(self, domain: str | None = None) -> VerificationResult:
        """Verify every segment (of one domain, if given), every account's days and every row."""
        result = VerificationResult()
        for segment in self._segments(domain):
            result.segments += 1
            result.rows += segment.exported_count
            if self._is_elsewhere(segment):
                result.elsewhere[segment.host] = result.elsewhere.get(segment.host, 0) + 1
            result.problems += self._segment_problems(segment)
        result.problems += self._unfinished_problems(domain)
        result.problems += self._quota_problems()
        result.problems += self._row_problems()
        return result

    def _segments(self, domain: str | None) -> Iterator[Segment]:
        after = 0
        while True:
            page = self._database.read(export_segments.page, after, PAGE_ROWS, domain)
            if not page:
                return
            yield from page
            after = page[-1].id

    def _segment_problems(self, segment: Segment) -> list[str]:
        if segment.state is SegmentState.OPEN:
            return self._open_segment_problems(segment)
        bounds = self._database.read(export_segments.bounds_in_table, segment.id)
        found = self._count_problems(segment, bounds)
        return found if self._is_elsewhere(segment) else found + self._file_problems(segment)

    def _is_elsewhere(self, segment: Segment) -> bool:
        """Return whether only another host has the file; a shared folder has it here as well."""
        if segment.state is SegmentState.OPEN or segment.host == self._files.host:
            return False
        return segment.file_path is not None and not self._files.locate(segment.file_path).exists()

    def _open_segment_problems(self, segment: Segment) -> list[str]:
        # Its worker may add rows between two reads: only what stayed the same in between counts.
        for _ in range(MAX_OPEN_READS):
            before = self._database.read(export_segments.get, segment.id)
            bounds = self._database.read(export_segments.bounds_in_table, segment.id)
            after = self._database.read(export_segments.get, segment.id)
            if before is not None and before == after:
                return self._count_problems(before, bounds)
        return []

    def _count_problems(
        self, segment: Segment, bounds: tuple[int, int | None, int | None]
    ) -> list[str]:
        stored = (segment.exported_count, segment.first_id, segment.last_id)
        if bounds == stored:
            return []
        return [
            f"segment {segment.id}: the log says {stored[0]} rows, ids {stored[1]}-{stored[2]}; the"
            f" table has {bounds[0]} rows, ids {bounds[1]}-{bounds[2]}"
        ]

    def _file_problems(self, segment: Segment) -> list[str]:
        hint = f"; mend it with: python cli.py exports rebuild {segment.id}"
        if segment.file_path is None:
            return [f"segment {segment.id}: sealed without a file{hint}"]
        path = self._files.locate(segment.file_path)
        try:
            size, digest = measure(path)
        except OSError as error:
            return [f"segment {segment.id}: {path}: {error.strerror}{hint}"]
        if (size, digest) != (segment.bytes, segment.sha256):
            return [f"segment {segment.id}: {path} is not the file that was written{hint}"]
        return self._manifest_problems(segment, path, hint)

    def _manifest_problems(self, segment: Segment, path: Path, hint: str) -> list[str]:
        try:
            manifest = json.loads(manifest_path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            return [f"segment {segment.id}: its manifest cannot be read ({error}){hint}"]
        recorded = (manifest.get("rows"), manifest.get("sha256"), manifest.get("segment"))
        if recorded != (segment.exported_count, segment.sha256, segment.id):
            return [f"segment {segment.id}: its manifest says something else{hint}"]
        return []

    def _unfinished_problems(self, domain: str | None) -> list[str]:
        return [
            f"segment {segment.id}: open, but its task {segment.task_id} has ended; finish it with:"
            f" python cli.py exports rebuild {segment.id}"
            for segment in self._database.read(
                lambda tx: export_segments.open_of_ended_tasks(tx, self._clock.now())
            )
            if domain in (None, segment.domain)
        ]

    def _quota_problems(self) -> list[str]:
        found = []
        for day in self._database.read(export_segments.account_days):
            name = f"account {day.username} on {day.quota_day}"
            if day.counted is not None and day.counted < day.in_segments:
                found.append(f"{name}: counted {day.counted} rows, exported {day.in_segments}")
            if day.in_segments > day.limit:
                found.append(f"{name}: exported {day.in_segments} rows, its limit is {day.limit}")
        return found

    def _row_problems(self) -> list[str]:
        mismatched = self._count_rows(influencers.mismatched_status_count)
        lost = self._count_rows(influencers.rows_in_missing_segments)
        found = []
        if mismatched:
            found.append(f"{mismatched} creators whose status and segment contradict each other")
        if lost:
            found.append(f"{lost} creators point to a segment that does not exist")
        return found

    def _count_rows(self, count: Callable[[Tx, int, int], int]) -> int:
        # In ranges of ids: a statement over millions of rows would exceed the read timeout, and
        # look like a server that is gone.
        highest = self._database.read(influencers.highest_id)
        return sum(
            self._database.read(lambda tx, a=after: count(tx, a, a + RANGE_IDS))  # type: ignore[misc]
            for after in range(0, highest, RANGE_IDS)
        )
