"""The YouTube adapter: statistics of videos by API key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from core.errors import LoginExpiredError
from core.messages import Message
from core.settings import Pace
from sources.base import (
    AccountSession,
    Gone,
    SessionStatus,
    StatsAnswer,
    Unavailable,
    keeping_answers,
)
from sources.json_api import open_key_session
from sources.youtube.client import YouTubeClient
from sources.youtube.parsing import read_videos

BATCH = 50
VIDEO_ID = re.compile(r"[0-9A-Za-z_-]{11}")
# The first video ever uploaded to YouTube, which is not likely to disappear.
ANY_VIDEO = "jNQXAC9IVRw"
NO_KEY = Message.of("platform_key_missing", name="YouTube", setting="BATON_YOUTUBE_API_KEY")


class YouTubeSource:
    """Counters of videos by API key; up to `batch` ids cost one request and one quota unit."""

    platform = "youtube"
    batch = BATCH

    def __init__(self, *, client: YouTubeClient, pace: Pace) -> None:
        self._client = client
        self.pace = pace
        self.endpoint_paces: Mapping[str, Pace] = {}
        self.endpoints: Mapping[str, str] = {}

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """Return a session with the API key `session`, in clear.

        Raises:
            LoginExpiredError: there is no key, or it holds characters that no key has.
        """
        opened = open_key_session(account_id, username, session, proxy, missing=NO_KEY)
        # Not as `key=` in the URL, which proxies and debug logs write down.
        opened.http.headers["X-Goog-Api-Key"] = opened.secrets[0]
        return opened

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Return whether YouTube accepts the key, for one quota unit.

        Raises:
            SourceError: YouTube refuses for another reason, or does not answer.
        """
        try:
            self._client.videos(session, [ANY_VIDEO])
        except LoginExpiredError:
            return SessionStatus(signed_in=False)
        return SessionStatus(signed_in=True)

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each id its counters, or why there are none; malformed ids cost no request.

        Raises:
            SourceError: a request is refused; its `answers` has those of the others.
        """
        valid_ids = [video_id for video_id in dict.fromkeys(ids) if VIDEO_ID.fullmatch(video_id)]
        answers: dict[str, StatsAnswer] = {
            video_id: _bad_id(video_id) for video_id in ids if not VIDEO_ID.fullmatch(video_id)
        }
        with keeping_answers(lambda: answers):
            for start in range(0, len(valid_ids), BATCH):
                chunk = valid_ids[start : start + BATCH]
                answers |= read_videos(self._client.videos(session, chunk), chunk)
        return {video_id: answers[video_id] for video_id in ids}


def _bad_id(video_id: str) -> Unavailable:
    detail = Message.of("youtube_id_malformed", text=video_id[:40])
    return Unavailable(Gone.BAD_ID, detail, final=True)
