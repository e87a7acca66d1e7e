"""A made-up creator marketplace, for sources that are declared instead of programmed.

The session is the cookie `market_session` or the header `X-Market-Token`; its value is the name of
the account, as with Bilibili's `SESSDATA` (also `banned-*`, `expired-*`, `dead-*`). A creator is

    {"id": "3493…", "profile": {"nickname", "level", "avatar", "bio"},
     "stats": {"followers", "works"}, "tags": [DOMAIN]}

`GET /market/api/creators/search?category=DOMAIN&page=1&page_size=20`, page number with total:

    {"status": {"code": 0, "msg": "ok"},
     "data": {"groups": [{"tier": "A", "creators": [CREATOR, …]}, {"tier": "B", …}],
              "paging": {"page": 1, "page_size": 20, "total": 100}}}
    refused: HTTP 200, `data` null, `status.code` 4290 throttled, 4510 risk, 4010 expired,
    4030 account suspended, 4100 gone, 4000 bad request

`GET /market/api/creators/list?category=DOMAIN&offset=0&limit=20`, offset (`id` is a number here):

    {"success": true, "result": {"items": [CREATOR, …], "total": 100}}
    refused: {"success": false, "error": "throttled"} under HTTP 429 (with Retry-After),
    `risk_control` 403, `session_expired` 401, `account_suspended` 403, `gone` 410,
    `bad_request` 400

`GET /market/api/creators/feed?category=DOMAIN&cursor=`, cursor (empty on the first page):

    {"ok": 1, "page": {"edges": [{"node": CREATOR}, …], "end_cursor": "…", "has_more": true}}
    refused: HTTP 200 {"ok": 0, "error": {"type": "throttled", "text": "…"}}, same words as `list`

`GET /market/api/me`: {"status": {"code": 0, "msg": "ok"}, "data": {"user": {"id", "name"}}}, and
refused like `search`. An unknown category is an empty page; one that starts with `closed` is gone.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox import market_dialects
from sandbox.accounts import Standing
from sandbox.catalog import Question
from sandbox.creators import Creator
from sandbox.desk import Desk, Handler
from sandbox.identities import Identities
from sandbox.market_dialects import FEED, LIST, ME, SEARCH, Refusal
from sandbox.messages import Json, Reply, Request, json_reply
from sandbox.world import World

_MAX_SIZE = 50
_REFUSALS = {
    Standing.SIGNED_OUT: market_dialects.EXPIRED,
    Standing.BANNED: market_dialects.SUSPENDED,
    Standing.OVER_LIMIT: market_dialects.THROTTLED,
}
_CURSOR_MARK = "after:"


@dataclass(frozen=True, slots=True)
class _Slice:
    """Which creators are asked for."""

    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Market:
    """Answers the marketplace's requests."""

    world: World
    desk: Desk
    identities: Identities

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        pages: dict[str, Handler] = dict.fromkeys((SEARCH, LIST, FEED), self.creators)
        return {("GET", path): handler for path, handler in {**pages, ME: self.me}.items()}

    def me(self, request: Request) -> Reply:
        """Who is signed in; no rate limit applies."""
        refused = self._refused(request, self.desk.accounts.look)
        if refused:
            return refused
        account = _account(request)
        user = {"id": str(self.identities.mid(account)), "name": account}
        envelope = {"status": {"code": 0, "msg": "ok"}, "data": {"user": user}}
        asked = replace(self.desk.asked(request, account), is_quiet=True)

        def good() -> Reply:
            return json_reply(envelope)

        return self.desk.settle(request, asked, envelope, good) or good()

    def creators(self, request: Request) -> Reply:
        """One page of the creators of a category."""
        refused = self._refused(request, self.desk.accounts.admit)
        if refused:
            return refused
        path, category = request.path, request.params.get("category", "")
        wanted = _SLICES[path](request.params)
        if wanted is None or not category:
            return market_dialects.refusal(path, market_dialects.BAD_REQUEST)
        if category.startswith("closed"):
            return market_dialects.refusal(path, market_dialects.GONE)
        population = self.world.catalog.population(category)
        total = population.size if population else 0
        indexes = range(total)[wanted.start : wanted.start + wanted.size]
        found = [population.creator(index) for index in indexes] if population else []
        hits = [_creator(creator, category, path) for creator in found]
        envelope = market_dialects.page(path, hits, _paging(path, wanted, total))
        question = Question(path, category, wanted.start // wanted.size + 1)
        asked = self.desk.asked(request, _account(request))
        if hits:
            asked = replace(asked, question=question, shows="hits")
        return self.desk.answer(request, asked, envelope)

    def _refused(self, request: Request, meet: Callable[[str], Standing]) -> Reply | None:
        self.desk.stats.requested(self.desk.platform, request.path)
        meaning: Refusal | None = _REFUSALS.get(meet(_account(request)))
        return market_dialects.refusal(request.path, meaning) if meaning else None


def _account(request: Request) -> str:
    return request.cookies.get("market_session") or request.headers.get("x-market-token", "")


def _by_page(params: Mapping[str, str]) -> _Slice | None:
    page, size = _number(params.get("page", "1")), _number(params.get("page_size", "20"))
    if not page or not size or size > _MAX_SIZE:
        return None
    return _Slice((page - 1) * size, size)


def _by_offset(params: Mapping[str, str]) -> _Slice | None:
    start, size = _number(params.get("offset", "0")), _number(params.get("limit", "20"))
    if start is None or not size or size > _MAX_SIZE:
        return None
    return _Slice(start, size)


def _by_cursor(params: Mapping[str, str]) -> _Slice | None:
    cursor = params.get("cursor", "")
    if not cursor:
        return _Slice(0, 20)
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        return None
    start = _number(text.removeprefix(_CURSOR_MARK)) if text.startswith(_CURSOR_MARK) else None
    return None if start is None else _Slice(start, 20)


_SLICES = {SEARCH: _by_page, LIST: _by_offset, FEED: _by_cursor}


def _paging(path: str, wanted: _Slice, total: int) -> Json:
    if path == LIST:
        return {"total": total}
    if path == SEARCH:
        page = wanted.start // wanted.size + 1
        return {"page": page, "page_size": wanted.size, "total": total}
    stop = wanted.start + wanted.size
    cursor = base64.urlsafe_b64encode(f"{_CURSOR_MARK}{stop}".encode()).decode()
    return {"end_cursor": cursor if stop < total else None, "has_more": stop < total}


def _creator(creator: Creator, domain: str, path: str) -> Json:
    return {
        "id": creator.uid if path == LIST else str(creator.uid),
        "profile": {
            "nickname": creator.name,
            "level": creator.level,
            "avatar": f"//img.market.example/{creator.bits:016x}.jpg",
            "bio": None if creator.bits % 3 else f"第{creator.index}号",
        },
        "stats": {"followers": creator.fans, "works": (creator.bits >> 30) % 300},
        "tags": [domain],
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
