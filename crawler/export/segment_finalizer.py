"""The end of segments: the file is published, then its row is sealed, so that both agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.clock import Clock
from core.errors import InvalidInputError, LeaseLostError, OutputError
from core.logs import fields, service_log
from crawler.export.fencing import WriteFence
from crawler.export.segment_files import (
    FinishedFile,
    Placement,
    SegmentFiles,
    SegmentWriter,
    manifest_path,
    render,
)
from crawler.tasks.leases import TaskLease
from storage.crawling import accounts, export_segments, task_leases
from storage.crawling.export_segments import SealedFile
from storage.engines.transactions import Database, Tx
from storage.models.segments import Segment, SegmentState

log = service_log("export")
PAGE_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class SegmentFinalizer:
    """Closes export segments: publishes a segment's file, then seals its row with size and hash.

    Workers do so under the lease of the segment's task. On an operator's request it also writes a
    file again from the rows in the database.
    """

    database: Database
    files: SegmentFiles
    clock: Clock

    @property
    def host(self) -> str:
        """Return the name of the host that has the files."""
        return self.files.host

    def open_part(self, task: TaskLease, segment_id: int) -> SegmentWriter:
        """Return a writer for the part file of a segment that was just opened.

        Raises:
            OutputError: the file cannot be created.
            LeaseLostError: the lease of the task has ended; nothing was created.
            InvalidInputError: there is no such segment.
        """
        fence = self._fence_of_worker(task)
        return self.files.open_part(self._with_target(self._placement(segment_id), fence), fence)

    def finalize(self, task: TaskLease, segment_id: int, writer: SegmentWriter) -> None:
        """Publish the segment's file, and seal its row: no rows are added from now on.

        Raises:
            OutputError: the rows stay in the open segment, to be rendered again.
            LeaseLostError: another worker took the task over, and the segment with it.
        """
        done = writer.publish()
        self._seal_row(task, segment_id, done)
        log.info(
            "%s sealed",
            fields(task=task.id, segment=segment_id, rows=writer.rows, file=done.stored_path),
        )

    def finalize_leftovers(self, task: TaskLease) -> None:
        """Render and seal the segments that an earlier holder of the task left open.

        Raises:
            OutputError: a file cannot be written; its segment stays open.
            LeaseLostError: another worker took the task over.
        """
        for segment in self.database.read(export_segments.open_of_task, task.id):
            log.info("%s left open, rendering it", fields(task=task.id, segment=segment.id))
            fence = self._fence_of_worker(task)
            placement = self._with_target(self._placement(segment.id), fence)
            done = render(self.database, self.files, placement, fence)
            self._seal_row(task, segment.id, done)

    def rebuild(self, segment_id: int, out: Path | None = None) -> FinishedFile:
        """Write a segment's file again on this host, and point its row to it.

        It is for files that were lost, and for segments whose writer died: an open one is sealed. A
        finished file is replaced only by one of the content that was recorded. Of several rebuilds
        at once the newest one publishes.

        Args:
            out: an absolute folder for the file, from now on; None for the place that it has.

        Raises:
            InvalidInputError: there is no such segment; a worker is writing it just now; its
                platform is not declared any more; or a file with other content stands at its place.
            LeaseLostError: the segment was taken over meanwhile, by a worker or another rebuild.
            OutputError: the file cannot be written.
        """
        segment = self._placement(segment_id).segment
        self._require_platform(segment)
        task_token, rebuild_token = self.database.write(self._start_rebuild, segment, out)
        # Read again: until now its writer may have found a name for the file, or sealed it.
        placement = self._placement(segment_id)
        if out is not None:
            placement = replace(placement, target_path=None)
        fence = self._fence_of_rebuild(placement.segment, task_token, rebuild_token)
        placement = self._with_target(placement, fence)
        done = render(self.database, self.files, placement, fence)
        if not self.database.write_idempotent(self._seal_rebuilt, placement.segment, fence, done):
            raise LeaseLostError("segment_taken_over", segment_id=segment_id)
        log.info("%s rebuilt", fields(segment=segment_id, file=done.stored_path))
        return done

    def unattended(self) -> list[Segment]:
        """Return the open segments of tasks that no worker has leased."""
        return self.database.read(export_segments.unattended, self.clock.now())

    def of_host(self, host: str) -> Iterator[int]:
        """Yield the ids of the segments whose files were written on `host`.

        A segment that is rebuilt on this host belongs to it from then on.
        """
        after = 0
        while True:
            ids = self.database.read(export_segments.of_host, host, after, PAGE_ROWS)
            if not ids:
                return
            yield from ids
            after = ids[-1]

    def stale_parts(self) -> list[Path]:
        """Return the part files, on this host, of segments that are not open any more."""
        return [
            path
            for segment_id, path in self.files.parts()
            if not self.database.read(export_segments.is_open, segment_id)
        ]

    def finalize_orphans(self, platform: str, domain: str) -> None:
        """Render and seal the segments that ended tasks of this domain left open.

        One that another worker is writing is left to that worker. One whose file cannot be written
        stays open: its folder may be gone, which must not stop other tasks.
        """
        now = self.clock.now()
        for segment in self.database.read(export_segments.open_of_ended_tasks, now):
            if (segment.platform, segment.domain) != (platform, domain):
                continue
            try:
                self.rebuild(segment.id)
            except (LeaseLostError, InvalidInputError) as error:
                log.info("%s %s", fields(segment=segment.id), error)  # another worker does it
            except OutputError as error:
                log.warning("%s left open: %s", fields(segment=segment.id), error)

    def _require_platform(self, segment: Segment) -> None:
        """Raise InvalidInputError when nothing tells any more which columns the file had."""
        if segment.state is SegmentState.SEALED and not self.files.is_declared(segment.platform):
            raise InvalidInputError(
                "rebuild_without_platform", segment_id=segment.id, platform=segment.platform
            )

    def _with_target(self, placement: Placement, fence: WriteFence) -> Placement:
        """Return the placement with a target path, which the database knows from now on.

        Raises:
            LeaseLostError: a later writer has the segment.
        """
        if placement.target_path is not None:
            return placement
        segment_id = placement.segment.id
        target = self.files.stored_path(self.files.free_path(placement))
        # Under the same row lock as a take-over, so that of two writers the newer one chooses.
        if not self.database.write_idempotent(self._set_target, placement.segment, fence, target):
            raise LeaseLostError("segment_taken_over", segment_id=segment_id)
        return replace(placement, target_path=target)

    def _set_target(self, tx: Tx, segment: Segment, fence: WriteFence, target: str) -> bool:
        if segment.state is SegmentState.OPEN and not task_leases.lock_in_any_status(
            tx, segment.task_id, fence.task_token, self.clock.now()
        ):
            return False
        return export_segments.set_target_path(tx, segment.id, target, fence.rebuild_token)

    def _fence_of_worker(self, task: TaskLease) -> WriteFence:
        def require_newest() -> None:
            task.lease.require(self.clock)
            # The deadline alone is not enough: the host's clock stands still while it is suspended.
            if self.database.read(task_leases.current_token, task.id) != task.lease.token:
                raise LeaseLostError("task_taken_over", task_id=task.id)

        return WriteFence(task_token=task.lease.token, rebuild_token=None, require=require_newest)

    def _fence_of_rebuild(
        self, segment: Segment, task_token: int, rebuild_token: int
    ) -> WriteFence:
        def require_newest() -> None:
            if not self.database.read(self._is_newest, segment, task_token, rebuild_token):
                raise LeaseLostError("segment_taken_over", segment_id=segment.id)

        return WriteFence(
            task_token=task_token, rebuild_token=rebuild_token, require=require_newest
        )

    def _start_rebuild(self, tx: Tx, segment: Segment, out: Path | None) -> tuple[int, int]:
        """Get the right to write the segment's file again, which ends the one of all others.

        Return the newest token of its task and the one of the rebuild.
        """
        # An open segment's task gets a new token, so that no late writer can publish it. A sealed
        # segment has no writer, and its task may be running: that lease must stay valid.
        if segment.state is SegmentState.SEALED:
            task_token = task_leases.current_token(tx, segment.task_id)
        else:
            bumped = task_leases.bump_token_unless_leased(tx, segment.task_id, self.clock.now())
            if bumped is None:
                raise InvalidInputError("segment_being_written", segment_id=segment.id)
            task_token = bumped
        if out is not None:
            export_segments.move(tx, segment, str(out))
        return task_token, export_segments.start_rebuild(tx, segment.id)

    def _is_newest(self, tx: Tx, segment: Segment, task_token: int, rebuild_token: int) -> bool:
        if export_segments.rebuild_token(tx, segment.id) != rebuild_token:
            return False
        if segment.state is SegmentState.SEALED:
            return True
        return task_leases.current_token(tx, segment.task_id) == task_token

    def _seal_row(self, task: TaskLease, segment_id: int, done: FinishedFile) -> None:
        if not self.database.write(self._seal, task.id, task.lease.token, segment_id, done):
            self._withdraw_if_foreign(segment_id, done)
            raise LeaseLostError("segment_sealed_elsewhere", segment_id=segment_id)

    def _seal(self, tx: Tx, task_id: int, token: int, segment_id: int, done: FinishedFile) -> bool:
        # In any status: the rows of a halted task count as exported, and need their file.
        now = self.clock.now()
        return task_leases.lock_in_any_status(tx, task_id, token, now) and export_segments.seal(
            tx, segment_id, self._sealed_file(done), now
        )

    def _seal_rebuilt(
        self, tx: Tx, segment: Segment, fence: WriteFence, done: FinishedFile
    ) -> bool:
        now, rebuild_token = self.clock.now(), fence.rebuild_token
        if segment.state is SegmentState.OPEN and not task_leases.lock_in_any_status(
            tx, segment.task_id, fence.task_token, now
        ):
            return False
        return export_segments.seal(
            tx, segment.id, self._sealed_file(done), now, rebuild_token=rebuild_token
        )

    def _sealed_file(self, done: FinishedFile) -> SealedFile:
        return SealedFile(
            file_path=done.stored_path,
            bytes=done.bytes,
            sha256=done.sha256,
            content_sha256=done.content_sha256,
            host=self.host,
        )

    def _withdraw_if_foreign(self, segment_id: int, done: FinishedFile) -> None:
        """Remove the file written here when the segment was sealed with a file on another host."""
        segment = self._placement(segment_id).segment
        if segment.state is SegmentState.SEALED and segment.host != self.host:
            done.path.unlink(missing_ok=True)
            manifest_path(done.path).unlink(missing_ok=True)

    def _placement(self, segment_id: int) -> Placement:
        def work(tx: Tx) -> Placement | None:
            segment = export_segments.get(tx, segment_id)
            account = accounts.get(tx, segment.account_id) if segment else None
            if segment is None or account is None:
                return None
            target = export_segments.target_path(tx, segment_id) or segment.file_path
            return Placement(segment, account.username, target)

        placement = self.database.read(work)
        if placement is None:
            raise InvalidInputError("segment_not_found", segment_id=segment_id)
        return placement
