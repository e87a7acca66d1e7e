"""The gate before bodies: who sends one, how large it may be, and how long it may take.

The token is looked at before a byte of the body is read. What the gate refuses is answered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from core.errors import BatonError
from core.messages import Message
from web.problems import RequestRefusedError, of_error

KIB, MIB = 1024, 1024 * 1024
# What may be sent without a token: the forms to sign in, to sign out and to choose the language.
OPEN_PATHS = frozenset({"/admin/login", "/admin/logout", "/admin/language"})
# Files and long lists; to every other path an admin may send what fits a form.
LARGE_PATHS = frozenset(
    {
        "/api/v1/accounts/import",
        "/api/v1/works/import",
        "/api/v1/dramas",
        "/api/v1/users",
        "/api/v1/completions",
        "/admin/accounts/import",
        "/admin/videos/import",
    }
)


class Sender(Protocol):
    """The holder of a valid token, who sends a body."""

    @property
    def may_act(self) -> bool:
        """Return True for an admin token."""


@dataclass(frozen=True)
class BodyLimits:
    """How large a body may be, by who sends it where, and how long it may take.

    Args:
        open_bytes: without a token, where that is allowed.
        reader_bytes: with a read-only token, which may not act anyway.
        usual_bytes: with an admin token.
        large_bytes: with an admin token, to `LARGE_PATHS`.
        side_by_side: bodies above `usual_bytes` that are taken at once; others wait. Parsed, a
            body takes some twenty times its size.
        patience_secs, bytes_per_sec: a body must have come after `patience_secs` and the time
            that it takes at `bytes_per_sec`.
    """

    open_bytes: int = 16 * KIB
    reader_bytes: int = 64 * KIB
    usual_bytes: int = 2 * MIB
    large_bytes: int = 32 * MIB
    side_by_side: int = 1
    patience_secs: float = 10.0
    bytes_per_sec: float = 64 * KIB


class BodyGateMiddleware:
    """Lets a body through when its sender may send one of that size there.

    Args:
        sender_of: returns who sends a request; raises RequestRefusedError or another BatonError
            without a valid token. It is called in a thread.
        answer: makes the response to a refused request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        sender_of: Callable[[Request], Sender],
        answer: Callable[[Request, RequestRefusedError], Response],
        limits: BodyLimits,
    ) -> None:
        self._app = app
        self._sender_of = sender_of
        self._answer = answer
        self._limits = limits
        self._large = asyncio.Semaphore(limits.side_by_side)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            length = _length(request.headers)
            if length:
                await self._require_allowed(request, length)
        except BatonError as error:
            await self._answer(request, of_error(error))(scope, receive, send)
            return
        if length <= self._limits.usual_bytes:
            await self._pass(scope, receive, send, length)
            return
        async with self._large:
            await self._pass(scope, receive, send, length)

    async def _require_allowed(self, request: Request, length: int) -> None:
        """Do nothing for a body that may be sent.

        Raises:
            RequestRefusedError: 401 or 403 by the token, 413 too large, 415 compressed.
            BatonError: the token cannot be looked up now.
        """
        path: str = request.scope["path"]
        if path in OPEN_PATHS:
            most = self._limits.open_bytes
        else:
            sender = await anyio.to_thread.run_sync(self._sender_of, request)
            most = self._most(sender, path)
        if length > most:
            raise RequestRefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                Message.of("body_too_large", max_bytes=most),
                # A smaller one is read to its end and dropped, so that the answer is seen.
                headers={"Connection": "close"} if length > self._limits.large_bytes else {},
            )
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if encoding != "identity":
            raise RequestRefusedError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                Message.of("body_compressed", encoding=encoding[:20]),
            )

    def _most(self, sender: Sender, path: str) -> int:
        if not sender.may_act:
            return self._limits.reader_bytes
        large = path.rstrip("/") in LARGE_PATHS
        return self._limits.large_bytes if large else self._limits.usual_bytes

    async def _pass(self, scope: Scope, receive: Receive, send: Send, length: int) -> None:
        """Hand the request on; answer 408 when its body has not come in time."""
        secs = self._limits.patience_secs + length / self._limits.bytes_per_sec
        body = _TimedBody(receive, send, secs)
        # Anybody may send these: one that does not come to its end costs next to nothing.
        if length and scope["path"] in OPEN_PATHS:
            await body.keep_whole()
        if not body.is_gone:
            try:
                await self._app(scope, body.receive, body.send)
            except Exception:
                if not body.is_late:
                    raise
        if body.is_late and not body.has_answer:
            refusal = RequestRefusedError(
                HTTPStatus.REQUEST_TIMEOUT,
                Message.of("body_too_slow", secs=round(secs)),
                headers={"Connection": "close"},
            )
            await self._answer(Request(scope), refusal)(scope, receive, send)


class _TimedBody:
    """Receives a body until a deadline; afterwards the client counts as gone.

    Answers that the application gives to that are dropped: the gate gives the right one.
    """

    def __init__(self, receive: Receive, send: Send, secs: float) -> None:
        self._receive = receive
        self._send = send
        self._deadline = asyncio.get_running_loop().time() + secs
        self._is_whole = False
        self._kept: bytes | None = None
        self.is_gone = False  # the client ended it, or it is late
        self.is_late = False
        self.has_answer = False

    async def receive(self) -> AsgiMessage:
        """Return the next part of the body; a body that was kept comes as one part."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return {"type": "http.request", "body": kept, "more_body": False}
        if self._is_whole:
            return await self._receive()
        left = self._deadline - asyncio.get_running_loop().time()
        try:
            message = await asyncio.wait_for(self._receive(), max(left, 0))
        except TimeoutError:
            self.is_late = self.is_gone = True
            return {"type": "http.disconnect"}
        self.is_gone = message["type"] == "http.disconnect"
        self._is_whole = not message.get("more_body", False)
        return message

    async def keep_whole(self) -> None:
        """Wait for the whole body and keep it; `is_gone` says when it does not come to its end."""
        parts = []
        while not self._is_whole and not self.is_gone:
            message = await self.receive()
            parts.append(message.get("body", b""))
        self._kept = b"".join(parts)

    async def send(self, message: AsgiMessage) -> None:
        """Send a part of the answer, unless the body is late."""
        if self.is_late and not self.has_answer:
            return
        self.has_answer = True
        await self._send(message)


def _length(headers: Headers) -> int:
    """Return the stated length of the body; 0 for none. The server cuts a body off there.

    Raises:
        RequestRefusedError: 411 for a body without a stated length.
    """
    if "transfer-encoding" in headers:
        raise RequestRefusedError(HTTPStatus.LENGTH_REQUIRED, Message.of("body_without_length"))
    stated: Any = headers.get("content-length", "0")
    return int(stated) if stated.isascii() and stated.isdigit() else 0
