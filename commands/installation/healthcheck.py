"""`healthcheck`: whether the web server of this installation answers, for containers."""

from __future__ import annotations

import json
from http.client import HTTPException
from urllib.request import ProxyHandler, build_opener

from commands.framework.context import result
from core.errors import BatonError
from core.messages import Message
from core.settings import load_settings

TIMEOUT_SECS = 4.0
MAX_BYTES = 64 * 1024
STATUSES = ("ok", "stalled")
SHOWN = ("what", "since")
# A server that listens on every address of the host is asked on the loopback one.
LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def healthcheck() -> None:
    """Ask the web server of this installation whether it runs."""
    settings = load_settings()
    if settings.web_port == 0:
        raise BatonError("health_port_unknown", setting="BATON_WEB_PORT")
    url = health_url(settings.web_host, settings.web_port)
    try:
        answer = _asked(url)
    except (OSError, HTTPException, ValueError) as error:
        raise BatonError("not_healthy", url=url, detail=str(error) or repr(error)) from error
    stalled = _stalled(answer)
    if stalled is None:
        raise BatonError("health_of_another", url=url)
    result(Message.of("healthy", url=url))
    for work in stalled:
        result(Message.of("work_stalls", what=work["what"], since=work["since"]))


def health_url(host: str, port: int) -> str:
    """Return the URL at which a server that listens on `host` is asked on its own machine."""
    host = LOOPBACK.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"


def _asked(url: str) -> bytes:
    # Without the proxies of the environment, which would be asked for this host's own address.
    with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECS) as answer:
        body: bytes = answer.read(MAX_BYTES)
        return body


def _stalled(answer: bytes) -> list[dict[str, str]] | None:
    """Return the work that makes no progress, as /healthz says; None when it is not our answer."""
    try:
        found = json.loads(answer)
        if found["status"] not in STATUSES:
            return None
        return [{name: str(work[name]) for name in SHOWN} for work in found.get("stalled", [])]
    except (ValueError, KeyError, TypeError):
        return None


COMMANDS = {"healthcheck": healthcheck}
