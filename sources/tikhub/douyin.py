"""Douyin by TikHub: counters from one question, play counts from another."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import NotFoundError
from core.settings import Pace
from sources.base import AccountSession, StatsAnswer, VideoStats
from sources.json_api import counter
from sources.tikhub.awemes import read_one, read_statistics
from sources.tikhub.client import TikHubClient
from sources.tikhub.source import TikHubSource, split_ids

ONE = "/api/v1/douyin/app/v3/fetch_one_video"
FEW_PLAYS = "/api/v1/douyin/app/v3/fetch_video_statistics"
MANY_PLAYS = "/api/v1/douyin/app/v3/fetch_multi_video_statistics"
BATCH = 50
FEW = 2
FEW_UP_TO = 10  # videos; the question for 50 costs as much as 25 others
MANY_PRICES = 25
KEPT_SECS = 600.0


class DouyinSource(TikHubSource):
    """`n` ids take n requests for their counters and one (up to ten ids: n/2) for their plays."""

    platform = "douyin"
    batch = BATCH

    def __init__(self, *, client: TikHubClient, pace: Pace) -> None:
        super().__init__(client=client, pace=pace)
        self._told = _Paid(client.clock)
        self._full = _Paid(client.clock)

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        good, answers = split_ids(ids)
        answers |= self._each(good, lambda aweme_id: self._one(session, aweme_id))
        shown = [one for one in good if isinstance(answers[one], VideoStats)]
        self._add_plays(session, [one for one in shown if not self._full.get(one)], answers)
        self._told.forget(good)
        self._full.forget(good)
        return {aweme_id: answers[aweme_id] for aweme_id in ids}

    def _one(self, session: AccountSession, aweme_id: str) -> StatsAnswer:
        paid = self._full.get(aweme_id) or self._told.get(aweme_id)
        if paid is not None:
            return paid
        answer = read_one(self._client.get(session, ONE, {"aweme_id": aweme_id}), aweme_id)
        if isinstance(answer, VideoStats):
            answer = replace(answer, view=answer.view or None)  # it says 0 of every video
        self._told.keep(aweme_id, answer)
        return answer

    def _add_plays(
        self, session: AccountSession, ids: Sequence[str], answers: dict[str, StatsAnswer]
    ) -> None:
        few = len(ids) <= FEW_UP_TO
        size, path, prices = (FEW, FEW_PLAYS, 1) if few else (BATCH, MANY_PLAYS, MANY_PRICES)
        for start in range(0, len(ids), size):
            chunk = ids[start : start + size]
            for aweme_id, view in self._plays(session, path, chunk, prices).items():
                stats = answers[aweme_id]
                assert isinstance(stats, VideoStats)
                answers[aweme_id] = replace(stats, view=view)
            for aweme_id in chunk:
                self._full.keep(aweme_id, answers[aweme_id])

    def _plays(
        self, session: AccountSession, path: str, ids: Sequence[str], prices: int
    ) -> dict[str, int]:
        """The play counts of those that have one."""
        try:
            answer = self._client.get(session, path, {"aweme_ids": ",".join(ids)}, prices)
        except NotFoundError:
            return {}  # their other counters are known all the same
        told = read_statistics(answer)
        views = {one: counter(told[one].get("play_count")) for one in ids if one in told}
        return {one: view for one, view in views.items() if view is not None}


class _Paid:
    """Answers of a call that failed later: when it is made again, they are not paid for again."""

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
