"""Douyin by TikHub: most counters from one endpoint, play counts from another."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import NotFoundError
from core.settings import Pace
from sources.base import AccountSession, StatsAnswer, VideoStats
from sources.json_api import parse_count
from sources.tikhub.client import TikHubClient
from sources.tikhub.parsing import read_one, read_statistics
from sources.tikhub.source import TikHubSource, split_ids

ONE = "/api/v1/douyin/app/v3/fetch_one_video"
FEW_PLAYS = "/api/v1/douyin/app/v3/fetch_video_statistics"
MANY_PLAYS = "/api/v1/douyin/app/v3/fetch_multi_video_statistics"
BATCH = 50
FEW = 2
# Few videos use the small endpoint: a request to the one for 50 costs as much as 25 of its own.
FEW_UP_TO = 10
MANY_PRICES = 25
# As long as a caller may take until it repeats a failed call.
KEPT_SECS = 600.0


class DouyinSource(TikHubSource):
    """Counters of Douyin's videos: a request for each id, and more for the play counts.

    Play counts take one request for every two of up to ten ids, and one for fifty of more.
    """

    platform = "douyin"
    batch = BATCH

    def __init__(self, *, client: TikHubClient, pace: Pace) -> None:
        super().__init__(client=client, pace=pace, paths=(ONE, FEW_PLAYS, MANY_PLAYS))
        self._without_plays = _PaidAnswers(client.clock)
        self._with_plays = _PaidAnswers(client.clock)

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each id its counters, or why there are none.

        Of several videos, one that fails is unavailable for now. What was paid for before an error
        is kept for ten minutes, for the caller's next attempt.

        Raises:
            SourceError: nothing is known of any of them, or the play counts cannot be fetched.
        """
        valid_ids, answers = split_ids(ids)
        answers |= self._fetch_each(valid_ids, lambda aweme_id: self._fetch_one(session, aweme_id))
        shown = [aweme_id for aweme_id in valid_ids if isinstance(answers[aweme_id], VideoStats)]
        self._add_plays(
            session, [aweme_id for aweme_id in shown if not self._with_plays.get(aweme_id)], answers
        )
        self._without_plays.forget(valid_ids)
        self._with_plays.forget(valid_ids)
        return {aweme_id: answers[aweme_id] for aweme_id in ids}

    def _fetch_one(self, session: AccountSession, aweme_id: str) -> StatsAnswer:
        paid = self._with_plays.get(aweme_id) or self._without_plays.get(aweme_id)
        if paid is not None:
            return paid
        answer = read_one(self._client.get(session, ONE, {"aweme_id": aweme_id}), aweme_id)
        if isinstance(answer, VideoStats):
            # This endpoint reports 0 plays of every video: the real count comes from the other one.
            answer = replace(answer, view=answer.view or None)
        self._without_plays.keep(aweme_id, answer)
        return answer

    def _add_plays(
        self, session: AccountSession, ids: Sequence[str], answers: dict[str, StatsAnswer]
    ) -> None:
        few = len(ids) <= FEW_UP_TO
        size, path, prices = (FEW, FEW_PLAYS, 1) if few else (BATCH, MANY_PLAYS, MANY_PRICES)
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            for aweme_id, view in self._fetch_plays(session, path, chunk, prices).items():
                stats = answers[aweme_id]
                assert isinstance(stats, VideoStats)
                answers[aweme_id] = replace(stats, view=view)
            for aweme_id in chunk:
                self._with_plays.keep(aweme_id, answers[aweme_id])

    def _fetch_plays(
        self, session: AccountSession, path: str, ids: Sequence[str], prices: int
    ) -> dict[str, int]:
        """Return the play counts of those videos that have one."""
        try:
            answer = self._client.get(session, path, {"aweme_ids": ",".join(ids)}, prices)
        except NotFoundError:
            return {}  # their other counters are known all the same
        statistics = read_statistics(answer)
        views = {
            aweme_id: parse_count(statistics[aweme_id].get("play_count"))
            for aweme_id in ids
            if aweme_id in statistics
        }
        return {aweme_id: view for aweme_id, view in views.items() if view is not None}


class _PaidAnswers:
    """A cache of what a failed call had already paid for, so that its repetition does not pay
    again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, StatsAnswer]] = {}

    def get(self, aweme_id: str) -> StatsAnswer | None:
        with self._lock:
            self._drop_old()
            return self._answers.get(aweme_id, (0.0, None))[1]

    def keep(self, aweme_id: str, answer: StatsAnswer) -> None:
        with self._lock:
            self._answers[aweme_id] = (self._clock.monotonic(), answer)

    def forget(self, ids: Iterable[str]) -> None:
        with self._lock:
            for aweme_id in ids:
                self._answers.pop(aweme_id, None)

    def _drop_old(self) -> None:
        oldest = self._clock.monotonic() - KEPT_SECS
        for aweme_id, (kept_at, _) in list(self._answers.items()):
            if kept_at >= oldest:
                break  # they lie in the order in which they came
            del self._answers[aweme_id]
