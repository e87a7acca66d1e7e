"""Exports: the files, their download and verification."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from core.requests import FieldChecks
from crawler.creators.day_report import day_named
from storage.models.segments import SegmentState
from storage.operations import listings
from web.auth.access import Reader
from web.console import copies
from web.console.list_view import TheList
from web.console.visits import Acting, Reading, action
from web.lookups import existing_export, export_file
from web.parameters import RowId, id_typed
from web.problems import RequestRefusedError
from web.state import TheBackend

router = APIRouter(include_in_schema=False)
router.include_router(copies.of_files)
SHOWN_PROBLEMS = 5


@router.get("")
def exports(
    visit: Reading,
    view: TheList,
    domain: Annotated[str, Query()] = "",
    state: Annotated[str, Query()] = "",
    account: Annotated[str, Query(max_length=255)] = "",
    task: Annotated[str, Query(max_length=32)] = "",
    day: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Show the export files that match, newest first; a filter that cannot be read is told at its
    field, and left out."""
    wanted = SegmentState(state) if state in set(SegmentState) else None
    backend, checks = visit.backend, FieldChecks()
    by = checks.check("account", backend.registry.find_or_deleted, account) if account else None
    task_id = checks.check("task", id_typed, task)
    quota_day = checks.check("day", day_named, day)
    return visit.list_page(
        "exports",
        view,
        lambda tx, part: listings.segments(
            tx,
            part,
            domain.strip() or None,
            wanted,
            account_id=by.id if by else None,
            quota_day=quota_day,
            of_task=task_id,
        ),
        names={
            account.id: account.username
            for account in (*backend.registry.all(), *backend.registry.deleted())
        },
        states=SegmentState,
        chosen=(domain, wanted),
        given={"account": account, "task": task, "day": day},
        problems={name: visit.language.problem(one) for name, one in checks.problems.items()},
        host=backend.host,
    )


@router.get("/{segment_id}/file")
def download(segment_id: RowId, backend: TheBackend, _visitor: Reader) -> Response:
    """Return a sealed export file of whatever host; 409 while it is open."""
    return export_file(backend, existing_export(backend, segment_id))


@router.post("/{segment_id}/rebuild")
@action
def write_again(segment_id: RowId, visit: Acting) -> str:
    """Replace the file of an export segment by one rendered from the database, on this host.

    Return the sentence that says so; `action` shows it, or why it was refused: there is no such
    segment, or a worker is writing it.
    """
    existing_export(visit.backend, segment_id)
    name = visit.use_cases.exports.rebuild(visit.who, segment_id).path.name
    return visit.say("{file} is written again from the database.", file=name)


@router.post("/verify")
@action
def verify(visit: Acting, domain: Annotated[str, Form()] = "") -> str:
    """Verify files, rows and quotas, of one domain or all, and show the result.

    Problems are shown as a refusal, with the first 5 of them.
    """
    verdict = visit.use_cases.exports.verify(visit.who, domain.strip() or None)
    looked = visit.say(
        "{files} files with {rows} rows looked at:",
        files=f"{verdict.segments:,}",
        rows=f"{verdict.rows:,}",
    )
    not_looked = [
        visit.say(
            "{n} on host {host} were not looked at: {reason}",
            n=f"{count:,}",
            host=host,
            reason=visit.language.problem(verdict.unreached[host]),
        )
        for host, count in verdict.elsewhere.items()
    ]
    if verdict.ok:
        return " ".join([looked, visit.say("all agree."), *not_looked])
    shown = "; ".join(map(visit.language.problem, verdict.problems[:SHOWN_PROBLEMS]))
    count = visit.say("{n} problems.", n=len(verdict.problems))
    raise RequestRefusedError(HTTPStatus.CONFLICT, f"{looked} {count} {shown}")
