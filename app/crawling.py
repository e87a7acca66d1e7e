"""Build the main job: tasks, crawls, exports and plans."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from storage.models.workers import Worker

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from crawler.export.segment_files import SegmentFiles
    from crawler.export.segment_finalizer import SegmentFinalizer
    from crawler.export.verifier import ExportVerifier
    from crawler.export.worker import ExportWorker
    from crawler.ingestion.worker import IngestionWorker
    from crawler.planning.inputs import Planner
    from crawler.runtime.lease_renewer import LeaseRenewer
    from crawler.service import CrawlingService
    from crawler.tasks.control import TaskControl
    from crawler.tasks.scheduler import TaskScheduler
    from crawler.tasks.submission import TaskSubmitter
    from presentation.snapshot import SnapshotReader


class CrawlingFactories:
    """Builds the objects of the main job, each once, when it is first needed."""

    def __init__(
        self,
        *,
        foundation: Foundation,
        pool: PoolFactories,
    ) -> None:
        self._base = foundation
        self._pool = pool

    @cached_property
    def scheduler(self) -> TaskScheduler:
        """Return the scheduler, from which the workers of this process claim tasks."""
        from crawler.tasks.scheduler import TaskScheduler

        return TaskScheduler(
            database=self._base.database,
            clock=self._base.clock,
            leases=self._base.leases,
            owner=self._base.owner,
            lease_secs=self._base.settings.lease_secs,
            attempts=self._base.settings.task_attempts,
        )

    @cached_property
    def submitter(self) -> TaskSubmitter:
        """Return the object that files crawls and exports as tasks."""
        from crawler.tasks.submission import TaskSubmitter

        return TaskSubmitter(
            database=self._base.database,
            clock=self._base.clock,
            pages_per_task=self._base.settings.pages_per_task,
        )

    @cached_property
    def control(self) -> TaskControl:
        """Return the object that pauses, resumes and cancels tasks."""
        from crawler.tasks.control import TaskControl

        return TaskControl(database=self._base.database, clock=self._base.clock)

    @cached_property
    def segment_files(self) -> SegmentFiles:
        """Return the writer of export files on this host."""
        from crawler.export.segment_files import SegmentFiles

        return SegmentFiles(
            exports_dir=self._base.settings.exports_dir,
            host=self._base.host,
            raw_fields=self._pool.platforms.raw_fields,
        )

    @cached_property
    def segment_finalizer(self) -> SegmentFinalizer:
        """Return the object that seals and rebuilds export files."""
        from crawler.export.segment_finalizer import SegmentFinalizer

        return SegmentFinalizer(
            database=self._base.database, files=self.segment_files, clock=self._base.clock
        )

    @cached_property
    def verifier(self) -> ExportVerifier:
        """Return the object that compares export files with the database."""
        from crawler.export.verifier import ExportVerifier

        return ExportVerifier(
            database=self._base.database, files=self.segment_files, clock=self._base.clock
        )

    @cached_property
    def snapshots(self) -> SnapshotReader:
        """Return the reader of the state that screens and `status` show."""
        from presentation.snapshot import SnapshotReader

        return SnapshotReader(
            database=self._base.database, clock=self._base.clock, calendar=self._base.calendar
        )

    @cached_property
    def service(self) -> CrawlingService:
        """Return the use cases on crawls, exports and tasks."""
        from crawler.service import CrawlingService

        return CrawlingService(
            database=self._base.database,
            submitter=self.submitter,
            control=self.control,
            clock=self._base.clock,
            accounts=self._pool.manager,
            sealer=self.segment_finalizer,
            catalog=self._pool.platforms,
        )

    @cached_property
    def planner(self) -> Planner:
        from crawler.planning.inputs import Planner

        limit = self._base.settings.daily_export_limit
        return Planner(
            database=self._base.database,
            clock=self._base.clock,
            calendar=self._base.calendar,
            default_limit=limit,
        )

    def ingestion_worker(
        self, only_task_id: int | None = None, labels: Sequence[str] = ()
    ) -> IngestionWorker:
        """Return a worker for an ingestion thread; each thread needs one of its own.

        Args:
            only_task_id: the one task to work on; None for any.
            labels: limit the worker to tasks that have one of them; empty for any task.
        """
        from crawler.ingestion.page_store import PageStore
        from crawler.ingestion.response_archive import ResponseArchive
        from crawler.ingestion.worker import IngestionWorker
        from presentation.i18n.renderer import LOG_RENDERER

        return IngestionWorker(
            scheduler=self.scheduler,
            accounts=self._pool.manager,
            sessions=self._pool.sessions,
            pages=PageStore(
                database=self._base.database,
                clock=self._base.clock,
                pages_per_task=self._base.settings.pages_per_task,
            ),
            response_archive=ResponseArchive(
                self._base.settings.evidence_dir, render=LOG_RENDERER.text
            ),
            clock=self._base.clock,
            poll_secs=self._base.settings.poll_secs,
            only_task_id=only_task_id,
            labels=labels,
        )

    def export_worker(
        self,
        only_task_id: int | None = None,
        after_commit: Callable[[], None] = lambda: None,
        labels: Sequence[str] = (),
    ) -> ExportWorker:
        """Return a worker for an export thread; each thread needs one of its own.

        Args:
            only_task_id: the one task to work on; None for any.
            after_commit: called between COMMIT and the write of the file, for tests.
            labels: limit the worker to tasks that have one of them; empty for any task.
        """
        from crawler.export.export_transaction import ExportTransaction
        from crawler.export.options import ExportLimits
        from crawler.export.row_waits import RowWaiter
        from crawler.export.worker import ExportWorker

        settings = self._base.settings
        limits = ExportLimits(
            poll_secs=settings.poll_secs,
            idle_secs=settings.export_idle_secs,
            batch_rows=settings.export_batch_rows,
            file_rows=settings.export_file_rows,
        )
        transaction = ExportTransaction(
            database=self._base.database, clock=self._base.clock, after_commit=after_commit
        )
        row_waiter = RowWaiter(
            database=self._base.database,
            scheduler=self.scheduler,
            accounts=self._pool.manager,
            clock=self._base.clock,
            limits=limits,
        )
        return ExportWorker(
            scheduler=self.scheduler,
            accounts=self._pool.manager,
            transaction=transaction,
            finalizer=self.segment_finalizer,
            clock=self._base.clock,
            calendar=self._base.calendar,
            limits=limits,
            row_waiter=row_waiter,
            only_task_id=only_task_id,
            labels=labels,
        )

    def lease_renewer(self, roles: str) -> LeaseRenewer:
        """Return the lease renewer of this process.

        Args:
            roles: the kinds of tasks that the process works on, with commas between, for other
                processes.
        """
        from crawler.runtime.lease_renewer import LeaseRenewer

        now = self._base.clock.now()
        worker = Worker(
            id=self._base.owner,
            host=self._base.host[:255],
            pid=os.getpid(),
            roles=roles,
            started_at=now,
            seen_at=now,
        )
        return LeaseRenewer(
            database=self._base.database,
            clock=self._base.clock,
            leases=self._base.leases,
            worker=worker,
            lease_secs=self._base.settings.lease_secs,
            reap_tasks=self.scheduler.reap,
        )
