"""Build the catalogue of videos, its hourly counters and its play counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from storage.catalogue.view_data import open_view_data

if TYPE_CHECKING:
    from app.foundation import Foundation
    from app.pool import PoolFactories
    from presentation.i18n.renderer import Renderer
    from sources.platform_access import PlatformAccess
    from storage.engines.transactions import Database
    from works.catalogue.catalogue import Catalogue
    from works.catalogue.drop_folder import DropFolder
    from works.catalogue.importer import WorksImporter
    from works.catalogue.uploads import UploadsDiscovery
    from works.catalogue.views_json import CatalogueList
    from works.hour_data.files import HourFiles
    from works.hour_data.folder_owner import FolderOwner
    from works.hour_data.importer import FileImporter
    from works.hour_data.projector import Projector
    from works.hourly.comparison import WorkComparer
    from works.hourly.crawl import HourlyCrawl
    from works.hourly.gaps import ViewGaps
    from works.hourly.history import ViewHistory
    from works.hourly.input_list import CountedList
    from works.hourly.pipeline import HourlyPipeline
    from works.hourly.roll_up import RollUp
    from works.hourly.rules import NumberRules
    from works.play_counts.updater import PlayCountUpdater

# For one batch: cooldowns grow with each failure, and the crawl may take the whole hour.
HOURLY_WAIT_SECS = 600.0


@dataclass(frozen=True, kw_only=True)
class WorksFactories:
    """Builds the catalogue of videos, its hourly counters and its play counts, each once."""

    foundation: Foundation
    pool: PoolFactories

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return the catalogue of videos."""
        from works.catalogue.catalogue import Catalogue
        from works.catalogue.entries import FieldsOwner

        return Catalogue(
            database=self.foundation.database,
            clock=self.foundation.clock,
            owner=FieldsOwner(self.foundation.settings.works_owner),
        )

    @cached_property
    def listing(self) -> CatalogueList:
        """Return the writer of `views.json`."""
        from works.catalogue.views_json import CatalogueList

        return CatalogueList(
            database=self.foundation.database,
            clock=self.foundation.clock,
            calendar=self.foundation.calendar,
            path=self.foundation.settings.works_list,
            access=self.foundation.file_access,
        )

    @cached_property
    def counted_list(self) -> CountedList:
        """Return the list of works whose hourly counters are fetched."""
        from works.hourly.input_list import CountedList

        return CountedList(
            database=self.foundation.database, path=self.foundation.settings.works_list
        )

    @cached_property
    def importer(self) -> WorksImporter:
        """Return the importer of typed links and of files."""
        from works.catalogue.importer import WorksImporter

        return WorksImporter(
            catalogue=self.catalogue,
            fetcher=self.pool.statistics,
            resolver=self.pool.short_links,
            clock=self.foundation.clock,
        )

    @cached_property
    def drop_folder(self) -> DropFolder:
        """Return the importer of the files that another program writes into the import
        directory."""
        from presentation.i18n.renderer import ENGLISH_RENDERER
        from works.catalogue.drop_folder import DropFolder

        settings = self.foundation.settings
        return DropFolder(
            folder=settings.works_inbox,
            catalogue=self.catalogue,
            clock=self.foundation.clock,
            zone=self.foundation.calendar.zone,
            poll_secs=settings.poll_secs,
            renderer=ENGLISH_RENDERER,
            errors=self.foundation.errors_of("inbox", service="works"),
            access=self.foundation.file_access,
        )

    @cached_property
    def uploads(self) -> UploadsDiscovery:
        """Return the import of all uploads of a creator on Bilibili."""
        from works.catalogue.uploads import UploadsDiscovery

        return UploadsDiscovery(
            fetcher=self.pool.statistics.pool_fetcher("bilibili"), catalogue=self.catalogue
        )

    @cached_property
    def play_counts(self) -> PlayCountUpdater:
        """Return the updater of play counts, with sessions whose
        requests keep a delay of their own."""
        from crawler.statistics.retry_policy import StatsRetryPolicy
        from works.play_counts.batches import BatchAsker, RoundLimits
        from works.play_counts.progress_file import RoundFile
        from works.play_counts.updater import PlayCountUpdater

        settings = self.foundation.settings
        limits = RoundLimits(
            batch=settings.play_counts_batch,
            batch_pause_secs=settings.play_counts_batch_pause_secs,
            tries=settings.play_counts_tries,
            days=settings.play_counts_days,
        )
        asker = BatchAsker(
            fetcher=self.pool.statistics_over(self._spaced_access, StatsRetryPolicy()),
            clock=self.foundation.clock,
            limits=limits,
        )
        return PlayCountUpdater(
            database=self.foundation.database,
            catalogue=self.catalogue,
            asker=asker,
            clock=self.foundation.clock,
            limits=limits,
            progress=RoundFile(settings.data_dir / "video_update_progress.json"),
            log_file=settings.log_dir / "video_update.log",
            renderer=self._log_renderer,
            access=self.foundation.file_access,
        )

    @cached_property
    def view_data(self) -> Database:
        """Return the database of the hourly counters of videos: a SQLite file apart from the
        main database."""
        return open_view_data(
            self.foundation.settings.view_data_file,
            self.foundation.host_clock,
            self.foundation.file_access,
        )

    @cached_property
    def hourly(self) -> HourlyPipeline:
        """Return the pipeline that fetches the hour's counters of videos and writes the files.

        `hourly.run(stop)` is the full run as a job.
        """

        from works.hourly.pipeline import HourlyPipeline

        return HourlyPipeline(
            take_in=lambda stop: self.drop_folder.import_waiting(stop),
            export=self.listing.export_if_used,
            make_crawl=self._hourly_crawl,
            importer=self.hour_importer,
            projector=self.projector,
            old_data=self._old_data,
            clock=self.foundation.clock,
            log_dir=self.foundation.settings.log_dir / "spider",
            zone=self.foundation.calendar.zone,
            renderer=self._log_renderer,
            access=self.foundation.file_access,
        )

    @cached_property
    def hour_importer(self) -> FileImporter:
        """Return the importer of data files into the main database."""
        from works.hour_data.importer import FileImporter

        return FileImporter(
            files=self._hour_files,
            database=self.foundation.database,
            clock=self.foundation.clock,
            zone=self.foundation.calendar.zone,
            host=self.foundation.host,
        )

    @cached_property
    def projector(self) -> Projector:
        """Return the writer of this host's files of hourly counters."""
        from presentation.i18n.renderer import ENGLISH_RENDERER
        from works.hour_data.contents import HourReader
        from works.hour_data.entries import FailureEntries
        from works.hour_data.projector import DatedFiles, Projector, StatisticsFile, Target

        base, wanted = self.foundation, self.foundation.settings.views_files
        targets: list[Target] = []
        if wanted in ("all", "json"):
            targets.append(DatedFiles(self._hour_files))
        if wanted in ("all", "sqlite"):
            targets.append(StatisticsFile(self.view_data, base.settings.view_data_file))
        return Projector(
            database=base.database,
            reader=HourReader(
                database=base.database,
                zone=base.calendar.zone,
                failures=FailureEntries(ENGLISH_RENDERER),
            ),
            clock=base.clock,
            targets=targets,
            lock_path=base.settings.data_dir / ".views_files.lock",
            owner=self.folder_owner,
            access=base.file_access,
        )

    @cached_property
    def folder_owner(self) -> FolderOwner:
        """Return what keeps hosts of two machines from writing into this data folder."""
        from core.installation.machine import machine_name
        from works.hour_data.folder_owner import FolderOwner, Writer

        base = self.foundation
        return FolderOwner(
            database=base.database,
            clock=base.clock,
            writer=Writer(machine_name(), base.host[:255]),
            path=base.settings.data_dir / ".views_files.host",
            seen_secs=base.settings.lease_secs,
            access=base.file_access,
        )

    @cached_property
    def roll_up(self) -> RollUp:
        """Return the job that packs the hourly counters of older days."""
        from works.hourly.roll_up import RollUp

        base, settings = self.foundation, self.foundation.settings
        return RollUp(
            database=base.database,
            clock=base.clock,
            zone=base.calendar.zone,
            keep_points_days=settings.views_keep_points_days,
            keep_hours_days=settings.views_keep_hours_days,
            statistics=self._old_data,
            keep_statistics_days=settings.views_sqlite_days,
        )

    @cached_property
    def history(self) -> ViewHistory:
        """Return what answers questions about hourly counters."""
        from works.hourly.history import ViewHistory

        base = self.foundation
        return ViewHistory(database=base.database, zone=base.calendar.zone)

    @cached_property
    def comparer(self) -> WorkComparer:
        """Return what shows works side by side."""
        from works.hourly.comparison import WorkComparer

        base = self.foundation
        return WorkComparer(database=base.database, zone=base.calendar.zone)

    @cached_property
    def rules(self) -> NumberRules:
        """Return what keeps the rules of alerts on hourly counters, and judges hours by them."""
        from works.hourly.rules import NumberRules

        base = self.foundation
        return NumberRules(
            database=base.database,
            clock=base.clock,
            errors=base.errors_of("views", service="views"),
        )

    @cached_property
    def gaps(self) -> ViewGaps:
        """Return the object that finds hours without counters."""
        from core.schedule import Schedule
        from works.hourly.gaps import ViewGaps

        base, settings = self.foundation, self.foundation.settings
        # A timer outside may crawl where the job is off: then every hour is expected.
        schedule = Schedule(settings.views_schedule, settings.quota_zone)
        return ViewGaps(
            database=base.database,
            zone=base.calendar.zone,
            schedule=schedule if settings.views_enabled else None,
        )

    def _old_data(self) -> Database | None:
        """Return the statistics file of this host; None when there is none."""
        return self.view_data if self.foundation.settings.view_data_file.exists() else None

    def _hourly_crawl(self) -> HourlyCrawl:
        from crawler.statistics.retry_policy import StatsRetryPolicy
        from presentation.i18n.renderer import ENGLISH_RENDERER
        from works.hour_data.entries import FailureEntries
        from works.hourly.crawl import HourlyCrawl
        from works.hourly.ledger import HourLedger

        base, settings = self.foundation, self.foundation.settings
        rest_secs = settings.throttle_cooldown_secs
        retry_policy = StatsRetryPolicy(rest_secs, HOURLY_WAIT_SECS, try_other_accounts=False)
        ledger = HourLedger(
            database=base.database,
            clock=base.clock,
            leases=base.leases,
            owner=base.owner,
            host=base.host,
            lease_secs=settings.lease_secs,
            zone=base.calendar.zone,
        )
        return HourlyCrawl(
            stats=self.pool.statistics_over(self.pool.access, retry_policy),
            ledger=ledger,
            take_file=self.hour_importer.take_unknown,
            works=self.counted_list,
            clock=base.clock,
            zone=base.calendar.zone,
            failures=FailureEntries(ENGLISH_RENDERER),
        )

    @property
    def _log_renderer(self) -> Renderer:
        """Return the renderer of log files: in English, with the times of the quota zone."""
        from presentation.i18n.language import Language
        from presentation.i18n.renderer import Renderer

        return Renderer(Language.ENGLISH, self.foundation.calendar.zone)

    @property
    def _hour_files(self) -> HourFiles:
        from works.hour_data.files import HourFiles

        return HourFiles(self.foundation.settings.views_dir, self.foundation.file_access)

    @cached_property
    def _spaced_access(self) -> dict[str, PlatformAccess]:
        """Return the platforms with sessions of their own, whose
        requests keep a delay between them.

        Their sources make one attempt, because the updater of play counts repeats requests itself.
        """

        from sources.platform_access import PlatformAccess
        from sources.sessions import SessionPool
        from sources.transport.request_delay import RequestDelay

        request_delay = RequestDelay(
            clock=self.foundation.clock,
            gap_secs=self.foundation.settings.play_counts_request_pause_secs,
        )
        return {
            name: PlatformAccess(
                access.source.with_attempts(1),
                SessionPool(
                    source=access.source.source,
                    clock=self.foundation.clock,
                    request_delay=request_delay,
                ),
            )
            for name, access in self.pool.access.items()
        }

    def close(self) -> None:
        """Close the platform sessions and the statistics file, where they were opened."""
        for access in self.__dict__.get("_spaced_access", {}).values():
            access.sessions.close()
        if "view_data" in self.__dict__:
            self.view_data.close()

    def loops(self) -> list[Callable[[threading.Event], None]]:
        """Return the loops that import files, write `views.json`, write the files of hourly
        counters, and judge these by rules; a thread runs each."""
        from works.catalogue.listing_service import ListingService
        from works.hour_data.projection_service import ProjectionService

        base = self.foundation
        listing = ListingService(
            listing=self.listing,
            clock=base.clock,
            poll_secs=base.settings.poll_secs,
            errors=base.errors_of("works"),
        )
        projection = ProjectionService(
            projector=self.projector,
            clock=base.clock,
            errors=base.errors_of("views", service="views"),
        )
        return [self.drop_folder.run, listing.run, projection.run, self.rules.run]
