"""The three ways in which the made-up marketplace speaks; `handlers/market.py` describes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox.messages import Json, Reply, json_reply

SEARCH = "/market/api/creators/search"
LIST = "/market/api/creators/list"
FEED = "/market/api/creators/feed"
ME = "/market/api/me"
RETRY_AFTER_SECS = 3


@dataclass(frozen=True, slots=True)
class Refusal:
    """One meaning in all dialects: a code of `search`, an HTTP status of `list`, a word."""

    code: int
    status: int
    word: str
    text: str


THROTTLED = Refusal(code=4290, status=429, word="throttled", text="操作太频繁了，请稍后再试")
RISK = Refusal(code=4510, status=403, word="risk_control", text="当前环境存在风险，请完成验证")
EXPIRED = Refusal(code=4010, status=401, word="session_expired", text="登录已过期，请重新登录")
SUSPENDED = Refusal(code=4030, status=403, word="account_suspended", text="账号已被封禁")
GONE = Refusal(code=4100, status=410, word="gone", text="该类目已下线")
BAD_REQUEST = Refusal(code=4000, status=400, word="bad_request", text="参数错误")
REFUSALS = (THROTTLED, RISK, EXPIRED, SUSPENDED, GONE, BAD_REQUEST)


def refusal(path: str, meaning: Refusal) -> Reply:
    """A refusal in the dialect of an endpoint."""
    if path == LIST:
        reply = json_reply({"success": False, "error": meaning.word}, meaning.status)
        if meaning is THROTTLED:
            return replace(reply, headers=(("Retry-After", str(RETRY_AFTER_SECS)),))
        return reply
    if path == FEED:
        return json_reply({"ok": 0, "error": {"type": meaning.word, "text": meaning.text}})
    return json_reply({"status": {"code": meaning.code, "msg": meaning.text}, "data": None})


def page(path: str, creators: list[Json], paging: Json) -> Json:
    """A page of creators in the dialect of an endpoint."""
    if path == LIST:
        return {"success": True, "result": {"items": creators, **paging}}
    if path == FEED:
        return {"ok": 1, "page": {"edges": [{"node": each} for each in creators], **paging}}
    halves = (creators[::2], creators[1::2])
    groups = [
        {"tier": tier, "creators": half} for tier, half in zip("AB", halves, strict=True) if half
    ]
    return {"status": {"code": 0, "msg": "ok"}, "data": {"groups": groups, "paging": paging}}


def with_creators(path: str, envelope: Json, creators: list[Json | None] | None) -> Json:
    """The same page with other creators, or without the list if that is None."""
    place = {LIST: "result", FEED: "page"}.get(path, "data")
    name = {LIST: "items", FEED: "edges"}.get(path, "groups")
    inner = {**envelope[place]}
    if creators is None:
        del inner[name]
    elif path == LIST:
        inner[name] = creators
    elif path == FEED:
        inner[name] = [{"node": each} for each in creators]
    else:
        inner[name] = [{"tier": "A", "creators": creators}]
    return {**envelope, place: inner}
