"""A creator's own pages: uploads (signed), card, followers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox import envelopes, gate
from sandbox.creators import Creator
from sandbox.desk import Handler
from sandbox.handlers import wire_space
from sandbox.handlers.bilibili_door import Door
from sandbox.messages import Reply, Request, json_reply
from sandbox.videos import Video
from sandbox.wbi import KeyRing
from sandbox.world import World

_MAX_PAGE_SIZE = 50
_DEFAULT_PAGE_SIZE = 30


@dataclass(frozen=True, slots=True)
class BilibiliSpace:
    """Answers for one creator; the card and the followers also for anonymous visitors."""

    world: World
    door: Door
    keys: KeyRing
    wall: Callable[[], float]

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/x/space/wbi/arc/search"): self.uploads,
            ("GET", "/x/web-interface/card"): self.card,
            ("GET", "/x/relation/stat"): self.followers,
        }

    def uploads(self, request: Request) -> Reply:
        """One page of `mid`'s videos, newest first."""
        refused = self.door.refusal(request)
        refused = refused or gate.refusal(request, self.keys.current(), self.wall())
        if refused:
            return refused
        page = _number(request.params.get("pn", "1"), 10**9)
        size = _number(request.params.get("ps", str(_DEFAULT_PAGE_SIZE)), _MAX_PAGE_SIZE)
        if not page or not size or not _number(request.params.get("mid", ""), 10**16):
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        found = self._found(request.params["mid"])
        if found is None:
            return json_reply(envelopes.failure(envelopes.NO_SUCH_USER))
        owner, videos = found
        shown = videos[(page - 1) * size : page * size]
        seen = [(video, self.world.at_home(video, owner)) for video in shown]
        data = wire_space.uploads(owner, seen, page, size, len(videos))
        asked = replace(self.door.asked(request), shows="uploads" if shown else "")
        return self.door.desk.answer(request, asked, envelopes.success(data))

    def card(self, request: Request) -> Reply:
        """Name, followers and the number of uploads of `mid`."""
        return self._of_anybody(request, "mid", wire_space.card)

    def followers(self, request: Request) -> Reply:
        """The followers of `vmid`."""
        return self._of_anybody(request, "vmid", wire_space.followers)

    def _of_anybody(self, request: Request, name: str, wire: wire_space.Profile) -> Reply:
        refused = self.door.refusal(request, anybody=True)
        if refused:
            return refused
        if not _number(request.params.get(name, ""), 10**16):
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        found = self._found(request.params[name])
        if found is None:
            return json_reply(envelopes.failure(envelopes.NOT_FOUND))
        envelope = envelopes.success(wire(*found))
        return self.door.desk.answer(request, self.door.asked(request), envelope)

    def _found(self, mid: str) -> tuple[Creator, list[Video]] | None:
        return self.world.catalog.creator(int(mid))


def _number(text: str, most: int) -> int:
    """A number from 1 to `most`; 0 for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= 17):
        return 0
    return int(text) if 0 < int(text) <= most else 0
