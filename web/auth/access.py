"""Who asks, and what they may do. Closed by default: nobody reads without a token."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from storage.operations.web_tokens import Role, WebToken
from web.auth.sessions import COOKIE, Sessions
from web.auth.tokens import TokenStore
from web.problems import RequestRefusedError

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NEW_TOKEN = "python cli.py web token"  # noqa: S105  (a command)


@dataclass(frozen=True)
class Visitor:
    """The holder of a valid token; `name` is the token's."""

    name: str
    role: Role
    address: str

    @property
    def may_act(self) -> bool:
        return self.role is Role.ADMIN


class Gate:
    """Recognises visitors: by bearer token, or by the session cookie of the console."""

    def __init__(self, *, tokens: TokenStore, sessions: Sessions) -> None:
        self._tokens = tokens
        self._sessions = sessions

    def visitor(self, request: Request) -> Visitor:
        """Return who asks. Raise RequestRefusedError (401) for strangers, and (403) for requests
        that a page of another site made."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme:
            token = self._tokens.recognise(text.strip()) if scheme.lower() == "bearer" else None
            return _visitor_of(token, request, "this token is unknown or was revoked")
        token_id = self._sessions.open(request.cookies.get(COOKIE, ""))
        token = self._tokens.with_id(token_id) if token_id is not None else None
        visitor = _visitor_of(token, request, "nobody is signed in")
        require_own_site(request)
        return visitor


def require_own_site(request: Request) -> None:
    """Raise RequestRefusedError for an action that a page of another site started."""
    if request.method in SAFE or _is_own(request):
        return
    raise RequestRefusedError(
        HTTPStatus.FORBIDDEN,
        "this action did not come from a page of Baton; open the console and do it there,"
        " or call the API with a token: Authorization: Bearer TOKEN",
    )


def address_of(request: Request) -> str:
    """Return the IP address that the request came from, or `unknown`."""
    return request.client.host if request.client else "unknown"


def _is_own(request: Request) -> bool:
    """Return whether a page of ours made the request. Browsers say where it started; one that
    says nothing is not believed."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


def _visitor_of(token: WebToken | None, request: Request, otherwise: str) -> Visitor:
    if token is None:
        raise RequestRefusedError(
            HTTPStatus.UNAUTHORIZED,
            f"{otherwise}; send Authorization: Bearer TOKEN, or sign in at /admin/login"
            f" ({NEW_TOKEN} makes a token)",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Visitor(token.name, token.role, address_of(request))


def reader(request: Request) -> Visitor:
    """Return whoever has a valid token. Raise RequestRefusedError (401) for others."""
    gate: Gate = request.app.state.gate
    return gate.visitor(request)


def actor(request: Request) -> Visitor:
    """Return somebody who may change things. Raise RequestRefusedError (401, 403) for others."""
    visitor = reader(request)
    if not visitor.may_act:
        raise RequestRefusedError(
            HTTPStatus.FORBIDDEN,
            f"the token {visitor.name!r} may only read; use an admin token ({NEW_TOKEN})",
        )
    return visitor


Reader = Annotated[Visitor, Depends(reader)]
Actor = Annotated[Visitor, Depends(actor)]
