"""Actions of the console: done, noted, and told on the page they came from."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from core.errors import BatonError
from core.logs import redact
from web.console.language import language_of
from web.console.rendering import back_with
from web.problems import RequestRefusedError, of_fields


def acted(request: Request, home: str, act: Callable[[], str]) -> Response:
    """Carry out `act`, which tells what was done, and go back; what is refused is told there too.

    Args:
        home: where to go when the page it came from is not known.
    """
    address = _came_from(request) or home
    problem = language_of(request).problem
    try:
        return back_with(address, act())
    except ValidationError as error:
        problems = [{**one, "loc": ("form", *one["loc"])} for one in error.errors()]
        return back_with(address, problem(of_fields(problems).detail), failed=True)
    except RequestRefusedError as error:
        return back_with(address, problem(error.detail), failed=True)
    except BatonError as error:
        return back_with(address, problem(redact(str(error))), failed=True)


def _came_from(request: Request) -> str | None:
    """The page of ours on which the button was."""
    parts = urlsplit(request.headers.get("referer", ""))
    if parts.netloc != request.headers.get("host") or not parts.path.startswith("/admin"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
