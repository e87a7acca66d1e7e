"""Render pages from templates, in the visitor's language, with a note of the last action."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.errors import DatabaseError
from core.installation.program import program_name
from core.messages import Message
from presentation.i18n.renderer import FrontEnd, renderer_for
from presentation.terminal.layout import Page
from web.auth.access import Visitor
from web.backend import Backend
from web.console import operations
from web.console.language import Language, language_of
from web.console.list_view import RANGES, ROWS, ROWS_COOKIE, ListView
from web.console.staged_uploads import StagedUploads
from web.console.template_rules import environment
from web.problems import RequestRefusedError

FOLDER = Path(__file__).resolve().parent.parent / "templates"
NOTE_COOKIE = "baton_note"
NOTE_SECS = 60
MAX_NOTE_CHARS = 1000
MAX_NOTE_COOKIE_CHARS = 20_000
YEAR_SECS = 365 * 86400
ANY_WIDTH = 10_000


@dataclass(frozen=True)
class Section:
    """A page of the navigation, or one that another page leads to (`is_listed` False).

    `title` is English; it is translated when it is shown.
    """

    path: str
    title: str
    router: APIRouter
    is_listed: bool = True


class Screens:
    """Renders the pages of the console.

    Args:
        sections: the pages that the navigation shows.
    """

    def __init__(self, *, backend: Backend, sections: Sequence[Section]) -> None:
        self._backend = backend
        self._sections = sections
        self.uploads = StagedUploads(clock=backend.clock)
        self._templates = environment(str(FOLDER), backend.settings.web_root_path)

    def page(
        self,
        request: Request,
        name: str,
        visitor: Visitor | None,
        *,
        status: int = HTTPStatus.OK,
        **facts: Any,
    ) -> Response:
        """Return the page of the template `name`; a note of the last action is shown once.

        Args:
            visitor: None on pages for everybody, such as the sign-in.
            status: HTTP status of the response.
            facts: values for the template; `section` is the title of the page in the navigation.
        """
        language = language_of(request)
        section = self.section(request).title if visitor is not None else ""
        note = _read_note(request.cookies.get(NOTE_COOKIE))
        html = self._templates.get_template(f"{name}.html").render(
            **facts,
            section=section,
            request=request,
            visitor=visitor,
            language=language,
            t=language.say,
            word=language.renderer().word,
            note=note,
            trouble=self._trouble(language),
            sections=self._sections,
            version=self._backend.version,
            now=self._backend.clock.now(),
            program=program_name(),
            zone_name=str(self._backend.calendar.zone),
            moment=self._moment,
            told=lambda found: language.problem(found or "", self._backend.calendar.zone),
            operations=self._operations(section, language) if visitor is not None else [],
            this_host=self._backend.host,
            size=in_bytes,
            iso=lambda moment: moment.isoformat(timespec="seconds"),
            ranges=RANGES,
            row_counts=ROWS,
        )
        answer = HTMLResponse(html, status)
        if note is not None:
            answer.delete_cookie(NOTE_COOKIE, path="/admin")
        shown = facts.get("view")
        if isinstance(shown, ListView) and "rows" in shown.filters:
            keep(answer, ROWS_COOKIE, str(shown.rows))
        return answer

    def _operations(self, section: str, language: Language) -> list[operations.Shown]:
        """Return the operations of a page; none while the database is away, which is told too."""
        try:
            return operations.shown(
                self._backend.operations, section, language, self._backend.clock.now()
            )
        except DatabaseError:
            return []

    def _trouble(self, language: Language) -> str:
        """Return what a banner says of the database's trouble; empty without any."""
        outage = self._backend.outages()
        if outage is None:
            return ""
        message = Message.of("database_in_trouble", since=outage.began_at, cause=outage.cause)
        return language.problem(message, self._backend.calendar.zone)

    def section(self, request: Request) -> Section:
        """Return the section to which the address belongs."""
        path = f"{request.scope['path']}/"
        found = [section for section in self._sections if path.startswith(f"{section.path}/")]
        return max(found, key=lambda section: len(section.path))

    def drawing(self, language: Language) -> Page:
        """Return what sentences shared with the terminal are rendered with, at unlimited width."""
        renderer = renderer_for(language.code, self._backend.calendar.zone, FrontEnd.CONSOLE)
        return Page(renderer=renderer, width=ANY_WIDTH, now=self._backend.clock.now())

    def refusal(
        self, request: Request, visitor: Visitor | None, refused: RequestRefusedError
    ) -> Response:
        """Return a page that says what was refused, and what to do."""
        return self.page(request, "problem", visitor, status=int(refused.status), problem=refused)

    def _moment(self, moment: datetime | None) -> str:
        """Return `2026-11-22 13:53:38` in the zone of the console; empty for None."""
        if moment is None:
            return ""
        return moment.astimezone(self._backend.calendar.zone).strftime("%Y-%m-%d %H:%M:%S")


def screens_of(request: Request) -> Screens:
    """Return the renderer of pages of the application that serves this request."""
    found: Screens = request.app.state.screens
    return found


def in_bytes(count: int) -> str:
    """Return `999 B`, `1.2 kB` or `34.5 MB`: units that both languages write alike."""
    size, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


def back_with(address: str, text: str, failed: bool = False) -> Response:
    """Redirect to a page after an action; the page shows `text` once, cut to 1000 letters.

    Args:
        failed: whether the text is a refusal.
    """
    answer = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    note = quote(json.dumps({"text": text[:MAX_NOTE_CHARS], "failed": failed}))
    answer.set_cookie(
        NOTE_COOKIE, note, max_age=NOTE_SECS, path="/admin", httponly=True, samesite="strict"
    )
    return answer


def keep(answer: Response, cookie: str, value: str) -> None:
    """Keep a choice of this browser for a year, in a cookie that is no secret."""
    answer.set_cookie(cookie, value, max_age=YEAR_SECS, path="/admin", samesite="lax")


def _read_note(cookie: str | None) -> dict[str, Any] | None:
    """Return the note in a cookie; None when there is none, or it is damaged or none of ours."""
    if not cookie or len(cookie) > MAX_NOTE_COOKIE_CHARS:
        return None
    try:
        note = json.loads(unquote(cookie))
        return {"text": str(note["text"]), "failed": bool(note["failed"])}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
