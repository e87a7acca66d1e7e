"""TikHub, which answers for Douyin and TikTok; only HTTP 200 is charged.

Any bearer token is good, except that those starting with `bad-` are unknown (401), with `poor-`
have no money (402, with the request's headers in the answer) and with `weak-` no permission (403).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sandbox import tikhub_errors
from sandbox.accounts import Standing
from sandbox.desk import Desk, Handler
from sandbox.foreign_videos import DOUYIN, TIKTOK
from sandbox.handlers import wire_aweme
from sandbox.messages import Json, Reply, Request
from sandbox.short_codes import target_of
from sandbox.world import Seen, World

_DOUYIN, _TIKTOK = "/api/v1/douyin/app/v3", "/api/v1/tiktok/app/v3"
_FEW, _MANY, _MANY_TIKTOK = 2, 50, 10
_Answer = tuple[list[str], Json]
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class TikHub:
    """Answers for single videos, share links, and lists."""

    world: World
    desk: Desk

    def routes(self) -> Mapping[tuple[str, str], Handler]:
        """The handler of every (method, path)."""
        few, many = partial(self._statistics, _FEW), partial(self._statistics, _MANY)
        routes: dict[tuple[str, str], Handler] = {
            ("GET", f"{_DOUYIN}/fetch_video_statistics"): partial(self._serve, few),
            ("GET", f"{_DOUYIN}/fetch_multi_video_statistics"): partial(self._serve, many),
            ("POST", f"{_TIKTOK}/fetch_multi_video"): partial(self._serve, self._many),
        }
        for prefix, platform in ((_DOUYIN, DOUYIN), (_TIKTOK, TIKTOK)):
            one, shared = partial(self._one, platform), partial(self._shared, platform)
            routes["GET", f"{prefix}/fetch_one_video"] = partial(self._serve, one)
            routes["GET", f"{prefix}/fetch_one_video_by_share_url"] = partial(self._serve, shared)
        return routes

    def _serve(self, find: Callable[[Request], _Answer | Reply], request: Request) -> Reply:
        self.desk.stats.requested(self.desk.platform, request.path)
        authorization = request.headers.get("authorization", "")
        token = authorization.removeprefix(_BEARER) if authorization.startswith(_BEARER) else ""
        reply = self._refusal(token, request) or self._found(find, request, token)
        if reply.status == 200 and not reply.dropped:
            self.desk.stats.spent("tikhub_charged")
        return reply

    def _found(
        self, find: Callable[[Request], _Answer | Reply], request: Request, token: str
    ) -> Reply:
        found = find(request)
        if isinstance(found, Reply):
            return found
        ids, data = found
        params: Json = dict(request.params)
        envelope = tikhub_errors.envelope(request.path, params, data)
        asked = replace(self.desk.asked(request, token), videos=frozenset(ids))
        return self.desk.answer(request, asked, envelope)

    def _refusal(self, token: str, request: Request) -> Reply | None:
        if not token or token.startswith("bad-"):
            return tikhub_errors.error(401)
        if token.startswith("poor-"):
            return tikhub_errors.error(402, request.headers)
        if token.startswith("weak-"):
            return tikhub_errors.error(403)
        standing = self.desk.accounts.admit(token, endpoint=request.path)
        if standing is Standing.OVER_LIMIT:
            wait_secs = math.ceil(self.desk.accounts.secs_to_wait(token, request.path))
            return tikhub_errors.too_many(max(1, wait_secs))
        return None if standing is Standing.WELCOME else tikhub_errors.error(403)

    def _one(self, platform: str, request: Request) -> _Answer | Reply:
        if "aweme_id" not in request.params:
            return tikhub_errors.missing("aweme_id")
        return self._detail(platform, request.params["aweme_id"])

    def _shared(self, platform: str, request: Request) -> _Answer | Reply:
        if "share_url" not in request.params:
            return tikhub_errors.missing("share_url")
        found, video_id = target_of(request.params["share_url"])
        return self._detail(platform, video_id if found == platform else "")

    def _detail(self, platform: str, video_id: str) -> _Answer | Reply:
        seen = self._seen(platform, video_id)
        if seen is None:
            return tikhub_errors.error(400)
        return [video_id], wire_aweme.detail(seen)

    def _statistics(self, limit: int, request: Request) -> _Answer | Reply:
        if "aweme_ids" not in request.params:
            return tikhub_errors.missing("aweme_ids")
        ids = request.params["aweme_ids"].split(",")
        found = [seen for each in ids if (seen := self._seen(DOUYIN, each))]
        if len(ids) > limit or not found:
            return tikhub_errors.error(400)
        return ids, wire_aweme.statistics_list(found)

    def _many(self, request: Request) -> _Answer | Reply:
        try:
            ids = json.loads(request.body)
        except ValueError:
            return tikhub_errors.unprocessable(("body",), "JSON decode error", "json_invalid")
        if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
            return tikhub_errors.unprocessable(
                ("body",), "Input should be a valid list", "list_type"
            )
        found = [seen for each in ids if (seen := self._seen(TIKTOK, each))]
        if len(ids) > _MANY_TIKTOK or not found:
            return tikhub_errors.error(400)
        return ids, wire_aweme.details(found)

    def _seen(self, platform: str, video_id: str) -> Seen | None:
        is_id = video_id.isascii() and video_id.isdigit() and len(video_id) == 19
        return self.world.seen(platform, video_id) if is_id else None
