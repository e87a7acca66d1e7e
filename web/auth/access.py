"""The identity and rights of a request. Closed by default: without a token nothing can be read."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from core.messages import Message
from storage.operations.web_tokens import Role, WebToken
from web.auth.sessions import COOKIE, Sessions
from web.auth.tokens import TokenStore
from web.edge.protocol import spare
from web.problems import RequestRefusedError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Visitor:
    """The holder of a valid token, who made a request.

    `name` is the token's, `address` the IP address of the request.
    """

    name: str
    role: Role
    address: str

    @property
    def may_act(self) -> bool:
        """Return True for an admin token; a read-only one may not change anything."""
        return self.role is Role.ADMIN


class Gate:
    """Recognises visitors: by bearer token, or by the session cookie of the console."""

    def __init__(self, *, tokens: TokenStore, sessions: Sessions) -> None:
        self._tokens = tokens
        self._sessions = sessions

    def visitor(self, request: Request) -> Visitor:
        """Return the visitor who made a request.

        Raises:
            RequestRefusedError: 401 without a valid token or session, 403 when a page of another
                site made the request.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme:
            token = self._tokens.recognise(text.strip()) if scheme.lower() == "bearer" else None
            visitor = _visitor_of(token, request, Message.of("token_not_valid"))
            spare(request.scope)
            return visitor
        token_id = self._sessions.open(request.cookies.get(COOKIE, ""))
        token = self._tokens.with_id(token_id) if token_id is not None else None
        visitor = _visitor_of(token, request, Message.of("nobody_signed_in"))
        require_own_site(request)
        spare(request.scope)
        return visitor


def require_own_site(request: Request) -> None:
    """Do nothing for a request that only reads, or that one of the console's own pages made.

    Raises:
        RequestRefusedError: 403 for a change that a page of another site, or an unknown one,
            started.
    """
    if request.method in SAFE or _is_own(request):
        return
    raise RequestRefusedError(HTTPStatus.FORBIDDEN, Message.of("foreign_page"))


def address_of(request: Request) -> str:
    """Return the IP address that the request came from, or `unknown`.

    A proxy that is believed may have given any text for it.
    """
    try:
        return str(ipaddress.ip_address(request.client.host if request.client else ""))
    except ValueError:
        return "unknown"


def _is_own(request: Request) -> bool:
    """Return True when a page of ours made the request, by `Sec-Fetch-Site` or else `Origin`.

    A browser that sends neither is not believed.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    try:
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # no address
        return False


def _visitor_of(token: WebToken | None, request: Request, otherwise: Message) -> Visitor:
    """Return the visitor with that token. Raise RequestRefusedError (401) for None."""
    if token is None:
        headers = {"WWW-Authenticate": "Bearer"}
        raise RequestRefusedError(HTTPStatus.UNAUTHORIZED, otherwise, headers=headers)
    return Visitor(token.name, token.role, address_of(request))


def reader(request: Request) -> Visitor:
    """Return the holder of a valid token, read-only or admin, for handlers that show something.

    Raises:
        RequestRefusedError: 401 without a valid token or session, 403 for a change that another
            site's page started.
    """
    gate: Gate = request.app.state.gate
    return gate.visitor(request)


def actor(request: Request) -> Visitor:
    """Return the holder of an admin token, for handlers that change something.

    Raises:
        RequestRefusedError: 401 without a valid token or session, 403 for a read-only token or a
            change that another site's page started.
    """
    visitor = reader(request)
    if not visitor.may_act:
        reason = Message.of("token_read_only", name=visitor.name)
        raise RequestRefusedError(HTTPStatus.FORBIDDEN, reason)
    return visitor


Reader = Annotated[Visitor, Depends(reader)]
Actor = Annotated[Visitor, Depends(actor)]
