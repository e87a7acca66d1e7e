"""Ways any answer, or one of Bilibili, can go wrong: one function per kind, and their table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from sandbox import envelopes
from sandbox.fault_kind import BILIBILI, FaultKind, Occasion
from sandbox.messages import Json, Reply, html_reply, json_reply

_CAPTCHA_DATA = {"ga_data": {"decisions": ["verify_captcha_level2"], "grisk_id": "sandbox"}}
_BLOCKED_PAGE = (
    "<!DOCTYPE html><html><head><title>出错啦! - bilibili.com</title></head>"
    "<body><div>错误号: 412</div><p>由于触发哔哩哔哩安全风控策略，该次访问请求被拒绝。</p>"
    "</body></html>"
)


def delay(occasion: Occasion) -> Reply:
    """The good answer, 50 to 300 ms late."""
    return replace(json_reply(occasion.envelope), delay_secs=0.05 + 0.25 * occasion.roll)


def drop(_: Occasion) -> Reply:
    """The connection closes without an answer."""
    return Reply(dropped=True)


def truncated_body(occasion: Occasion) -> Reply:
    """Half of what Content-Length promises, then the connection closes."""
    body = json_reply(occasion.envelope).body
    half = len(body) // 2
    return Reply(body[:half], missing_bytes=len(body) - half)


def truncated_json(occasion: Occasion) -> Reply:
    """Half of the JSON under a Content-Length that agrees with it."""
    body = json_reply(occasion.envelope).body
    return Reply(body[: len(body) // 2])


def http_error(status: int, _: Occasion) -> Reply:
    """A gateway's own error page."""
    return html_reply(f"<html><body><h1>{status}</h1><hr>openresty</body></html>", status)


def error_code(code: int, data: Json | None, _: Occasion) -> Reply:
    """HTTP 200 with an error envelope."""
    return json_reply(envelopes.failure(code, data))


def risk_voucher(_: Occasion) -> Reply:
    """-352 with a voucher."""
    return json_reply(envelopes.failure(envelopes.RISK, envelopes.voucher()))


def html_412(_: Occasion) -> Reply:
    """HTTP 412 with the block page of the platform's edge."""
    return html_reply(_BLOCKED_PAGE, 412)


def code_412(_: Occasion) -> Reply:
    """HTTP 412 with JSON code -412."""
    return json_reply(envelopes.failure(envelopes.BLOCKED), 412)


def html_200(_: Occasion) -> Reply:
    """HTTP 200 with a web page where JSON is due."""
    return html_reply("<!DOCTYPE html><html><body>系统维护中</body></html>")


def voucher_only(_: Occasion) -> Reply:
    """Code 0, but the data are nothing but a voucher."""
    return json_reply(envelopes.success(envelopes.voucher()))


def empty_data(_: Occasion) -> Reply:
    """Code 0 with `data: {}`."""
    return json_reply(envelopes.success({}))


def null_data(_: Occasion) -> Reply:
    """Code 0 with `data: null`."""
    return json_reply(envelopes.success(None))


def null_result(occasion: Occasion) -> Reply:
    """`result: null` on a page that has hits."""
    return occasion.with_result(None)


def result_string(occasion: Occasion) -> Reply:
    """`result` as a string."""
    return occasion.with_result("[]")


def null_entry(occasion: Occasion) -> Reply:
    """One hit of the page is null."""
    hits: list[Json | None] = [*occasion.hits]
    hits[occasion.place] = None
    return occasion.with_result(hits)


def mid_object(occasion: Occasion) -> Reply:
    """One hit's `mid` is an object."""
    hits, place = occasion.hits, occasion.place
    hits[place] = {**hits[place], "mid": {"value": hits[place]["mid"]}}
    return occasion.with_result(hits)


def empty_body(_: Occasion) -> Reply:
    """HTTP 200 with nothing in it."""
    return Reply()


def _http(status: int) -> FaultKind:
    return FaultKind(partial(http_error, status), is_mild=True)


def _code(code: int, data: Json | None = None, *, is_mild: bool = False) -> FaultKind:
    play = partial(error_code, code, data)
    return FaultKind(play, is_mild=is_mild, platforms=(BILIBILI,))


def _ours(play: Callable[[Occasion], Reply], needs: str = "") -> FaultKind:
    return FaultKind(play, needs=needs, platforms=(BILIBILI,))


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "delay": FaultKind(delay, is_mild=True, is_complete=True),
        "drop": FaultKind(drop, is_mild=True),
        "truncated_body": FaultKind(truncated_body, is_mild=True),
        "http_500": _http(500),
        "http_502": _http(502),
        "http_503": _http(503),
        "code_500": _code(envelopes.SERVER_ERROR, is_mild=True),
        "code_503": _code(envelopes.OVERLOADED, is_mild=True),
        "code_504": _code(envelopes.TIMED_OUT, is_mild=True),
        "code_8888": _code(envelopes.BUSY, is_mild=True),
        "truncated_json": FaultKind(truncated_json),
        "html_412": _ours(html_412),
        "code_412": _ours(code_412),
        "risk_voucher": _ours(risk_voucher),
        "risk_bare": _code(envelopes.RISK),
        "captcha": _code(envelopes.CAPTCHA, _CAPTCHA_DATA),
        "code_509": _code(envelopes.EXCEEDED),
        "voucher_only": _ours(voucher_only),
        "empty_data": _ours(empty_data),
        "null_data": _ours(null_data),
        "null_result": _ours(null_result, "hits"),
        "html_200": FaultKind(html_200),
        "mid_object": _ours(mid_object, "hits"),
        "result_string": _ours(result_string, "hits"),
        "null_entry": _ours(null_entry, "hits"),
        "empty_body": FaultKind(empty_body),
    }
)
