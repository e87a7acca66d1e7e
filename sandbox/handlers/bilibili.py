"""Bilibili's start page, `nav`, the device cookie, and the search."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox import envelopes, gate
from sandbox.accounts import Standing
from sandbox.catalog import CREATOR_SEARCH, SEARCH_TYPES, Catalog, Question
from sandbox.desk import Handler
from sandbox.handlers import wire
from sandbox.handlers.bilibili_door import Door
from sandbox.identities import Identities
from sandbox.messages import Json, Reply, Request, html_reply, json_reply
from sandbox.wbi import KeyRing

_KEY_URL = "https://i0.hdslb.com/bfs/wbi/{}.png"


@dataclass(frozen=True, slots=True)
class Bilibili:
    """Answers the platform's requests; `wall` gives the unix time, in seconds."""

    catalog: Catalog
    door: Door
    keys: KeyRing
    identities: Identities
    wall: Callable[[], float]

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        return {
            ("GET", "/"): self.home,
            ("GET", "/x/web-interface/nav"): self.nav,
            ("GET", "/x/frontend/finger/spi"): self.device,
            ("GET", "/x/web-interface/zone"): self.zone,
            ("GET", "/x/web-interface/wbi/search/type"): self.search,
        }

    def home(self, request: Request) -> Reply:
        """The start page; its first visit leaves the device cookie."""
        page = html_reply("<!DOCTYPE html><html><head><title>sandbox</title></head></html>")
        if not request.cookies.get("buvid3"):
            page = replace(page, set_cookies=(f"buvid3={_device_id()}; path=/",))
        return self.door.quiet(request, {}, lambda: page)

    def device(self, request: Request) -> Reply:
        """The device cookies' values, for clients that do not visit the start page."""
        devices = {"b_3": _device_id(), "b_4": _device_id()}
        return self.door.quiet(request, envelopes.success(devices))

    def zone(self, request: Request) -> Reply:
        """The address from which somebody asks, and where it is; each egress route has its own."""
        return self.door.quiet(request, envelopes.success({"addr": _address(request.egress)}))

    def nav(self, request: Request) -> Reply:
        """Who is signed in; the WBI keys also for those who are not, but not for the banned."""
        standing = self.door.look(request)
        if standing is Standing.BANNED:
            return json_reply(envelopes.failure(envelopes.BANNED))
        pair = self.keys.current()
        wbi = {"img_url": _KEY_URL.format(pair.img), "sub_url": _KEY_URL.format(pair.sub)}
        if standing is Standing.SIGNED_OUT:
            data: Json = {"isLogin": False, "wbi_img": wbi}
            return json_reply(envelopes.failure(envelopes.NOT_SIGNED_IN, data))
        name = self.door.session(request).account
        mid = self.identities.mid(name)
        data = {"isLogin": True, "mid": mid, "uname": name, "wbi_img": wbi}
        return self.door.quiet(request, envelopes.success(data))

    def search(self, request: Request) -> Reply:
        """One page of creators or videos, for an account in good standing and a signed query."""
        refused = self.door.refusal(request)
        refused = refused or gate.refusal(request, self.keys.current(), self.wall())
        if refused:
            return refused
        if request.params.get("search_type") not in SEARCH_TYPES:
            return json_reply(envelopes.failure(envelopes.FILTERED))
        question = _question(request.params)
        if question is None:
            return json_reply(envelopes.failure(envelopes.BAD_REQUEST))
        data = self._search_data(question)
        # A page without hits is no page: orders for a page or a keyword do not match it.
        if "result" in data:
            asked = replace(self.door.asked(request), question=question, shows="hits")
        else:
            asked = replace(self.door.asked(request), shows="no_hits")
        return self.door.desk.answer(request, asked, envelopes.success(data))

    def _search_data(self, question: Question) -> Json:
        span = self.catalog.span(question)
        hits: list[Json] = []
        if span.start < span.stop and question.search_type == CREATOR_SEARCH:
            found = self.catalog.creators(question.keyword, span)
            hits = [wire.creator_hit(*pair) for pair in found]
        elif span.start < span.stop:
            hits = [wire.video_hit(*pair) for pair in self.catalog.videos(question.keyword, span)]
        return wire.search_data(question, span, self.catalog.page_size, hits)


def _question(params: Mapping[str, str]) -> Question | None:
    keyword, page = params.get("keyword", ""), params.get("page", "1")
    if not (keyword and page.isascii() and page.isdigit() and len(page) < 10 and int(page) > 0):
        return None
    return Question(params["search_type"], keyword, int(page))


def _device_id() -> str:
    return f"{str(uuid.uuid4()).upper()}00001infoc"


def _address(egress: str) -> str:
    """Return the address of an egress route, from a range that is reserved for documentation."""
    return f"198.51.100.{zlib.crc32(egress.encode()) % 254 + 1}"
