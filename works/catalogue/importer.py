"""Import works: from links that somebody typed, and from the rows of files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import RetryableError, SourceError
from core.messages import Message
from crawler.statistics.fetcher import VideoStatsFetcher
from crawler.statistics.items import FetchedItem
from crawler.statistics.missing import missing_stats
from sources.base import Unavailable
from sources.links import ShortLink, VideoLink
from sources.short_links import ShortLinkResolver
from storage.catalogue.works import Work
from works.catalogue.catalogue import Catalogue, Changes
from works.catalogue.entries import FieldsOwner, Key, WorkEntry, merge
from works.catalogue.fields import read_link
from works.catalogue.import_files import WorkRow, WorkRows, problem_at
from works.catalogue.stats_results import apply_answer

# Short links are resolved without an account, so that this gap is their only pace.
SHORT_LINK_GAP_SECS = 1.0
STOPPED = Message.of("short_link_not_asked")


@dataclass(frozen=True)
class AddResult:
    """The outcome for one link.

    Args:
        key: platform and work id; None when nothing was added, for the reason in `note`.
        is_new: whether the work was not in the catalogue before.
        note: with a key, the reason why title and author could not be fetched; None for nothing to
            say.
    """

    text: str
    key: Key | None = None
    is_new: bool = False
    note: Message | None = None


@dataclass(frozen=True)
class ImportSummary:
    """The outcome of importing a file.

    `problems` has a message for each row that was not imported; `repeats` counts rows about a work
    that an earlier row is about.
    """

    changes: Changes
    problems: tuple[Message, ...]
    repeats: int


@dataclass(frozen=True, kw_only=True)
class WorksImporter:
    """Adds works to the catalogue.

    Args:
        fetcher: fetches title, author and play count of works that are added by link.
        resolver: resolves short links, one a second.
    """

    catalogue: Catalogue
    fetcher: VideoStatsFetcher
    resolver: ShortLinkResolver
    clock: Clock

    def add(
        self, texts: Sequence[str], platform: str | None, stop: threading.Event, *, fetch: bool
    ) -> list[AddResult]:
        """Add works by their links, and return the outcome for each, in the order of `texts`.

        A work whose data cannot be fetched now is added without them; a video that its platform
        does not have is not added, nor is a short link that cannot be resolved. When `stop` is set,
        the short links left are not added; nothing is raised.

        Args:
            texts: links, share texts or ids.
            platform: the platform of bare ids; None when only links are accepted.
            fetch: request title, author and play count from the platforms first.

        Raises:
            InvalidInputError: a text names no video; nothing was added.
        """
        links = [read_link(text, platform) for text in texts]
        if fetch:
            return [self._add_fetched(item) for item in self.fetcher.fetch(texts, stop, platform)]
        resolve = self._link_resolver(stop)
        return [
            self._add_resolved(text, resolve(link)) for text, link in zip(texts, links, strict=True)
        ]

    def import_rows(self, rows: WorkRows, name: str, stop: threading.Event) -> ImportSummary:
        """Add and change the works of a file that messages call `name`.

        A repetition changes nothing. Works that a complete list leaves out are disabled, unless a
        row of the list is wrong. When `stop` is set, the short links that were not resolved yet are
        left out and listed as problems; everything else is imported.

        Raises:
            DatabaseError: a batch failed; earlier ones stay.
        """
        entries: list[WorkEntry] = []
        problems = list(rows.problems)
        resolve = self._link_resolver(stop)
        for row in rows.good:
            video = resolve(row.link)
            if isinstance(video, VideoLink):
                entries.append(_entry(row, video))
            else:
                problems.append(problem_at(name, row.place, video))
        if rows.is_complete and problems:
            problems.append(Message.of("complete_list_held", file=name))
        elif rows.is_complete:
            entries += self.catalogue.unlisted_entries(entries, ())
        changes = self.catalogue.put(entries)
        repeats = len(entries) - len({entry.key for entry in entries})
        return ImportSummary(changes, tuple(problems), repeats)

    def _add_resolved(self, text: str, video: VideoLink | Message) -> AddResult:
        if isinstance(video, Message):
            return AddResult(text, note=video)
        key = (video.platform, video.video_id)
        return AddResult(text, key, self.catalogue.put([WorkEntry(*key)]).new > 0)

    def _add_fetched(self, item: FetchedItem) -> AddResult:
        answer = item.answer
        has_note = item.error or isinstance(answer, Unavailable)
        note = missing_stats(item) if has_note else None
        if item.platform is None or item.video_id is None:
            return AddResult(item.text, note=note)
        key = (item.platform, item.video_id)
        is_gone = isinstance(answer, Unavailable) and answer.final

        def change(work: Work | None, key: Key, now: datetime) -> Work | None:
            if work is None and is_gone:
                return None
            if work is None:
                new = merge(None, WorkEntry(*key), now)
                return apply_answer(new, item, now, FieldsOwner.PLATFORM)
            return apply_answer(work, item, now, self.catalogue.owner)

        changes = self.catalogue.change([key], change)
        is_there = changes != Changes()
        return AddResult(
            text=item.text, key=key if is_there else None, is_new=changes.new > 0, note=note
        )

    def _link_resolver(
        self, stop: threading.Event
    ) -> Callable[[VideoLink | ShortLink], VideoLink | Message]:
        """Return a function that resolves a link, at most one a second,
        or returns why it could not.

        A host that has refused a request gets no more of them.
        """
        refusals: dict[str, Message] = {}
        is_first_done = False

        def resolve(link: VideoLink | ShortLink) -> VideoLink | Message:
            nonlocal is_first_done
            if isinstance(link, VideoLink):
                return link
            host = str(urlsplit(link.url).hostname)
            if host in refusals:
                return refusals[host]
            if stop.is_set() or (is_first_done and self.clock.wait(stop, SHORT_LINK_GAP_SECS)):
                return STOPPED
            is_first_done = True
            try:
                found = self.resolver.resolve(link)
            except SourceError as error:
                refusal = Message.of("short_link_unresolved", cause=error)
                if not isinstance(error, RetryableError):
                    refusals[host] = refusal
                return refusal
            return found.detail if isinstance(found, Unavailable) else found

        return resolve


def _entry(row: WorkRow, video: VideoLink) -> WorkEntry:
    return replace(row.entry, platform=video.platform, work_id=video.video_id)
