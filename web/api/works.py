"""`/api/v1/works`: the catalogue of videos, and its hourly numbers."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request

from core.errors import InvalidInputError
from presentation.json_rows import as_object
from storage.catalogue import view_data, view_history
from storage.engines.transactions import Tx
from storage.operations import listings
from web.auth.access import Actor, Reader
from web.backend import Backend
from web.paging import Page, Paging, page_of
from web.problems import RequestRefusedError
from web.state import TheActions, TheBackend
from works.hourly.hours import Hour, hours_of_span
from works.hourly.serialization import gap_object, numbers_object, trend_object

T = TypeVar("T")
router = APIRouter(prefix="/works", tags=["works"])
NO_NUMBERS = "there are no hourly numbers yet; fetch first: python cli.py views --full"
MAX_HOURS = 24 * 400
Platform = Annotated[str, Path(max_length=32)]
WorkId = Annotated[str, Path(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=500, description="works at most")]
Span = Annotated[str, Query(description="how far back: 24h, 7d")]


class Counter(StrEnum):
    VIEW = "view_count"
    DANMAKU = "danmaku_count"
    COMMENT = "comment_count"
    LIKE = "like_count"
    COIN = "coin_count"
    FAVORITE = "favorite_count"
    SHARE = "share_count"


OfCounter = Annotated[Counter, Query(description="which number")]


@router.get("", summary="The catalogue, newest rows first")
def list_works(
    request: Request,
    backend: TheBackend,
    part: Paging,
    _who: Reader,
    platform: Annotated[str | None, Query(description="only of this platform")] = None,
    uid: Annotated[str | None, Query(description="only of this creator")] = None,
    is_valid: Annotated[bool | None, Query(description="only valid ones, or the others")] = None,
) -> Page[dict[str, Any]]:
    return page_of(
        request,
        backend.database,
        part,
        lambda tx, part: listings.works(tx, part, platform, uid, is_valid),
        as_object,
    )


@router.get("/top", summary="The works with the most of a counter in the newest hour")
def top_works(
    backend: TheBackend, _who: Reader, counter: OfCounter = Counter.VIEW, limit: Limit = 20
) -> dict[str, Any]:
    at = newest_hour(backend)
    rows = numbers(
        backend,
        lambda tx: view_history.top_of_hour(tx, at.date_text, at.hour_text, counter, limit),
    )
    return {"date": at.date_text, "hour": at.hour_text, "items": list(map(numbers_object, rows))}


@router.get("/growth", summary="The fastest risers, back from the newest hour")
def growing_works(
    backend: TheBackend,
    _who: Reader,
    since: Span = "24h",
    counter: OfCounter = Counter.VIEW,
    limit: Limit = 20,
) -> dict[str, Any]:
    start = newest_hour(backend).earlier(hours_of_span(since))
    first = (start.date_text, start.hour_text)
    rows = numbers(backend, lambda tx: view_history.risers(tx, first, counter, limit))
    return {"items": [dict(row) for row in rows]}


@router.get("/gaps", summary="Every hour expected: observed, late or missing, and why")
def gaps(backend: TheBackend, _who: Reader, since: Span = "7d") -> dict[str, Any]:
    found = backend.view_gaps.look(backend.clock.now(), hours_of_span(since))
    return {"items": [gap_object(one) for one in found]}


@router.get("/{platform}/{work_id}/series", summary="A work hour by hour, with its growth")
def work_series(
    platform: Platform,
    work_id: WorkId,
    backend: TheBackend,
    _who: Reader,
    hours: Annotated[int, Query(ge=1, le=MAX_HOURS, description="newest hours at most")] = 48,
    counter: OfCounter = Counter.VIEW,
) -> dict[str, Any]:
    rows = numbers(backend, lambda tx: view_history.history(tx, platform, work_id, counter, hours))
    return {"items": [trend_object(row) for row in rows]}


@router.post("/{platform}/{work_id}/disable", summary="Take it out of the list")
def disable_work(
    platform: Platform, work_id: WorkId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, int]:
    with actions.action(who, "work.disable", f"{platform}:{work_id}"):
        return _changed(lambda: backend.catalogue.disable([(platform, work_id)], None))


@router.post("/{platform}/{work_id}/enable", summary="Put it back on the list")
def enable_work(
    platform: Platform, work_id: WorkId, backend: TheBackend, actions: TheActions, who: Actor
) -> dict[str, int]:
    with actions.action(who, "work.enable", f"{platform}:{work_id}"):
        return _changed(lambda: backend.catalogue.enable([(platform, work_id)]))


def numbers(backend: Backend, query: Callable[[Tx], T]) -> T:
    """Ask the file of hourly numbers. Raises RequestRefusedError (404) when there is none yet."""
    if not backend.settings.view_data_file.exists():
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, NO_NUMBERS)
    view_data.create(backend.view_data)
    return backend.view_data.read(query)


def newest_hour(backend: Backend) -> Hour:
    """Raises RequestRefusedError (404) when there are no numbers yet."""
    found = numbers(backend, view_history.newest_hour)
    if found is None:
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, NO_NUMBERS)
    return Hour.parse(*found)


def _changed(change: Callable[[], Any]) -> dict[str, int]:
    try:
        return {"changed": change().changed}
    except InvalidInputError as error:
        raise RequestRefusedError(HTTPStatus.NOT_FOUND, str(error)) from error
