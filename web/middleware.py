"""Middleware: security headers, a limit for bodies, metrics, and errors that nobody handled."""

from __future__ import annotations

import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from core.logs import service_log
from core.messages import Message
from storage.engines.transactions import Database
from web.monitoring.metrics import HttpMetrics
from web.problems import RequestRefusedError

log = service_log("web")
MAX_BODY_BYTES = 32 * 1024 * 1024
STATIC = "/static/"
DATABASE_SECS = 3.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeadersMiddleware:
    """Sets headers that keep other sites out: a browser runs only our own scripts and styles."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cache = "public, max-age=3600" if scope["path"].startswith(STATIC) else "no-store"

        async def guarded(message: AsgiMessage) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", cache)
            await send(message)

        await self._app(scope, receive, guarded)


class UnhandledErrorMiddleware:
    """Answers with status 500 when a handler failed by a bug; only the log has the traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: AsgiMessage) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            log.exception("%s %s failed", scope["method"], scope["path"])
            reason = Message.of("error_inside")
            refusal = RequestRefusedError(HTTPStatus.INTERNAL_SERVER_ERROR, reason)
            await refusal.as_response()(scope, receive, send)


class BodyLimitMiddleware:
    """Refuses bodies over `max_bytes` by their stated length, before they fill the memory."""

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        answer = refusal.as_response() if refusal else self._app
        await answer(scope, receive, send)

    def _refusal(self, headers: Headers) -> RequestRefusedError | None:
        """Return the refusal of a body: 413 when it is too large, 411 without
        a length; None to accept it.

        The server cuts a body off at its stated length.
        """
        if "transfer-encoding" in headers:
            return RequestRefusedError(
                HTTPStatus.LENGTH_REQUIRED, Message.of("body_without_length")
            )
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) <= self._max_bytes:
            return None
        return RequestRefusedError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            Message.of("body_too_large", max_bytes=self._max_bytes),
            headers={"Connection": "close"},
        )


class PatienceMiddleware:
    """Lets requests wait for a lost database for seconds only: visitors are told, workers wait."""

    def __init__(self, app: ASGIApp, *, database: Database) -> None:
        self._app = app
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Handlers run in threads that take the context over.
        with self._database.patience(DATABASE_SECS):
            await self._app(scope, receive, send)


class MetricsMiddleware:
    """Counts the responses, and measures how long they took."""

    def __init__(self, app: ASGIApp, *, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def noted(message: AsgiMessage) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._metrics.answered(scope["method"], status, time.perf_counter() - begun)
