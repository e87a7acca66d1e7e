"""Proxies: how they are written, the list of them, who leaves by which, and their checks."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # one proxy as a text; none of these repeats a user or a password
    "proxy_not_url": "代理不是有效地址（可用：{schemes}）",
    "proxy_sign_unescaped": "代理的用户名或密码含有 {sign}：请把 {sign} 写成 {code}，整行写作 {line}",
    "proxy_wide_letters": "代理用了全角字符；请写成 {line}",
    "proxy_not_sendable": "代理含有请求无法携带的字符，或过长；请写成 {line} 的形式",
    "proxy_ambiguous": "代理有两种读法，两端都像主机与端口；请写成 {line} 的形式",
    "proxy_port_wrong": "代理的端口不在 1 到 {most} 之间；请写成 {line} 的形式",
    "proxy_port_missing": "代理缺少端口；请写成 {line} 的形式",
    "proxy_ipv6_bare": "代理的 IPv6 地址需要加方括号；请写成 {line} 的形式",
}

_TO_DO: dict[str, Forms] = {
    "proxy_not_url": "写成 http://user:password@host:8080",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
