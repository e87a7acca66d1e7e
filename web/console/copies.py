"""Copies of export files in another form: of one file, or of all files of a task."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from core.errors import InvalidInputError
from core.messages import Message
from core.requests import FieldChecks
from crawler.export.columns import column_names
from crawler.export.copies import CopyRequest
from crawler.export.formats import FORMATS
from crawler.export.headers import Headers
from web.console.visits import Reading, Visit
from web.lookups import copied_file, existing_export, existing_task
from web.parameters import MAX_COLUMNS, RowId

of_files = APIRouter(include_in_schema=False)
of_tasks = APIRouter(include_in_schema=False)
PREFERRED = ("xlsx", "csv")  # what a copy is offered in first, if the file is not that already
Typed = Annotated[str, Query(max_length=MAX_COLUMNS)]


@dataclass(frozen=True, kw_only=True)
class CopyForm:
    """What a visitor typed, unchanged; empty texts leave that as the file has it."""

    format: str
    columns: str
    headers: str

    def read(self) -> CopyRequest:
        """Return the request that is meant. Raise WrongFieldsError with each field's problem."""
        checks = FieldChecks()
        form, headers, columns = self.format or None, self.headers or None, self.columns or None
        checks.check("format", lambda name: CopyRequest(format=name), form)
        checks.check("headers", lambda name: CopyRequest(headers=name), headers)
        checks.check("columns", lambda names: CopyRequest(columns=names), columns)
        checks.finish()
        return CopyRequest(format=form, columns=columns, headers=headers)


def _typed(format: Typed = "", columns: Typed = "", headers: Typed = "") -> CopyForm:
    return CopyForm(format=format.strip(), columns=columns.strip(), headers=headers.strip())


TheForm = Annotated[CopyForm, Depends(_typed)]


@of_files.get("/{segment_id}/copy-as")
def form_of_file(segment_id: RowId, visit: Reading) -> Response:
    """Show the form of a copy of a file."""
    return _form(visit, segment_id=segment_id)


@of_files.get("/{segment_id}/copy")
def copy_file(segment_id: RowId, form: TheForm, visit: Reading) -> Response:
    """Return the rows of a sealed file in another form, or the form with what is wrong with it."""
    existing_export(visit.backend, segment_id)
    exports = visit.use_cases.exports
    try:
        return copied_file(exports.copy_to_download(visit.who, segment_id, form.read()))
    except InvalidInputError as error:
        return _form(visit, segment_id=segment_id, typed=form, error=error)


@of_tasks.get("/{task_id}/copy-as")
def form_of_task(task_id: RowId, visit: Reading) -> Response:
    """Show the form of copies of all files of a task."""
    existing_task(visit.backend, task_id)
    return _form(visit, task_id=task_id)


@of_tasks.get("/{task_id}/copy")
def copy_task(task_id: RowId, form: TheForm, visit: Reading) -> Response:
    """Return a ZIP file with the rows of all finished files of a task in another form, or the form
    with what is wrong with it."""
    existing_task(visit.backend, task_id)
    exports = visit.use_cases.exports
    try:
        return copied_file(exports.archive_to_download(visit.who, task_id, form.read()))
    except InvalidInputError as error:
        return _form(visit, task_id=task_id, typed=form, error=error)


def _form(
    visit: Visit,
    *,
    segment_id: int | None = None,
    task_id: int | None = None,
    typed: CopyForm | None = None,
    error: InvalidInputError | None = None,
) -> Response:
    segment = existing_export(visit.backend, segment_id) if segment_id is not None else None
    if error is not None and "text/html" not in visit.request.headers.get("accept", ""):
        raise error  # a program gets problem+json
    own = segment.format if segment else ""
    other = next(name for name in PREFERRED if name != own)
    problems: dict[str, Message] = getattr(error, "problems", {})
    return visit.page(
        "copy",
        status=HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        segment=segment,
        task_id=task_id,
        form=typed or CopyForm(format=other, columns="", headers=""),
        problems={name: visit.language.problem(one) for name, one in problems.items()},
        refusal=visit.language.problem(error) if error is not None and not problems else "",
        formats=list(FORMATS),
        headers=list(Headers),
        column_names=column_names(visit.language.code),
    )
