"""Fetch the current counters of videos, each link once."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Protocol

from core.cancellation import StoppedSignal
from core.messages import Message
from crawler.statistics.items import FetchedItem
from crawler.statistics.missing import missing_stats
from distribution import counters
from distribution.counters import Counters
from sources.base import VideoStats
from sources.links import VideoLink


class Fetcher(Protocol):
    """Fetches statistics of links: `VideoStatsFetcher` in the product."""

    def fetch(self, texts: list[str], stop: threading.Event) -> list[FetchedItem]: ...

    def videos(self, texts: list[str], stop: threading.Event) -> dict[str, VideoLink | Message]: ...


class LiveCounters:
    """The current counters of videos by link; each link is requested once in the object's life.

    It lives for one scan or one round.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._answers: dict[str, Counters | Message] = {}
        self._postponed: set[str] = set()
        self._unanswered: set[str] = set()
        self._videos: dict[str, VideoLink | Message] = {}

    def fetch(self, links: Iterable[str], stop: threading.Event) -> None:
        """Fetch the links that have no answer yet.

        A link that fails raises nothing: `get` returns the reason for it.

        Raises:
            StoppedSignal: `stop` was set; the answers until then are kept.
        """
        wanted = [link for link in dict.fromkeys(links) if link not in self._answers]
        if not wanted:
            return
        items = self._fetcher.fetch(wanted, stop)
        self._answers |= {item.text: _answer(item) for item in items}
        self._postponed |= {item.text for item in items if not item.asked}
        self._unanswered |= {item.text for item in items if item.is_unanswered}
        self._videos |= {
            item.text: VideoLink(item.platform, item.video_id)
            for item in items
            if item.platform is not None and item.video_id is not None
        }
        if stop.is_set():
            raise StoppedSignal

    def videos(self, links: Iterable[str], stop: threading.Event) -> dict[str, VideoLink | Message]:
        """Return the video of each link, short links resolved; links that name none are left out.

        For a link that could not be resolved now there is the reason.

        Raises:
            StoppedSignal: `stop` was set.
        """
        asked = list(dict.fromkeys(links))
        wanted = [link for link in asked if link not in self._videos]
        if wanted:
            self._videos |= self._fetcher.videos(wanted, stop)
        if stop.is_set():
            raise StoppedSignal
        return {link: self._videos[link] for link in asked if link in self._videos}

    def known_videos(self) -> dict[str, VideoLink]:
        """Return the videos of the links that were fetched or resolved so far."""
        return {link: v for link, v in self._videos.items() if isinstance(v, VideoLink)}

    def is_unanswered(self, link: str) -> bool:
        """Return True when a link has no counters for a reason that passes; False also for a link
        that was never fetched."""
        return link in self._unanswered

    def is_postponed(self, link: str) -> bool:
        """Return True when no request was made for the link, as the time or the platform's
        budget had run out; False also for a link that was never fetched."""
        return link in self._postponed

    def get(self, link: str) -> Counters | Message:
        """Return the counters of a link, or the reason why there are none.

        Raises:
            KeyError: the link was never fetched.
        """
        return self._answers[link]


def _answer(item: FetchedItem) -> Counters | Message:
    if isinstance(item.answer, VideoStats):
        return counters.fetched(item.answer)
    return missing_stats(item)
