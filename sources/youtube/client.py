"""HTTP with YouTube: one kind of request, a quota unit each."""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import Clock
from sources.base import AccountSession, Budget
from sources.json_api import Answer, JsonApi
from sources.youtube.errors import error_of

VIDEOS = "/videos"
PARTS = "snippet,statistics"  # further parts cost no further unit
UNITS = 1


class YouTubeClient:
    """Asks one API host and counts its quota units."""

    def __init__(self, *, base_url: str, timeout_secs: float, clock: Clock, budget: Budget) -> None:
        self._api = JsonApi(base_url=base_url, timeout_secs=timeout_secs)
        self._clock = clock
        self._budget = budget

    def videos(self, session: AccountSession, ids: Sequence[str]) -> Answer:
        """The videos of up to 50 ids. Raises a SourceError."""
        self._budget.spend(UNITS)
        answer = self._api.ask(session, VIDEOS, {"part": PARTS, "id": ",".join(ids)})
        if answer.status != 200:
            raise error_of(answer, self._clock.now())
        return answer
