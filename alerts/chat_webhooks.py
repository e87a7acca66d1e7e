"""Group robots of DingTalk, Feishu (Lark) and WeCom.

They answer HTTP 200 also when they refuse (a wrong keyword or signature, too many messages), which
apprise takes for accepted. So the addresses are apprise's, and the answers are read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import requests

from core.logs import redact

if TYPE_CHECKING:
    from apprise.plugins.base import NotifyBase

MAX_BYTES = 2000  # WeCom takes 2048, the others more
MAX_REASON_CHARS = 160
CODES = ("errcode", "code", "StatusCode")  # DingTalk and WeCom; Feishu; Feishu as it was
REASONS = ("errmsg", "msg", "StatusMessage")


@dataclass(frozen=True)
class WebhookCall:
    """One message to a robot, as its platform wants it."""

    url: str
    body: Mapping[str, Any]
    secrets: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)


def is_robot(plugin: NotifyBase) -> bool:
    return type(plugin).__name__ in CALLS


def send(plugin: NotifyBase, text: str) -> str | None:
    """Send a text; None when the robot accepted it, else why not. Shows no address."""
    shortened = text.encode()[:MAX_BYTES].decode(errors="ignore")
    call = CALLS[type(plugin).__name__](plugin, shortened)
    try:
        answer = requests.post(
            call.url,
            json=call.body,
            params=call.params,
            timeout=plugin.request_timeout,
            verify=plugin.verify_certificate,
            allow_redirects=False,
        )
    except requests.RequestException:  # its text holds the address
        return "could not be reached"
    if answer.status_code != requests.codes.ok:
        return f"refused with HTTP {answer.status_code}"
    return _refusal(answer, call)


def _refusal(answer: requests.Response, call: WebhookCall) -> str | None:
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        return "answered something that is no robot's answer"
    codes = [said[name] for name in CODES if name in said]
    if codes and codes[0] == 0:
        return None
    reason = " ".join(str(said[name]) for name in REASONS if said.get(name))
    for secret in call.secrets:
        reason = reason.replace(secret, "***")
    code = codes[0] if codes else "?"
    return f"refused with code {code}: {redact(reason)[:MAX_REASON_CHARS]}"


def _dingtalk(plugin: Any, text: str) -> WebhookCall:
    """https://open.dingtalk.com/document/robots/custom-robot-access"""
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
    """https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot"""
    body = {"msg_type": "text", "content": {"text": text}}
    return WebhookCall(plugin.notify_url.format(token=plugin.token), body, (plugin.token,))


def _lark(plugin: Any, text: str) -> WebhookCall:
    """Feishu outside China."""
    body = {"msg_type": "text", "content": {"text": text}}
    return WebhookCall(plugin.webhook_url, body, (plugin.token,))


def _wecom(plugin: Any, text: str) -> WebhookCall:
    """https://developer.work.weixin.qq.com/document/path/91770"""
    body = {"msgtype": "text", "text": {"content": text}}
    return WebhookCall(plugin.api_url, body, (plugin.key,))


CALLS = {
    "NotifyDingTalk": _dingtalk,
    "NotifyFeishu": _feishu,
    "NotifyLark": _lark,
    "NotifyWeComBot": _wecom,
}
