"""The catalogue of videos and its numbers, built."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from app.base import BaseApp
from storage.catalogue.view_data import open_view_data
from storage.engines.transactions import Database

if TYPE_CHECKING:
    from sources.platform_access import PlatformAccess
    from works.catalogue.catalogue import Catalogue
    from works.catalogue.drop_folder import Inbox
    from works.catalogue.importer import WorksIntake
    from works.catalogue.listing import CatalogueList
    from works.catalogue.uploads import UploadsDiscovery
    from works.hourly.crawl import HourlyCrawl
    from works.hourly.files import HourFiles
    from works.hourly.gaps import ViewGaps
    from works.hourly.pipeline import HourlyViews
    from works.play_counts.updater import PlayCounts

HOURLY_WAIT_SECS = 600.0  # for one batch: rests grow, and the hour has time


class WorksApp(BaseApp):
    """With the catalogue, its hourly numbers and play counts."""

    @cached_property
    def catalogue(self) -> Catalogue:
        from works.catalogue.catalogue import Catalogue

        return Catalogue(self.database, self.clock)

    @cached_property
    def catalogue_list(self) -> CatalogueList:
        from works.catalogue.listing import CatalogueList

        return CatalogueList(self.database, self.clock, self.calendar, self.settings.works_list)

    @cached_property
    def works_intake(self) -> WorksIntake:
        from works.catalogue.importer import WorksIntake

        return WorksIntake(self.catalogue, self.video_stats, self.short_links, self.clock)

    @cached_property
    def works_inbox(self) -> Inbox:
        from works.catalogue.drop_folder import Inbox

        settings = self.settings
        return Inbox(
            settings.works_inbox, self.catalogue, self.clock, self.calendar.zone, settings.poll_secs
        )

    @cached_property
    def uploads(self) -> UploadsDiscovery:
        from works.catalogue.uploads import UploadsDiscovery

        return UploadsDiscovery(self.video_stats.pool_asker("bilibili"), self.catalogue)

    @cached_property
    def play_counts(self) -> PlayCounts:
        from crawler.statistics.retry_policy import StatsPatience
        from works.play_counts.batches import BatchAsker, RoundLimits
        from works.play_counts.updater import PlayCounts

        settings = self.settings
        limits = RoundLimits(
            settings.play_counts_batch,
            settings.play_counts_batch_pause_secs,
            settings.play_counts_tries,
            settings.play_counts_days,
        )
        asker = BatchAsker(
            self._stats_fetcher(self._spaced_platforms, StatsPatience()), self.clock, limits
        )
        return PlayCounts(
            self.database,
            self.catalogue,
            asker,
            self.clock,
            limits,
            settings.data_dir / "video_update_progress.json",
            settings.log_dir / "video_update.log",
        )

    @cached_property
    def view_data(self) -> Database:
        """The statistics file. It needs no other database."""
        return open_view_data(self.settings.view_data_file, self.host_clock)

    @cached_property
    def hourly_views(self) -> HourlyViews:
        """`hourly_views.run(stop)` is the full run as a job."""

        from works.hourly.importer import HourlyImport
        from works.hourly.pipeline import HourlyViews

        return HourlyViews(
            self.catalogue_list.export_if_used,
            self._hourly_crawl,
            HourlyImport(self._hour_files, self.view_data),
            self.settings.log_dir / "spider",
            self.calendar.zone,
        )

    def _hourly_crawl(self) -> HourlyCrawl:
        from crawler.statistics.retry_policy import StatsPatience
        from works.hourly.crawl import HourlyCrawl

        settings = self.settings
        rest_secs = settings.throttle_cooldown_secs
        patience = StatsPatience(rest_secs, HOURLY_WAIT_SECS, others_try=False)
        return HourlyCrawl(
            self._stats_fetcher(self.platforms, patience),
            self._hour_files,
            settings.works_list,
            self.clock,
            self.calendar.zone,
        )

    @property
    def _hour_files(self) -> HourFiles:
        from works.hourly.files import HourFiles

        return HourFiles(self.settings.views_dir)

    @cached_property
    def view_gaps(self) -> ViewGaps:
        from works.hourly.gaps import ViewGaps

        return ViewGaps(self._hour_files, self.view_data, self.calendar.zone)

    @cached_property
    def _spaced_platforms(self) -> dict[str, PlatformAccess]:
        """The platforms with sessions of their own, whose requests keep a distance, and without
        tries of their own: who asks for play counts tries again."""

        from sources.platform_access import PlatformAccess
        from sources.request_delay import RequestSpacing
        from sources.sessions import SessionPool

        spacing = RequestSpacing(self.clock, self.settings.play_counts_request_pause_secs)
        return {
            name: PlatformAccess(
                access.source.trying(1), SessionPool(access.source.source, spacing)
            )
            for name, access in self.platforms.items()
        }

    def _catalogue_care(self) -> list[Callable[[threading.Event], None]]:
        from works.catalogue.listing_service import ListingService

        listing = ListingService(self.catalogue_list, self.clock, self.settings.poll_secs)
        return [self.works_inbox.run, listing.run]
