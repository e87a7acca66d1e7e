"""Chat webhooks ("group robots") of DingTalk, Feishu (Lark) and WeCom.

They return HTTP 200 for refused messages too (a wrong keyword or signature, too many messages),
which apprise takes for success. So apprise parses the URLs, and the responses are read here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from core.errors import NoAnswerError
from core.logs import redact
from core.messages import Message
from sources.transport.session import BoundedSession, HttpLimits, fetch

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

# WeCom accepts 2048 bytes, the others more.
MAX_BYTES = 2000
MAX_REASON_CHARS = 160
SEND_SECS = 20.0  # limit for one message with all its requests
MAX_ANSWER_BYTES = 64 * 1024
# DingTalk and WeCom have `errcode`, Feishu `code`, its old API `StatusCode`.
CODE_KEYS = ("errcode", "code", "StatusCode")
REASON_KEYS = ("errmsg", "msg", "StatusMessage")


@dataclass(frozen=True)
class WebhookCall:
    """The HTTP request of one message to a chat: JSON `body`, query `params`.

    `secrets` must not appear in what is logged.
    """

    url: str
    body: Mapping[str, Any]
    secrets: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)


def is_chat_webhook(plugin: NotifyBase) -> bool:
    """Return True for the plugins that `send` can use: DingTalk, Feishu, Lark and WeCom."""
    return type(plugin).__name__ in CALLS


def send(plugin: NotifyBase, text: str) -> Message | None:
    """Send a text, cut to MAX_BYTES, and read from the response whether the chat accepted it.

    Returns None when it was accepted, else the reason, in which no secret appears; it raises
    nothing for a chat that does not answer.
    """
    shortened = text.encode()[:MAX_BYTES].decode(errors="ignore")
    call = CALLS[type(plugin).__name__](plugin, shortened)
    connect_secs, read_secs = plugin.request_timeout
    limits = HttpLimits(
        read_secs, answer_secs=SEND_SECS, connect_secs=connect_secs, body_bytes=MAX_ANSWER_BYTES
    )
    try:
        with BoundedSession() as http:
            answer = fetch(
                http,
                "POST",
                call.url,
                limits,
                json=call.body,
                params=call.params,
                verify=plugin.verify_certificate,
            )
    except NoAnswerError:
        return Message.of("channel_unreachable")
    if answer.status != HTTPStatus.OK:
        return Message.of("channel_refused_http", status=answer.status)
    return _refusal(answer.content, call)


def _refusal(content: bytes, call: WebhookCall) -> Message | None:
    """Return the reason in a response with status 200; None when its code is 0, for accepted."""
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        return Message.of("channel_answer_unknown")
    codes = [payload[name] for name in CODE_KEYS if name in payload]
    if codes and codes[0] == 0:
        return None
    reason = " ".join(str(payload[name]) for name in REASON_KEYS if payload.get(name))
    for secret in call.secrets:
        reason = reason.replace(secret, "***")
    code = codes[0] if codes else "?"
    detail = redact(reason)[:MAX_REASON_CHARS]
    return Message.of("channel_refused_code", code=code, detail=detail)


def _dingtalk(plugin: Any, text: str) -> WebhookCall:
    """Return the request for DingTalk:
    https://open.dingtalk.com/document/robots/custom-robot-access."""
    params = {}
    if plugin.secret:
        timestamp, signature = plugin.get_signature()
        params = {"timestamp": timestamp, "sign": unquote(signature)}
    body = {"msgtype": "text", "text": {"content": text}, "at": {"atMobiles": plugin.targets}}
    secrets = tuple(secret for secret in (plugin.token, plugin.secret) if secret)
    return WebhookCall(
        url=plugin.notify_url.format(token=plugin.token), body=body, secrets=secrets, params=params
    )


def _feishu(plugin: Any, text: str) -> WebhookCall:
    """Return the request for Feishu:
    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot."""
    body = {"msg_type": "text", "content": {"text": text}}
    return WebhookCall(plugin.notify_url.format(token=plugin.token), body, (plugin.token,))


def _lark(plugin: Any, text: str) -> WebhookCall:
    """Return the request for Lark, which is Feishu outside China."""
    body = {"msg_type": "text", "content": {"text": text}}
    return WebhookCall(plugin.webhook_url, body, (plugin.token,))


def _wecom(plugin: Any, text: str) -> WebhookCall:
    """Return the request for WeCom: https://developer.work.weixin.qq.com/document/path/91770."""
    body = {"msgtype": "text", "text": {"content": text}}
    return WebhookCall(plugin.api_url, body, (plugin.key,))


CALLS = {
    "NotifyDingTalk": _dingtalk,
    "NotifyFeishu": _feishu,
    "NotifyLark": _lark,
    "NotifyWeComBot": _wecom,
}
