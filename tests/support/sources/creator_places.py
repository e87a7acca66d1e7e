"""Every creator source, each at a platform of its own: the sandbox, or one that says what it is
told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.settings import Pace
from sources.base import CreatorSource
from sources.bilibili.client import BilibiliClient
from sources.bilibili.source import BilibiliSource
from sources.declared.loading import SHIPPED, read_declaration
from sources.declared.source import DeclaredSource
from sources.local_circuits import LocalCircuits
from sources.transport.request_delay import RandomDelay
from tests.support.moving_clock import MovingClock
from tests.support.sources.sources_servers import SEARCH, Said, says_page

DECLARATIONS = Path(__file__).parents[2] / "sources/declarations"
MARKET = "/market/api/creators"


@dataclass(frozen=True)
class Place:
    """How the same things are said at one platform.

    `reactions`: by the error they lead to, the sandbox's faults. `page_of` is a whole answer with
    these creators, given as (id, name), that are all there are; its list stands between
    `list_key` and `behind_list`.
    """

    make: Callable[[str, MovingClock], CreatorSource]
    session_of: Callable[[str], str]
    endpoint: str
    reactions: Mapping[str, str]
    page_of: Callable[..., Said]
    list_key: str
    behind_list: str
    gone: str = "NotFound"  # the error of a search that the platform does not know


def declared_source(file: Path, url: str, clock: MovingClock) -> DeclaredSource:
    """Return the source that a file describes, at another base URL."""
    declaration = read_declaration(file, {})
    return DeclaredSource(
        declaration=declaration.model_copy(update={"base_url": url}), timeout_secs=5.0, clock=clock
    )


def _bilibili(url: str, clock: MovingClock) -> CreatorSource:
    client, rng = BilibiliClient(base_url=url, timeout_secs=5.0, clock=clock), random.Random()
    return BilibiliSource(
        client=client,
        pace=Pace(100_000, 1),
        pause=RandomDelay(clock=clock, min_secs=0.0, max_secs=0.0, rng=rng),
        rng=rng,
        circuits=LocalCircuits(clock=clock),
    )


def _declared(file: Path) -> Callable[[str, MovingClock], CreatorSource]:
    return lambda url, clock: declared_source(file, url, clock)


def _bilibili_page(*creators: tuple[Any, Any]) -> Said:
    return says_page(*({"mid": uid, "uname": name, "type": "bili_user"} for uid, name in creators))


def _entries(creators: tuple[tuple[Any, Any], ...]) -> list[dict[str, Any]]:
    return [{"id": uid, "profile": {"nickname": name}} for uid, name in creators]


def _market_page(*creators: tuple[Any, Any]) -> Said:
    groups = [{"tier": "A", "creators": _entries(creators)}]
    return _said(status={"code": 0}, data={"groups": groups, "paging": {"total": len(creators)}})


def _offset_page(*creators: tuple[Any, Any]) -> Said:
    return _said(success=True, result={"items": _entries(creators), "total": len(creators)})


def _cursor_page(*creators: tuple[Any, Any]) -> Said:
    edges = [{"node": entry} for entry in _entries(creators)]
    return _said(ok=1, page={"edges": edges, "end_cursor": None, "has_more": False})


def _said(**body: Any) -> Said:
    return Said(json.dumps(body).encode())


MARKET_REACTIONS = {
    "Throttled": "market_throttled",
    "RiskControl": "market_risk",
    "LoginExpired": "market_expired",
    "AccountBanned": "market_suspended",
    "NotFound": "market_gone",
}
PLACES = {
    "bilibili": Place(
        make=_bilibili,
        session_of="SESSDATA={}".format,
        endpoint=SEARCH,
        reactions={
            "Throttled": "code_799",
            "RiskControl": "code_403",
            "LoginExpired": "code_101",
            "AccountBanned": "code_102",
            "NotFound": "code_404",
        },
        page_of=_bilibili_page,
        list_key='"result":',
        behind_list="}}",
        # Its codes for what is gone are about one video or creator, and a search names none.
        gone="UnexpectedResponse",
    ),
    "by page": Place(
        make=_declared(SHIPPED / "example_market.toml"),
        session_of="market_session={}".format,
        endpoint=f"{MARKET}/search",
        reactions=MARKET_REACTIONS,
        page_of=_market_page,
        list_key='"creators":',
        behind_list='}], "paging"',
    ),
    "by offset": Place(
        make=_declared(DECLARATIONS / "by_offset.toml"),
        session_of=str,
        endpoint=f"{MARKET}/list",
        reactions=MARKET_REACTIONS,
        page_of=_offset_page,
        list_key='"items":',
        behind_list=', "total"',
    ),
    "by cursor": Place(
        make=_declared(DECLARATIONS / "by_cursor.toml"),
        session_of="market_session={}".format,
        endpoint=f"{MARKET}/feed",
        reactions=MARKET_REACTIONS,
        page_of=_cursor_page,
        list_key='"edges":',
        behind_list=', "end_cursor"',
    ),
}
