"""A served console and API, and visitors who ask it over HTTP."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any
from unittest.mock import patch

import requests
from fastapi import FastAPI
from starlette.routing import BaseRoute

from app.container import App
from app.web import web_server
from jobs.launcher import JobLauncher
from storage.operations.web_tokens import Role
from web import app as web_app
from web.auth.sessions import COOKIE
from web.use_cases.jobs import JobUseCases

ASK_SECS = 30


class Visitor:
    """Somebody with a token (or without), who asks as a program does."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        if token is not None:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.ask("POST", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"timeout": ASK_SECS, "allow_redirects": False} | options
        return self._session.request(method, self.url + path, **options)

    def close(self) -> None:
        self._session.close()


class Site:
    """An App that is served on a free port."""

    def __init__(self, app: App, *, suffix: str = "", **options: Any) -> None:
        """Serve `app`; names of tokens get a suffix; `options` are those of `web_server`."""
        self.app = app
        with patch.object(web_app, "_include_routes", _include_prepared_routes):
            self.server = web_server(app, "127.0.0.1", 0, **options)
        self.server.start()
        self.url = self.server.url
        self.admin_token = app.web_tokens.make(Role.ADMIN, f"boss{suffix}").text
        self.reader_token = app.web_tokens.make(Role.READER, f"guest{suffix}").text
        self._visitors: list[Visitor] = []
        self.admin = self.visitor(self.admin_token)
        self.reader = self.visitor(self.reader_token)
        self.stranger = self.visitor()

    def visitor(self, token: str | None = None) -> Visitor:
        self._visitors.append(Visitor(url=self.url, token=token))
        return self._visitors[-1]

    def session_cookie(self) -> Any:
        """Sign in, and return the cookie of the session for a browser."""
        answer = self.stranger.post(
            "/admin/login", data={"token": self.admin_token}, headers={"Origin": self.url}
        )
        return {"name": COOKIE, "value": answer.cookies[COOKIE], "url": self.url}

    @property
    def address(self) -> tuple[str, int]:
        """Return where it listens, for sockets."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        return host, int(port)

    def use_launcher(self, launcher: JobLauncher) -> None:
        """Run these jobs instead of those of the App."""
        state = self.server.app.state
        jobs = JobUseCases(
            launcher=launcher,
            runner=self.app.jobs.runner,
            audit=state.backend.use_cases.audit_log,
        )
        use_cases = dataclasses.replace(state.backend.use_cases, jobs=jobs)
        state.backend = dataclasses.replace(state.backend, launcher=launcher, use_cases=use_cases)

    def close(self) -> None:
        for visitor in self._visitors:
            visitor.close()
        self.server.stop()
        assert self.server.join(30)


@functools.cache
def _prepared_routes(include: Any = web_app._include_routes) -> list[BaseRoute]:
    """Return the routes, which hold no state of a server: FastAPI prepares them for half a second.

    The servers of a test process share them; every one that runs as a process makes its own.
    """
    prepared = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    include(prepared)
    return list(prepared.routes)


def _include_prepared_routes(app: FastAPI) -> None:
    app.router.routes.extend(_prepared_routes())
