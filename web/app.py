"""The FastAPI application: routes, access, and the form of refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from core.errors import BatonError
from core.installation.program import program_name
from core.logs import service_log
from core.messages import Message
from web import api, console, docs_page
from web.auth.access import Gate
from web.auth.login_limit import LoginLimit
from web.auth.sessions import Sessions
from web.auth.tokens import TokenStore
from web.backend import Backend
from web.console.overview import Rates
from web.console.rendering import Screens
from web.edge.addresses import AddressMiddleware
from web.edge.body_gate import BodyGateMiddleware, BodyLimits
from web.known_names import near_of, require_known_names
from web.middleware import (
    MetricsMiddleware,
    PatienceMiddleware,
    SecurityHeadersMiddleware,
    UnhandledErrorMiddleware,
)
from web.monitoring import health, metrics, peer_routes
from web.monitoring.metrics import HttpMetrics, InstallationCollector
from web.problems import REFUSALS, RequestRefusedError, described, of_error, of_fields

log = service_log("web")
PAGES = ("/admin", "/docs")
STATIC_FOLDER = Path(__file__).parent / "static"
ABOUT = (
    "Every call needs a token, as `Authorization: Bearer TOKEN`; `{program} web token` makes one."
)


def build(backend: Backend, body_limits: BodyLimits | None = None) -> FastAPI:
    """Return the application over these collaborators; it opens no socket.

    `body_limits` say how large bodies may be, and how slow; None for the usual ones.
    """
    app = FastAPI(
        title="Baton",
        version=backend.version,
        description=ABOUT.format(program=program_name()),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        servers=_servers(backend.settings.web_root_path),
        lifespan=_prepared,
    )
    registry = CollectorRegistry()
    observed = HttpMetrics(registry)
    registry.register(InstallationCollector(backend))
    sessions = Sessions(vault=backend.vault, clock=backend.clock, database=backend.database)
    tokens = TokenStore(database=backend.database, clock=backend.clock)
    app.state.backend = backend
    app.state.tokens = tokens
    app.state.sessions = sessions
    app.state.gate = Gate(tokens=tokens, sessions=sessions)
    app.state.login_limit = LoginLimit(backend.clock)
    app.state.registry = registry
    app.state.http_metrics = observed
    app.state.rates = Rates()
    app.state.screens = Screens(backend=backend, sections=console.SECTIONS)
    _include_routes(app)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    # The last one added is the outermost: it measures refusals of the others too.
    app.add_middleware(
        BodyGateMiddleware,
        sender_of=app.state.gate.visitor,
        answer=answer_refusal,
        limits=body_limits or BodyLimits(),
    )
    app.add_middleware(UnhandledErrorMiddleware)
    app.add_middleware(PatienceMiddleware, database=backend.database)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(AddressMiddleware, root_path=backend.settings.web_root_path)
    app.add_middleware(MetricsMiddleware, metrics=observed)
    _explain_errors(app)
    return app


def _servers(root_path: str) -> list[dict[str, Any]] | None:
    """Return the `servers` of the description: where its paths begin; None for at `/`."""
    return [{"url": root_path}] if root_path else None


def _include_routes(app: FastAPI) -> None:
    names = [Depends(require_known_names)]
    refusals = described(*REFUSALS)
    for router in api.ROUTERS:
        app.include_router(router, prefix=api.PREFIX, responses=refusals, dependencies=names)
    for router in api.UNVERSIONED:
        app.include_router(router, responses=refusals, dependencies=names)
    for router in (health.router, metrics.router, docs_page.router, peer_routes.router):
        app.include_router(router)
    for router in console.OPEN_ROUTERS:
        app.include_router(router, prefix=console.PREFIX)
    for section in console.SECTIONS:
        app.include_router(section.router, prefix=section.path)
    app.add_api_route("/", lambda: RedirectResponse(console.PREFIX), include_in_schema=False)


@asynccontextmanager
async def _prepared(app: FastAPI) -> AsyncIterator[None]:
    """Give handlers as many threads as the connection pool has room for.

    The routes are matched once: FastAPI prepares them at the first match, which takes a second, in
    which the server would answer nobody.
    """
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": ""})
    threads = app.state.backend.threads
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads
    yield


CODES_OF_ROUTES = {
    HTTPStatus.NOT_FOUND: "route_not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}


def _explain_errors(app: FastAPI) -> None:
    """Register handlers that turn errors into problem+json or a page."""

    @app.exception_handler(RequestRefusedError)
    def refused(request: Request, error: RequestRefusedError) -> Response:
        return answer_refusal(request, error)

    @app.exception_handler(BatonError)
    def ours(request: Request, error: BatonError) -> Response:
        refusal = of_error(error)
        if refusal.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s %s: %r", request.method, request.scope["path"], error)
        return answer_refusal(request, refusal)

    @app.exception_handler(RequestValidationError)
    def wrong_fields(request: Request, error: RequestValidationError) -> Response:
        return answer_refusal(request, of_fields(error.errors(), near_of(request)))

    @app.exception_handler(HTTPException)
    def of_routes(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        code = CODES_OF_ROUTES.get(status, "request_refused")
        reason = Message.of(
            code, method=request.method, path=request.scope["path"], detail=status.phrase
        )
        return answer_refusal(request, RequestRefusedError(status, reason, headers=error.headers))


def answer_refusal(request: Request, refusal: RequestRefusedError) -> Response:
    """Return the response to a refused request: a page for people, problem+json for programs.

    People without a session are redirected to the sign-in.
    """
    path: str = request.scope["path"]
    if not path.startswith(PAGES) or "text/html" not in request.headers.get("accept", ""):
        return refusal.as_response()
    if refusal.status is HTTPStatus.UNAUTHORIZED:
        query = request.url.query if request.method == "GET" else ""
        to = f"{path}?{query}" if query else path
        login = f"{console.PREFIX}/login?{urlencode({'to': to})}"
        return RedirectResponse(login, HTTPStatus.SEE_OTHER)
    screens: Screens = request.app.state.screens
    return screens.refusal(request, None, refusal)
