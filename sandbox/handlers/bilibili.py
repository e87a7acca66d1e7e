"""Bilibili's endpoints: the first visit, `nav`, the device cookie, the search, one video's page."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox import envelopes, gate
from sandbox.accounts import Accounts, Standing
from sandbox.bvid import to_aid
from sandbox.catalog import CREATOR_SEARCH, SEARCH_TYPES, Catalog, Question
from sandbox.fault_plan import FaultPlan
from sandbox.faults import KINDS, Occasion
from sandbox.handlers import wire
from sandbox.messages import Json, Reply, Request, html_reply, json_reply
from sandbox.mixing import salt_of
from sandbox.stats import Stats
from sandbox.wbi import KeyRing

_KEY_URL = "https://i0.hdslb.com/bfs/wbi/{}.png"
_REFUSALS = {
    Standing.SIGNED_OUT: envelopes.NOT_SIGNED_IN,
    Standing.BANNED: envelopes.BANNED,
    Standing.OVER_LIMIT: envelopes.TOO_FREQUENT,
}


@dataclass(frozen=True, slots=True)
class Bilibili:
    """Answers the platform's requests; `wall` gives the unix time, in seconds."""

    catalog: Catalog
    accounts: Accounts
    keys: KeyRing
    faults: FaultPlan
    stats: Stats
    wall: Callable[[], float]

    def routes(self) -> Mapping[tuple[str, str], Callable[[Request], Reply]]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/"): self.home,
            ("GET", "/x/web-interface/nav"): self.nav,
            ("GET", "/x/frontend/finger/spi"): self.device,
            ("GET", "/x/web-interface/wbi/search/type"): self.search,
            ("GET", "/x/web-interface/view"): self.view,
        }

    def home(self, request: Request) -> Reply:
        """The start page; its first visit leaves the device cookie."""
        page = html_reply("<!DOCTYPE html><html><head><title>sandbox</title></head></html>")
        if request.cookies.get("buvid3"):
            return page
        return replace(page, set_cookies=(f"buvid3={_device_id()}; path=/",))

    def device(self, _: Request) -> Reply:
        """The device cookies' values, for clients that do not visit the start page."""
        return json_reply(envelopes.success({"b_3": _device_id(), "b_4": _device_id()}))

    def nav(self, request: Request) -> Reply:
        """Who is signed in; the WBI keys also for those who are not, but not for the banned."""
        standing = self.accounts.look(request.account)
        if standing is Standing.BANNED:
            return json_reply(envelopes.failure(envelopes.BANNED))
        pair = self.keys.current()
        wbi = {"img_url": _KEY_URL.format(pair.img), "sub_url": _KEY_URL.format(pair.sub)}
        if standing is Standing.SIGNED_OUT:
            data: Json = {"isLogin": False, "wbi_img": wbi}
            return json_reply(envelopes.failure(envelopes.NOT_SIGNED_IN, data))
        mid = 1 + salt_of("account", request.account) % 10**9
        data = {"isLogin": True, "mid": mid, "uname": request.account, "wbi_img": wbi}
        return json_reply(envelopes.success(data))

    def search(self, request: Request) -> Reply:
        """One page of creators or videos, for an account in good standing and a signed query."""
        refused = self._refusal(request) or gate.refusal(request, self.keys.current(), self.wall())
        if refused:
            return refused
        if request.params.get("search_type") not in SEARCH_TYPES:
            return json_reply(envelopes.failure(envelopes.FILTERED))
        question = _question(request.params)
        if question is None:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        data = self._search_data(question)
        return self._answer(request.account, question, data)

    def view(self, request: Request) -> Reply:
        """One video by `bvid` or `aid`."""
        refused = self._refusal(request)
        if refused:
            return refused
        aid = _wanted_aid(request.params)
        if aid is None:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        found = self.catalog.video(aid)
        if found is None:
            return json_reply(envelopes.failure(envelopes.NOT_FOUND))
        if found[0].is_hidden:
            return json_reply(envelopes.failure(envelopes.NOT_VISIBLE))
        return self._answer(request.account, None, wire.video_view(*found))

    def _refusal(self, request: Request) -> Reply | None:
        standing = self.accounts.admit(request.account)
        if standing is Standing.WELCOME:
            return None
        return json_reply(envelopes.failure(_REFUSALS[standing]))

    def _search_data(self, question: Question) -> Json:
        span = self.catalog.span(question)
        hits: list[Json] = []
        if span.start < span.stop and question.search_type == CREATOR_SEARCH:
            found = self.catalog.creators(question.keyword, span)
            hits = [wire.creator_hit(*pair) for pair in found]
        elif span.start < span.stop:
            hits = [wire.video_hit(*pair) for pair in self.catalog.videos(question.keyword, span)]
        return wire.search_data(question, span, self.catalog.page_size, hits)

    def _answer(self, account: str, question: Question | None, data: Json) -> Reply:
        """The good answer, unless a fault takes its place."""
        envelope = envelopes.success(data)
        page = question if "result" in data else None
        draw = self.faults.draw(account, question, has_hits=page is not None)
        if draw is None:
            return self._counted(account, page, json_reply(envelope))
        self.stats.faulted(draw.kind)
        kind = KINDS[draw.kind]
        reply = kind.play(Occasion(envelope, draw.roll))
        if draw.delay_secs is not None:
            reply = replace(reply, delay_secs=draw.delay_secs)
        return self._counted(account, page, reply) if kind.is_complete else reply

    def _counted(self, account: str, page: Question | None, reply: Reply) -> Reply:
        # Counted before it is sent, so that a client that has its page also finds it in the stats.
        self.stats.answered(account, page)
        return replace(reply, retract=lambda: self.stats.retract(account, page))


def _question(params: Mapping[str, str]) -> Question | None:
    keyword, page = params.get("keyword", ""), params.get("page", "1")
    if not (keyword and page.isascii() and page.isdigit() and len(page) < 10 and int(page) > 0):
        return None
    return Question(params["search_type"], keyword, int(page))


def _wanted_aid(params: Mapping[str, str]) -> int | None:
    try:
        if "bvid" in params:
            return to_aid(params["bvid"])
        aid = params.get("aid", "")
        return int(aid) if aid.isascii() and aid.isdigit() and len(aid) < 17 else None
    except ValueError:
        return None


def _device_id() -> str:
    return f"{str(uuid.uuid4()).upper()}00001infoc"
