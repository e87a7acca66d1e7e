"""YouTube's Data API v3, as far as counters need it: `videos`, with units of a daily quota.

Any key is good unless it starts with `bad-`. A call costs one unit, whatever comes of it; the day
turns at midnight in Los Angeles.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sandbox import youtube_errors
from sandbox.accounts import Standing
from sandbox.desk import Desk, Handler
from sandbox.fates import VISIBLE
from sandbox.foreign_videos import YOUTUBE
from sandbox.messages import Json, Reply, Request
from sandbox.pacific import pacific_day
from sandbox.world import Seen, World

_MAX_IDS = 50
_ID = re.compile(r"[0-9A-Za-z_-]{11}")
_PARTS = ("id", "snippet", "statistics")
_NAMES = {"viewCount": "view", "likeCount": "like", "commentCount": "comment"}


@dataclass(slots=True)
class Units:
    """What every key has spent on which day; thread-safe."""

    limit: int
    _spent: Counter[tuple[str, date]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str, day: date) -> bool:
        """Spend one unit; False if the day has none left."""
        with self._lock:
            if self._spent[key, day] >= self.limit:
                return False
            self._spent[key, day] += 1
            return True

    def reset(self) -> None:
        """Forget what was spent."""
        with self._lock:
            self._spent.clear()


@dataclass(frozen=True, slots=True)
class YouTube:
    """Answers `videos`."""

    world: World
    desk: Desk
    units: Units

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {("GET", "/youtube/v3/videos"): self.videos}

    def videos(self, request: Request) -> Reply:
        """Up to fifty videos; ids that cannot be seen are left out without a word."""
        self.desk.stats.requested(self.desk.platform, request.path)
        key = request.params.get("key") or request.headers.get("x-goog-api-key", "")
        refused = self._refusal(key) or _mistake(request.params)
        if refused:
            return refused
        ids = list(dict.fromkeys(request.params["id"].split(",")))
        parts = request.params["part"].split(",")
        found = [seen for each in ids if _ID.fullmatch(each) and (seen := self._seen(each))]
        items = [_item(seen, parts) for seen in found]
        asked = replace(
            self.desk.asked(request, key),
            videos=frozenset(ids),
            shows="batch" if items and "statistics" in parts else "",
        )
        return self.desk.answer(request, asked, _envelope(items))

    def _refusal(self, key: str) -> Reply | None:
        if not key:
            return youtube_errors.key_missing()
        if key.startswith("bad-"):
            return youtube_errors.key_invalid()
        standing = self.desk.accounts.admit(key)
        if standing is Standing.OVER_LIMIT:
            return youtube_errors.rate_exceeded()
        if standing is not Standing.WELCOME:
            return youtube_errors.forbidden()
        if not self.units.take(key, pacific_day(self.world.now())):
            return youtube_errors.quota_exceeded()
        self.desk.stats.spent("youtube_units")
        return None

    def _seen(self, video_id: str) -> Seen | None:
        seen = self.world.seen(YOUTUBE, video_id)
        return seen if seen and seen.fate.state == VISIBLE else None


def _mistake(params: Mapping[str, str]) -> Reply | None:
    unknown = [part for part in params.get("part", "").split(",") if part not in _PARTS]
    if unknown:
        return youtube_errors.unknown_part(unknown[0])
    if not params.get("id"):
        message = "No filter selected. Expected one of: id, chart, myRating"
        return youtube_errors.error(
            400, "missingRequiredParameter", message, domain="youtube.parameter"
        )
    if len(params["id"].split(",")) > _MAX_IDS:
        return youtube_errors.bad_request(
            "The request specifies too many values in <code>id</code>"
        )
    return None


def _envelope(items: list[Json]) -> Json:
    return {
        "kind": "youtube#videoListResponse",
        "etag": _etag([item["etag"] for item in items]),
        "items": items,
        "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)},
    }


def _item(seen: Seen, parts: list[str]) -> Json:
    item: Json = {"kind": "youtube#video", "etag": _etag([seen.id, seen.counters]), "id": seen.id}
    if "snippet" in parts:
        published = datetime.fromtimestamp(seen.published_at, UTC)
        item["snippet"] = {
            "publishedAt": f"{published:%Y-%m-%dT%H:%M:%SZ}",
            "channelId": seen.uid,
            "title": seen.title,
            "description": "",
            "channelTitle": seen.author,
        }
    if "statistics" in parts:
        item["statistics"] = {
            **{
                name: str(seen.counters[ours])
                for name, ours in _NAMES.items()
                if ours not in seen.fate.hides
            },
            "favoriteCount": "0",
        }
    return item


def _etag(value: object) -> str:
    return hashlib.md5(repr(value).encode()).hexdigest()[:27]
