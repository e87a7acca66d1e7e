"""TikHub's envelope, and its error bodies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from sandbox.messages import Json, Reply, json_reply

_MESSAGES = {
    400: ("Request failed. Please retry.", "请求失败，请重试"),
    401: ("Invalid or expired API token.", "API令牌无效或已过期"),
    402: ("Insufficient balance. Please top up.", "余额不足，请充值"),
    403: ("This token has no permission for this endpoint.", "该令牌没有访问此接口的权限"),
    404: ("Not found.", "未找到"),
    429: ("Too many requests. Please slow down.", "请求过于频繁，请稍后再试"),
    500: ("Internal server error.", "服务器内部错误"),
    502: ("Bad gateway.", "网关错误"),
    503: ("Service unavailable.", "服务不可用"),
}
DOCS = "https://api.tikhub.io/#/"


def envelope(path: str, params: Json, data: object) -> Json:
    """What a charged answer looks like."""
    return {
        "code": 200,
        "request_id": str(uuid.uuid4()),
        "message": "Request successful. This request will incur a charge.",
        "message_zh": "请求成功，本次请求将被计费。",
        "support": "Discord: https://discord.gg/aMEAS8Xsvz",
        "time": "2026-01-01 00:00:00",
        "time_stamp": 1767225600,
        "time_zone": "America/Los_Angeles",
        "docs": DOCS + path.strip("/").replace("/", "-"),
        "cache_message": "",
        "router": path,
        "params": params,
        "data": data,
    }


def error(code: int, headers: Mapping[str, str] | None = None) -> Reply:
    """An error that is not charged; `headers` are echoed, the token among them, as 402 does."""
    english, chinese = _MESSAGES[code]
    detail: Json = {
        "code": code,
        "request_id": str(uuid.uuid4()),
        "message": english,
        "message_zh": chinese,
        "support": "Discord: https://discord.gg/aMEAS8Xsvz",
        "docs": DOCS,
    }
    if headers is not None:
        detail["headers"] = dict(headers)
    return json_reply({"detail": detail}, code)


def too_many(wait_secs: int) -> Reply:
    """429, and how long to wait."""
    return replace(error(429), headers=(("Retry-After", str(wait_secs)),))


def unprocessable(place: tuple[str, ...], message: str, kind: str) -> Reply:
    """422: a parameter is missing or of the wrong type."""
    return json_reply({"detail": [{"loc": list(place), "msg": message, "type": kind}]}, 422)


def missing(name: str) -> Reply:
    """422 for a parameter that is not there."""
    return unprocessable(("query", name), "Field required", "missing")
