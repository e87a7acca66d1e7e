"""Sign in with a token, sign out, and choose the language."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from core.messages import Message
from web.audit_log import DONE
from web.auth.access import address_of, require_own_site
from web.auth.login_limit import LoginLimit
from web.auth.sessions import COOKIE, LIFE, Sessions
from web.auth.tokens import TokenStore
from web.console.language import COOKIE as LANGUAGE_COOKIE
from web.console.language import LANGUAGES
from web.console.rendering import keep, screens_of
from web.monitoring.metrics import HttpMetrics
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin"
NOBODY = "-"  # in the log of actions


@router.get("/login")
def login_page(request: Request, to: str = HOME) -> Response:
    """Show the form to sign in; afterwards the browser goes to `to`."""
    return screens_of(request).page(request, "login", None, to=own_page(to), error="", parts={})


@router.post("/login")
def login(
    request: Request,
    backend: TheBackend,
    token: Annotated[str, Form(max_length=200)] = "",
    to: Annotated[str, Form(max_length=2000)] = HOME,
) -> Response:
    """Start a session for the holder of a token; refuse wrong ones after too many (429)."""
    require_own_site(request)
    state = request.app.state
    limit: LoginLimit = state.login_limit
    tokens: TokenStore = state.tokens
    address = address_of(request)
    audit_log = backend.use_cases.audit_log

    def again(error: str, status: HTTPStatus, **parts: object) -> Response:
        return screens_of(request).page(
            request, "login", None, status=status, to=own_page(to), error=error, parts=parts
        )

    # A right token first: others behind the same address may have tried wrong ones.
    known = tokens.recognise(token.strip())
    if known is None:
        wait_secs = limit.wait_secs(address)
        if wait_secs:
            answer = again(
                "Too many attempts; try again in {secs} s.",
                HTTPStatus.TOO_MANY_REQUESTS,
                secs=wait_secs,
            )
            answer.headers["Retry-After"] = str(wait_secs)
            return answer
        limit.failed(address)
        metrics: HttpMetrics = state.http_metrics
        metrics.login_failures.inc()
        audit_log.note(NOBODY, address, "login", "", Message.of("login_refused"))
        return again("This token is unknown or was revoked.", HTTPStatus.UNAUTHORIZED)
    audit_log.note(known.name, address, "login", "", DONE)
    return _signed_in(request, known.id, to)


def _signed_in(request: Request, token_id: int, to: str) -> Response:
    sessions: Sessions = request.app.state.sessions
    answer = RedirectResponse(own_page(to), HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        sessions.seal(token_id),
        max_age=int(LIFE.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        # A browser does not send a secure cookie over plain HTTP.
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the session of this browser, and of whoever has a copy of its cookie."""
    require_own_site(request)
    sessions: Sessions = request.app.state.sessions
    sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(f"{HOME}/login", HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@router.post("/language")
def choose_language(
    request: Request,
    code: Annotated[str, Form(max_length=8)] = "en",
    to: Annotated[str, Form(max_length=2000)] = HOME,
) -> Response:
    """Keep the chosen language in a cookie."""
    require_own_site(request)
    answer = RedirectResponse(own_page(to), HTTPStatus.SEE_OTHER)
    if code in LANGUAGES:
        keep(answer, LANGUAGE_COOKIE, code)
    return answer


def own_page(address: str) -> str:
    """Return the address if it is a page of ours, else the overview: nobody is sent elsewhere."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    ours = not parts.scheme and not parts.netloc and parts.path.startswith(("/admin", "/docs"))
    return address if ours and "\\" not in address and address.isprintable() else HOME
