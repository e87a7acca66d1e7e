"""SegmentFinalizer: turns an open segment into a sealed one, its file and its row agreeing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.clock import Clock
from core.errors import InvalidInputError, LeaseLostError
from core.logs import fields, service_log
from crawler.export.segment_files import (
    FinishedFile,
    Placement,
    SegmentFiles,
    SegmentWriter,
    manifest_path,
    render,
)
from crawler.tasks.scheduler import TaskLease
from storage.crawling import accounts, export_segments, task_leases
from storage.engines.transactions import Database, Tx
from storage.models.segments import Segment, SegmentState

log = service_log("export")
PAGE_ROWS = 200


class SegmentFinalizer:
    """Seals segments under a task's lease, and renders files again for the operator."""

    def __init__(self, *, database: Database, files: SegmentFiles, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self.host = files.host

    def begin(self, task: TaskLease, segment_id: int) -> SegmentWriter:
        """A writer for a segment that was just opened. Raises OutputError."""
        return self._files.open_part(
            self._place(segment_id), task.lease.token, lambda: task.lease.require(self._clock)
        )

    def seal(self, task: TaskLease, segment_id: int, writer: SegmentWriter) -> None:
        """Publish the file and seal its row.

        Raises:
            OutputError: the rows stay in the open segment, to be rendered again.
            LeaseLostError: somebody else took the task over; the segment is theirs.
        """
        done = writer.publish()
        self._seal_row(task, segment_id, done)
        log.info(
            "%s sealed",
            fields(task=task.id, segment=segment_id, rows=writer.rows, file=done.stored_path),
        )

    def seal_leftovers(self, task: TaskLease) -> None:
        """Render and seal what an earlier holder of the task left open."""
        for segment in self._database.read(export_segments.open_of_task, task.id):
            log.info("%s left open, rendering it", fields(task=task.id, segment=segment.id))
            place = self._place(segment.id)
            done = render(
                self._database,
                self._files,
                place,
                task.lease.token,
                lambda: task.lease.require(self._clock),
            )
            self._seal_row(task, segment.id, done)

    def rebuild(self, segment_id: int) -> FinishedFile:
        """Render a segment's file again and point its row to it: lost files, dead writers.

        Raises:
            InvalidInputError: no such segment, or a worker is writing it just now.
            OutputError: the disk says no.
        """
        place = self._place(segment_id)
        token = self._token_for_rebuild(place.segment)
        done = render(self._database, self._files, place, token, lambda: None)

        def work(tx: Tx) -> bool:
            now = self._clock.now()
            if not task_leases.lock_in_any_status(tx, place.segment.task_id, token, now):
                return False
            return export_segments.replace_file(
                tx,
                segment_id,
                file_path=done.stored_path,
                size=done.bytes,
                sha256=done.sha256,
                host=self.host,
                now=now,
            )

        if not self._database.write_idempotent(work):
            raise LeaseLostError(
                f"segment {segment_id} was taken over meanwhile; verify, then try again"
            )
        log.info("%s rebuilt", fields(segment=segment_id, file=done.stored_path))
        return done

    def unattended(self) -> list[Segment]:
        """Open segments whose task nobody works on."""
        now = self._clock.now()
        return self._database.read(export_segments.unattended, now)

    def of_host(self, host: str) -> Iterator[int]:
        """Ids of the segments that were written on a host. Rebuilding one takes it off the list."""
        after = 0
        while True:
            ids = self._database.read(export_segments.of_host, host, after, PAGE_ROWS)
            if not ids:
                return
            yield from ids
            after = ids[-1]

    def stale_parts(self) -> list[Path]:
        """Part files of segments that nobody will write any more."""
        return [
            path
            for segment_id, path in self._files.parts()
            if not self._database.read(export_segments.is_open, segment_id)
        ]

    def finish_orphans(self, platform: str, domain: str) -> None:
        """Seal segments of the domain that ended tasks left open. Raises OutputError."""
        now = self._clock.now()
        for segment in self._database.read(export_segments.open_of_ended_tasks, now):
            if (segment.platform, segment.domain) != (platform, domain):
                continue
            try:
                self.rebuild(segment.id)
            except (LeaseLostError, InvalidInputError) as error:
                log.info("%s %s", fields(segment=segment.id), error)  # somebody else is at it

    def _token_for_rebuild(self, segment: Segment) -> int:
        """An open segment's task gets a new token, so that no late writer can publish it; a sealed
        one has no writer, and its task may be running."""
        if segment.state is SegmentState.SEALED:
            return self._database.read(task_leases.current_token, segment.task_id)
        token = self._database.write(
            lambda tx: task_leases.bump_token_unless_leased(tx, segment.task_id, self._clock.now())
        )
        if token is None:
            raise InvalidInputError(f"segment {segment.id} is being written by a running export")
        return token

    def _seal_row(self, task: TaskLease, segment_id: int, done: FinishedFile) -> None:
        def work(tx: Tx) -> bool:
            now = self._clock.now()
            if not task_leases.lock_in_any_status(tx, task.id, task.lease.token, now):
                return False
            return export_segments.seal(
                tx,
                segment_id,
                file_path=done.stored_path,
                size=done.bytes,
                sha256=done.sha256,
                host=self.host,
                now=now,
            )

        if not self._database.write(work):
            self._withdraw_if_foreign(segment_id, done)
            raise LeaseLostError(f"segment {segment_id} was taken over by another worker")

    def _withdraw_if_foreign(self, segment_id: int, done: FinishedFile) -> None:
        """Remove our file when the segment was sealed on another host: its rows are there."""
        segment = self._place(segment_id).segment
        if segment.state is SegmentState.SEALED and segment.host != self.host:
            done.path.unlink(missing_ok=True)
            manifest_path(done.path).unlink(missing_ok=True)

    def _place(self, segment_id: int) -> Placement:
        def work(tx: Tx) -> Placement | None:
            segment = export_segments.get(tx, segment_id)
            account = accounts.get(tx, segment.account_id) if segment else None
            return Placement(segment, account.username) if segment and account else None

        place = self._database.read(work)
        if place is None:
            raise InvalidInputError(
                f"no segment has the id {segment_id}; see: python cli.py exports list"
            )
        return place
