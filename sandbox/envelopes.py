"""The platform's JSON envelope and its error codes."""

from __future__ import annotations

import uuid

from sandbox.messages import Json

OK = 0
NOT_SIGNED_IN = -101
BANNED = -102
BAD_CSRF = -111
RISK = -352
BAD_REQUEST = -400
CAPTCHA = -401
FORBIDDEN = -403
NOT_FOUND = -404
BLOCKED = -412
SERVER_ERROR = -500
OVERLOADED = -503
TIMED_OUT = -504
EXCEEDED = -509
NO_SUCH_USER = -626
TOO_FREQUENT = -799
FILTERED = -1200
BUSY = -8888
NOT_VISIBLE = 62002
NOT_YET_OUT = 62003
IN_REVIEW = 62004
OWNER_ONLY = 62012

MESSAGES = {
    OK: "0",
    NOT_SIGNED_IN: "账号未登录",
    BANNED: "账号被停用",
    BAD_CSRF: "csrf 校验失败",
    RISK: "-352",
    BAD_REQUEST: "请求错误",
    CAPTCHA: "非法访问",
    FORBIDDEN: "访问权限不足",
    NOT_FOUND: "啥都木有",
    BLOCKED: "request was banned",
    SERVER_ERROR: "服务器错误",
    OVERLOADED: "过载保护,服务暂不可用",
    TIMED_OUT: "服务调用超时",
    EXCEEDED: "超出限制",
    NO_SUCH_USER: "用户不存在",
    TOO_FREQUENT: "请求过于频繁，请稍后再试",
    FILTERED: "被降级过滤的请求",
    BUSY: "对不起，服务器开小差了~",
    NOT_VISIBLE: "稿件不可见",
    NOT_YET_OUT: "稿件已审核通过，等待发布中",
    IN_REVIEW: "稿件正在审核中",
    OWNER_ONLY: "仅UP主自己可见",
}


def success(data: object) -> Json:
    """A code 0 envelope around `data`."""
    return {"code": OK, "message": MESSAGES[OK], "ttl": 1, "data": data}


def failure(code: int, data: object = None) -> Json:
    """The envelope of an error code; without a `data` key unless some is given."""
    envelope: Json = {"code": code, "message": MESSAGES[code], "ttl": 1}
    if data is not None:
        envelope["data"] = data
    return envelope


def voucher() -> Json:
    """What the risk control hands out instead of data."""
    return {"v_voucher": f"voucher_{uuid.uuid4()}"}
