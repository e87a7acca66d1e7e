"""TikTok by TikHub: ten videos per request, and one request for each that the response left out."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import BadRequestError, NotFoundError
from core.settings import Pace
from sources.base import AccountSession, StatsAnswer, keeping_answers
from sources.tikhub.client import TikHubClient
from sources.tikhub.parsing import read_many, read_one
from sources.tikhub.source import TikHubSource, split_ids

MANY = "/api/v1/tiktok/app/v3/fetch_multi_video"
ONE = "/api/v1/tiktok/app/v3/fetch_one_video"
BATCH = 10


class TikTokSource(TikHubSource):
    """Counters of TikTok's videos: a request for ten ids, and one for each that it left out."""

    platform = "tiktok"
    batch = BATCH

    def __init__(self, *, client: TikHubClient, pace: Pace) -> None:
        super().__init__(client=client, pace=pace, paths=(MANY, ONE))

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each id its counters, or why there are none.

        A video that the request for ten leaves out is requested by itself. Of several such, one
        that fails is unavailable for now.

        Raises:
            SourceError: a request for ten is refused, or all single requests after it fail; its
                `answers` has those of the others.
        """
        valid_ids, answers = split_ids(ids)

        def fetch_one(aweme_id: str) -> StatsAnswer:
            answers[aweme_id] = self._fetch_one(session, aweme_id)
            return answers[aweme_id]

        with keeping_answers(lambda: answers):
            for start in range(0, len(valid_ids), BATCH):
                chunk = valid_ids[start : start + BATCH]
                answers |= self._fetch_many(session, chunk) if len(chunk) > 1 else {}
                missing = [aweme_id for aweme_id in chunk if aweme_id not in answers]
                answers |= self._fetch_each(missing, fetch_one)
        return {aweme_id: answers[aweme_id] for aweme_id in ids}

    def _fetch_many(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        try:
            return read_many(self._client.post(session, MANY, ids), ids)
        except NotFoundError:
            return {}
        except BadRequestError as error:
            # One video may spoil the question for ten; its form or the token would spoil them all.
            if error.evidence is None or error.evidence.http_status != 400:
                raise
            return {}

    def _fetch_one(self, session: AccountSession, aweme_id: str) -> StatsAnswer:
        return read_one(self._client.get(session, ONE, {"aweme_id": aweme_id}), aweme_id)
