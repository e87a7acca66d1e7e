"""Memory of cursors, for platforms that announce with each page where the next one begins."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

# Both bound the memory of a process that crawls for months.
MAX_DOMAINS = 256
MAX_PAGES_KEPT = 1000
Cursor = str | int


@dataclass(frozen=True)
class Place:
    """A page of a creator search and how to request it.

    `cursor` None stands for the first page; `is_end` says that there is no such page. `known_at` is
    when the platform announced it, in monotonic seconds.
    """

    page: int
    cursor: Cursor | None = None
    is_end: bool = False
    known_at: float = 0.0


FIRST = Place(1)


class CursorMemory:
    """Remembers by domain the places (pages with their cursors) that a platform announced.

    Several threads may use it. Old places are dropped; their pages are then reached anew from
    earlier ones.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[str, list[Place]] = OrderedDict()

    def nearest(self, domain: str, page: int) -> Place:
        """Return the last known place at or before `page`; the first page when none is known."""
        with self._lock:
            known = self._places.get(domain, [])
            return next((place for place in reversed(known) if place.page <= page), FIRST)

    def has_seen(self, domain: str, cursor: Cursor, before_page: int) -> bool:
        """Return True when an earlier page had this cursor: the platform leads in a circle."""
        with self._lock:
            known = self._places.get(domain, [])
            return any(place.cursor == cursor and place.page < before_page for place in known)

    def keep(self, domain: str, place: Place) -> None:
        """Remember a place, and drop the domain's known places at its page and behind it."""
        with self._lock:
            known = [old for old in self._places.pop(domain, []) if old.page < place.page]
            self._places[domain] = [*known[1 - MAX_PAGES_KEPT :], place]
            # The domain whose places were stored least recently is first.
            if len(self._places) > MAX_DOMAINS:
                self._places.popitem(last=False)

    def forget(self, domain: str) -> None:
        """Drop all places of a domain, so that its search begins at the first page again."""
        with self._lock:
            self._places.pop(domain, None)
