"""HTTP with YouTube's Data API v3: one kind of request, which costs a quota unit."""

from __future__ import annotations

from collections.abc import Sequence

from core.clock import Clock
from sources.base import AccountSession, Budget
from sources.json_api import Answer, JsonApi
from sources.transport.session import ANSWER_SECS
from sources.youtube.errors import error_from_answer

VIDEOS = "/videos"
# Further parts cost no further unit.
PARTS = "snippet,statistics"
UNITS = 1


class YouTubeClient:
    """A client of one API host that counts quota units."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_secs: float,
        clock: Clock,
        budget: Budget,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self._api = JsonApi(base_url=base_url, timeout_secs=timeout_secs, answer_secs=answer_secs)
        self._clock = clock
        self._budget = budget

    def videos(self, session: AccountSession, ids: Sequence[str]) -> Answer:
        """Return the response about up to 50 video ids, for one quota unit.

        Raises:
            PlatformQuotaError: the day's budget is spent; nothing was sent.
            SourceError: no answer came, or its status is not 200.
        """
        self._budget.spend(UNITS)
        answer = self._api.request(session, VIDEOS, {"part": PARTS, "id": ",".join(ids)})
        if answer.status != 200:
            raise error_from_answer(answer, self._clock.now())
        return answer
