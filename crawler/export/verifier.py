"""Verification of exports: files, segments, rows and quotas agree (`exports verify`)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.errors import InvalidInputError, PeerFileNotFoundError, PeerUnreachableError
from core.messages import Message
from crawler.export.formats import FORMATS
from crawler.export.options import table_of
from crawler.export.segment_files import (
    RenderedRows,
    SegmentFiles,
    manifest_path,
    measure,
    output_error,
)
from storage.crawling import export_segments, influencers, ingestion_logs
from storage.engines.transactions import Database, Tx
from storage.models.segments import Segment, SegmentState

PAGE_ROWS = 200
MAX_READS = 20  # of a segment that grows, or is rebuilt, meanwhile
RANGE_IDS = 100_000


@dataclass
class VerificationResult:
    """The number of segments and rows that were verified, and a message for each problem.

    Args:
        by_peers: by host, the files there whose content that host has told.
        elsewhere: by host, the files there that nobody could look at; `unreached` says why.
    """

    segments: int = 0
    rows: int = 0
    problems: list[Message] = field(default_factory=list)
    by_peers: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    unreached: dict[str, Message] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether no problem was found."""
        return not self.problems


@dataclass(frozen=True, kw_only=True)
class ExportVerifier:
    """Verifies exports against the database, the files of this host, and what other hosts tell of
    theirs.

    Of a segment that a worker is writing just now only the number of its rows is verified.

    Args:
        ask_peer: returns size and SHA-256 of a segment's file on its host, None when it has none
            there; raises PeerUnreachableError or PeerFileNotFoundError when it cannot be asked.
    """

    database: Database
    files: SegmentFiles
    clock: Clock
    ask_peer: Callable[[Segment], tuple[int, str] | None]

    def verify(self, domain: str | None = None, *, deep: bool = False) -> VerificationResult:
        """Verify every segment, every account's quota days, every row and the pages of completed
        crawls; it reads all files.

        Nothing is raised for what is wrong: it is in the result's `problems`.

        Args:
            domain: restricts the segments to one domain, not the rest.
            deep: also compare the creators in each file here with the segment's rows.
        """
        result = VerificationResult()
        for segment in self._segments(domain):
            result.segments += 1
            result.rows += segment.exported_count
            result.problems += self._segment_problems(segment, deep)
            result.problems += self._peer_problems(segment, result)
        result.problems += self._unfinished_problems(domain)
        result.problems += self._quota_problems()
        result.problems += self._row_problems()
        result.problems += self._page_problems()
        return result

    def _segments(self, domain: str | None) -> Iterator[Segment]:
        after = 0
        while True:
            page = self.database.read(export_segments.page, after, PAGE_ROWS, domain)
            if not page:
                return
            yield from page
            after = page[-1].id

    def _segment_problems(self, segment: Segment, deep: bool) -> list[Message]:
        # What changed meanwhile, as by a rebuild, is read again: only what stood still counts.
        for _ in range(MAX_READS):
            if segment.state is SegmentState.OPEN:
                return self._open_segment_problems(segment)
            found = self._sealed_problems(segment, deep)
            after = self.database.read(export_segments.get, segment.id)
            if not found or after is None or after == segment:
                return found
            segment = after
        return []

    def _sealed_problems(self, segment: Segment, deep: bool) -> list[Message]:
        bounds = self.database.read(export_segments.bounds_in_table, segment.id)
        found = self._count_problems(segment, bounds)
        if self._is_elsewhere(segment):
            return found
        in_file = self._file_problems(segment)
        if deep and not in_file:
            in_file = self._content_problems(segment)
        return found + in_file

    def _peer_problems(self, segment: Segment, result: VerificationResult) -> list[Message]:
        """Compare a file that only another host has with its row, by what that host tells.

        A host that does not answer is asked no more: its files count as not looked at.
        """
        for _ in range(MAX_READS):
            host = segment.host
            if not self._is_elsewhere(segment):
                return []
            if host in result.unreached:
                result.elsewhere[host] += 1
                return []
            try:
                found = _differences(segment, self.ask_peer(segment))
            except (PeerUnreachableError, PeerFileNotFoundError) as error:
                result.unreached[host] = error.message
                result.elsewhere[host] = 1
                return []
            # What was written again or moved meanwhile is asked for again.
            after = self.database.read(export_segments.get, segment.id)
            if not found or after is None or after == segment:
                result.by_peers[host] = result.by_peers.get(host, 0) + 1
                return found
            segment = after
        return []

    def _content_problems(self, segment: Segment) -> list[Message]:
        """Compare the creators in a file with the rows that point to its segment."""
        stored = self.database.read(influencers.ids_of_segment, segment.id)
        header = table_of(segment.options).id_header
        path = self.files.locate(segment.file_path or "")
        try:
            FORMATS[segment.format].require_installed()
            in_file = list(FORMATS[segment.format].read_ids(path, header))
        except InvalidInputError as error:
            return [Message.of("segment_not_compared", segment_id=segment.id, cause=error.message)]
        except (OSError, ValueError) as error:
            return [
                Message.of(
                    "segment_file_unreadable",
                    segment_id=segment.id,
                    path=str(path),
                    detail=str(error),
                )
            ]
        has_ids = None not in in_file
        if len(in_file) == len(stored) and (not has_ids or sorted(in_file) == stored):  # type: ignore[type-var]
            return self._rebuild_problems(segment)
        return [
            Message.of(
                "segment_content_differs",
                segment_id=segment.id,
                path=str(path),
                in_file=len(in_file),
                rows=len(stored),
                differing=len(set(in_file) ^ set(stored)) if has_ids else 0,
            )
        ]

    def _rebuild_problems(self, segment: Segment) -> list[Message]:
        """Render the segment again, and compare what the file would say with what was recorded.

        Older releases recorded no content, and refreshed exported rows.
        """
        if segment.content_sha256 is None or not self.files.is_declared(segment.platform):
            return []
        rendered = self._rendered_again(segment)
        if rendered.content_sha256 == segment.content_sha256:
            return []
        return [Message.of("segment_rebuild_differs", segment_id=segment.id)]

    def _rendered_again(self, segment: Segment) -> RenderedRows:
        table, form = table_of(segment.options), FORMATS[segment.format]
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "file"
                return self.files.render_rows(self.database, segment, path, form, table)
        except OSError as error:  # no room for temporary files tells nothing of the export
            raise output_error(Path(tempfile.gettempdir()), error) from error

    def _is_elsewhere(self, segment: Segment) -> bool:
        """Return whether only another host has the file; a shared folder has it here as well."""
        if segment.state is SegmentState.OPEN or segment.host == self.files.host:
            return False
        return segment.file_path is not None and not self.files.locate(segment.file_path).exists()

    def _open_segment_problems(self, segment: Segment) -> list[Message]:
        # Its worker may add rows between two reads: only what stayed the same in between counts.
        for _ in range(MAX_READS):
            before = self.database.read(export_segments.get, segment.id)
            bounds = self.database.read(export_segments.bounds_in_table, segment.id)
            after = self.database.read(export_segments.get, segment.id)
            if before is not None and before == after:
                return self._count_problems(before, bounds)
        return []

    def _count_problems(
        self, segment: Segment, bounds: tuple[int, int | None, int | None]
    ) -> list[Message]:
        stored = (segment.exported_count, segment.first_id, segment.last_id)
        if bounds == stored:
            return []
        return [
            Message.of(
                "segment_counts_differ",
                segment_id=segment.id,
                logged=stored[0],
                logged_first=stored[1],
                logged_last=stored[2],
                rows=bounds[0],
                first=bounds[1],
                last=bounds[2],
            )
        ]

    def _file_problems(self, segment: Segment) -> list[Message]:
        if segment.file_path is None:
            return [Message.of("segment_without_file", segment_id=segment.id)]
        path = self.files.locate(segment.file_path)
        try:
            size, digest = measure(path)
        except OSError as error:
            detail = error.strerror or str(error)
            return [
                Message.of(
                    "segment_file_unreadable", segment_id=segment.id, path=str(path), detail=detail
                )
            ]
        if (size, digest) != (segment.bytes, segment.sha256):
            return [Message.of("segment_file_changed", segment_id=segment.id, path=str(path))]
        return self._manifest_problems(segment, path)

    def _manifest_problems(self, segment: Segment, path: Path) -> list[Message]:
        try:
            manifest = json.loads(manifest_path(path).read_text(encoding="utf-8"))
            recorded = (manifest.get("rows"), manifest.get("sha256"), manifest.get("segment"))
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            return [Message.of("manifest_unreadable", segment_id=segment.id, detail=str(error))]
        if recorded != (segment.exported_count, segment.sha256, segment.id):
            return [Message.of("manifest_differs", segment_id=segment.id)]
        return []

    def _unfinished_problems(self, domain: str | None) -> list[Message]:
        return [
            Message.of("segment_left_open", segment_id=segment.id, task_id=segment.task_id)
            for segment in self.database.read(
                lambda tx: export_segments.open_of_ended_tasks(tx, self.clock.now())
            )
            if domain in (None, segment.domain)
        ]

    def _quota_problems(self) -> list[Message]:
        found: list[Message] = []
        for day in self.database.read(export_segments.account_days):
            name = day.username or f"#{day.account_id}"  # its row is gone
            who: dict[str, Any] = {"name": name, "day": day.quota_day}
            if day.counted is not None and day.counted < day.in_segments:
                found.append(
                    Message.of(
                        "quota_counted_too_low",
                        **who,
                        counted=day.counted,
                        exported=day.in_segments,
                    )
                )
            if day.in_segments > day.limit:
                found.append(
                    Message.of("limit_passed", **who, exported=day.in_segments, limit=day.limit)
                )
        return found

    def _row_problems(self) -> list[Message]:
        counts = {
            "creators_contradictory": influencers.mismatched_status_count,
            "creators_in_lost_segments": influencers.rows_in_missing_segments,
            "creators_without_details": influencers.rows_without_creator,
        }
        numbers = {code: self._count_rows(count) for code, count in counts.items()}
        return [Message.of(code, n=n) for code, n in numbers.items() if n]

    def _page_problems(self) -> list[Message]:
        highest = self.database.read(ingestion_logs.highest_task_id)
        return [
            Message.of(
                "pages_missing",
                task_id=crawl.task_id,
                first=crawl.page_from,
                last=crawl.page_to,
                logged=crawl.logged,
            )
            for after in range(0, highest, RANGE_IDS)
            for crawl in self.database.read(
                ingestion_logs.with_missing_pages, after, after + RANGE_IDS
            )
        ]

    def _count_rows(self, count: Callable[[Tx, int, int], int]) -> int:
        # In ranges of ids: a statement over millions of rows would exceed the read timeout, and
        # look like a server that is gone.
        highest = self.database.read(influencers.highest_id)
        return sum(
            self.database.read(lambda tx, a=after: count(tx, a, a + RANGE_IDS))  # type: ignore[misc]
            for after in range(0, highest, RANGE_IDS)
        )


def _differences(segment: Segment, there: tuple[int, str] | None) -> list[Message]:
    """Return what is wrong with a file of another host, of which size and SHA-256 are known."""
    if there == (segment.bytes, segment.sha256):
        return []
    code = "segment_missing_there" if there is None else "segment_changed_there"
    return [Message.of(code, segment_id=segment.id, host=segment.host, path=segment.file_path)]
