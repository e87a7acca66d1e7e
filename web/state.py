"""The collaborators that handlers ask for by their annotations."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from web.backend import Backend


def _backend(request: Request) -> Backend:
    found: Backend = request.app.state.backend
    return found


TheBackend = Annotated[Backend, Depends(_backend)]
