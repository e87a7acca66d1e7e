"""Import all uploads of a creator into the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.cancellation import StoppedSignal
from core.errors import InvalidInputError, NotFoundError
from crawler.statistics.batch_fetchers import PoolBatchFetcher
from sources.base import Upload, UploadsPage
from sources.links import normalize_bilibili_id
from sources.policies import UPLOADS
from storage.catalogue.works import InvalidBy
from works.catalogue.catalogue import Catalogue, Changes
from works.catalogue.entries import WorkEntry, truncated

PLATFORM = "bilibili"
MAX_PAGES = 10_000


@dataclass(frozen=True)
class DiscoveryResult:
    """The outcome of the pages so far.

    Args:
        page: the number of the last fetched page, from 1.
        announced: the number of videos that the platform states.
        found: the number of different videos on the pages.
    """

    page: int
    announced: int
    found: int
    changes: Changes
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class UploadsDiscovery:
    """Adds all uploads of a Bilibili creator, with requests by the pool's accounts, at their pace.

    Each page is stored as it comes, so that the works found stay when the import ends early.
    """

    fetcher: PoolBatchFetcher
    catalogue: Catalogue

    def discover(
        self, uid: str, stop: threading.Event, on_page: Callable[[DiscoveryResult], None]
    ) -> DiscoveryResult:
        """Add every upload of the creator `uid`, and call `on_page` after each page.

        Known works are changed where the platform reports other values.

        Raises:
            InvalidInputError: there is no such creator, or no account is available soon.
            SourceError, CredentialsError: a page could not be fetched; earlier ones stay.
            StoppedSignal: `stop` was set; earlier pages stay.
        """
        ids: set[str] = set()
        total = Changes()
        for number in range(1, MAX_PAGES + 1):
            if stop.is_set():
                raise StoppedSignal
            page = self._page(uid, number, stop)
            entries = [entry for upload in page.uploads if (entry := _entry(uid, upload))]
            total += self.catalogue.put(entries)
            ids |= {entry.work_id for entry in entries}
            progress = DiscoveryResult(
                page=number,
                announced=page.total,
                found=len(ids),
                changes=total,
                is_last=page.is_last,
            )
            on_page(progress)
            if page.is_last:
                break
        return progress

    def _page(self, uid: str, number: int, stop: threading.Event) -> UploadsPage:
        """Fetch one page with an account of the pool. Raise
        InvalidInputError for an unknown creator."""
        try:
            return self.fetcher.run_with_account(
                lambda v: v.source.uploads(v.session, uid, number, stop), stop, UPLOADS
            )
        except NotFoundError as error:
            raise InvalidInputError(
                "creator_not_found", platform=PLATFORM, uid=uid, cause=error
            ) from error


def _entry(uid: str, upload: Upload) -> WorkEntry | None:
    """Return the upload as an entry; None for one without a video of its own (a course)."""
    work_id = normalize_bilibili_id(upload.bvid)
    if work_id is None:
        return None
    return truncated(
        WorkEntry(
            platform=PLATFORM,
            work_id=work_id,
            title=upload.title,
            author=upload.author,
            uid=uid,
            publish_time=upload.published_at,
            cover_url=upload.cover_url,
            is_valid=True,
            by=InvalidBy.PLATFORM,
        )
    )
