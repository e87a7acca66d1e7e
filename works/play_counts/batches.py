"""Request a batch of works: together first, and one by one in the last attempt."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.clock import Clock
from crawler.statistics.fetcher import VideoStatsFetcher
from crawler.statistics.items import FetchedItem
from storage.catalogue.works import Work
from works.catalogue.entries import Key

# When this many single requests of a silent batch stay unanswered, so will the others.
SINGLY_BEFORE_GIVING_UP = 3


@dataclass(frozen=True)
class RoundLimits:
    """The limits of a round of play counts.

    Args:
        batch: the number of works that are requested at once.
        batch_pause_secs: seconds to wait after each batch.
        tries: the number of attempts for each work.
        days: days for which a play count is fresh.
    """

    batch: int
    batch_pause_secs: float
    tries: int
    days: int


class BatchAsker:
    """Requests counters of works, and repeats requests without an answer, so that one
    work cannot spoil the others."""

    def __init__(self, *, fetcher: VideoStatsFetcher, clock: Clock, limits: RoundLimits) -> None:
        self._fetcher = fetcher
        self._clock = clock
        self._limits = limits

    def ask(self, batch: Sequence[Work], stop: threading.Event) -> dict[Key, FetchedItem]:
        """Return the outcome for each work; after a stop only for those that were answered."""
        items: dict[Key, FetchedItem] = {}
        waiting = list(batch)
        for attempt in range(1, self._limits.tries + 1):
            if attempt > 1 and self._clock.wait(stop, self._limits.batch_pause_secs):
                break
            singly = attempt > 1 and attempt == self._limits.tries
            items |= self._singly(waiting, items, stop) if singly else self._fetch(waiting, stop)
            waiting = [work for work in waiting if items[work.key].answer is None]
            if not waiting or stop.is_set():
                break
        if stop.is_set():
            return {key: item for key, item in items.items() if item.answer is not None}
        return items

    def _singly(
        self, waiting: Sequence[Work], known: Mapping[Key, FetchedItem], stop: threading.Event
    ) -> dict[Key, FetchedItem]:
        """Request each work by itself; give up when the first three get no answer either."""
        items = dict(known)
        for number, work in enumerate(waiting):
            is_silent = all(item.answer is None for item in items.values())
            if stop.is_set() or (is_silent and number >= SINGLY_BEFORE_GIVING_UP):
                break
            items |= self._fetch([work], stop)
        return items

    def _fetch(self, group: Sequence[Work], stop: threading.Event) -> dict[Key, FetchedItem]:
        texts = [f"{work.platform}:{work.work_id}" for work in group]
        items = self._fetcher.fetch(texts, stop)
        return {work.key: item for work, item in zip(group, items, strict=True)}
