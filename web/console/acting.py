"""Actions of the console: carried out, with the outcome shown on the page they came from."""

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
    """Carry out `act`, and go back to the page, which shows the sentence it returns or the refusal.

    Args:
        home: where to go when the page it came from is not known.
    """
    address = _came_from(request) or home
    problem = language_of(request).problem
    try:
        return back_with(address, act())
    except ValidationError as error:
        problems = [{**problem, "loc": ("form", *problem["loc"])} for problem in error.errors()]
        return back_with(address, problem(of_fields(problems).detail), failed=True)
    except BatonError as error:
        return back_with(address, problem(error), failed=True)


def _came_from(request: Request) -> str | None:
    """Return the page of ours on which the button was; None when it is not known."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.headers.get("host") or not parts.path.startswith("/admin"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
