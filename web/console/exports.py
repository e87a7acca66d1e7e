"""Exports: the files, their download and verification."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import FileResponse, Response

from storage.models.segments import SegmentState
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.console.acting import acted
from web.console.language import language_of
from web.console.list_view import TheList
from web.console.screens import TheScreens
from web.lookups import existing_export, export_file
from web.paging import read_page
from web.parameters import RowId
from web.problems import RequestRefusedError
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
HOME = "/admin/exports"
SHOWN_PROBLEMS = 5


@router.get("")
def exports(
    request: Request,
    backend: TheBackend,
    screens: TheScreens,
    visitor: Reader,
    view: TheList,
    domain: Annotated[str, Query()] = "",
    state: Annotated[str, Query()] = "",
) -> Response:
    """Show the export files that match, newest first."""
    wanted = SegmentState(state) if state in set(SegmentState) else None
    found, more = read_page(
        backend.database,
        view.part,
        lambda tx, part: listings.segments(tx, part, domain.strip() or None, wanted),
    )
    return screens.page(
        request,
        "exports",
        visitor,
        section="Exports",
        view=view,
        items=found,
        more=more,
        names={account.id: account.username for account in backend.registry.all()},
        states=SegmentState,
        chosen=(domain, wanted),
        host=backend.host,
    )


@router.get("/{segment_id}/file")
def download(segment_id: RowId, backend: TheBackend, _visitor: Reader) -> FileResponse:
    """Return a sealed export file of this host."""
    return export_file(backend, existing_export(backend, segment_id))


@router.post("/{segment_id}/rebuild")
def write_again(segment_id: RowId, request: Request, backend: TheBackend, who: Actor) -> Response:
    """Write an export file again from the database, on this host."""

    def act() -> str:
        existing_export(backend, segment_id)
        name = backend.use_cases.exports.rebuild(who, segment_id).path.name
        return language_of(request).say("{file} is written again from the database.", file=name)

    return acted(request, HOME, act)


@router.post("/verify")
def verify(
    request: Request,
    backend: TheBackend,
    who: Actor,
    domain: Annotated[str, Form()] = "",
) -> Response:
    """Verify files, rows and quotas, of one domain or all, and show the result."""
    language = language_of(request)
    say = language.say

    def act() -> str:
        verdict = backend.use_cases.exports.verify(who, domain.strip() or None)
        looked = say(
            "{files} files with {rows} rows looked at:",
            files=f"{verdict.segments:,}",
            rows=f"{verdict.rows:,}",
        )
        if verdict.ok:
            return f"{looked} {say('all agree.')}"
        shown = "; ".join(map(language.problem, verdict.problems[:SHOWN_PROBLEMS]))
        count = say("{n} problems.", n=len(verdict.problems))
        raise RequestRefusedError(HTTPStatus.CONFLICT, f"{looked} {count} {shown}")

    return acted(request, HOME, act)
