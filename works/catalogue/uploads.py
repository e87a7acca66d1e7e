"""All that a creator uploaded, into the catalogue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.cancellation import StoppedSignal
from core.errors import InvalidInputError, NotFoundError
from crawler.statistics.askers import PoolAsker
from sources.base import Upload, UploadsPage
from sources.links import normalize_bilibili_id
from storage.catalogue.works import InvalidBy
from works.catalogue.catalogue import Catalogue, Changes
from works.catalogue.entries import WorkEntry, shortened

PLATFORM = "bilibili"
MAX_PAGES = 10_000


@dataclass(frozen=True)
class DiscoveryResult:
    """What the pages so far brought. `told` is how many videos the platform says there are."""

    page: int
    told: int
    found: int
    changes: Changes
    is_last: bool


class UploadsDiscovery:
    """Walks through the pages of a creator with the pool's accounts at their pace. Each page is
    stored as it comes, so that what was found stays when the walk ends early."""

    def __init__(self, *, asker: PoolAsker, catalogue: Catalogue) -> None:
        self._asker = asker
        self._catalogue = catalogue

    def discover(
        self, uid: str, stop: threading.Event, on_page: Callable[[DiscoveryResult], None]
    ) -> DiscoveryResult:
        """Add every upload, telling `on_page` after each page.

        Raises:
            InvalidInputError: there is no such creator, or no account can ask soon.
            SourceError, CredentialsError: the page could not be had.
            Stopped
        """
        ids: set[str] = set()
        total = Changes()
        for number in range(1, MAX_PAGES + 1):
            if stop.is_set():
                raise StoppedSignal
            page = self._page(uid, number, stop)
            entries = [entry for one in page.uploads if (entry := _entry(uid, one))]
            total += self._catalogue.put(entries)
            ids |= {entry.work_id for entry in entries}
            done = DiscoveryResult(
                page=number, told=page.total, found=len(ids), changes=total, is_last=page.is_last
            )
            on_page(done)
            if page.is_last:
                break
        return done

    def _page(self, uid: str, number: int, stop: threading.Event) -> UploadsPage:
        try:
            return self._asker.with_account(
                lambda v: v.source.uploads(v.session, uid, number, stop), stop
            )
        except NotFoundError as error:
            raise InvalidInputError(
                f"{PLATFORM} has no creator with the uid {uid} ({error})"
            ) from error


def _entry(uid: str, upload: Upload) -> WorkEntry | None:
    """The upload as a work; None for one without a video of its own (a course)."""
    work_id = normalize_bilibili_id(upload.bvid)
    if work_id is None:
        return None
    return shortened(
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
