"""`/api/v1/ingestion-logs`: the pages that were ingested, and what each brought in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from core.errors import InvalidInputError
from core.requests import MAX_DOMAIN_LETTERS, MAX_ID
from crawler.creators.day_report import day_named
from presentation.creator_views import ingestion_log_object
from web.auth.access import Reader
from web.parameters import IdFilter, RowId
from web.problems import refused_as
from web.state import TheBackend

router = APIRouter(prefix="/ingestion-logs", tags=["creators"])
MAX_LOGS = 500


class LogList(BaseModel):
    """A page of logs; `next` is the value of `before` for the following one, null on the last."""

    items: list[dict[str, Any]]
    next: int | None


@router.get("", summary="The pages that were ingested, newest first")
def list_logs(
    backend: TheBackend,
    _who: Reader,
    domain: Annotated[
        str | None, Query(max_length=MAX_DOMAIN_LETTERS, description="only of this domain")
    ] = None,
    account: Annotated[
        str | None, Query(max_length=255, description="only by the account of this name")
    ] = None,
    task_id: Annotated[IdFilter | None, Query(description="only of this task and its pieces")] = (
        None
    ),
    day: Annotated[
        str | None, Query(max_length=40, description="only of this day of the quota zone")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, description="only ids below this")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LOGS, description="rows at most")] = 50,
    creators: Annotated[bool, Query(description="with the creators that each brought in")] = False,
) -> LogList:
    if account is not None:
        account = backend.registry.find_or_deleted(account).username
    found = backend.ingestion_logs.page(
        domain=domain,
        account=account,
        task_id=task_id,
        day=day_named(day),
        before=before,
        limit=limit,
        with_creators=creators,
    )
    items = [
        ingestion_log_object(log, found.creators.get(log.id, ()) if creators else None)
        for log in found.logs
    ]
    return LogList(items=items, next=found.before)


@router.get("/{log_id}", summary="One page, with the creators that it brought in")
def show_log(log_id: RowId, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        found = backend.ingestion_logs.show(log_id)
    return ingestion_log_object(found.logs[0], found.creators.get(log_id, ()))
