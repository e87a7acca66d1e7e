"""The options of a crawl, which its task's row keeps as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sources.base import Via


@dataclass(frozen=True, kw_only=True)
class CrawlOptions:
    """How a crawl, or a piece of one, goes through the pages of a search.

    Args:
        via: find creators by their names, or as the authors of videos.
        sequential: pages must be fetched in order, so that the crawl is one piece.
        at_most: pages of a sequential crawl at most; None for all there are.
        open_ended: the piece continues when the platform has more pages than page 1 said.
        stop_dry: so many pages in a row without a new creator end the crawl; None: none do.
    """

    via: Via = Via.USERS
    sequential: bool = False
    at_most: int | None = None
    open_ended: bool = False
    stop_dry: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that a task's row keeps.

        Flags that are off are left out, and so is `at_most` unless `sequential`.
        """
        options: dict[str, Any] = {"via": self.via.value}
        if self.sequential:
            options |= {"sequential": True, "at_most": self.at_most}
        if self.open_ended:
            options["open_ended"] = True
        if self.stop_dry is not None:
            options["stop_dry"] = self.stop_dry
        return options

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> CrawlOptions:
        """Return the options in a task's row. Keys that it lacks get their default."""
        return cls(
            via=Via(options.get("via", Via.USERS)),
            sequential=bool(options.get("sequential")),
            at_most=options.get("at_most"),
            open_ended=bool(options.get("open_ended")),
            stop_dry=options.get("stop_dry"),
        )
