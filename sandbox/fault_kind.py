"""What a fault is: what was asked, the good answer it spoils, and whom it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.catalog import Question
from sandbox.messages import DIRECT, Json, Reply, json_reply

BILIBILI, YOUTUBE, TIKHUB, MARKET = "bilibili", "youtube", "tikhub", "market"
SHORT_LINKS = "short_links"
PLATFORMS = (BILIBILI, YOUTUBE, TIKHUB, MARKET, SHORT_LINKS)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as far as faults and counters care.

    `shows` says what the good answer holds that a fault may need: `hits`, `no_hits` (an empty page
    of a search), `batch`, `uploads` or nothing. A quiet endpoint goes wrong only by an order that
    names it. `egress` is the egress route by which the request came.
    """

    platform: str
    path: str
    account: str = ""
    question: Question | None = None
    shows: str = ""
    videos: frozenset[str] = frozenset()
    is_quiet: bool = False
    egress: str = DIRECT


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a fault works on: the good answer, and a number from 0 to 1 for whatever is random.

    `video` is the id that an order wants spoilt; empty when any will do. `params` are the keys of
    the order that only its kind understands.
    """

    envelope: Json
    roll: float = 0.0
    asked: Asked | None = None
    video: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hits(self) -> list[Json]:
        """A copy of the list of hits on the page; for kinds that need hits."""
        return list(self.envelope["data"]["result"])

    @property
    def place(self) -> int:
        """The position of the hit that is spoilt."""
        return self.place_among(len(self.hits))

    def place_among(self, count: int) -> int:
        """A position from 0 to `count` - 1, by the roll."""
        return min(int(self.roll * count), count - 1)

    def with_result(self, result: object) -> Reply:
        """The good answer with another `result`."""
        data = {**self.envelope["data"], "result": result}
        return json_reply({**self.envelope, "data": data})


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault.

    `needs`: makes sense only where the answer shows this (`hits`, `batch`, `uploads`). `platforms`:
    where it may happen, everywhere if empty. `spoils_empty`: where `hits` are needed, an empty page
    of a search will do as well. `is_complete`: the client gets the good answer whole,
    only late, so it counts as served. Kinds that are not `by_lot` happen by order only. `params`:
    the keys of an order that only this kind understands. `at_edge`: refuses before anybody looks
    at the session, on quiet endpoints too.
    """

    play: Callable[[Occasion], Reply]
    is_mild: bool = False
    needs: str = ""
    is_complete: bool = False
    platforms: tuple[str, ...] = ()
    by_lot: bool = True
    params: frozenset[str] = frozenset()
    at_edge: bool = False
    spoils_empty: bool = False

    def fits(self, asked: Asked) -> bool:
        """Whether such a request can go wrong in this way."""
        is_empty = self.spoils_empty and asked.shows == "no_hits"
        if self.needs and self.needs != asked.shows and not is_empty:
            return False
        return not self.platforms or asked.platform in self.platforms
