"""The renderer of pages, as a dependency of handlers."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from web.console.rendering import Screens


def _screens(request: Request) -> Screens:
    found: Screens = request.app.state.screens
    return found


TheScreens = Annotated[Screens, Depends(_screens)]
