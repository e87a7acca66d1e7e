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
    from works.hourly.crawl import HourlyCrawl
    from works.hourly.files import HourFiles
    from works.hourly.gaps import ViewGaps
    from works.hourly.pipeline import HourlyPipeline
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
        """Return the pipeline that fetches and imports the hour's counters of videos.

        `hourly.run(stop)` is the full run as a job.
        """

        from works.hourly.importer import HourlyImporter
        from works.hourly.pipeline import HourlyPipeline

        return HourlyPipeline(
            take_in=lambda stop: self.drop_folder.import_waiting(stop),
            export=self.listing.export_if_used,
            make_crawl=self._hourly_crawl,
            importer=HourlyImporter(files=self._hour_files, data=self.view_data),
            log_dir=self.foundation.settings.log_dir / "spider",
            zone=self.foundation.calendar.zone,
            renderer=self._log_renderer,
            access=self.foundation.file_access,
        )

    @cached_property
    def gaps(self) -> ViewGaps:
        """Return the object that finds hours without counters."""
        from works.hourly.gaps import ViewGaps

        return ViewGaps(
            files=self._hour_files, data=self.view_data, zone=self.foundation.calendar.zone
        )

    def _hourly_crawl(self) -> HourlyCrawl:
        from crawler.statistics.retry_policy import StatsRetryPolicy
        from presentation.i18n.renderer import ENGLISH_RENDERER
        from works.hourly.crawl import HourlyCrawl
        from works.hourly.entries import FailureEntries

        settings = self.foundation.settings
        rest_secs = settings.throttle_cooldown_secs
        retry_policy = StatsRetryPolicy(rest_secs, HOURLY_WAIT_SECS, try_other_accounts=False)
        return HourlyCrawl(
            stats=self.pool.statistics_over(self.pool.access, retry_policy),
            files=self._hour_files,
            list_path=settings.works_list,
            clock=self.foundation.clock,
            zone=self.foundation.calendar.zone,
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
        from works.hourly.files import HourFiles

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
                SessionPool(source=access.source.source, request_delay=request_delay),
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
        """Return the loops that import files and write `views.json`; a thread runs each."""
        from works.catalogue.listing_service import ListingService

        listing = ListingService(
            listing=self.listing,
            clock=self.foundation.clock,
            poll_secs=self.foundation.settings.poll_secs,
            errors=self.foundation.errors_of("works"),
        )
        return [self.drop_folder.run, listing.run]
