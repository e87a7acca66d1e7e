"""Proxies: how they are written, the list of them, who leaves by which, and their checks."""

from __future__ import annotations

from presentation.i18n.forms import Forms

MESSAGES: dict[str, Forms] = {
    # one proxy as a text; none of these repeats a user or a password
    "proxy_not_url": "the proxy is no URL (known: {schemes})",
    "proxy_sign_unescaped": (
        "the proxy's user or password holds {sign}: write {sign} as {code}, the whole like {line}"
    ),
    "proxy_wide_letters": "the proxy is written in wide letters; write {line}",
    "proxy_not_sendable": (
        "the proxy holds characters that no request can carry, or is too long; write it like {line}"
    ),
    "proxy_ambiguous": (
        "the proxy can be read in two ways, as both ends look like a host and its port;"
        " write it like {line}"
    ),
    "proxy_port_wrong": "the proxy's port is not from 1 to {most}; write it like {line}",
    "proxy_port_missing": "the proxy has no port; write it like {line}",
    "proxy_ipv6_bare": "the proxy's IPv6 address needs brackets; write it like {line}",
}

_TO_DO: dict[str, Forms] = {
    "proxy_not_url": "write it like http://user:password@host:8080",
}

ADVICE: dict[str, dict[str, Forms]] = {
    "terminal": {**_TO_DO},
    "console": {**_TO_DO},
    "api": {**_TO_DO},
}
