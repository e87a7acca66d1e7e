"""TikTok by TikHub: ten videos a question, and singly those that it left out."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import BadRequestError, NotFoundError
from sources.base import AccountSession, StatsAnswer
from sources.tikhub.awemes import read_many, read_one
from sources.tikhub.source import TikHubSource, split_ids

MANY = "/api/v1/tiktok/app/v3/fetch_multi_video"
ONE = "/api/v1/tiktok/app/v3/fetch_one_video"
BATCH = 10


class TikTokSource(TikHubSource):
    """`batch` ids take one request, and one more for each that is missing in its answer."""

    platform = "tiktok"
    batch = BATCH

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        good, answers = split_ids(ids)
        for start in range(0, len(good), BATCH):
            chunk = good[start : start + BATCH]
            found = self._many(session, chunk) if len(chunk) > 1 else {}
            answers |= found
            missing = [one for one in chunk if one not in found]
            answers |= self._each(missing, lambda aweme_id: self._one(session, aweme_id))
        return {aweme_id: answers[aweme_id] for aweme_id in ids}

    def _many(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        try:
            return read_many(self._client.post(session, MANY, ids), ids)
        except NotFoundError:
            return {}
        except BadRequestError as error:
            # One video may spoil the question for ten; its form or the token would spoil them all.
            if error.evidence is None or error.evidence.http_status != 400:
                raise
            return {}

    def _one(self, session: AccountSession, aweme_id: str) -> StatsAnswer:
        return read_one(self._client.get(session, ONE, {"aweme_id": aweme_id}), aweme_id)
