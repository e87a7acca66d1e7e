"""The addresses of requests: below which path the server is reached, and by which host."""

from __future__ import annotations

import re
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from core.messages import Message
from web.problems import RequestRefusedError

MAX_HEAD_BYTES = 32 * 1024  # request line, headers and cookies
HOST = re.compile(r"[\w.-]*(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?", re.ASCII)
COOKIE_PATH = re.compile(r"(;\s*path=)(/[^;]*)", re.IGNORECASE)


class AddressMiddleware:
    """Gives the application addresses without the root path, and browsers those with it.

    Inside, every path begins at `/admin`, `/api` and the like. Redirects and cookies of answers
    get the root path here; templates and lists add it where they show an address. HEAD is
    answered as GET is, without the body.

    Args:
        root_path: where a proxy publishes the server, as `/baton`, or empty; whether the proxy
            removes it from the requests does not matter.
    """

    def __init__(self, app: ASGIApp, *, root_path: str = "") -> None:
        self._app = app
        self._root = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None:
            await refusal.as_response()(scope, receive, send)
            return

        async def published(message: AsgiMessage) -> None:
            if message["type"] == "http.response.start":
                self._publish(MutableHeaders(scope=message))
            await send(message)

        await self._app(self._inside(scope), receive, published)

    def _inside(self, scope: Scope) -> Scope:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        inside = {**scope, "method": method}
        path: str = scope["path"]
        if self._root and (path == self._root or path.startswith(f"{self._root}/")):
            raw: bytes = scope.get("raw_path") or path.encode()
            inside["path"] = path.removeprefix(self._root) or "/"
            inside["raw_path"] = raw.removeprefix(self._root.encode()) or b"/"
        return inside

    def _publish(self, headers: MutableHeaders) -> None:
        """Make `Location` an address without a host, and add the root path to it and to cookies."""
        location = headers.get("location")
        if location is not None:
            parts = urlsplit(location)
            query = f"?{parts.query}" if parts.query else ""
            headers["location"] = f"{self._root}{parts.path}{query}"
        if not self._root:
            return
        for at, (name, value) in enumerate(headers.raw):
            if name == b"set-cookie":
                text = COOKIE_PATH.sub(self._cookie_path, value.decode("latin-1"), count=1)
                headers.raw[at] = (name, text.encode("latin-1"))

    def _cookie_path(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self._root}{found[2].rstrip('/')}"


def _refusal(scope: Scope) -> RequestRefusedError | None:
    """Return why a head is refused: too large, or with a host that is none; None to accept it."""
    # The server below limits heads that come in several parts only.
    size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    size += sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEAD_BYTES:
        return RequestRefusedError(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            Message.of("head_too_large", max_bytes=MAX_HEAD_BYTES),
        )
    # Addresses are made of it: a host with a slash in it would be a path.
    if not HOST.fullmatch(Headers(scope=scope).get("host", "")):
        return RequestRefusedError(HTTPStatus.BAD_REQUEST, Message.of("host_malformed"))
    return None
