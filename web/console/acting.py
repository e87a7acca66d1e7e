"""Actions of the console: carried out, with the outcome shown on the page of their button."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from core.errors import BatonError
from web.console.language import language_of
from web.console.rendering import back_with
from web.problems import of_fields


def acted(request: Request, home: str, act: Callable[[], str]) -> Response:
    """Carry out `act`, and redirect to the page, which shows the returned sentence or the refusal.

    Args:
        home: address to redirect to when the page of the button is not known.
        act: returns a sentence in the visitor's language. Its ValidationError and BatonError are
            shown; others are bugs.
    """
    address = _came_from(request) or home
    problem = language_of(request).problem
    try:
        return back_with(address, act())
    except ValidationError as error:
        problems = [{**problem, "loc": ("form", *problem["loc"])} for problem in error.errors()]
        return back_with(address, problem(of_fields(problems)), failed=True)
    except BatonError as error:
        return back_with(address, problem(error), failed=True)


def _came_from(request: Request) -> str | None:
    """Return the address of our page with the button; None when the browser does not send it."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.headers.get("host") or not parts.path.startswith("/admin"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
