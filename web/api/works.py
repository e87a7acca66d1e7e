"""`/api/v1/works`: the catalogue of videos, what is added to it, and its hourly counters."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from core.errors import InvalidInputError
from presentation.json_rows import as_object
from storage.operations import listings
from web.api.lists import ObjectPage, Page, TheListing
from web.api.operations import GOES_ON, begun
from web.auth.access import Actor, Reader
from web.background import begin_adding_works, begin_discovering_works, begin_importing_works
from web.lookups import Counter, newest_hour
from web.number_sheets import author_sheet, comparison_sheet
from web.parameters import PlatformName, RowId, WorkId
from web.problems import refused_as
from web.requests import Creator, NewWorks, NumberRule, WorksFile
from web.state import TheBackend
from works.catalogue.requests import MAX_LINK_CHARS
from works.hour_data.hours import hours_of_span
from works.hourly.comparison import MAX_WORKS, ComparisonRequest, work_keys
from works.hourly.rule_requests import rule_object
from works.hourly.serialization import (
    comparison_object,
    gap_object,
    numbers_object,
    trend_object,
)
from works.hourly.sheets import SheetForm

router = APIRouter(prefix="/works", tags=["works"])
MAX_HOURS = 24 * 400
Limit = Annotated[int, Query(ge=1, le=500, description="works at most")]
Span = Annotated[str, Query(description="how far back: 24h, 7d")]


OfCounter = Annotated[Counter, Query(description="which number")]


@router.get("", summary="The catalogue, newest rows first")
def list_works(
    listing: TheListing,
    platform: Annotated[str | None, Query(description="only of this platform")] = None,
    uid: Annotated[str | None, Query(description="only of this creator")] = None,
    is_valid: Annotated[bool | None, Query(description="only valid ones, or the others")] = None,
) -> ObjectPage:
    return listing.page(
        lambda tx, part: listings.works(tx, part, platform, uid, is_valid), as_object
    )


@router.get("/top", summary="The works with the most of a counter in the newest hour")
def top_works(
    backend: TheBackend, _who: Reader, counter: OfCounter = Counter.VIEW, limit: Limit = 20
) -> dict[str, Any]:
    at = newest_hour(backend)
    rows = backend.view_history.top(at, counter, limit)
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
    return {"items": backend.view_history.risers(start, counter, limit)}


@router.get("/gaps", summary="Every hour expected: observed, late or missing, and why")
def gaps(backend: TheBackend, _who: Reader, since: Span = "7d") -> dict[str, Any]:
    hours = backend.view_gaps.look(backend.clock.now(), hours_of_span(since))
    return {"items": [gap_object(hour) for hour in hours]}


def _comparison(
    work: Annotated[
        list[Annotated[str, Query(max_length=MAX_LINK_CHARS)]],
        Query(min_length=1, max_length=MAX_WORKS, description="an id or a link; several times"),
    ],
    since: Annotated[str, Query(description="how far back: 48h, 7d")] = "48h",
    counter: OfCounter = Counter.VIEW,
    since_publication: Annotated[
        bool, Query(description="that long after each was published instead")
    ] = False,
) -> ComparisonRequest:
    return ComparisonRequest(
        keys=work_keys(work),
        span=hours_of_span(since),
        counter=counter,
        by_age=since_publication,
    )


TheComparison = Annotated[ComparisonRequest, Depends(_comparison)]


@router.get("/compare", summary="Works side by side: by the hour, or since publication")
def compare_works(asked: TheComparison, backend: TheBackend, _who: Reader) -> dict[str, Any]:
    newest_hour(backend)  # says so where there are no numbers of any work
    return comparison_object(backend.comparer.compare(asked))


@router.get("/compare.{form}", summary="The same as a file", response_class=Response)
def compare_works_file(
    form: SheetForm, asked: TheComparison, backend: TheBackend, _who: Reader
) -> Response:
    newest_hour(backend)
    return comparison_sheet(backend, asked, form)


@router.get("/authors", summary="The authors with the most of a counter in the newest hour")
def top_authors(
    backend: TheBackend,
    _who: Reader,
    since: Span = "24h",
    counter: OfCounter = Counter.VIEW,
    limit: Limit = 20,
) -> dict[str, Any]:
    at = newest_hour(backend)
    rows = backend.view_history.authors(at, hours_of_span(since), counter, limit)
    return {"date": at.date_text, "hour": at.hour_text, "items": rows}


@router.get("/authors.{form}", summary="The same as a file", response_class=Response)
def top_authors_file(
    form: SheetForm,
    backend: TheBackend,
    _who: Reader,
    since: Span = "24h",
    counter: OfCounter = Counter.VIEW,
    limit: Limit = 20,
) -> Response:
    return author_sheet(backend, hours_of_span(since), counter, limit, form=form)


@router.get("/alert_rules", summary="What alerts tell of hourly numbers")
def list_number_rules(backend: TheBackend, _who: Reader) -> ObjectPage:
    found = backend.use_cases.number_rules.every()
    return Page(items=[rule_object(rule) for rule in found], next=None)


@router.post(
    "/alert_rules",
    status_code=HTTPStatus.CREATED,
    summary="Have alerts tell of numbers from the next hour on",
)
def add_number_rule(given: NumberRule, backend: TheBackend, who: Actor) -> dict[str, Any]:
    return rule_object(backend.use_cases.number_rules.add(who, given.as_request()))


@router.delete(
    "/alert_rules/{rule_id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_model=None,
    summary="Remove such a rule, which ends its alerts",
)
def remove_number_rule(rule_id: RowId, backend: TheBackend, who: Actor) -> None:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        backend.use_cases.number_rules.remove(who, rule_id)


@router.get("/{platform}/{work_id}/series", summary="A work hour by hour, with its growth")
def work_series(
    platform: PlatformName,
    work_id: WorkId,
    backend: TheBackend,
    _who: Reader,
    hours: Annotated[int, Query(ge=1, le=MAX_HOURS, description="newest hours at most")] = 48,
    counter: OfCounter = Counter.VIEW,
) -> dict[str, Any]:
    rows = backend.view_history.trend(platform, work_id, counter, hours)
    if not rows:
        newest_hour(backend)  # says so where there are no numbers of any work
    return {"items": [trend_object(row) for row in rows]}


@router.post("/{platform}/{work_id}/disable", summary="Take it out of the list")
def disable_work(
    platform: PlatformName, work_id: WorkId, backend: TheBackend, who: Actor
) -> dict[str, int]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return {"changed": backend.use_cases.works.disable(who, [(platform, work_id)]).changed}


@router.post("/{platform}/{work_id}/enable", summary="Put it back on the list")
def enable_work(
    platform: PlatformName, work_id: WorkId, backend: TheBackend, who: Actor
) -> dict[str, int]:
    with refused_as(HTTPStatus.NOT_FOUND, InvalidInputError):
        return {"changed": backend.use_cases.works.enable(who, [(platform, work_id)]).changed}


@router.post("", summary="Add videos by their links", responses=GOES_ON)
def add_works(
    given: NewWorks, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_adding_works(backend, who, given), response)


@router.post(
    "/import", summary="Add and change videos from a file; twice changes nothing", responses=GOES_ON
)
def import_works(
    given: WorksFile, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_importing_works(backend, who, given), response)


@router.post("/discover", summary="Add all that a creator uploaded to Bilibili", responses=GOES_ON)
def discover_works(
    given: Creator, response: Response, backend: TheBackend, who: Actor
) -> dict[str, Any]:
    return begun(begin_discovering_works(backend, who, given), response)
