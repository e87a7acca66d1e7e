"""Build the main job: tasks, crawls, exports and plans."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from storage.crawling.leases import Worker

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from crawler.creators.backfill import CreatorsBackfill
    from crawler.creators.catalogue import CreatorCatalogue
    from crawler.creators.day_report import DayReports
    from crawler.creators.ingestion_logs import IngestionLogs
    from crawler.creators.observations import ObservationJob
    from crawler.creators.profiles import ProfileReader
    from crawler.creators.work_totals import WorkTotalsJob
    from crawler.export.copies import SegmentCopies
    from crawler.export.segment_files import SegmentFiles
    from crawler.export.segment_finalizer import SegmentFinalizer
    from crawler.export.verifier import ExportVerifier
    from crawler.export.worker import ExportWorker
    from crawler.ingestion.page_store import PageStore
    from crawler.ingestion.worker import IngestionWorker
    from crawler.planning.inputs import Planner
    from crawler.runtime.lease_renewer import LeaseRenewer
    from crawler.service import CrawlingService
    from crawler.tasks.control import TaskControl
    from crawler.tasks.pins import PinTargets
    from crawler.tasks.scheduler import TaskScheduler
    from crawler.tasks.submission import TaskSubmitter
    from presentation.account_views import AccountViewReader
    from presentation.snapshot import SnapshotReader
    from web.peers.client import PeerClient


@dataclass(frozen=True, kw_only=True)
class CrawlingFactories:
    """Builds the objects of the main job, each once, when it is first needed."""

    foundation: Foundation
    pool: PoolFactories

    @cached_property
    def scheduler(self) -> TaskScheduler:
        """Return the scheduler, from which the workers of this process claim tasks."""
        from crawler.tasks.doubts import DatabaseDoubts
        from crawler.tasks.scheduler import TaskScheduler

        return TaskScheduler(
            database=self.foundation.database,
            clock=self.foundation.clock,
            leases=self.foundation.leases,
            owner=self.foundation.owner,
            lease_secs=self.foundation.settings.lease_secs,
            attempts=self.foundation.settings.task_attempts,
            doubts=DatabaseDoubts(),
        )

    @cached_property
    def submitter(self) -> TaskSubmitter:
        """Return the object that creates crawls and exports as tasks."""
        from crawler.tasks.submission import TaskSubmitter

        return TaskSubmitter(
            database=self.foundation.database,
            clock=self.foundation.clock,
            pages_per_task=self.foundation.settings.pages_per_task,
        )

    @cached_property
    def control(self) -> TaskControl:
        """Return the object that pauses, resumes and cancels tasks."""
        from crawler.tasks.control import TaskControl

        return TaskControl(database=self.foundation.database, clock=self.foundation.clock)

    @cached_property
    def segment_files(self) -> SegmentFiles:
        """Return the writer of export files on this host."""
        from crawler.export.segment_files import SegmentFiles

        return SegmentFiles(
            exports_dir=self.foundation.settings.exports_dir,
            host=self.foundation.host,
            raw_fields=self.pool.platforms.raw_fields,
            profile_url=self.pool.platforms.profile_url,
            is_declared=self.pool.platforms.is_declared,
            access=self.foundation.file_access,
        )

    @cached_property
    def segment_finalizer(self) -> SegmentFinalizer:
        """Return the object that seals and rebuilds export files."""
        from crawler.export.segment_finalizer import SegmentFinalizer

        return SegmentFinalizer(
            database=self.foundation.database, files=self.segment_files, clock=self.foundation.clock
        )

    @cached_property
    def copies(self) -> SegmentCopies:
        """Return the writer of copies of export files."""
        from crawler.export.copies import SegmentCopies

        return SegmentCopies(database=self.foundation.database, files=self.segment_files)

    @cached_property
    def verifier(self) -> ExportVerifier:
        """Return the object that compares export files with the database."""
        from crawler.export.verifier import ExportVerifier

        return ExportVerifier(
            database=self.foundation.database,
            files=self.segment_files,
            clock=self.foundation.clock,
            ask_peer=lambda segment: self.peers.export_hash(segment),
        )

    @cached_property
    def peers(self) -> PeerClient:
        """Return what asks the other hosts of this database."""
        from web.peers.client import PeerClient
        from web.peers.seals import PeerSeals

        base = self.foundation
        seals = PeerSeals(vault=base.vault, clock=base.clock, host=base.host)
        return PeerClient(database=base.database, seals=seals)

    @cached_property
    def snapshots(self) -> SnapshotReader:
        """Return the reader of the state that screens and `status` show."""
        from presentation.snapshot import SnapshotReader

        return SnapshotReader(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            account_views=self.account_views,
        )

    @cached_property
    def account_views(self) -> AccountViewReader:
        """Return the reader of what the accounts do."""
        from presentation.account_views import AccountViewReader

        return AccountViewReader(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            lease_secs=self.foundation.settings.lease_secs,
            direct=self.foundation.egress.direct.name,
            crawl_endpoints=self._crawl_endpoints,
        )

    def _crawl_endpoints(self, platform: str) -> tuple[str, ...]:
        from sources.policies import SEARCH

        access = self.pool.access.get(platform)
        return () if access is None else access.source.endpoints_of(SEARCH)

    @cached_property
    def service(self) -> CrawlingService:
        """Return the use cases on crawls, exports and tasks."""
        from crawler.service import CrawlingService

        return CrawlingService(
            database=self.foundation.database,
            submitter=self.submitter,
            control=self.control,
            targets=self.pin_targets,
            clock=self.foundation.clock,
            accounts=self.pool.manager,
            finalizer=self.segment_finalizer,
            platforms=self.pool.platforms,
            backfill=self.creators_backfill,
        )

    @cached_property
    def pin_targets(self) -> PinTargets:
        """Return the object that finds whom requests pin tasks to."""
        from crawler.tasks.pins import PinTargets

        return PinTargets(registry=self.pool.registry, groups=self.pool.groups)

    @cached_property
    def planner(self) -> Planner:
        from crawler.planning.inputs import Planner

        limit = self.foundation.settings.daily_export_limit
        return Planner(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            require_backfilled=self.creators_backfill.require_finished,
            default_limit=limit,
        )

    @cached_property
    def profiles(self) -> ProfileReader:
        """Return the reader of what a creator's entry tells."""
        from crawler.creators.profiles import ProfileReader

        return ProfileReader(platforms=self.pool.platforms)

    @cached_property
    def pages(self) -> PageStore:
        """Return the object that stores fetched pages."""
        from crawler.ingestion.page_store import PageStore

        return PageStore(
            database=self.foundation.database,
            clock=self.foundation.clock,
            profiles=self.profiles,
            calendar=self.foundation.calendar,
            pages_per_task=self.foundation.settings.pages_per_task,
        )

    @cached_property
    def creators_backfill(self) -> CreatorsBackfill:
        """Return the job that brings the creators of older releases in."""
        from crawler.creators.backfill import CreatorsBackfill

        return CreatorsBackfill(
            database=self.foundation.database,
            calendar=self.foundation.calendar,
            profiles=self.profiles,
        )

    @cached_property
    def work_totals(self) -> WorkTotalsJob:
        """Return the job that sums up the days that are over."""
        from crawler.creators.work_totals import WorkTotalsJob

        return WorkTotalsJob(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            is_every_page_counted=self.creators_backfill.is_every_page_counted,
        )

    @cached_property
    def creators(self) -> CreatorCatalogue:
        """Return the reader of what is known of creators."""
        from crawler.creators.catalogue import CreatorCatalogue

        return CreatorCatalogue(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            platforms=self.pool.platforms,
            backfill=self.creators_backfill,
        )

    @cached_property
    def day_reports(self) -> DayReports:
        """Return the reader of what the accounts ingested and exported by day."""
        from crawler.creators.day_report import DayReports

        return DayReports(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
        )

    @cached_property
    def ingestion_logs(self) -> IngestionLogs:
        """Return the reader of the pages that were ingested."""
        from crawler.creators.ingestion_logs import IngestionLogs

        return IngestionLogs(database=self.foundation.database, calendar=self.foundation.calendar)

    @cached_property
    def observations(self) -> ObservationJob:
        """Return the job that writes the history of creators."""
        from crawler.creators.observations import ObservationJob

        return ObservationJob(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
        )

    def ingestion_worker(
        self, only_task_ids: Sequence[int] = (), labels: Sequence[str] = ()
    ) -> IngestionWorker:
        """Return a worker for an ingestion thread; each thread needs one of its own.

        Args:
            only_task_ids: the tasks to work on; empty for any.
            labels: limit the worker to tasks that have one of them; empty for any task.
        """
        from crawler.ingestion.response_archive import ResponseArchive
        from crawler.ingestion.worker import IngestionWorker
        from presentation.i18n.renderer import ENGLISH_RENDERER

        return IngestionWorker(
            scheduler=self.scheduler,
            accounts=self.pool.manager,
            sessions=self.pool.sessions,
            pages=self.pages,
            response_archive=ResponseArchive(
                self.foundation.settings.evidence_dir, render=ENGLISH_RENDERER.text
            ),
            clock=self.foundation.clock,
            poll_secs=self.foundation.settings.poll_secs,
            errors=self.foundation.errors_of("ingestion"),
            only_task_ids=only_task_ids,
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
        from crawler.export.row_sources import RowFinder
        from crawler.export.row_waits import RowWaiter
        from crawler.export.worker import ExportWorker

        settings = self.foundation.settings
        limits = ExportLimits(
            poll_secs=settings.poll_secs,
            idle_secs=settings.export_idle_secs,
            batch_rows=settings.export_batch_rows,
            file_rows=settings.export_file_rows,
        )
        transaction = ExportTransaction(
            database=self.foundation.database,
            clock=self.foundation.clock,
            after_commit=after_commit,
        )
        row_waiter = RowWaiter(
            finder=RowFinder(database=self.foundation.database, clock=self.foundation.clock),
            scheduler=self.scheduler,
            accounts=self.pool.manager,
            clock=self.foundation.clock,
            limits=limits,
        )
        return ExportWorker(
            scheduler=self.scheduler,
            accounts=self.pool.manager,
            transaction=transaction,
            finalizer=self.segment_finalizer,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            limits=limits,
            row_waiter=row_waiter,
            errors=self.foundation.errors_of("export"),
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

        now, lease_secs = self.foundation.clock.now(), self.foundation.settings.lease_secs
        worker = Worker(
            id=self.foundation.owner,
            host=self.foundation.host[:255],
            pid=os.getpid(),
            roles=roles,
            started_at=now,
            seen_at=now,
        )
        return LeaseRenewer(
            database=self.foundation.database,
            clock=self.foundation.clock,
            leases=self.foundation.leases,
            worker=worker,
            lease_secs=lease_secs,
            reap_tasks=self.scheduler.reap,
            errors=self.foundation.errors_of("keeper", lease_secs / 3),
        )
