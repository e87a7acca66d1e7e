"""Control calls for videos: the true counters of now, other fates, and a clock that runs ahead."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sandbox.bvid import to_aid
from sandbox.clock import WorldClock
from sandbox.desk import Handler
from sandbox.fates import STATES, Fate
from sandbox.foreign_videos import DOUYIN, YOUTUBE
from sandbox.growth import VIEWS_PER
from sandbox.handlers.control_bodies import BadControlError, body_object, number, refuse, text
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.short_codes import short_url
from sandbox.world import BILIBILI, PLATFORMS, Seen, World, aid_of

_MAX_LISTED, _MAX_SCANNED = 5_000, 200_000
_YOUTUBE_ID = re.compile(r"[0-9A-Za-z_-]{11}")


@dataclass(frozen=True, slots=True)
class VideoControl:
    """What tests ask and decide about videos."""

    world: World
    clock: WorldClock

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/__sandbox__/videos"): self.videos,
            ("POST", "/__sandbox__/videos"): self.decide,
            ("POST", "/__sandbox__/clock"): self.set_clock,
        }

    def videos(self, request: Request) -> Reply:
        """`ids=…` (with `platform=` where the id does not tell), or a list to choose from:
        `platform=`, `count=`, `state=`, `domain=` (Bilibili)."""
        params = request.params
        try:
            if "ids" in params:
                ids = params["ids"].split(",")
                found = [self._one(params.get("platform", ""), each) for each in ids]
            else:
                found = self._some(params)
        except BadControlError as error:
            return refuse(error)
        return json_reply({"now": self.world.now(), "videos": found})

    def decide(self, request: Request) -> Reply:
        """{"id", "platform", "state", "hides": [counters]}: another fate for one video."""
        try:
            body = body_object(request)
            platform, video_id = _named(text(body, "platform", ""), text(body, "id"))
            state, hides = text(body, "state", "visible"), body.get("hides", [])
            if state not in STATES:
                raise BadControlError(f"state must be one of {', '.join(STATES)}")
            if not isinstance(hides, list) or not all(name in VIEWS_PER for name in hides):
                raise BadControlError(f"hides must be a list of {', '.join(VIEWS_PER)}")
        except BadControlError as error:
            return refuse(error)
        self.world.fates.decide(platform, video_id, Fate(state, tuple(hides)))
        return json_reply(self._one(platform, video_id))

    def set_clock(self, request: Request) -> Reply:
        """{"ahead_secs"}: how far counters, sessions and quotas run ahead of the real time."""
        try:
            ahead_secs = number(body_object(request), "ahead_secs")
        except BadControlError as error:
            return refuse(error)
        self.clock.set_ahead(ahead_secs)
        return json_reply({"now": self.clock()})

    def _one(self, platform: str, video_id: str) -> Json:
        platform, video_id = _named(platform, video_id)
        seen = self.world.seen(platform, video_id)
        if seen is None:
            return {"platform": platform, "id": video_id, "state": "gone", "counters": {}}
        return _told(seen)

    def _some(self, params: Mapping[str, str]) -> list[Json]:
        platform, count = params.get("platform", BILIBILI), params.get("count", "10")
        if platform not in PLATFORMS:
            raise BadControlError(f"platform must be one of {', '.join(PLATFORMS)}")
        if not (count.isascii() and count.isdigit() and len(count) < 6):
            raise BadControlError("count must be a number")
        domain = params.get("domain", self.world.catalog.domains[0])
        ids = itertools.islice(self.world.ids(platform, domain), _MAX_SCANNED)
        shown = (_told(seen) for each in ids if (seen := self.world.seen(platform, each)))
        wanted: Iterable[Json] = shown
        if "state" in params:
            wanted = (each for each in shown if each["state"] == params["state"])
        return list(itertools.islice(wanted, min(int(count), _MAX_LISTED)))


def _told(seen: Seen) -> Json:
    told = seen.told()
    if seen.platform == BILIBILI:
        aid = to_aid(seen.id)
        return {**told, "aid": aid, "short_url": short_url(BILIBILI, aid)}
    short = None if seen.platform == YOUTUBE else short_url(seen.platform, int(seen.id))
    return {**told, "short_url": short}


def _named(platform: str, video_id: str) -> tuple[str, str]:
    """Platform and id as fates know them; BadControlError if the id is none."""
    is_number = video_id.isascii() and video_id.isdigit()
    if not platform:
        platform = DOUYIN if is_number and len(video_id) == 19 else BILIBILI
        if _YOUTUBE_ID.fullmatch(video_id) and not is_number:
            platform = YOUTUBE
    try:
        if platform == BILIBILI:
            return platform, str(aid_of(video_id))
    except ValueError as error:
        raise BadControlError(str(error)) from error
    is_id = _YOUTUBE_ID.fullmatch(video_id) if platform == YOUTUBE else is_number
    if platform not in PLATFORMS or not is_id or (platform != YOUTUBE and len(video_id) != 19):
        raise BadControlError(f"{video_id!r} is no id of {platform}")
    return platform, video_id
