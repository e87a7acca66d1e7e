"""Bilibili's counters: one video's page, and two batch endpoints.

In a batch, videos that cannot be opened are left out, or come as `attr` 1 with counters of 0: which
of the two is drawn for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sandbox import envelopes
from sandbox.desk import Handler
from sandbox.fates import GONE, HIDDEN, IN_REVIEW, NOT_YET_OUT, OWNER_ONLY, VISIBLE
from sandbox.handlers import wire, wire_batch
from sandbox.handlers.bilibili_door import Door
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.world import World, aid_of

_CODES = {
    GONE: envelopes.NOT_FOUND,
    HIDDEN: envelopes.NOT_VISIBLE,
    IN_REVIEW: envelopes.IN_REVIEW,
    NOT_YET_OUT: envelopes.NOT_YET_OUT,
    OWNER_ONLY: envelopes.OWNER_ONLY,
}
_VIDEO_TYPE = "2"


@dataclass(frozen=True, slots=True)
class BilibiliVideos:
    """Answers for single videos and for batches of at most `batch_limit` ids."""

    world: World
    door: Door
    batch_limit: int

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/x/web-interface/view"): self.view,
            ("GET", "/medialist/gateway/base/resource/infos"): self.batch,
            ("GET", "/x/v3/fav/resource/infos"): self.favourites,
        }

    def view(self, request: Request) -> Reply:
        """One video by `bvid` or `aid`; also for anonymous visitors."""
        refused = self.door.refusal(request, anybody=True)
        if refused:
            return refused
        aid = _wanted_aid(request.params)
        if aid is None:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        found = self.world.bilibili(aid)
        if found is None:
            return json_reply(envelopes.failure(envelopes.NOT_FOUND))
        video, owner, seen = found
        if seen.fate.state != VISIBLE:
            return json_reply(envelopes.failure(_CODES[seen.fate.state]))
        asked = replace(self.door.asked(request), videos=frozenset({str(aid), video.bvid}))
        envelope = envelopes.success(wire.video_view(video, owner, seen))
        return self.door.desk.answer(request, asked, envelope)

    def batch(self, request: Request) -> Reply:
        """Many videos with all seven counters; undocumented by the platform."""
        return self._batch(request, wire_batch.full_item, anybody=False)

    def favourites(self, request: Request) -> Reply:
        """Many videos with three counters; also for anonymous visitors."""
        return self._batch(request, wire_batch.short_item, anybody=True)

    def _batch(self, request: Request, item: wire_batch.Item, *, anybody: bool) -> Reply:
        refused = self.door.refusal(request, anybody=anybody)
        if refused:
            return refused
        aids = _wanted_aids(request.params.get("resources", ""))
        if not aids or len(aids) > self.batch_limit:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        items = [shown for aid in aids if (shown := self._item(aid, item))]
        ids = frozenset(name for each in items for name in (str(each["id"]), each["bvid"]))
        asked = replace(self.door.asked(request), videos=ids, shows="batch" if items else "")
        return self.door.desk.answer(request, asked, envelopes.success(items or None))

    def _item(self, aid: int, item: wire_batch.Item) -> Json | None:
        found = self.world.bilibili(aid)
        if found is None:
            return None
        video, owner, seen = found
        if seen.fate.state == VISIBLE:
            return item(video, owner, seen)
        return wire_batch.dead(item(video, owner, seen)) if video.bits & 1 else None


def _wanted_aid(params: Mapping[str, str]) -> int | None:
    try:
        return aid_of(params["bvid"] if "bvid" in params else params.get("aid", ""))
    except ValueError:
        return None


def _wanted_aids(resources: str) -> list[int] | None:
    """The numbers of `aid:2,aid:2`; None when one of them is no video."""
    pairs = [pair.partition(":") for pair in resources.split(",")]
    if not all(aid.isascii() and aid.isdigit() and kind == _VIDEO_TYPE for aid, _, kind in pairs):
        return None
    return [int(aid) for aid, _, _ in pairs]
