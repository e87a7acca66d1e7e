"""The names that a call of the API knows: others are refused, with the nearest known one.

A misspelt name that is passed over does something else than its sender wanted, without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from core.messages import Message
from web.auth.access import Reader
from web.problems import refusal_of_problems, unknown_name

MAX_NAME_CHARS = 64  # of a name that is told again
LIKENESS = 0.4  # `date` and `day` have 0.57


def require_known_names(request: Request, _who: Reader) -> None:
    """Do nothing when the route knows every name of the query, each of which is given once.

    Raises:
        RequestRefusedError: 401 without a valid token, 422 for a name that the route does not
            know, or one that is repeated although it has one value.
    """
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = dict(_query_names(route.dependant))
    problems = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            problems.append((name[:MAX_NAME_CHARS], unknown_name(nearest(name, list(known)))))
        elif times > 1 and not known[name]:
            problems.append((name, Message.of("name_repeated", times=times)))
    if problems:
        raise refusal_of_problems(problems)


def near_of(request: Request) -> Callable[[str], str | None]:
    """Return a function that finds the field of the route's body whose name is most like
    another; None where there is none."""
    route = request.scope.get("route")
    fields = list(_body_names(route.dependant)) if isinstance(route, APIRoute) else []
    return lambda name: nearest(name, fields)


def nearest(name: str, known: list[str]) -> str | None:
    """Return the known name that is most like this one; None when none is like it."""
    found = get_close_matches(name[:MAX_NAME_CHARS].lower(), known, n=1, cutoff=LIKENESS)
    return found[0] if found else None


def _query_names(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield each name of the query, and whether it may have several values."""
    for param in dependant.query_params:
        yield param.alias, "list" in str(param.field_info.annotation)
    for part in dependant.dependencies:
        yield from _query_names(part)


def _body_names(dependant: Dependant) -> Iterator[str]:
    for param in dependant.body_params:
        annotation = param.field_info.annotation
        for kind in (annotation, *get_args(annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from kind.model_fields
