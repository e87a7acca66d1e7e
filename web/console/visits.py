"""A visitor's request to the console: what the handlers of pages and actions work with."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Annotated, Any, ParamSpec
from urllib.parse import urlsplit

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from core.errors import BatonError
from presentation.terminal.layout import Page
from storage.engines.transactions import Tx
from storage.operations.listings import Slice
from web.auth.access import Actor, Reader, Visitor
from web.backend import Backend, UseCases
from web.console.language import Language, language_of
from web.console.list_view import ListView
from web.console.rendering import Screens, back_with, screens_of
from web.paging import read_page
from web.problems import of_form
from web.state import TheBackend

P = ParamSpec("P")


@dataclass(frozen=True)
class Visit:
    """A request of somebody who is signed in."""

    request: Request
    backend: Backend
    screens: Screens
    who: Visitor

    @property
    def language(self) -> Language:
        """Return the language of the pages for this visitor."""
        return language_of(self.request)

    @property
    def use_cases(self) -> UseCases:
        """Return the use cases, which make every change and record it."""
        return self.backend.use_cases

    def say(self, english: str, **parts: object) -> str:
        """Return an English text of the pages in the visitor's language, with its parts filled in.

        A text without a translation stays English.
        """
        return self.language.say(english, **parts)

    def drawing(self) -> Page:
        """Return what sentences shared with the terminal are rendered with, for this visitor."""
        return self.screens.drawing(self.language)

    def page(self, name: str, *, status: int = HTTPStatus.OK, **facts: Any) -> Response:
        """Return the page of the template `name`, with `facts` as its values."""
        return self.screens.page(self.request, name, self.who, status=status, **facts)

    def list_page(
        self, name: str, view: ListView, query: Callable[[Tx, Slice], Sequence[Any]], **facts: Any
    ) -> Response:
        """Return the page of a template with a part of a list: `items`, and whether `more` come."""
        items, more = read_page(self.backend.database, view.part, query)
        return self.page(name, view=view, items=items, more=more, **facts)

    def back_with(self, text: str, *, failed: bool = False) -> Response:
        """Redirect to the page where the button was, which shows `text` once; `failed`: as a
        refusal.

        Where that page is not known, it is the first one of the section.
        """
        return back_with(self._came_from() or self.screens.section(self.request).path, text, failed)

    def _came_from(self) -> str | None:
        """Return the page of ours on which the button was; None when it is not known."""
        root = self.backend.settings.web_root_path
        try:
            parts = urlsplit(self.request.headers.get("referer", ""))
        except ValueError:
            return None
        path = parts.path.removeprefix(root)
        is_ours = parts.netloc == self.request.headers.get("host")
        if not is_ours or not path.startswith("/admin"):
            return None
        return f"{path}?{parts.query}" if parts.query else path


def _reading(request: Request, backend: TheBackend, who: Reader) -> Visit:
    return Visit(request, backend, screens_of(request), who)


def _acting(request: Request, backend: TheBackend, who: Actor) -> Visit:
    return Visit(request, backend, screens_of(request), who)


Reading = Annotated[Visit, Depends(_reading)]
Acting = Annotated[Visit, Depends(_acting)]


def action(act: Callable[P, str]) -> Callable[P, Response]:
    """Make a handler of a function that changes something and returns a sentence about it.

    The visitor goes back to the page, which shows the sentence, or why it was refused. The
    function has a parameter `visit: Acting`.
    """

    @wraps(act)
    def handler(*args: P.args, **kwargs: P.kwargs) -> Response:
        visit = kwargs["visit"]
        assert isinstance(visit, Visit)
        try:
            return visit.back_with(act(*args, **kwargs))
        except ValidationError as error:
            return visit.back_with(visit.language.problem(of_form(error)), failed=True)
        except BatonError as error:
            return visit.back_with(visit.language.problem(error), failed=True)

    # FastAPI would look the annotations up in this module, where the handler is defined.
    signature = inspect.signature(act, eval_str=True).replace(return_annotation=Response)
    handler.__signature__ = signature  # type: ignore[attr-defined]
    return handler
