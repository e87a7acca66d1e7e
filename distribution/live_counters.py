"""The counters of videos as their platforms tell them now; each link is asked for once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from core.cancellation import StoppedSignal
from crawler.statistics.items import FetchedItem
from distribution import counters
from distribution.counters import Counters
from sources.base import VideoStats


class Fetcher(Protocol):
    """What VideoStatsFetcher does."""

    def fetch(self, texts: list[str], stop: threading.Event) -> list[FetchedItem]: ...


class LiveCounters:
    """Answers are kept as long as this object is: one scan, or one round."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._known: dict[str, Counters | str] = {}
        self._unasked: set[str] = set()

    def ask(self, links: Iterable[str], stop: threading.Event) -> None:
        """Fetch what is not known yet.

        Raises:
            StoppedSignal: `stop` was set; what has an answer by then is known.
        """
        wanted = [link for link in dict.fromkeys(links) if link not in self._known]
        if not wanted:
            return
        items = self._fetcher.fetch(wanted, stop)
        self._known |= {item.text: _answer(item) for item in items}
        self._unasked |= {item.text for item in items if not item.asked}
        if stop.is_set():
            raise StoppedSignal

    def was_asked(self, link: str) -> bool:
        """Whether anybody tried, before the time or the platform's budget was used up."""
        return link not in self._unasked

    def of(self, link: str) -> Counters | str:
        """The counters, or why there are none."""
        return self._known[link]


def _answer(item: FetchedItem) -> Counters | str:
    if isinstance(item.answer, VideoStats):
        return counters.fetched(item.answer)
    if item.answer is not None:
        return f"{item.answer.reason.value}: {item.answer.detail}"
    return item.error or "no answer"
