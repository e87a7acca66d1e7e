"""The options of a crawl, as its task row keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sources.base import Via


@dataclass(frozen=True, kw_only=True)
class CrawlOptions:
    """How a crawl or a piece of one goes through the pages of a search.

    Args:
        via: find creators by their names, or as the authors of videos.
        sequential: a page leads to the next one, none can be jumped to; the crawl is one piece.
        at_most: pages of a sequential crawl at most; None for all there are.
        open_ended: the piece goes on when the platform has more pages than page 1 said.
    """

    via: Via = Via.USERS
    sequential: bool = False
    at_most: int | None = None
    open_ended: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object; flags that are off, and `at_most` of other crawls, are left
        out."""
        options: dict[str, Any] = {"via": self.via.value}
        if self.sequential:
            options |= {"sequential": True, "at_most": self.at_most}
        if self.open_ended:
            options["open_ended"] = True
        return options

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> CrawlOptions:
        """Return the options of a task row; what it lacks has its default."""
        return cls(
            via=Via(options.get("via", Via.USERS)),
            sequential=bool(options.get("sequential")),
            at_most=options.get("at_most"),
            open_ended=bool(options.get("open_ended")),
        )
